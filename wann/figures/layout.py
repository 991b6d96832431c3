"""Where a network's nodes and connections go on paper: layered left to right, with few crossings.

The steps are those of Sugiyama, Tagawa & Toda (1981): assign layers, lead long connections through a dummy vertex in
every layer that they pass, order each layer, then give coordinates. Connections from one node share one line up to
where they part, so that a long line is a trunk with branches and a reader follows one line instead of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wann.figures.coordinates import heights_of
from wann.figures.layers import Floats, Graph, build
from wann.figures.ordering import inversions, ordered
from wann.genome import ConnectionGene, Genome

Point = tuple[float, float]


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
    graph = build(genome, genes)
    graph.columns = ordered(graph)
    heights = heights_of(graph)
    return _layout(genome, genes, graph, heights)


def crossings(layout: Layout) -> int:
    """How often two drawn lines cross; what connections from one node share is one line."""
    gaps: dict[float, set[Point]] = {}
    for route in layout.routes.values():
        for (x, start), (_, end) in pairwise(route):
            gaps.setdefault(x, set()).add((start, end))
    return sum(inversions(sorted(segments)) for segments in gaps.values())


def _layout(genome: Genome, genes: Sequence[ConnectionGene], graph: Graph, heights: Floats) -> Layout:
    y = np.round(-(heights - (heights.max() + heights.min()) / 2), 4) + 0.0
    x = _columns(graph, y)
    places = [(x[column], float(height)) for column, height in zip(graph.column, y, strict=True)]
    ids = [node.id for node in genome.nodes]
    radii = {node: radius for node, (_, radius) in zip(ids, graph.sizes, strict=False)}
    layers = tuple(tuple(ids[v] for v in column.tolist() if v < len(ids)) for column in graph.columns)
    return Layout(dict(zip(ids, places, strict=False)), radii, layers, _routes(genome, genes, graph, places))


def _columns(graph: Graph, y: Floats) -> list[float]:
    """The x of each column: further apart where lines are steep."""
    x = [0.0]
    for left, right in graph.edges:
        rise = float(np.abs(y[left] - y[right]).max(initial=0.0))
        x.append(round(x[-1] + min(max(1.5 + 0.22 * rise, 1.9), 5.0), 4))
    return x


def _routes(
    genome: Genome, genes: Sequence[ConnectionGene], graph: Graph, places: list[Point]
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
