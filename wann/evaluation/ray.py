"""Evaluation on Ray workers, on this machine or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator, cores
from wann.evaluation.work import Episodes, Evaluator, Piece, Played, cut, join
from wann.network import Networks
from wann.population import sealed
from wann.task import Task

LOCAL = "local"
INLINED_BYTES = 1 << 20
"""What is smaller travels with the call: on one machine that is 1 ms a generation faster than the object store."""
_NOTHING = np.empty(0, dtype=np.int64)
sealed(_NOTHING)
PIECES_PER_ACTOR = 4
"""Where there is more than one: a slow node then does less of the work."""


class _Actor:
    """Holds the task and its compiled kernels, with a thread for each core that it has."""

    def __init__(self, task: Task, threads: int) -> None:
        self._threads = ThreadEvaluator(task, threads)

    def play(self, work: tuple[Networks, Episodes], piece: Piece) -> Played:
        """Play a piece of the work."""
        return self._threads.play(*work, piece)

    def pid(self) -> int:
        """The process that it runs in."""
        return os.getpid()


class RayEvaluator(Evaluator):
    """Plays a task on Ray actors: one on each node, or on each core where the task runs in the Python interpreter.

    Ray restarts an actor that dies and sends it its work again; since a piece's result depends on nothing but the
    piece, that changes nothing.

    Args:
        task: What to play.
        address: "local" for an actor on this machine (no dashboard, bound to loopback), or the address of a cluster.
        workers: How many cores to use; all cores of the machine or cluster unless told otherwise.

    Raises:
        UserError: No Ray cluster answers at the address.
    """

    def __init__(self, task: Task, address: str = LOCAL, workers: int | None = None) -> None:
        super().__init__(task)
        self._ray = _connect(address, workers)
        self._actors = [self._start(node, threads) for node, threads in self._shares(workers)]

    def _shares(self, workers: int | None) -> Iterator[tuple[str, int]]:
        """The node of each actor, and how many cores it uses there."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        left = workers or sum(int(node["Resources"].get("CPU", 0)) for node in nodes)
        for node in nodes:
            threads = min(left, int(node["Resources"].get("CPU", 0)))
            left -= threads
            actors, each = (threads, 1) if self.task.python else (min(threads, 1), threads)
            yield from [(node["NodeID"], each)] * actors

    def _start(self, node: str, threads: int) -> Any:
        place = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=True)
        options = {"num_cpus": threads, "max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": place}
        return self._ray.remote(_Actor).options(**options).remote(self.task, threads)

    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        """The networks and episodes travel once: with the only piece, or through the object store."""
        networks = networks._replace(node_genes=_NOTHING, connection_genes=_NOTHING)  # rollouts do without them
        whole, actors = Piece.all(networks, episodes), len(self._actors)
        pieces = cut(whole, PIECES_PER_ACTOR * actors) if actors > 1 else [whole]
        work = self._ray.put((networks, episodes)) if len(pieces) > 1 else (networks, episodes)
        pool = self._ray.util.ActorPool(self._actors)
        try:
            return join(whole, pieces, pool.map(lambda actor, piece: actor.play.remote(work, piece), pieces))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None

    def close(self) -> None:
        """Let the actors go, and leave the cluster."""
        self._ray.shutdown()


def _connect(address: str, workers: int | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray
    import ray.util.scheduling_strategies

    options: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if address == LOCAL:
        options |= {"address": "local", "num_cpus": workers or cores(), "include_dashboard": False}
        options["_node_ip_address"] = "127.0.0.1"
        options["_system_config"] = {"max_direct_call_object_size": INLINED_BYTES}
    else:
        options["address"] = address
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"no Ray cluster answers at {address!r}: {reason}") from None
    return ray
