# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live page and report as people see them: in a real browser, during a run and after it."""

import contextlib
import pathlib
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import DESKTOP, PHONE, browser, needs_browser
from lsst.ts.dailycal.model import ExposureTaken
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.run.lock import run_lock

__all__ = ["browser"]

pytestmark = [pytest.mark.system, pytest.mark.timeout(240), needs_browser]

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
RECORDED = pathlib.Path(__file__).parents[1] / "data" / "journals" / "measured_run.jsonl"
RUN = "20261125T192406-200001"
TIME = 30.0
FEW = 20
"""Records of the run, to begin with."""


screens = pytest.mark.parametrize(
    ("size", "dark"),
    [(DESKTOP, False), (PHONE, True)],
    ids=["desktop by day", "phone at night"],
)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The records of a run with generate_calibrations, which a simulated observatory left."""
    return RECORDED.read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.fixture(scope="module")
def journal(tmp_path_factory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("served") / "journal"
    directory.mkdir()
    return directory / f"{RUN}.jsonl"


@contextlib.contextmanager
def served(directory: pathlib.Path, port: int = 0) -> Iterator[str]:
    """Serve the page by the real command."""
    command = [*PROGRAM, "serve", "--directory", str(directory), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture(scope="module")
def address(journal) -> Iterator[str]:
    with served(journal.parent) as address:
        yield address


def text_of(browser, name: str) -> str:
    # In one step: what an element held may have been replaced by the next.
    script = "return document.getElementById(arguments[0]).textContent"
    return browser.driver.execute_script(script, name)


def test_a_run_is_followed_to_its_end_without_loading_the_page_again(
    browser, address, journal, lines
):
    taken = [
        number
        for number, line in enumerate(lines)
        if isinstance(RUN_CODEC.decode(line).event, ExposureTaken)
    ]
    journal.write_text("".join(lines[: taken[2]]), encoding="utf-8")
    wait = WebDriverWait(browser.driver, TIME)
    with run_lock(journal).hold("a run that is told again"):
        browser.show(f"{address}runs/{RUN}")
        browser.driver.execute_script("window.isTheSame = true")
        for number in (taken[3], taken[25], taken[40]):
            with journal.open("a", encoding="utf-8") as stream:
                done = len(journal.read_text(encoding="utf-8").splitlines())
                stream.writelines(lines[done:number])
            count = sum(at < number for at in taken)
            wait.until(lambda _: f"{min(count, 21)} of 21" in text_of(browser, "part-progress"))  # noqa: B023
        browser.keep("live-page-in-the-middle")
        assert "Running" in text_of(browser, "part-headline")
        browser.driver.execute_script(
            "document.querySelector('#part-exposures details').open = true"
        )
        journal.write_text("".join(lines), encoding="utf-8")
        wait.until(lambda _: "certified" in text_of(browser, "part-headline"))
    wait.until(
        lambda driver: driver.find_element(By.ID, "main").get_attribute("data-over") == "yes"
    )
    assert browser.driver.execute_script("return window.isTheSame") is True
    details = browser.driver.find_element(By.CSS_SELECTOR, "#part-exposures details")
    assert details.get_attribute("open") is not None
    assert browser.complaints() == []
    assert {url for url in browser.asked_for() if not url.startswith((address, "data:"))} == set()


def test_a_page_that_lost_its_connection_says_so_and_catches_up_by_itself(browser, tmp_path, lines):
    journal = tmp_path / f"{RUN}.jsonl"
    wait = WebDriverWait(browser.driver, TIME)

    def progress_says(text: str) -> bool:
        return text in text_of(browser, "part-progress")

    with run_lock(journal).hold("a run that is told again"):
        journal.write_text("".join(lines[:FEW]), encoding="utf-8")
        with served(tmp_path) as address:
            browser.show(f"{address}runs/{RUN}")
            browser.driver.execute_script("window.isTheSame = true")
        wait.until(lambda _: "connection is lost" in text_of(browser, "connection"))
        browser.keep("live-page-without-connection")
        assert not progress_says("21 of 21")
        journal.write_text("".join(lines), encoding="utf-8")
        with served(tmp_path, urllib.parse.urlsplit(address).port):
            wait.until(lambda _: progress_says("21 of 21"))
            wait.until(lambda _: not text_of(browser, "connection"))
    assert browser.driver.execute_script("return window.isTheSame") is True
    browser.complaints()  # that nobody answered, which is so


@pytest.fixture
def finished(journal, lines) -> None:
    """Let the run be over."""
    journal.write_text("".join(lines), encoding="utf-8")


@pytest.mark.usefixtures("finished")
@screens
@pytest.mark.parametrize("path", ["", f"runs/{RUN}"], ids=["list", "run"])
def test_everybody_can_use_the_page(browser, address, path, size, dark):
    browser.show(f"{address}{path}", size, dark=dark)
    time.sleep(0.5)
    kind = "phone" if size == PHONE else "desktop"
    browser.keep(f"live-page-{'run' if path else 'list'}-{kind}{'-dark' if dark else ''}")
    assert browser.violations() == []
    assert not browser.is_too_wide()
    assert browser.complaints() == []


@pytest.mark.usefixtures("finished")
def test_the_keyboard_reaches_the_tables_and_opens_them(browser, address):
    browser.show(f"{address}runs/{RUN}")
    reached = []
    for _ in range(60):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.driver.switch_to.active_element
        reached.append(active.text or active.get_attribute("aria-label") or "")
        if active.tag_name == "summary" and reached[-1].endswith(" exposures"):
            active.send_keys(Keys.ENTER)
            break
    assert reached[0] == "To the content"
    details = browser.driver.find_element(By.CSS_SELECTOR, "#part-exposures details")
    assert details.get_attribute("open") is not None


@pytest.fixture(scope="module")
def report(tmp_path_factory, lines) -> pathlib.Path:
    """The report, made by the real command; its repository is gone."""
    directory = tmp_path_factory.mktemp("reported")
    path = directory / f"{RUN}.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    command = [*PROGRAM, "report", str(path), "--repo", str(directory / "gone")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "cannot be opened from here" in done.stderr
    return pathlib.Path(done.stdout.strip())


@screens
def test_a_report_is_opened_from_the_disk_and_asks_for_nothing(browser, report, size, dark):
    browser.asked_for()
    browser.show(report.as_uri(), size, dark=dark)
    kind = "phone" if size == PHONE else "desktop"
    browser.keep(f"report-{kind}{'-dark' if dark else ''}")
    assert "BIAS and DARK certified" in browser.driver.title
    assert browser.complaints() == []
    assert {url for url in browser.asked_for() if not url.startswith(("file:", "data:"))} == set()
    assert browser.violations() == []
    assert not browser.is_too_wide()
