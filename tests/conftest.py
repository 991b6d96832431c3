"""Settings of the whole suite: property tests draw the same examples in every run, Ctrl-C reaches what tests start.

And a browser without a window.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pages import Open, Page

settings.register_profile("wann", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("wann")

pytest.register_assert_rewrite("strategies")

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs, and so in their children


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: the page was not tested")
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("chromium and chromedriver are not installed: the page was not tested in a browser")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.chrome.service.Service(chromedriver)
    found = webdriver.Chrome(options=options, service=service)
    yield found
    found.quit()


@pytest.fixture(scope="session")
def open_page(driver: Any) -> Open:
    """Opens a file in the browser."""

    def opened(path: Path, width: int = 1280, *, dark: bool = False) -> Page:
        return Page(driver, path, width, dark)

    return opened
