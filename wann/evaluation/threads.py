"""Evaluation on threads in this process: kernels run without the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from wann.evaluation.work import (
    Episodes,
    Evaluation,
    Player,
    assemble,
    check_vectors,
    cut,
    make_common_episodes,
    make_episodes,
)
from wann.network import Networks
from wann.population import Floats, Integers
from wann.task import JittedTask

PIECES_PER_WORKER = 8


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ThreadEvaluator:
    """Plays a jitted task on ``workers`` threads, one for each core unless told otherwise."""

    def __init__(self, task: JittedTask, workers: int | None = None) -> None:
        self.workers = workers or cores()
        self._task = task
        self._player = Player(task)
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="wann")

    def evaluate(self, networks: Networks, weights: Sequence[float], seeds: Integers) -> Evaluation:
        """Play every network with every shared weight; ``seeds`` are those of the trials, (weights, trials)."""
        return self._play(networks, make_episodes(self._task, weights, seeds))

    def evaluate_weights(
        self, networks: Networks, vectors: Floats, seeds: Integers, *, horizon: float = 1.0
    ) -> Evaluation:
        """Play one network with individual weights, (vectors, sources), on the same trials; ``seeds`` is (trials,)."""
        check_vectors(networks, vectors)
        found = self._play(networks, make_common_episodes(self._task, vectors, seeds, horizon))
        return Evaluation(found.returns[0], found.steps)

    def _play(self, networks: Networks, episodes: Episodes) -> Evaluation:
        n = networks.first_node.size - 1
        pieces = cut(n, episodes.size, PIECES_PER_WORKER * self.workers)
        results = self._pool.map(lambda piece: self._player.play(networks, episodes, piece), pieces)
        return assemble((n, len(episodes.weights), episodes.trials), pieces, list(results))

    def close(self) -> None:
        """Stop the threads; pieces that have not begun are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)
