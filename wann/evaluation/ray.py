"""Evaluation on Ray workers, on this machine or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from wann.errors import TaskError, UserError
from wann.evaluation.address import LOCAL, check_answer
from wann.evaluation.crew import Crew
from wann.evaluation.delivery import Delivery, Pace
from wann.evaluation.orders import Order
from wann.evaluation.threads import cores
from wann.evaluation.work import Episodes, Evaluation, Evaluator, Piece, Play, Played, Request, cut
from wann.evaluation.worker import without_genes
from wann.network import Networks
from wann.task import Task
from wann.taskfile import neighbours

T = TypeVar("T")

INLINED_BYTES = 1 << 20
"""What is smaller travels with the call: on one machine that is 1 ms a generation faster than the object store."""
PIECES_PER_WORKER = 4
"""Where there is more than one: a slow node then does less of the work."""
MOST_PIECES, LEAST_EPISODES, PIECE_SECONDS, ALIKE = 24, 4, 0.2, 2
"""Where Python plays, episodes of some networks take ten times as long as others, and a worker with many of them would
hold all others at the end of a generation: up to so many pieces a worker, of so many episodes and seconds at least. So
many have the same networks, so that the first tells how long the others take."""


class RayEvaluator(Evaluator):
    """Plays a task on Ray workers: one on each node, or on each core where the task runs in the Python interpreter.

    A piece's result depends on nothing but the piece. So nodes may come and go, a worker that dies or hangs is
    replaced and its piece played by another, and a late piece is played twice: none of it changes the result.

    Args:
        task: What to play.
        address: "local" for workers on this machine (no dashboard, bound to loopback), or the address of a cluster.
        workers: How many cores to use; all cores of the machine or cluster unless told otherwise.

    Raises:
        UserError: No Ray cluster answers at the address, or a node of it cannot play the task.
    """

    def __init__(self, task: Task, address: str = LOCAL, workers: int | None = None) -> None:
        super().__init__(task)
        self._ray = connect(address, workers)
        self._pace = Pace()
        try:
            self._crew = Crew(self._ray, task, workers)
        except BaseException:
            self.close()
            raise

    def pids(self) -> list[int]:
        """The processes of the workers that are at hand."""
        return list(self._ray.get([member.actor.pid.remote() for member in self._crew.members]))

    def follow_all(self, plays: Sequence[Play[T]]) -> list[T]:
        """The conclusions of several plays side by side: workers that one leaves idle play for the others."""
        delivery = Delivery(self._crew, self._pace)
        asked: dict[Order, tuple[int, Request]] = {}
        ends: dict[int, T] = {}

        def go_on(place: int, found: Evaluation | None) -> None:
            try:
                request = plays[place].send(found)  # type: ignore[arg-type]  # None starts it
            except StopIteration as end:
                ends[place] = end.value
                return
            order = self._order(request.networks, self.episodes(request), place)
            asked[order] = place, request
            delivery.add(order)

        for place in range(len(plays)):
            go_on(place, None)
        while asked:
            order = self._next(delivery)
            place, request = asked.pop(order)
            go_on(place, self.evaluation_of(request, order.result))
        return [ends[place] for place in range(len(plays))]

    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        delivery = Delivery(self._crew, self._pace)
        delivery.add(self._order(networks, episodes))
        return self._next(delivery).result

    def _next(self, delivery: Delivery) -> Order:
        """Wait for the next order that is done."""
        try:
            return delivery.next()
        except self._ray.exceptions.RayError as error:
            what = " ".join(str(error).split())
            raise TaskError(f"Ray failed while it played {self.task.name!r}: {type(error).__name__}: {what}") from error

    def _order(self, networks: Networks, episodes: Episodes, rank: int = 0) -> Order:
        """The networks and episodes travel once: with the only piece, or through the object store."""
        work, whole = (without_genes(networks), episodes), Piece.all(networks, episodes)
        workers = len(self._crew.members)
        pieces = self._cut(whole, workers) if workers > 1 else [whole]
        send = (lambda: self._ray.put(work)) if len(pieces) > 1 else (lambda: work)
        return Order(whole, pieces, send, rank)

    def _cut(self, whole: Piece, workers: int) -> list[Piece]:
        """Pieces that are small enough to keep all workers busy to the end, and large enough to be worth a call."""
        if not self.task.python:
            return cut(whole, PIECES_PER_WORKER * workers)
        parts, (networks, episodes) = PIECES_PER_WORKER * workers, whole.shape
        if self._pace.episodes:
            worth = int(networks * episodes * self._pace.mean / PIECE_SECONDS)
            parts = max(workers, min(MOST_PIECES * workers, worth))
        return cut(whole, parts, LEAST_EPISODES, ALIKE)

    def close(self) -> None:
        """Let the workers go, and leave the cluster."""
        self._ray.shutdown()


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Make Ray listen on loopback alone, as it does where it expects no cluster; it has no other switch for that.

    Given 127.0.0.1 as the node's address, it takes the machine's own instead, and listens on all interfaces.
    """
    from ray._private import ray_constants

    name, before = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR, ray_constants.ENABLE_RAY_CLUSTER
    variable = os.environ.get(name)
    os.environ[name], ray_constants.ENABLE_RAY_CLUSTER = "0", False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
        del os.environ[name]
        if variable is not None:
            os.environ[name] = variable


def connect(address: str, workers: int | None) -> Any:
    """Ray, connected to a cluster, or to one that it starts on so many cores of this machine.

    Raises:
        UserError: Nothing answers at the address, or something that does not fit.
    """
    check_answer(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray
    import ray.util.scheduling_strategies

    options: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if address == LOCAL:
        options |= {"address": "local", "num_cpus": workers or cores(), "include_dashboard": False}
        options["_system_config"] = {"max_direct_call_object_size": INLINED_BYTES}
    else:
        options["address"] = address
    try:
        with _on_loopback() if address == LOCAL else nullcontext():
            ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        ray.shutdown()  # a version mismatch shows when the connection stands already
        reason = " ".join(str(error).split())
        if isinstance(error, ConnectionError):
            reason += "; if it asks for a token or for TLS, they must be set here, too: see runs/cluster/README.md"
        raise UserError(f"no Ray cluster answers at {address!r}: {reason}") from None
    for module in neighbours():
        ray.cloudpickle.register_pickle_by_value(module)  # workers cannot import it
    return ray
