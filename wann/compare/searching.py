"""A search under the budget of a curve of pruned networks, for a comparison that is given no finished run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from wann.compare.cells import Cell
from wann.dataset import DataTask
from wann.evaluation.work import Evaluator
from wann.population import Floats
from wann.runs import CONFIG, create_run, open_run, read_settings
from wann.settings import task_settings
from wann.task import Task

SEARCH = "search"
"""The run folder within that of the comparison."""


def search(home: Path, task: Task, evaluator: Evaluator, budget: float) -> Path:
    """Evolve with the task's default settings until a budget is spent, but no longer than the task's own search.

    What was interrupted goes on; what is done stays as it is.

    Args:
        home: The run folder.
        task: What to search on.
        evaluator: Plays it.
        budget: As ``spent`` counts; it takes at least one generation.

    Returns:
        The run folder.
    """
    begun, whole = (home / CONFIG).exists(), task_settings(task, {})
    settings = read_settings(home) if begun else replace(whole, generations=1)
    run = open_run(home, task, settings) if begun else create_run(home, task, settings)
    run.advance(evaluator)
    while run.generation < whole.generations and (left := budget - spent(run.history, task)) > 0:
        half = int(left / spent(run.history, task) * run.generation / 2)  # networks may grow, and cost more
        run.settings = replace(run.settings, generations=min(whole.generations, run.generation + max(1, half)))
        run.advance(evaluator)
    return home


def spent(history: Mapping[str, Floats], task: Task) -> float:
    """What a search has cost: environment steps, or the connections that examples passed on a data set.

    Verification is included; the connections are those of each generation's median network.
    """
    steps = np.diff(history["steps"], prepend=0.0)
    return float((steps * history["median_connections"]).sum() if isinstance(task, DataTask) else steps.sum())


def curve_price(cells: Sequence[Cell], task: Task) -> float:
    """What the dearest method's curve cost, its cells at all densities, in the same measure.

    An evolved front is a curve, too: one search stands against one curve. In a training an example passes every
    connection of the dense network three times: once forward, and twice in back-propagation.

    Args:
        cells: Those of one seed, the dense network among them.
        task: What they are for.
    """
    prices: Counter[str] = Counter()
    for cell in cells:
        prices[cell.method] += cell.price
    passes = 3 * sum(max(cells, key=lambda cell: cell.asked).kept) if isinstance(task, DataTask) else 1
    return float(passes * max(prices.values()))
