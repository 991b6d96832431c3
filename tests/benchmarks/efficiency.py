"""How much of 2, 8, 32 and 64 workers a search on `biped` uses, with workers that sleep as long as they would play.

python tests/benchmarks/efficiency.py [WORKERS ...]

Paper scale: 480 individuals, six weights, four trials. An individual's steps are drawn from those measured on networks
of this project's own mutations (STEPS), at the measured 10,600 steps a second and core. Efficiency: the seconds that
all workers would need without a gap, over the seconds that pass, evolution and verification included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from simulated import Simulated, seconds_of

from wann.evaluation.work import Piece
from wann.runs import Progress, create_run
from wann.settings import task_settings
from wann.task import load_task

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
GENERATIONS = 4


def measure(workers: int) -> None:
    """Print the efficiency of a few generations."""
    task = load_task("biped:gymnasium")  # a worker for each core
    steps = np.random.default_rng(0).choice(STEPS, 480)
    seconds = steps / EPISODES / STEPS_A_SECOND
    settings = task_settings(task, {"generations": GENERATIONS + 1}, preset="paper")
    evaluator = Simulated(task, workers, seconds)
    played = 0.0
    send = evaluator._play

    def counted(networks, episodes):  # type: ignore[no-untyped-def]
        nonlocal played
        played += seconds_of(Piece.all(networks, episodes), seconds)
        return send(networks, episodes)

    evaluator._play = counted  # type: ignore[method-assign]
    marks: list[tuple[float, float, float]] = []

    def watch(progress: Progress) -> None:
        marks.append((time.perf_counter(), played, time.process_time()))

    with tempfile.TemporaryDirectory() as folder:
        create_run(Path(folder) / "run", task, settings).advance(evaluator, watch)
    evaluator.close()
    passed, work, own = (last - first for first, last in zip(marks[0], marks[-1], strict=True))
    print(
        f"{workers:>4} workers: {passed / GENERATIONS:7.2f} s a generation, efficiency {work / passed / workers:.1%}; "
        f"the driver's own processor time {own / passed:.0%}",
        flush=True,
    )


if __name__ == "__main__":
    for count in [int(text) for text in sys.argv[1:]] or [2, 8, 32, 64]:
        measure(count)
