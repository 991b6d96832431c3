"""Evaluation on Ray workers, on this machine or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from wann.errors import UserError
from wann.evaluation.threads import cores
from wann.evaluation.work import (
    Episodes,
    Evaluation,
    Piece,
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

LOCAL = "local"
PIECES_PER_WORKER = 4


class _Worker:
    """An actor that holds the task and its compiled kernel."""

    def __init__(self, task: JittedTask) -> None:
        self._player = Player(task)

    def play(self, work: tuple[Networks, Episodes], piece: Piece) -> tuple[Floats, int]:
        """The returns of a piece of work, and the environment steps taken."""
        return self._player.play(*work, piece)

    def pid(self) -> int:
        """The process that it runs in."""
        return os.getpid()


class RayEvaluator:
    """Plays a jitted task on Ray actors, one core each.

    Ray restarts an actor that dies and sends it its work again; since a piece's result depends on nothing but the
    piece, that changes nothing.

    Args:
        task: What to play.
        address: "local" for workers on this machine (no dashboard, bound to loopback), or the address of a cluster.
        workers: How many; all cores of the machine or cluster unless told otherwise.

    Raises:
        UserError: No Ray cluster answers at the address.
    """

    def __init__(self, task: JittedTask, address: str = LOCAL, workers: int | None = None) -> None:
        self._task = task
        self._ray = _connect(address, workers)
        self.workers = workers or int(self._ray.cluster_resources().get("CPU", 1))
        actor = self._ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(_Worker)
        self._actors: list[Any] = [actor.remote(task) for _ in range(self.workers)]

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
        """The networks and episodes travel once, through the object store."""
        n = networks.first_node.size - 1
        pieces = cut(n, episodes.size, PIECES_PER_WORKER * self.workers)
        work = self._ray.put((networks, episodes))
        pool = self._ray.util.ActorPool(self._actors)
        results = pool.map(lambda actor, piece: actor.play.remote(work, piece), pieces)
        return assemble((n, len(episodes.weights), episodes.trials), pieces, list(results))

    def close(self) -> None:
        """Let the workers go, and leave the cluster."""
        self._ray.shutdown()


def _connect(address: str, workers: int | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray
    import ray.util

    options: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if address == LOCAL:
        options |= {"address": "local", "num_cpus": workers or cores(), "include_dashboard": False}
        options["_node_ip_address"] = "127.0.0.1"
    else:
        options["address"] = address
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"no Ray cluster answers at {address!r}: {reason}") from None
    return ray
