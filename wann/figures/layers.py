"""The layered graph behind a layout: a column for each node, and dummy vertices where connections pass a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from wann.genome import ConnectionGene, Genome

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

TOP, FREE, UNUSED, BOTTOM = range(4)
"""Groups of a column's vertices, from top to bottom."""

_RADIUS = 0.34
_DUMMY_ROOM, _NARROW_DUMMY_ROOM, _MANY_DUMMIES = 0.17, 0.07, 80


@dataclass(slots=True)
class Graph:
    """Vertices 0, 1, ...: the nodes in the genome's order, then the dummies. Edges join neighbouring columns."""

    column: list[int]
    sizes: list[tuple[float, float]]  # room and radius of each vertex
    group: list[int]
    trunks: list[list[int]]  # of each node: itself, then its dummies
    edges: list[tuple[Indices, Indices]]  # of each gap between columns: left ends, right ends
    columns: list[Indices]  # from top to bottom


def build(genome: Genome, genes: Sequence[ConnectionGene]) -> Graph:
    """The layered graph of a genome of which ``genes`` are drawn; the columns are in no order yet."""
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
    groups += [FREE] * (len(column) - len(groups))
    sizes = _sizes(genome, len(column) - len(genome.nodes), 1 + max(column))
    columns = [np.flatnonzero(np.array(column) == place) for place in range(max(column) + 1)]
    return Graph(column, sizes, groups, trunks, _gaps(lines, column), columns)


def _branch(trunk: list[int], column: list[int], target: int) -> tuple[int, int]:
    return trunk[column[target] - 1 - column[trunk[0]]], target


def _group(kind: str, linked: bool) -> int:
    return TOP if kind == "bias" else FREE if linked else UNUSED


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
