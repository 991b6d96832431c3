"""The height of each vertex: near its neighbours, with long connections straight where there is room."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from wann.figures.layers import Floats, Graph, Indices
from wann.figures.ordering import effort


def heights_of(graph: Graph) -> Floats:
    """The y of each vertex, downwards: least squares over the edges, then trunks made straight where they can be."""
    heights = np.zeros(len(graph.column))
    for column in graph.columns:
        heights[column] = _offsets(graph, column)
        heights[column] -= heights[column].mean()
    nodes = len(graph.trunks)
    stiff = np.array([1.0, 2.0, 8.0])  # between two nodes, at a trunk's ends, along a trunk
    edges = [(left, right, stiff[(left >= nodes) * 1 + (right >= nodes)]) for left, right in graph.edges]
    for sweep in range(2 * effort(graph, 60_000, 30)):
        places = range(len(graph.columns))
        for place in places if sweep % 2 == 0 else reversed(places):
            _relax(graph, heights, edges, place)
    _straighten(graph, heights)
    return heights


def _offsets(graph: Graph, column: Indices) -> Floats:
    """The y of a column's vertices when they stand as close as they may."""
    room = np.array([graph.sizes[vertex][0] for vertex in column])
    return np.cumsum(np.concatenate(([0.0], room[:-1] + room[1:])))


def _relax(graph: Graph, heights: Floats, edges: list[tuple[Indices, Indices, Floats]], place: int) -> None:
    """Move a column's vertices to the means of their neighbours, as near as order and room allow."""
    size = len(heights)
    total, pull = np.zeros(size), np.zeros(size)
    if place > 0:
        left, right, weight = edges[place - 1]
        total += np.bincount(right, weight * heights[left], size)
        pull += np.bincount(right, weight, size)
    if place < len(edges):
        left, right, weight = edges[place]
        total += np.bincount(left, weight * heights[right], size)
        pull += np.bincount(left, weight, size)
    column = graph.columns[place]
    wanted = np.where(pull > 0, total / np.maximum(pull, 1e-9), heights)[column]
    offsets = _offsets(graph, column)
    heights[column] = _isotonic(wanted - offsets, np.maximum(pull[column], 0.01)) + offsets


def _isotonic(values: Floats, weights: Floats) -> Floats:
    """The nondecreasing sequence nearest to ``values`` in weighted least squares: pool adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            b, wb, nb = blocks.pop()
            a, wa, na = blocks.pop()
            blocks.append(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb))
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def _straighten(graph: Graph, heights: Floats) -> None:
    """Give whole trunks one height where there is room, then move each straight piece to its neighbours' median."""
    slack = _Slack(graph, heights)
    pieces: list[list[int]] = []
    for trunk in sorted(graph.trunks, key=len, reverse=True):
        pieces += slack.pieces(trunk)
    around: list[list[int]] = [[] for _ in graph.column]
    for left, right in graph.edges:
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            around[a].append(b)
            around[b].append(a)
    outside = [[other for vertex in piece for other in around[vertex] if other not in piece] for piece in pieces]
    for _ in range(effort(graph, 40_000, 12)):
        for piece, others in zip(pieces, outside, strict=True):
            if others:
                slack.place(piece, _median(heights[others]))


def _median(values: Floats) -> float:
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


class _Slack:
    """The room that each vertex has between the one above and the one below it."""

    def __init__(self, graph: Graph, heights: Floats) -> None:
        self.heights = heights
        self.room = [room for room, _ in graph.sizes]
        self.above: dict[int, int] = {}
        self.below: dict[int, int] = {}
        for column in graph.columns:
            for a, b in pairwise(column.tolist()):
                self.below[a], self.above[b] = b, a

    def _low(self, vertex: int) -> float:
        above = self.above.get(vertex)
        return -np.inf if above is None else float(self.heights[above]) + self.room[above] + self.room[vertex]

    def _high(self, vertex: int) -> float:
        below = self.below.get(vertex)
        return np.inf if below is None else float(self.heights[below]) - self.room[below] - self.room[vertex]

    def place(self, piece: list[int], height: float) -> None:
        """Give all vertices of ``piece`` one height, as near to ``height`` as there is room."""
        low, high = max(map(self._low, piece)), min(map(self._high, piece))
        if low <= high:
            self.heights[piece] = min(max(height, low), high)

    def pieces(self, trunk: list[int]) -> list[list[int]]:
        """Cut ``trunk`` into the longest pieces that can be straight, and make them so."""
        pieces: list[list[int]] = []
        low, high = np.inf, -np.inf  # the first vertex always starts a piece
        for vertex in trunk:
            low, high = max(low, self._low(vertex)), min(high, self._high(vertex))
            if low <= high:
                pieces[-1].append(vertex)
            else:
                pieces.append([vertex])
                low, high = self._low(vertex), self._high(vertex)
        for piece in pieces:
            self.place(piece, float(self.heights[piece].mean()))
        return pieces
