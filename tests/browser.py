# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser without a screen, and what a person would notice in it."""

import base64
import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
SCREENSHOTS = pathlib.Path(__file__).parents[1] / "build" / "screenshots"
DESKTOP, PHONE = (1280, 900), (390, 844)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium or chromium-driver is not installed"
)


def by_day_or_at_night(*cases: tuple[Any, ...]) -> list[ParameterSet]:
    """Give cases with another argument, whether it is night: by turns, and with `slow` both."""
    given = []
    for number, case in enumerate(cases):
        for dark in (False, True):
            marks = () if dark == bool(number % 2) else pytest.mark.slow
            name = f"{case[0]} {'at night' if dark else 'by day'}"
            given.append(pytest.param(*case, dark, id=name, marks=marks))
    return given


class Browser:
    """Chromium; everything that it asks for and complains of is kept."""

    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                         "--disable-dev-shm-usage", "--force-device-scale-factor=1"):  # fmt: skip
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
        self.driver.set_page_load_timeout(60)

    def show(self, address: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> None:
        """Open a page as a screen of that size would, by day or at night."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1,
                   "mobile": size[0] < 500}  # fmt: skip
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(address)

    def wait_for_pictures(self, timeout: float = 60.0) -> None:
        """Wait until every picture of the page is there."""
        there = "return [...document.images].every((one) => one.complete && one.naturalWidth)"
        WebDriverWait(self.driver, timeout).until(lambda driver: driver.execute_script(there))

    def complaints(self) -> list[str]:
        """Return what the console says."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked_for(self) -> set[str]:
        """Return the addresses that were asked for since the last time."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return {
            item["params"]["request"]["url"]
            for item in messages
            if item["method"] == "Network.requestWillBeSent"
        }

    def violations(self) -> list[str]:
        """Return what keeps people from using the page, by the rules of axe-core."""
        found = Axe().run(self.driver, options={"resultTypes": ["violations"]})["violations"]
        return [
            f"{item['id']} ({item['impact']}): {node['target']} {node['html'][:120]}"
            for item in found
            for node in item["nodes"]
        ]

    def is_too_wide(self) -> bool:
        """Tell whether the page has to be scrolled to the side."""
        return bool(
            self.driver.execute_script(
                "return document.documentElement.scrollWidth > window.innerWidth"
            )
        )

    def keep(self, name: str) -> None:
        """Keep what is on the screen, for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def keep_whole(self, name: str) -> None:
        """Keep the whole page, also what would have to be scrolled to."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        picture = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True}
        )
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    try:
        yield browser
    finally:
        browser.driver.quit()
