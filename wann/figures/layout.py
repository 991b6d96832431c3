"""Where a network's nodes and connections go on paper: layered left to right, with few crossings.

The steps are those of Sugiyama, Tagawa & Toda (1981): assign layers, lead long connections through a dummy vertex in
every layer that they pass, order each layer, then give coordinates. Connections from one node share one line up to
where they part, so that a long line is a trunk with branches and a reader follows one line instead of many.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from wann.genome import ConnectionGene, Genome

Point = tuple[float, float]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_RADIUS = 0.34
_DUMMY_ROOM, _NARROW_DUMMY_ROOM, _MANY_DUMMIES = 0.17, 0.07, 80
_PATIENCE = 4  # sweeps without progress
_TOP, _FREE, _UNUSED, _BOTTOM = range(4)


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in abstract units: x to the right, y upwards with the middle at 0, nodes of a column about 1 apart.

    ``nodes`` maps a node's id to its centre and ``radii`` to its radius; ``layers`` holds the ids column by column,
    each from top to bottom. ``routes`` maps the innovation of each drawn connection to the points that it passes,
    one a column, from its source's centre into its target, where connections that meet arrive side by side.
    """

    nodes: dict[int, Point]
    radii: dict[int, float]
    layers: tuple[tuple[int, ...], ...]
    routes: dict[int, tuple[Point, ...]]


def layout(genome: Genome, disabled: bool = False) -> Layout:
    """The layered layout of ``genome``, with its disabled connections if ``disabled`` is true.

    The same genome always gives the same layout. Inputs and outputs may change places; the bias stands apart, at an
    end of the first column, and unconnected nodes go to the bottom of theirs.
    """
    genes = [gene for gene in genome.connections if gene.enabled or disabled]
    graph = _graph(genome, genes)
    graph.columns = _ordered(graph)
    heights = _heights(graph)
    return _layout(genome, genes, graph, heights)


def crossings(layout: Layout) -> int:
    """How often two drawn lines cross; what connections from one node share is one line."""
    gaps: dict[float, set[Point]] = {}
    for route in layout.routes.values():
        for (x, start), (_, end) in pairwise(route):
            gaps.setdefault(x, set()).add((start, end))
    return sum(_inversions(sorted(segments)) for segments in gaps.values())


def _inversions(pairs: Iterable[Point]) -> int:
    seen: list[float] = []
    total = 0
    for _, end in pairs:
        total += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return total


# Layers


def _layers(genome: Genome) -> list[int]:
    """The column of each node, in the genome's order: inputs 0, hidden nodes behind all their sources, outputs last.

    Disabled connections count too, so that switching one off moves no node to another column.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(node.id for node in genome.nodes)
    graph.add_edges_from((gene.source, gene.target) for gene in genome.connections)
    kinds = {node.id: node.kind for node in genome.nodes}
    column: dict[int, int] = {}
    for node in nx.topological_sort(graph):
        first = 1 if kinds[node] == "hidden" else 0
        column[node] = max((column[source] + 1 for source in graph.predecessors(node)), default=first)
        column[node] = max(column[node], first)
    last = 1 + max((column[node.id] for node in genome.hidden), default=0)
    column |= {node.id: last for node in genome.outputs}
    _shorten(genome, graph, column)
    return [column[node.id] for node in genome.nodes]


def _shorten(genome: Genome, graph: nx.DiGraph, column: dict[int, int]) -> None:
    """Move hidden nodes within their slack to where the trunks are shortest in sum, until none moves."""

    def end(node: int) -> int:
        return max((column[target] for target in graph.successors(node)), default=column[node])

    def cost(node: int, place: int) -> int:
        column[node] = place
        return end(node) - place + sum(end(source) for source in graph.predecessors(node))

    for _ in range(len(genome.hidden)):
        before = dict(column)
        for node in (gene.id for gene in genome.hidden if graph.degree(gene.id)):
            low = max((column[source] + 1 for source in graph.predecessors(node)), default=1)
            high = min((column[target] - 1 for target in graph.successors(node)), default=low)
            column[node] = min(range(low, high + 1), key=lambda place: (cost(node, place), place))
        if column == before:
            return


# Dummies


@dataclass(slots=True)
class _Graph:
    """Vertices 0, 1, ...: the nodes in the genome's order, then the dummies. Edges join neighbouring columns."""

    column: list[int]
    sizes: list[tuple[float, float]]  # room and radius of each vertex
    group: list[int]
    trunks: list[list[int]]  # of each node: itself, then its dummies
    edges: list[tuple[Indices, Indices]]  # of each gap between columns: left ends, right ends
    columns: list[Indices]  # from top to bottom


