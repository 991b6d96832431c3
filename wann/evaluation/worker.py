"""What runs on a node of a Ray cluster: a process that holds the task and plays pieces of work."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from wann.champion import versions
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Episodes, Piece, Played, make_episodes, make_trials
from wann.jit import source_digest
from wann.network import Networks, express
from wann.population import Population, sealed
from wann.task import Part, Task

_NOTHING = np.empty(0, dtype=np.int64)
sealed(_NOTHING)


def without_genes(networks: Networks) -> Networks:
    """The networks as they travel: rollouts do without the numbers of their genes."""
    return networks._replace(node_genes=_NOTHING, connection_genes=_NOTHING)


def fingerprint() -> dict[str, str]:
    """What must be alike on every node, or results could depend on who played: versions, and the kernels' source."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {**versions(), "python": python, "gymnasium": version("gymnasium"), "kernels": source_digest()}


class Worker:
    """Plays pieces of work on the threads that it is given; a Ray actor."""

    def fingerprint(self) -> dict[str, str]:
        """As this node has it."""
        return fingerprint()

    def load(self, task: Task, threads: int) -> None:
        """Take the task, and take one step in it: that compiles the kernels, and shows what the node lacks."""
        self._threads = ThreadEvaluator(task, threads)
        pairs = (1 + len(task.inputs)) * len(task.outputs)
        network = Population.minimal(len(task.inputs), len(task.outputs), np.ones((1, pairs), dtype=np.bool_))
        trials = make_trials(task, np.zeros(1, dtype=np.int64), Part.TRAINING)
        episodes = make_episodes(np.ones(1), trials, 1)._replace(horizon=0.0)
        networks = without_genes(express(network))
        self._threads.play(networks, episodes, Piece.all(networks, episodes))

    def play(self, work: tuple[Networks, Episodes], piece: Piece) -> Played:
        """Play a piece of the work."""
        return self._threads.play(*work, piece)

    def pid(self) -> int:
        """The process that it runs in."""
        return os.getpid()


def as_actor(ray: Any, node: str, threads: int) -> Any:
    """A worker on that node and no other, with so many of its cores.

    Ray neither restarts it nor repeats its calls: a node that is gone would use up any bounded number of repetitions
    within seconds, and an unbounded number would repeat a crash for ever. The crew starts another worker instead.
    """
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
    options = {"num_cpus": threads, "max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": place}
    return ray.remote(Worker).options(**options).remote()
