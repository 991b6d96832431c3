"""Pieces of work to workers and their answers back, whatever happens to the workers."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wann.errors import TaskError
from wann.evaluation.crew import Crew, Member
from wann.evaluation.work import Piece, Played

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
    """Brings the pieces of an evaluation to a crew.

    A piece's result depends on the piece alone, so the first answer counts, and it does not matter whose it is.

    Args:
        crew: Who plays.
        pieces: What is to be played.
        send: Makes the work available to workers; called again where Ray has lost it.
        pace: Of earlier deliveries; that of this one is added.
    """

    def __init__(self, crew: Crew, pieces: list[Piece], send: Callable[[], Any], pace: Pace) -> None:
        self._crew, self._pieces, self._send = crew, pieces, send
        self._errors = crew.ray.exceptions
        self._work = send()
        self._answers: dict[int, Played] = {}
        self._waiting = deque(range(len(pieces)))
        self._failures: Counter[int] = Counter()
        self._ever, self._now = pace, Pace()

    def answers(self) -> list[Played]:
        """What each piece gave.

        Raises:
            TaskError: The task failed, or crashed or hung too many workers.
        """
        while len(self._answers) < len(self._pieces):
            self._hand_out()
            for member in self._crew.answered(TICK):
                self._take(member)
            for member in self._crew.refresh():
                self._give_back(member, "lost its node")
            for member in self._hanging():
                self._crew.dismiss(member)
                self._give_back(member, f"gave no answer for {time.monotonic() - member.since:.0f} s")
        return [self._answers[index] for index in range(len(self._pieces))]

    def _hand_out(self) -> None:
        """Give each idle worker a piece; where none is left, one that is late elsewhere."""
        for member in self._crew.members:
            if not member.idle:
                continue
            index = self._waiting.popleft() if self._waiting else self._late()
            if index is None:
                return
            member.call = member.actor.play.remote(self._work, self._pieces[index])
            member.order, member.since = (self, index), time.monotonic()

    def _late(self) -> int | None:
        """The piece that has been with a single worker for longest, if it is late."""
        at = Counter(self._mine(member) for member in self._crew.members)
        alone = [m for m in self._crew.members if (index := self._mine(m)) is not None and at[index] == 1]
        if not alone or not self._now.episodes:
            return None
        oldest = min(alone, key=lambda member: member.since)
        limit = max(LATE_SECONDS, LATE_TIMES * self._now.slowest * self._episodes(oldest) / oldest.threads)
        return self._mine(oldest) if time.monotonic() - oldest.since > limit else None

    def _mine(self, member: Member) -> int | None:
        """The piece that a worker is at, if it is one of this delivery and not yet answered."""
        if member.order is None or member.order[0] is not self or member.order[1] in self._answers:
            return None
        return member.order[1]

    @staticmethod
    def _episodes(member: Member) -> int:
        """How many episodes a worker plays."""
        delivery, index = member.order or (None, 0)
        assert delivery is not None
        networks, episodes = delivery._pieces[index].shape
        return int(networks * episodes)

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
        if (index := self._mine(member)) is not None:
            self._answers[index] = answer
            for pace in (self._ever, self._now):
                pace.add(time.monotonic() - member.since, member.threads, self._episodes(member))
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
        elif self._mine(member) is not None:
            self._give_back(member, f"lacked the work ({type(cause).__name__})")
            self._work = self._send()
        member.call = member.order = None

    def _give_back(self, member: Member, what: str) -> None:
        """Somebody else must play the piece of a worker that could not."""
        index, member.call = self._mine(member), None
        member.order = None
        if index is None:
            return
        self._failures[index] += 1
        if (count := self._failures[index]) >= FAILURES:
            piece = self._pieces[index]
            raise TaskError(
                f"the task {self._crew.task.name!r} cannot go on: {count} workers failed over networks "
                f"{piece.first_network} to {piece.last_network - 1}, episodes {piece.first_episode} to "
                f"{piece.last_episode - 1}; the last one {what}"
            )
        if not any(self._mine(other) == index for other in self._crew.members):
            self._waiting.appendleft(index)

    def _hanging(self) -> list[Member]:
        """Workers that have been at a piece, of this delivery or an earlier one, for far too long."""
        now = time.monotonic()
        return [m for m in self._crew.members if m.call is not None and now - m.since > self._limit(m)]

    def _limit(self, member: Member) -> float:
        """The seconds after which a worker counts as hung."""
        if not self._ever.episodes:
            return UNKNOWN_SECONDS
        index = self._mine(member)
        failures = self._failures[index] if index is not None else 0
        expected = self._ever.slowest * self._episodes(member) / member.threads
        return float((HUNG_SECONDS + HUNG_TIMES * expected) * 2.0**failures)
