"""The order of each column's vertices, with few crossings: barycentre sweeps, then sifting, from several starts."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable

import numpy as np

from wann.figures.layers import BOTTOM, FREE, TOP, Floats, Graph, Indices

_PATIENCE = 4  # sweeps without progress


def ordered(graph: Graph) -> list[Indices]:
    """The columns in the order with the fewest crossings of those that several starts have led to."""
    candidates = []
    for start in range(effort(graph, 3000, 24)):
        order = _Order(graph, bias=(TOP, BOTTOM)[start % 2], seed=start // 2)
        order.improve(rounds=effort(graph, 20_000, 40))
        candidates.append(order)
    best = min(candidates, key=_Order.crossings)
    return [column[order] for column, order in zip(graph.columns, best.orders, strict=True)]


def effort(graph: Graph, budget: int, most: int) -> int:
    """How often to repeat a step that walks the whole graph: less often for a large one, at least once."""
    size = 1 + sum(len(left) for left, _ in graph.edges)
    return max(1, min(most, budget // size))


class _Order:
    """A search from one start. Vertices of a column go by their place in the graph's own order of it."""

    def __init__(self, graph: Graph, bias: int, seed: int) -> None:
        place = np.zeros(len(graph.column), dtype=np.int64)
        for column in graph.columns:
            place[column] = np.arange(len(column))
        self.edges = [(place[left], place[right]) for left, right in graph.edges]
        group = np.where(np.array(graph.group) == TOP, bias, graph.group)
        self.groups = [group[column] for column in graph.columns]
        random = np.random.default_rng(seed)
        keys = [random.random(len(group)) * (seed > 0) for group in self.groups]
        self.orders = [np.lexsort((key, group)) for key, group in zip(keys, self.groups, strict=True)]

    def improve(self, rounds: int) -> None:
        """Sweep, then sift until that helps no more."""
        self._sweep(rounds)
        for _ in range(rounds):
            moved = [self._sift(column) for column in range(len(self.orders))]
            if not any(moved):
                return

    def crossings(self) -> int:
        """How many pairs of edges cross."""
        ranks = [np.argsort(order) for order in self.orders]
        total = 0
        for (left, right), a, b in zip(self.edges, ranks, ranks[1:], strict=False):
            total += inversions(sorted(zip(a[left].tolist(), b[right].tolist(), strict=True)))
        return total

    def _ends(self, column: int, step: int) -> tuple[Indices, Indices, int]:
        """The edges to the column before (step -1) or after (1): own ends, ranks of the others, their column's size."""
        left, right = self.edges[min(column, column + step)]
        own, other = (left, right) if step == 1 else (right, left)
        rank = np.argsort(self.orders[column + step])
        return own, rank[other], len(rank)

    def _sweep(self, rounds: int) -> None:
        """Sort columns by the mean position of their neighbours, rightwards and leftwards; keep the best."""
        best, kept, since = self.crossings(), list(self.orders), 0
        last = len(self.orders) - 1
        for _ in range(rounds):
            for column in range(1, last + 1):
                self._sort(column, -1)
            for column in range(last - 1, -1, -1):
                self._sort(column, 1)
            count = self.crossings()
            since = 0 if count < best else since + 1
            if count < best:
                best, kept = count, list(self.orders)
            if since == _PATIENCE:
                break
        self.orders = kept

    def _sort(self, column: int, step: int) -> None:
        own, rank, others = self._ends(column, step)
        size = len(self.orders[column])
        degree = np.bincount(own, minlength=size)
        now = np.argsort(self.orders[column])
        mean = np.bincount(own, rank, minlength=size) / np.maximum(degree, 1)
        mean = np.where(degree > 0, mean, now * others / size)
        self.orders[column] = np.lexsort((now, mean, self.groups[column]))

    def _costs(self, column: int, step: int) -> Floats:
        """Element (u, v): how often u's edges cross v's if u is above v."""
        own, rank, others = self._ends(column, step)
        size = len(self.orders[column])
        links = np.zeros((others + 1, size))
        links[rank + 1, own] = 1
        above = np.cumsum(links, axis=0)
        costs = np.zeros((size, size))
        if len(own):
            by_own = np.argsort(own, kind="stable")
            vertices, starts = np.unique(own[by_own], return_index=True)
            costs[vertices] = np.add.reduceat(above[rank[by_own]], starts, axis=0)
        return costs

    def _sift(self, column: int) -> bool:
        """Move each vertex of a column to its best place among the others; whether any moved."""
        steps = [step for step in (-1, 1) if 0 <= column + step < len(self.orders)]
        costs = sum(self._costs(column, step) for step in steps)
        gain = np.transpose(costs) - costs
        order = self.orders[column]
        movable = self.groups[column][order] == FREE
        before = order[movable]
        free = before.copy()
        for vertex in before:
            here = int(np.argmax(free == vertex))
            total = np.concatenate(([0.0], np.cumsum(np.delete(gain[vertex, free], here))))
            there = int(np.argmin(total))
            if total[there] < total[here]:
                free = np.insert(np.delete(free, here), there, vertex)
        self.orders[column] = order.copy()
        self.orders[column][movable] = free
        return bool((free != before).any())


def inversions(pairs: Iterable[tuple[float, float]]) -> int:
    """How many pairs, which come sorted by their starts, are in unlike order at their ends."""
    seen: list[float] = []
    total = 0
    for _, end in pairs:
        total += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return total
