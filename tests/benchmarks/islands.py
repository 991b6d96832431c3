"""How well islands scale: on Ray workers that sleep for as long as the evaluation of a generation takes.

    python tests/benchmarks/islands.py --islands 1,2,4,8 --seconds 0.1

Efficiency is the time that one island needs in this process, over the time that so many need on as many workers. The
workers share the cores of this machine for everything but the evaluation.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import wann.fleet
from tasks.swingup import SwingUp
from wann.evaluation.work import Episodes, Evaluator, Played
from wann.fleet import Island, Voyage, fleet
from wann.network import Networks
from wann.runs import create_run
from wann.settings import Settings, task_settings
from wann.task import Task


class Sleeper(Evaluator):
    """Takes the same time for each episode, and gives returns that favour larger networks, with noise."""

    def __init__(self, task: Task, seconds: float) -> None:
        super().__init__(task)
        self._seconds = seconds

    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        sizes = np.diff(networks.first_node).astype(np.float64)
        noise = np.random.default_rng(sizes.size).normal(size=(sizes.size, episodes.size))
        time.sleep(self._seconds * noise.size)
        return noise + np.log1p(sizes)[:, None], noise.size

    def close(self) -> None:
        """Nothing to let go of."""


class Sleepy(SwingUp):
    """Swing-up, with the seconds that an episode takes."""

    seconds = 0.0


def travel(task: Sleepy, settings: Settings, island: int, state: Any, sender: Any, last: int, cores: int) -> Voyage:
    """A voyage that sleeps."""
    return Island(task, settings, island).travel(Sleeper(task, task.seconds), state, sender, last)


def measure(islands: int, generations: int, seconds: float) -> float:
    """Seconds of a run; of one island in this process, of several on Ray."""
    task = Sleepy()
    given = {"islands": islands, "generations": generations, "migrate_every": 16}
    settings = task_settings(task, given)
    episodes = settings.population * settings.trials * len(settings.weights)
    vars(task)["seconds"] = seconds / episodes
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(Path(folder) / "run", task, settings)
        if islands == 1:
            start = time.perf_counter()
            run.advance(Sleeper(task, task.seconds))
            return time.perf_counter() - start
        with fleet(task, settings, islands, "local") as players:
            players.evolve({**run._search.state, **run._archive.state}, 0, 1)  # workers start, kernels load
            start = time.perf_counter()
            run.advance(players)
            return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--islands", default="1,2,4,8")
    parser.add_argument("--generations", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=0.1, help="of the evaluation of a generation")
    options = parser.parse_args()
    wann.fleet._travel = travel  # type: ignore[assignment]
    measure(1, 2, 0.0)  # kernels load
    alone = measure(1, options.generations, options.seconds)
    print(f"1 island: {alone:.2f} s")
    for count in map(int, options.islands.split(",")):
        if count > 1:
            taken = measure(count, options.generations, options.seconds)
            print(f"{count} islands: {taken:.2f} s, efficiency {alone / taken:.1%}", flush=True)


if __name__ == "__main__":
    main()
