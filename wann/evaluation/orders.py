"""Evaluations that are cut into pieces, and which piece is the next to be played."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from wann.evaluation.work import Piece, Played, join


class Order:
    """An evaluation, and what is known of it.

    Attributes:
        pieces: What is to be played.
        rank: Orders of a lower one have precedence.
        work: What workers need for it, as ``send`` made it available.
        waiting: The pieces that nobody is at, by number.
        answers: The results of pieces, by number.
        failures: How often a worker crashed or hung over a piece.
    """

    def __init__(self, whole: Piece, pieces: list[Piece], send: Callable[[], Any], rank: int = 0) -> None:
        self.pieces, self.rank = pieces, rank
        self.waiting = set(range(len(pieces)))
        self.answers: dict[int, Played] = {}
        self.failures: Counter[int] = Counter()
        self._whole, self._send = whole, send
        self._alike: dict[int, list[int]] = defaultdict(list)
        for index, piece in enumerate(pieces):
            self._alike[piece.first_network].append(index)
        self.send_again()

    def send_again(self) -> None:
        """Make the work available to workers: Ray may have lost it."""
        self.work = self._send()

    @property
    def done(self) -> bool:
        """Whether all pieces have been answered."""
        return len(self.answers) == len(self.pieces)

    @property
    def result(self) -> Played:
        """All answers, put together."""
        return join(self._whole, self.pieces, [self.answers[index] for index in range(len(self.pieces))])

    def episodes(self, index: int) -> int:
        """How many episodes a piece has."""
        networks, episodes = self.pieces[index].shape
        return networks * episodes

    def alike(self, index: int) -> list[int]:
        """The pieces with the networks of this one, by number."""
        return self._alike[self.pieces[index].first_network]


class Queue:
    """The waiting pieces of several orders.

    An evaluation lasts until its last piece has been played: that should be a short one. How long a piece takes shows
    when another one with the same networks has been played. So one of these comes at first, and then the others,
    longest first.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, float, int, Order, int]] = []
        self._number = count()

    def add(self, order: Order) -> None:
        """Take in all pieces of an order."""
        for index in range(len(order.pieces)):
            self._push(order, index, 1 if order.alike(index)[0] == index else 3)

    def put_back(self, order: Order, index: int) -> None:
        """Take in a piece that a worker has failed over: it has waited for long."""
        order.waiting.add(index)
        self._push(order, index, 0)

    def learn(self, order: Order, index: int, seconds: float) -> None:
        """Take into account how long a piece took."""
        for other in order.alike(index):
            if other in order.waiting:
                self._push(order, other, 2, -seconds)

    def pop(self) -> tuple[Order, int] | None:
        """The next piece, and whose it is."""
        while self._heap:
            *_, order, index = heappop(self._heap)
            if index in order.waiting:  # it has as many places here as there was news about it
                order.waiting.remove(index)
                return order, index
        return None

    def _push(self, order: Order, index: int, stage: int, urgency: float = 0.0) -> None:
        heappush(self._heap, (order.rank, stage, urgency, next(self._number), order, index))