def _graph(genome: Genome, genes: Sequence[ConnectionGene]) -> _Graph:
    index = {node.id: vertex for vertex, node in enumerate(genome.nodes)}
    column = _layers(genome)
    last = column.copy()
    for gene in genes:
        source, target = index[gene.source], index[gene.target]
        last[source] = max(last[source], column[target] - 1)
    trunks = [[vertex] for vertex in range(len(column))]
    for vertex, trunk in enumerate(trunks):
        for place in range(column[vertex] + 1, last[vertex] + 1):
            trunk.append(len(column))
            column.append(place)
    lines = [line for trunk in trunks for line in pairwise(trunk)]
    lines += [_branch(trunks[index[gene.source]], column, index[gene.target]) for gene in genes]
    linked = {vertex for line in lines for vertex in line}
    groups = [_group(node.kind, vertex in linked) for vertex, node in enumerate(genome.nodes)]
    groups += [_FREE] * (len(column) - len(groups))
    sizes = _sizes(genome, len(column) - len(genome.nodes), 1 + max(column))
    columns = [np.flatnonzero(np.array(column) == place) for place in range(max(column) + 1)]
    return _Graph(column, sizes, groups, trunks, _gaps(lines, column), columns)


def _branch(trunk: list[int], column: list[int], target: int) -> tuple[int, int]:
    return trunk[column[target] - 1 - column[trunk[0]]], target


def _group(kind: str, linked: bool) -> int:
    return _TOP if kind == "bias" else _FREE if linked else _UNUSED


def _sizes(genome: Genome, dummies: int, columns: int) -> list[tuple[float, float]]:
    """Half the height that each vertex keeps free of others, and its radius."""
    many = dummies > _MANY_DUMMIES * columns
    of_inputs = max(0.24, min(0.42, 7.2 / len(genome.inputs)))
    sizes = {
        "bias": (0.75, 0.26 if of_inputs == 0.42 else 0.2),
        "input": (of_inputs, 0.48 * of_inputs),
        "hidden": (0.7, 0.6) if many else (0.5, _RADIUS),
        "output": (1.6, 0.8) if many else (0.6, _RADIUS),
    }
    of_dummies = (_NARROW_DUMMY_ROOM if many else _DUMMY_ROOM, 0.0)
    return [sizes[node.kind] for node in genome.nodes] + [of_dummies] * dummies


def _gaps(lines: Iterable[tuple[int, int]], column: list[int]) -> list[tuple[Indices, Indices]]:
    gaps: list[list[tuple[int, int]]] = [[] for _ in range(max(column))]
    for left, right in lines:
        gaps[column[left]].append((left, right))
    ends = [np.array(gap, dtype=np.int64).reshape(-1, 2) for gap in gaps]
    return [(gap[:, 0], gap[:, 1]) for gap in ends]


# Order


