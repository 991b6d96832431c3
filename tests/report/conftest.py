"""A real browser without a window, and a report to open in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import REFERENCE, Open, Page

from tasks.swingup import SwingUp
from wann.evaluation.threads import ThreadEvaluator
from wann.report.build import build, topology
from wann.runs import load, read_front


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
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference run's report."""
    champion, task = load(REFERENCE), SwingUp()
    evaluator = ThreadEvaluator(task, 1)
    page = build(champion, read_front(REFERENCE), [topology(champion)], task, evaluator)
    evaluator.close()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(page)
    return path


@pytest.fixture(scope="session")
def open_page(driver: Any) -> Open:
    """Opens a file in the browser."""

    def opened(path: Path, width: int = 1280, *, dark: bool = False) -> Page:
        return Page(driver, path, width, dark)

    return opened
