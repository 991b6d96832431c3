"""Pieces of work to workers and their answers back, whatever happens to the workers."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from wann.errors import TaskError
from wann.evaluation.crew import Crew, Member
from wann.evaluation.orders import Order, Queue

log = logging.getLogger("wann")

TICK = 0.5
"""Seconds between two looks at the clock and at the cluster."""
LATE_SECONDS, LATE_TIMES = 2.0, 3.0
"""A piece is late, and given to an idle worker too, after the longer of these seconds and as many times what the
slowest answer of this delivery took for as many episodes."""
HUNG_SECONDS, HUNG_TIMES = 60.0, 20.0
"""A worker hangs, and is replaced, after the sum of both, by the slowest answer so far; twice as long with each failure
over the same piece."""
UNKNOWN_SECONDS = 3600.0
"""The same while there has been no answer that tells how long one takes."""
FAILURES = 3
"""How many workers may crash or hang over the same piece until the run stops."""


@dataclass
class Pace:
    """How long a core takes for an episode, by the answers so far."""

    slowest: float = 0.0
    """The seconds in the slowest answer; 0 while there is none."""
    seconds: float = 0.0
    """Seconds of cores, in all."""
    episodes: int = 0
    """Episodes, in all."""

    @property
    def mean(self) -> float:
        """The seconds on average."""
        return self.seconds / max(1, self.episodes)

    def add(self, seconds: float, threads: int, episodes: int) -> None:
        """Take an answer into account."""
        self.seconds += seconds * threads
        self.episodes += episodes
        self.slowest = max(self.slowest, seconds * threads / episodes)


class Delivery:
    """Brings the pieces of evaluations to a crew.

    A piece's result depends on the piece alone, so the first answer counts, and it does not matter whose it is.

    Args:
        crew: Who plays.
        pace: Of earlier deliveries; that of this one is added.
    """

    def __init__(self, crew: Crew, pace: Pace) -> None:
        self._crew = crew
        self._errors = crew.ray.exceptions
        self._open: list[Order] = []
        self._queue = Queue()
        self._ever, self._now = pace, Pace()
        self._looked = time.monotonic()

    def add(self, order: Order) -> None:
        """Take an order."""
        self._open.append(order)
        self._queue.add(order)

    def next(self) -> Order:
        """Wait until all pieces of an order have been answered; gives the order.

        Raises:
            TaskError: The task failed, or crashed or hung too many workers.
        """
        while (done := next((order for order in self._open if order.done), None)) is None:
            self._hand_out()
            for member in self._crew.answered(TICK):
                self._take(member)
                self._hand_out()  # at once: many answers may have come together
            for member in self._crew.refresh():
                self._give_back(member, "lost its node")
            for member in self._hanging():
                self._crew.dismiss(member)
                self._give_back(member, f"gave no answer for {time.monotonic() - member.since:.0f} s")
        self._open.remove(done)
        return done

    def _hand_out(self) -> None:
        """Give each idle worker a piece; where none is left, one that is late elsewhere."""
        for member in self._crew.members:
            if not member.idle:
                continue
            if (found := self._queue.pop() or self._late()) is None:
                return
            order, index = found
            member.call = member.actor.play.remote(order.work, order.pieces[index])
            member.order, member.since = found, time.monotonic()

    def _late(self) -> tuple[Order, int] | None:
        """The piece that has been with a single worker for longest, if it is late."""
        at = Counter(self._mine(member) for member in self._crew.members)
        alone = [m for m in self._crew.members if (piece := self._mine(m)) is not None and at[piece] == 1]
        if not alone or not self._now.episodes:
            return None
        oldest = min(alone, key=lambda member: member.since)
        limit = max(LATE_SECONDS, LATE_TIMES * self._now.slowest * self._episodes(oldest) / oldest.threads)
        return self._mine(oldest) if time.monotonic() - oldest.since > limit else None

    def _mine(self, member: Member) -> tuple[Order, int] | None:
        """The piece that a worker is at, if it is one of this delivery and not yet answered."""
        if member.order is None or member.order[0] not in self._open or member.order[1] in member.order[0].answers:
            return None
        return member.order

    @staticmethod
    def _episodes(member: Member) -> int:
        """How many episodes a worker plays."""
        assert member.order is not None
        order, index = member.order
        return order.episodes(index)

    def _take(self, member: Member) -> None:
        """Take what a worker has answered."""
        if member.starting is not None:
            if (problem := self._crew.admit(member)) is not None:
                log.warning("%s; the search goes on without it", problem)
            return
        try:
            answer = self._crew.ray.get(member.call)
        except self._errors.RayError as error:
            self._went_wrong(member, error)
            return
        if (mine := self._mine(member)) is not None:
            (order, index), seconds = mine, time.monotonic() - member.since
            order.answers[index] = answer
            self._queue.learn(order, index, seconds)
            for pace in (self._ever, self._now):
                pace.add(seconds, member.threads, self._episodes(member))
        member.call = member.order = None

    def _went_wrong(self, member: Member, error: Any) -> None:
        """An exception of the task stops the run; a worker that is gone, or work that Ray has lost, does not."""
        cause = error.cause if isinstance(error, self._errors.RayTaskError) else error
        if not isinstance(cause, self._errors.RayError):
            if self._mine(member) is not None:
                raise cause from None
        elif isinstance(cause, self._errors.RayActorError):
            self._crew.dismiss(member)
            self._give_back(member, "died")
        elif (mine := self._mine(member)) is not None:
            self._give_back(member, f"lacked the work ({type(cause).__name__})")
            mine[0].send_again()
        member.call = member.order = None

    def _give_back(self, member: Member, what: str) -> None:
        """Somebody else must play the piece of a worker that could not."""
        mine = self._mine(member)
        member.call = member.order = None
        if mine is None:
            return
        order, index = mine
        order.failures[index] += 1
        if (count := order.failures[index]) >= FAILURES:
            piece = order.pieces[index]
            raise TaskError(
                f"the task {self._crew.task.name!r} cannot go on: {count} workers failed over networks "
                f"{piece.first_network} to {piece.last_network - 1}, episodes {piece.first_episode} to "
                f"{piece.last_episode - 1}; the last one {what}"
            )
        if not any(self._mine(other) == mine for other in self._crew.members):
            self._queue.put_back(order, index)

    def _hanging(self) -> list[Member]:
        """Workers that have been at a piece, of this delivery or an earlier one, for far too long."""
        if (now := time.monotonic()) - self._looked < TICK:
            return []
        self._looked = now
        return [m for m in self._crew.members if m.call is not None and now - m.since > self._limit(m)]

    def _limit(self, member: Member) -> float:
        """The seconds after which a worker counts as hung."""
        if not self._ever.episodes:
            return UNKNOWN_SECONDS
        mine = self._mine(member)
        failures = mine[0].failures[mine[1]] if mine is not None else 0
        expected = self._ever.slowest * self._episodes(member) / member.threads
        return float((HUNG_SECONDS + HUNG_TIMES * expected) * 2.0**failures)
