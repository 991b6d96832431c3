"""What a generation costs the driver: everything but waiting for the evaluation.

python tests/benchmarks/driver_overhead.py [--ray] [POPULATION ...]

The search has the shape of `biped` and its paper preset. Returns are made up, and making them is not counted; run
folder, archive and history are real. With --ray, two local Ray workers give the answers, so that cutting, sending and
collecting count, too; what the driver waits for them does not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from simulated import Simulated, made_up

from wann.evaluation.work import Episodes, Evaluator, Piece, Played
from wann.network import Networks
from wann.runs import Progress, create_run
from wann.settings import task_settings
from wann.task import load_task

WARM, COUNTED = 5, 30


class MadeUp(Evaluator):
    """Evaluates nothing, and knows how long it took over that."""

    waited = 0.0

    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        start = time.perf_counter()
        played = made_up(networks, Piece.all(networks, episodes))
        self.waited += time.perf_counter() - start
        return played

    def close(self) -> None:
        pass


class Clock:
    """The seconds of each generation, and what of it was waiting."""

    def __init__(self, evaluator: Any) -> None:
        self._evaluator, self.seconds, self._before = evaluator, [], (time.perf_counter(), evaluator.waited)

    def __call__(self, progress: Progress) -> None:
        now = time.perf_counter(), self._evaluator.waited
        self.seconds.append(now[0] - self._before[0] - (now[1] - self._before[1]))
        self._before = now


def measure(population: int, on_ray: bool) -> None:
    """Print what a generation costs."""
    task = load_task("biped")
    settings = task_settings(task, {"population": population, "generations": WARM + COUNTED}, preset="paper")
    evaluator = Simulated(task, 2) if on_ray else MadeUp(task)
    clock = Clock(evaluator)
    with tempfile.TemporaryDirectory() as folder:
        create_run(Path(folder) / "run", task, settings).advance(evaluator, clock)
    evaluator.close()
    found, goal = np.median(clock.seconds[WARM:]) * 1e3, 1.0 + 0.03 * population
    slowest = max(clock.seconds[WARM:]) * 1e3
    each = found / population * 1e3
    print(f"{population:>7} {found:8.1f} ms (slowest {slowest:.1f}), {each:5.1f} us an individual; goal {goal:.1f} ms")


if __name__ == "__main__":
    ray, sizes = "--ray" in sys.argv, [int(text) for text in sys.argv[1:] if text.isdigit()]
    for size in sizes or [1_000, 10_000]:
        measure(size, ray)
