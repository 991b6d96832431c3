"""What this machine can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wann.api.tasks import chosen_task, task_for
from wann.runs import load
from wann.task import Task

if TYPE_CHECKING:
    from wann.benchmark import Benchmark


def bench(task: str | Task = "swingup", *, network: Path | str | None = None) -> Benchmark:
    """Measure what a step of the task and a step of evolution cost on this machine.

    Args:
        task: What to play.
        network: A network file or run folder; a fixed network of 22 hidden nodes and 52 connections unless given.
    """
    from wann.benchmark import measure

    champion = load(network) if network is not None else None
    chosen = chosen_task(task)
    if champion is not None:
        chosen = task_for(champion, str(network), chosen)
    return measure(chosen, champion)
