"""The workers on all nodes of a Ray cluster: started, checked, let go, replaced."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wann.errors import TaskError, UserError
from wann.evaluation.orders import Order
from wann.evaluation.worker import as_actor, fingerprint
from wann.task import Task

log = logging.getLogger("wann")

STARTS = 3
"""How often in a row a worker may die on a node before it is ready, until the node is left alone."""
NODES_SECONDS = 2.0
"""How old the list of nodes may be."""
PATIENCE = 30.0
"""Seconds after which waiting for the first worker is worth a word, and for the others is given up."""
LONELY_SECONDS = 120.0
"""Seconds without a single worker, after which a run stops."""


@dataclass(eq=False)
class Member:
    """A worker, as the driver knows it."""

    actor: Any
    node: str
    threads: int
    starting: tuple[Any, Any] | None
    """The calls that it has to answer before it is ready: what it runs, and the task."""
    call: Any = None
    """The call that it is busy with."""
    order: tuple[Order, int] | None = None
    """What that is: the evaluation, and which of its pieces."""
    since: float = 0.0
    """When it began with that; on the monotonic clock."""

    @property
    def idle(self) -> bool:
        """Whether it can be given work."""
        return self.starting is None and self.call is None


class Crew:
    """A worker on each node, or on each core where the task runs in the Python interpreter.

    Nodes that join are used within seconds, workers that die are replaced while their node lives. Nodes that cannot
    run the task, as they have another version of something, stop the run only at its start; later they are left alone.

    Attributes:
        members: The workers, those that are not ready yet included.
        ray: The module, connected.
        task: What is to be played.

    Raises:
        UserError: A node cannot run the task.
        TaskError: The task itself failed.
    """

    def __init__(self, ray: Any, task: Task, workers: int | None) -> None:
        self.members: list[Member] = []
        self.ray, self.task, self._workers = ray, task, workers
        self._expected = fingerprint()
        self._unfit: set[str] = set()
        self._deaths: Counter[str] = Counter()
        self._looked = self._seen = -float("inf")
        self._nodes: dict[str, dict[str, Any]] = {}
        try:
            self._sent = ray.put(task)
        except TypeError as error:
            what = str(error.__cause__ or error).partition("\n")[0]
            raise UserError(f"the task {task.name!r} cannot be sent to Ray workers: {what}") from None
        self._assemble()

    def _assemble(self) -> None:
        """Wait until the first worker is ready, and a little for the others."""
        start, told = time.monotonic(), False
        self.refresh()
        while self._starting() and not (any(m.idle for m in self.members) and time.monotonic() - start > PATIENCE):
            for member in self.answered(0.5):
                if (problem := self.admit(member)) is not None:
                    raise problem from None
            self.refresh()
            if not told and not any(m.idle for m in self.members) and time.monotonic() - start > PATIENCE:
                log.warning("waiting for a worker to start: `ray status` shows whether others use the cores")
                told = True
        if not self.members:
            raise UserError("the Ray cluster has no node with a core for this search: start one with `ray start`")

    def _starting(self) -> bool:
        return any(member.starting is not None for member in self.members)

    def answered(self, seconds: float) -> list[Member]:
        """The workers that have finished what they were at, after so many seconds at the latest."""
        calls = {self._waits_for(m): m for m in self.members if not m.idle}
        if not calls:
            time.sleep(seconds)
            return []
        done, _ = self.ray.wait(list(calls), timeout=seconds)
        if done:  # there may be more by now: one look at many is cheaper than many looks
            done, _ = self.ray.wait(list(calls), num_returns=len(calls), timeout=0)
        return [calls[call] for call in done]

    @staticmethod
    def _waits_for(member: Member) -> Any:
        return member.call if member.starting is None else member.starting[1]

    def admit(self, member: Member) -> UserError | TaskError | None:
        """Take a worker that has answered into the crew, if it can play; otherwise gives why not."""
        if member.starting is None or member not in self.members:
            return None
        (versions, loaded), member.starting = member.starting, None
        where = self._where(member.node)
        try:
            found = self.ray.get(versions)
            if different := [name for name, value in self._expected.items() if found.get(name) != value]:
                names = "; ".join(f"{name} {found.get(name)}, here {self._expected[name]}" for name in different)
                return self._refuse(member, f"the Ray node {where} has other versions than this machine: {names}")
            self.ray.get(loaded)
        except self.ray.exceptions.RayTaskError as error:
            problem = self._refuse(member, f"the Ray node {where} cannot play {self.task.name!r}: {_last_line(error)}")
            return error.cause if isinstance(error.cause, TaskError) else problem
        except self.ray.exceptions.RayError as error:
            return self._died_early(member, error)
        self._deaths[member.node] = 0
        return None

    def _died_early(self, member: Member, error: Exception) -> UserError | None:
        self._deaths[member.node] += 1
        if self._deaths[member.node] < STARTS and "failed to import" not in str(error):
            self.dismiss(member)
            return None
        why = "it cannot import wann" if "failed to import" in str(error) else f"its workers die: {_last_line(error)}"
        return self._refuse(member, f"the Ray node {self._where(member.node)} cannot play {self.task.name!r}: {why}")

    def _refuse(self, member: Member, problem: str) -> UserError:
        self._unfit.add(member.node)
        self.dismiss(member)
        for other in [m for m in self.members if m.node == member.node and m.starting is not None]:
            self.dismiss(other)
        return UserError(problem)

    def _where(self, node: str) -> str:
        return str(self._nodes.get(node, {}).get("NodeManagerAddress", node))

    def dismiss(self, member: Member) -> None:
        """Let a worker go, whatever it is doing; ``refresh`` starts another one while its node lives."""
        if member in self.members:
            self.members.remove(member)
        self.ray.kill(member.actor)
        self._looked = -float("inf")

    def refresh(self) -> list[Member]:
        """Follow the cluster: start workers on free cores; gives the workers of nodes that are gone, dismissed.

        Raises:
            TaskError: There has been no worker for a long time.
        """
        if (now := time.monotonic()) - self._looked < NODES_SECONDS:
            return []
        self._nodes = {node["NodeID"]: node for node in self.ray.nodes() if node["Alive"]}
        lost = [member for member in self.members if member.node not in self._nodes]
        for member in lost:
            self.dismiss(member)
        self._looked = now
        for node, threads in self._vacancies():
            self.members.append(self._start(node, threads))
        if self.members or self._seen == -float("inf"):
            self._seen = now
        if now - self._seen > LONELY_SECONDS:
            raise TaskError(f"no Ray node has been left to play {self.task.name!r} for {LONELY_SECONDS:.0f} s")
        return lost

    def _vacancies(self) -> Iterator[tuple[str, int]]:
        """Where workers are wanted: the node of each, and with how many cores. Spread evenly over the nodes."""
        free = {n: int(d["Resources"].get("CPU", 0)) for n, d in self._nodes.items() if n not in self._unfit}
        for member in self.members:
            if member.node in free:
                free[member.node] -= member.threads
        left = sum(free.values())
        if self._workers is not None:
            left = min(left, self._workers - sum(member.threads for member in self.members))
        given: Counter[str] = Counter()
        while left > 0 and (node := max(free, key=lambda n: free[n])) and free[node] > 0:
            given[node] += 1
            free[node] -= 1
            left -= 1
        for node, cores in given.items():
            yield from [(node, 1)] * cores if self.task.python else [(node, cores)]

    def _start(self, node: str, threads: int) -> Member:
        actor = as_actor(self.ray, node, threads)
        return Member(actor, node, threads, (actor.fingerprint.remote(), actor.load.remote(self._sent, threads)))


def _last_line(error: Exception) -> str:
    """What a remote error comes down to, in a line."""
    cause = getattr(error, "cause", None)
    lines = [line.strip() for line in str(cause or error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1]
