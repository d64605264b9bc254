# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of runs that went well, were rejected and failed, as people see them in a real browser."""

import functools
import pathlib
from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import DESKTOP, PHONE, browser, by_day_or_at_night, needs_browser
from lsst.ts.dailycal.cli.runs.journals import read_run
from lsst.ts.dailycal.journal.codec import Entry
from lsst.ts.dailycal.model import ConditionReading
from lsst.ts.dailycal.page import ConditionsRead, judge_readings
from lsst.ts.dailycal.report.compile import compile_report
from lsst.ts.dailycal.report.html import render_html
from lsst.ts.dailycal.run import read_run_entries
from lsst.ts.dailycal.sim.config import DIRECT_FRAME
from served_pages import FAILED, NAMES, REJECTED, Served, serve_runs

__all__ = ["browser"]

pytestmark = [pytest.mark.system, pytest.mark.timeout(120), needs_browser]

INSTRUMENTS = [
    {"ccd": -104.0 + step / 4, "ccd_set_point": -104.0, "cold_plate": -112.0, "cryo_head": -135.0,
     "vacuum": 1e-6 * (1 + step), "board": 27.5, "store": 60.0 - step}
    for step in range(6)
]  # fmt: skip
"""Readings of a dewar that gets warm."""


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    with serve_runs(tmp_path_factory.mktemp("runs")) as served:
        yield served


def show(browser, served, path: str, size=DESKTOP, *, dark=False) -> None:
    browser.show(f"{served.address}{path}", size, dark=dark)
    browser.wait_for_pictures()


@pytest.mark.parametrize(
    ("kind", "words", "dark"),
    by_day_or_at_night(
        ("good", ["BIAS and DARK certified", "6 of 6 images"]),
        ("rejected", ["DARK rejected", "3 of 6 are good", "look at these frames"]),
        ("failed", ["Failed", "DARK 3/7 could not be taken", "Recover the camera",
                            "nothing is taken twice", "To go on: dailycal resume"]),
        ("middle", ["Running"]),
    ),
)  # fmt: skip
def test_what_came_of_a_run_is_seen_without_scrolling(browser, served, kind, words, dark):
    show(browser, served, f"runs/{NAMES[kind]}", dark=dark)
    browser.keep(f"run-{kind}{'-dark' if dark else ''}")
    browser.keep_whole(f"run-{kind}-whole{'-dark' if dark else ''}")
    header = browser.driver.find_element(By.CSS_SELECTOR, "#part-headline header")
    assert header.rect["y"] + header.rect["height"] < DESKTOP[1] / 3
    for word in words:
        assert word in header.text
    assert browser.violations() == []
    assert not browser.is_too_wide()
    assert browser.complaints() == []


def test_a_failed_run_says_what_is_wrong_what_was_kept_and_the_one_command_that_goes_on(
    browser, served
):
    show(browser, served, f"runs/{FAILED}", PHONE)
    header = browser.driver.find_element(By.CSS_SELECTOR, "#part-headline header")
    wrong, remedy, kept, *_ = [item.text for item in header.find_elements(By.TAG_NAME, "p")]
    assert wrong == "DARK 3/7 could not be taken: ATCamera is not ENABLED."
    assert remedy.startswith("Recover the camera")
    assert kept.startswith("4 of 4 BIAS and 1 of 6 DARK are kept")
    assert kept.endswith("nothing is taken twice.")
    (command,) = [item.text for item in header.find_elements(By.TAG_NAME, "code")]
    # The same as `dailycal status` and `dailycal runs` say.
    journal = served.directory / "journal" / f"{FAILED}.jsonl"
    assert command == read_run(journal).listed.advice
    assert command.startswith(f"dailycal resume {FAILED}")
    (cell,) = browser.driver.find_elements(By.CSS_SELECTOR, "#part-timeline .cell.bad")
    assert cell.text == "✗"
    assert "DARK 3" in cell.get_attribute("title")
    browser.keep("run-failed-phone")


def test_the_timeline_shows_which_exposures_verification_found_bad(browser, served):
    show(browser, served, f"runs/{REJECTED}")
    cells = browser.driver.find_elements(By.CSS_SELECTOR, "#part-timeline .cell.bad")
    assert [cell.text for cell in cells] == ["✗"] * 3
    assert all("verification found it bad" in cell.get_attribute("title") for cell in cells)


