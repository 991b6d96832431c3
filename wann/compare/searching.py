"""A search under the budget of the dense baseline, for a comparison that is given no finished run."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from wann.evaluation.work import Evaluator
from wann.runs import CONFIG, create_run, open_run, read_settings
from wann.settings import task_settings
from wann.task import Task

SEARCH = "search"
"""The run folder within that of the comparison."""


def search(home: Path, task: Task, evaluator: Evaluator, budget: int) -> Path:
    """Evolve with the task's default settings until as many steps or examples are spent; at least one generation.

    What was interrupted goes on; what is done stays as it is.

    Args:
        home: The run folder.
        task: What to search on.
        evaluator: Plays it.
        budget: Steps or examples, verification included; the generation that gets there is the last one.

    Returns:
        The run folder.
    """
    begun = (home / CONFIG).exists()
    settings = read_settings(home) if begun else replace(task_settings(task, {}), generations=1)
    run = open_run(home, task, settings) if begun else create_run(home, task, settings)
    run.advance(evaluator)
    while run.history["steps"][-1] < budget:
        run.settings = replace(run.settings, generations=run.generation + 1)
        run.advance(evaluator)
    return home
