"""One layout for several genomes of a run, so that a node keeps its place from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import networkx as nx

from wann.figures.layout import Layout, layout
from wann.genome import ConnectionGene, Genome, NodeGene


class Union:
    """All nodes and enabled connections of several genomes, laid out once.

    Each genome is free of cycles, but the union need not be: branches of a run may join two nodes in opposite
    directions. The later genome then decides which of the two is on the left.

    Attributes:
        genome: The union; its connections are numbered anew.
        layout: Its layout.
    """

    def __init__(self, genomes: Sequence[Genome]) -> None:
        """Lay out the union of ``genomes``, which come first to last.

        Raises:
            UserError: They do not fit together: what is an output in one is a hidden node in another.
        """
        self._numbers: dict[tuple[int, int], int] = {}
        graph = nx.DiGraph()
        for genome in reversed(genomes):
            for gene in genome.enabled:
                self._add(graph, gene.source, gene.target)
        pairs = sorted(self._numbers, key=self._numbers.__getitem__)
        connections = tuple(ConnectionGene(self._numbers[pair], *pair) for pair in pairs)
        self.genome = Genome(_nodes(genomes), connections)
        self.layout = layout(self.genome)

    def _add(self, graph: nx.DiGraph, source: int, target: int) -> None:
        if (source, target) in self._numbers or (target, source) in self._numbers:
            return
        if source in graph and target in graph and nx.has_path(graph, target, source):
            source, target = target, source
        graph.add_edge(source, target)
        self._numbers[source, target] = len(self._numbers)

    def place(self, genome: Genome) -> Layout:
        """The layout of one of the genomes: its enabled connections along the union's routes."""
        routes = {}
        for gene in genome.enabled:
            if (number := self._numbers.get((gene.source, gene.target))) is not None:
                routes[gene.innovation] = self.layout.routes[number]
            else:
                routes[gene.innovation] = self.layout.routes[self._numbers[gene.target, gene.source]][::-1]
        return replace(self.layout, routes=routes)


def _nodes(genomes: Sequence[Genome]) -> tuple[NodeGene, ...]:
    nodes = {node.id: node for genome in genomes for node in genome.nodes}  # the latest activation counts
    kinds = ("bias", "input", "output", "hidden")
    return tuple(sorted(nodes.values(), key=lambda node: (kinds.index(node.kind), node.id)))