def test_value_and_limit_of_every_test_are_reached_by_the_keyboard(browser, served):
    show(browser, served, f"runs/{REJECTED}")
    driver = browser.driver
    part = driver.find_element(By.ID, "part-tests")
    opened = part.find_element(By.CSS_SELECTOR, "details[open]")
    opened.find_element(By.CSS_SELECTOR, "summary").send_keys(Keys.TAB)
    cell = driver.switch_to.active_element
    assert cell.tag_name == "td"
    row = cell.find_element(By.XPATH, "..").find_elements(By.CSS_SELECTOR, "td")
    readout = opened.find_element(By.CSS_SELECTOR, ".readout")
    assert readout.text == cell.get_attribute("title")
    assert "limit" in readout.text
    assert "failed" in readout.text
    for key, expected in ((Keys.ARROW_RIGHT, row[1]), (Keys.END, row[15]), (Keys.HOME, row[0])):
        driver.switch_to.active_element.send_keys(key)
        assert driver.switch_to.active_element == expected
        assert readout.text == expected.get_attribute("title")
    driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
    assert "passed" in readout.text
    # One stop for a map: the next one is out of it.
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert driver.switch_to.active_element.tag_name == "summary"
    browser.keep("map-by-keyboard")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_image_is_seen_amplifier_by_amplifier_and_its_neighbours_too(browser, served, size):
    taken = [raw.exposure.name for raw in served.runs[REJECTED].store.raws]
    show(browser, served, f"runs/{REJECTED}/frames/{taken[-1]}", size)
    driver = browser.driver
    browser.keep(f"image-{'phone' if size == PHONE else 'desktop'}")
    picture = driver.find_element(By.CSS_SELECTOR, ".mosaic img").rect
    names = driver.find_elements(By.CSS_SELECTOR, ".mosaic li a")
    assert len(names) == 16
    corners = {name.text: (name.rect["x"] - picture["x"], name.rect["y"] - picture["y"])
               for name in names}  # fmt: skip
    assert corners["C10"] == pytest.approx((0, 0), abs=1)
    assert corners["C07"] == pytest.approx((picture["width"] * 7 / 8, picture["height"] / 2), abs=1)
    assert browser.violations() == []
    assert not browser.is_too_wide()
    driver.find_element(By.CSS_SELECTOR, "a[rel=prev]").send_keys(Keys.ENTER)
    WebDriverWait(driver, 20).until(lambda driver: str(taken[-2]) in driver.title)
    assert browser.complaints() == []
    driver.find_element(By.LINK_TEXT, "C12").send_keys(Keys.ENTER)
    WebDriverWait(driver, 20).until(lambda driver: driver.current_url.endswith("C12.png"))
    assert driver.find_element(By.TAG_NAME, "img").get_property("naturalWidth") == DIRECT_FRAME[0]


@pytest.fixture(scope="module")
def reports(served) -> Callable[[str], pathlib.Path]:
    """Give the report of a run; it takes seconds, and is the same by day and at night."""

    @functools.cache
    def write(kind: str) -> pathlib.Path:
        run = NAMES[kind]
        records = read_run_entries(served.directory / "journal" / f"{run}.jsonl")
        page = [
            Entry(number, records[0].tai + 60.0 * number, ConditionsRead("calibrations", readings))
            for number, readings in enumerate(
                judge_readings([ConditionReading(name, value) for name, value in values.items()])
                for values in INSTRUMENTS
            )
        ]
        path = served.directory / f"{run}.html"
        report = compile_report(records, served.runs[run].archive, page=page)
        path.write_text(render_html(*report), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("kind", "dark"), by_day_or_at_night(("good",), ("rejected",)))
def test_a_report_with_all_its_pictures_can_be_used_by_everybody(browser, reports, kind, dark):
    path = reports(kind)
    browser.asked_for()
    browser.show(path.as_uri(), dark=dark)
    browser.keep(f"report-of-{kind}{'-dark' if dark else ''}")
    browser.keep_whole(f"report-{kind}-whole{'-dark' if dark else ''}")
    assert browser.violations() == []
    assert not browser.is_too_wide()
    assert browser.complaints() == []
    assert {url for url in browser.asked_for() if not url.startswith(("file:", "data:"))} == set()
