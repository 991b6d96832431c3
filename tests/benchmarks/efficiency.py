"""How much of 2, 8, 32 and 64 workers a search on `biped` uses, with workers that sleep as long as they would play.

python tests/benchmarks/efficiency.py [--slow TIMES] [WORKERS ...]

Paper scale: 480 individuals, six weights, four trials. An individual's steps are drawn from those measured on networks
of this project's own mutations (STEPS), at the measured 10,600 steps a second and core. Efficiency: the seconds that
all workers would need without a gap, over the seconds that pass, evolution and verification included.

The processes that stand for the workers, and Ray's own, share this machine's cores with the driver, which they do not
on a cluster. So --slow makes everyone sleep so many times as long: what is lost then is lost to the order of the work,
and what is lost without it, besides, to calls.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from simulated import Simulated, seconds_of

from wann.evaluation.delivery import Delivery
from wann.evaluation.orders import Order
from wann.population import Floats
from wann.runs import create_run
from wann.settings import task_settings
from wann.task import Task, load_task

STEPS_A_SECOND, EPISODES = 10_600, 24
STEPS = (
    7169,
    2717,
    2480,
    8459,
    2271,
    10040,
    2452,
    2388,
    2531,
    8867,
    2300,
    2392,
    2686,
    2283,
    2398,
    2341,
    2609,
    2394,
    2394,
    2394,
    2626,
    2963,
    5484,
    13253,
    2541,
    2550,
    2619,
    2412,
    2385,
    5418,
    2493,
    2443,
    3101,
    2392,
    20760,
)
"""Steps that a network took in its 24 episodes."""
POPULATION, GENERATIONS = 480, 4


class Counting(Simulated):
    """Takes the time whenever a generation has been played, and with it what has been done by then."""

    def __init__(self, task: Task, workers: int, seconds: Floats) -> None:
        super().__init__(task, workers, seconds)
        self.marks: list[tuple[float, float, float, int]] = []
        self._played, self._calls, self._each = 0.0, 0, seconds

    def _next(self, delivery: Delivery) -> Order:
        order = super()._next(delivery)
        self._played += sum(seconds_of(piece, self._each) for piece in order.pieces)
        self._calls += len(order.pieces)
        if order.pieces[-1].last_network == POPULATION:
            self.marks.append((time.perf_counter(), time.process_time(), self._played, self._calls))
        return order


def measure(workers: int, slow: float) -> None:
    """Print the efficiency of a few generations; the first one is not counted."""
    task = load_task("biped:gymnasium")  # a worker for each core
    steps = np.random.default_rng(0).choice(STEPS, POPULATION)
    settings = task_settings(task, {"generations": GENERATIONS + 1}, preset="paper")
    evaluator = Counting(task, workers, slow * steps / EPISODES / STEPS_A_SECOND)
    with tempfile.TemporaryDirectory() as folder:
        create_run(Path(folder) / "run", task, settings).advance(evaluator)
    evaluator.close()
    first, last = evaluator.marks[0], evaluator.marks[-1]
    passed, own, work, calls = (after - before for before, after in zip(first, last, strict=True))
    print(
        f"{workers:>4} workers: {passed / GENERATIONS:7.2f} s a generation, efficiency {work / passed / workers:.1%}; "
        f"{calls / GENERATIONS:.0f} calls, for each {1e3 * own / calls:.2f} ms of the driver's processor time",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("workers", type=int, nargs="*", default=[2, 8, 32, 64])
    parser.add_argument("--slow", type=float, default=1.0)
    options = parser.parse_args()
    for count in options.workers:
        measure(count, options.slow)
