"""Long work on Ray, a call each: whole runs of a sweep, or what an island does between two meetings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wann.errors import UserError
from wann.evaluation.ray import connect

LOOK_SECONDS = 2.0
SAVING_SECONDS = 60.0
"""How long calls that are broken off may take to save what they have."""


class Jobs:
    """Calls that Ray places on nodes with free cores, and repeats where a worker or its node dies.

    A call must give the same result however often it is made, and whatever was left of an earlier one.

    Attributes:
        cores: Those of each node.
    """

    def __init__(self, address: str, cores: int | None = None) -> None:
        self._ray = connect(address, cores)
        self.cores = [int(node["Resources"].get("CPU", 0)) for node in self._ray.nodes() if node["Alive"]]

    def share(self, calls: int, wanted: int | None = None) -> int:
        """The cores of each of so many calls: an equal part of all, on one node.

        Raises:
            UserError: No node has as many as are wanted.
        """
        largest = max(self.cores, default=0)
        if wanted is not None and wanted > largest:
            raise UserError(f"workers: expected at most the {largest} cores of the largest node, got {wanted}")
        return wanted or max(1, min(largest, sum(self.cores) // max(1, calls)))

    def each(
        self,
        function: Callable[..., Any],
        calls: Sequence[tuple[Any, ...]],
        cores: int,
        look: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[int, Any]]:
        """The number and the result of each call, in the order in which they end.

        Args:
            function: What is called.
            calls: Its arguments.
            cores: Of each call.
            look: Called every few seconds.

        Raises:
            KeyboardInterrupt: It came while waiting; the calls were interrupted, too, and have ended.
        """
        start = self.starter(function, cores)
        yield from self.ended([start(*arguments) for arguments in calls], look)

    def starter(self, function: Callable[..., Any], cores: int) -> Callable[..., Any]:
        """What starts a call of a function, with so many cores, and gives what ``ended`` waits for."""
        options = {"num_cpus": cores, "max_retries": -1, "scheduling_strategy": "SPREAD"}
        start: Callable[..., Any] = self._ray.remote(function).options(**options).remote
        return start

    def ended(self, calls: Sequence[Any], look: Callable[[], None] = lambda: None) -> Iterator[tuple[int, Any]]:
        """The number and the result of each call that was started, in the order in which they end; see ``each``."""
        waiting = {call: number for number, call in enumerate(calls)}
        try:
            while waiting:
                done, _ = self._ray.wait(list(waiting), timeout=LOOK_SECONDS)
                for reference in done:
                    yield waiting.pop(reference), self._ray.get(reference)
                look()
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        finally:
            self.cancel(list(waiting))

    def put(self, value: Any) -> Any:
        """Send something once that many calls get."""
        return self._ray.put(value)

    def cancel(self, waiting: Sequence[Any]) -> None:
        """Interrupt calls, and wait until they have ended."""
        for reference in waiting:
            self._ray.cancel(reference)
        if waiting:
            self._ray.wait(waiting, num_returns=len(waiting), timeout=SAVING_SECONDS)

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


@contextmanager
def jobs(address: str, cores: int | None = None) -> Iterator[Jobs]:
    """Jobs on the cluster at ``address``, closed at the end; "local" for this machine."""
    chosen = Jobs(address, cores)
    try:
        yield chosen
    finally:
        chosen.close()
