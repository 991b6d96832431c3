"""Workers that make their answers up instead of playing, so that one machine can stand for a cluster."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from wann.evaluation import crew
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.work import Episodes, Piece, Played
from wann.evaluation.worker import fingerprint
from wann.network import Networks
from wann.population import Floats
from wann.task import Task

PROCESSES = 2


def made_up(networks: Networks, piece: Piece) -> Played:
    """Returns that favour larger networks, with noise: a population grows as in a real search."""
    sizes = np.diff(networks.first_source[networks.first_node[piece.first_network : piece.last_network + 1]])
    noise = np.random.default_rng(piece.first_network).normal(size=piece.shape)
    return noise + np.log1p(sizes)[:, None], piece.shape[0] * piece.shape[1]


def seconds_of(piece: Piece, seconds: Floats) -> float:
    """The seconds that a core plays a piece, where an episode of network i takes ``seconds[i]``."""
    networks = np.arange(piece.first_network, piece.last_network) % seconds.size
    return float(seconds[networks].sum()) * piece.shape[1]


class Pretender:
    """Sleeps as long as a core would play."""

    def __init__(self, expected: dict[str, str], seconds: Floats | None) -> None:
        self._expected, self._seconds = expected, seconds

    def fingerprint(self) -> dict[str, str]:
        """As the driver expects it."""
        return self._expected

    def load(self, task: Task, threads: int) -> None:
        """Needs none."""

    def play(self, work: tuple[Networks, Episodes], piece: Piece) -> Played:
        """Sleep, and make something up."""
        if self._seconds is not None:
            time.sleep(seconds_of(piece, self._seconds))
        return made_up(work[0], piece)


class Simulated(RayEvaluator):
    """An evaluator whose workers only pretend; a few processes stand for all of them.

    Attributes:
        waited: Seconds that the driver has waited for answers.
    """

    def __init__(self, task: Task, workers: int, seconds: Floats | None = None) -> None:
        actors: list[Any] = []

        def as_actor(ray: Any, node: str, threads: int) -> Any:
            if len(actors) < min(PROCESSES, workers):
                options = {"num_cpus": 0, "max_concurrency": workers}
                actors.append(ray.remote(Pretender).options(**options).remote(fingerprint(), seconds))
                return actors[-1]
            actors.append(actors.pop(0))
            return actors[-1]

        crew.as_actor = as_actor
        super().__init__(task, "local", workers)
        self.waited = 0.0
        answered = self._crew.answered

        def timed(limit: float) -> list[Any]:
            start = time.perf_counter()
            members = answered(limit)
            self.waited += time.perf_counter() - start
            return members

        self._crew.answered = timed  # type: ignore[method-assign]
