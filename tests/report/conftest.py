"""A report to open in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import REFERENCE

from tasks.swingup import SwingUp
from wann.evaluation.threads import ThreadEvaluator
from wann.report.build import build, topology
from wann.runs import load, read_front


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