def _ordered(graph: _Graph) -> list[Indices]:
    """The columns in the order with the fewest crossings of those that several starts have led to."""
    candidates = []
    for start in range(_effort(graph, 3000, 24)):
        order = _Order(graph, bias=(_TOP, _BOTTOM)[start % 2], seed=start // 2)
        order.improve(rounds=_effort(graph, 20_000, 40))
        candidates.append(order)
    best = min(candidates, key=_Order.crossings)
    return [column[order] for column, order in zip(graph.columns, best.orders, strict=True)]


def _effort(graph: _Graph, budget: int, most: int) -> int:
    """How often to repeat a step that walks the whole graph: less often for a large one, at least once."""
    size = 1 + sum(len(left) for left, _ in graph.edges)
    return max(1, min(most, budget // size))


class _Order:
    """A search from one start. Vertices of a column go by their place in the graph's own order of it."""

    def __init__(self, graph: _Graph, bias: int, seed: int) -> None:
        place = np.zeros(len(graph.column), dtype=np.int64)
        for column in graph.columns:
            place[column] = np.arange(len(column))
        self.edges = [(place[left], place[right]) for left, right in graph.edges]
        group = np.where(np.array(graph.group) == _TOP, bias, graph.group)
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
            total += _inversions(sorted(zip(a[left].tolist(), b[right].tolist(), strict=True)))
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
        movable = self.groups[column][order] == _FREE
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


# Coordinates


def _heights(graph: _Graph) -> Floats:
    """The y of each vertex, downwards: least squares over the edges, then trunks made straight where they can be."""
    heights = np.zeros(len(graph.column))
    for column in graph.columns:
        heights[column] = _offsets(graph, column)
        heights[column] -= heights[column].mean()
    nodes = len(graph.trunks)
    stiff = np.array([1.0, 2.0, 8.0])  # between two nodes, at a trunk's ends, along a trunk
    edges = [(left, right, stiff[(left >= nodes) * 1 + (right >= nodes)]) for left, right in graph.edges]
    for sweep in range(2 * _effort(graph, 60_000, 30)):
        places = range(len(graph.columns))
        for place in places if sweep % 2 == 0 else reversed(places):
            _relax(graph, heights, edges, place)
    _straighten(graph, heights)
    return heights


def _offsets(graph: _Graph, column: Indices) -> Floats:
    """The y of a column's vertices when they stand as close as they may."""
    room = np.array([graph.sizes[vertex][0] for vertex in column])
    return np.cumsum(np.concatenate(([0.0], room[:-1] + room[1:])))


def _relax(graph: _Graph, heights: Floats, edges: list[tuple[Indices, Indices, Floats]], place: int) -> None:
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


def _straighten(graph: _Graph, heights: Floats) -> None:
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
    for _ in range(_effort(graph, 40_000, 12)):
        for piece, others in zip(pieces, outside, strict=True):
            if others:
                slack.place(piece, _median(heights[others]))


def _median(values: Floats) -> float:
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


class _Slack:
    """The room that each vertex has between the one above and the one below it."""

    def __init__(self, graph: _Graph, heights: Floats) -> None:
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


# The result


def _layout(genome: Genome, genes: Sequence[ConnectionGene], graph: _Graph, heights: Floats) -> Layout:
    y = np.round(-(heights - (heights.max() + heights.min()) / 2), 4) + 0.0
    x = _columns(graph, y)
    places = [(x[column], float(height)) for column, height in zip(graph.column, y, strict=True)]
    ids = [node.id for node in genome.nodes]
    radii = {node: radius for node, (_, radius) in zip(ids, graph.sizes, strict=False)}
    layers = tuple(tuple(ids[v] for v in column.tolist() if v < len(ids)) for column in graph.columns)
    return Layout(dict(zip(ids, places, strict=False)), radii, layers, _routes(genome, genes, graph, places))


def _columns(graph: _Graph, y: Floats) -> list[float]:
    """The x of each column: further apart where lines are steep."""
    x = [0.0]
    for left, right in graph.edges:
        rise = float(np.abs(y[left] - y[right]).max(initial=0.0))
        x.append(round(x[-1] + min(max(1.5 + 0.22 * rise, 1.9), 5.0), 4))
    return x


def _routes(
    genome: Genome, genes: Sequence[ConnectionGene], graph: _Graph, places: list[Point]
) -> dict[int, tuple[Point, ...]]:
    index = {node.id: vertex for vertex, node in enumerate(genome.nodes)}
    routes: dict[int, tuple[Point, ...]] = {}
    arrivals: dict[int, list[tuple[float, int]]] = {}
    for gene in genes:
        trunk, target = graph.trunks[index[gene.source]], index[gene.target]
        path = [places[vertex] for vertex in trunk if graph.column[vertex] < graph.column[target]]
        routes[gene.innovation] = (*path, places[target])
        arrivals.setdefault(target, []).append((-path[-1][1], gene.innovation))
    for target, lines in arrivals.items():
        for (_, innovation), port in zip(sorted(lines), _ports(len(lines), graph.sizes[target][1]), strict=True):
            x, y = places[target]
            routes[innovation] = (*routes[innovation][:-1], (x, round(y + port, 4)))
    return routes


def _ports(count: int, radius: float) -> list[float]:
    """The heights, from the top, at which connections reach a node, relative to its centre."""
    step = min(0.5 * radius, 1.3 * radius / max(count - 1, 1))
    return [step * ((count - 1) / 2 - place) for place in range(count)]
