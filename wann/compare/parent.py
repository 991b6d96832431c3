"""The search as a pruning: a run's genes are a parent architecture, of which every network of the run is a mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import networkx as nx

from wann.champion import Champion
from wann.checkpoint import has_checkpoint, load_checkpoint
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.records import read_champions
from wann.runs import CHAMPIONS, load, read_front

ALL, KEPT = "the whole run", "its archive and champions"


class Parent(msgspec.Struct, frozen=True):
    """How much of its parent a champion is."""

    run: str
    source: str
    """Whose genes: ``ALL``, or ``KEPT`` where the run has no checkpoint that knows all."""
    connections: int
    """Different pairs of nodes that were ever connected."""
    champion: int
    """Enabled connections of the champion."""

    @property
    def density(self) -> float:
        """Of the champion in its parent."""
        return self.champion / self.connections

    def __str__(self) -> str:
        return (
            f"The champion of {self.run} has {self.champion:,} of the {self.connections:,} connections that appeared "
            f"in {self.source}: density {self.density:.3g}."
        )


def parent(run: Path) -> Parent:
    """The parent architecture of a run.

    Raises:
        UserError: A file of the run cannot be read.
    """
    champion = len(load(run).genome.enabled)
    if has_checkpoint(run):
        return Parent(str(run), ALL, len(load_checkpoint(run)["innovation_pairs"]), champion)
    pairs = {(gene.source, gene.target) for each in relatives(run) for gene in each.genome.connections}
    return Parent(str(run), KEPT, len(pairs), champion)


def relatives(run: Path) -> list[Champion]:
    """The networks that a run folder has, its champion last."""
    former = read_champions(run) if (run / CHAMPIONS).exists() else []
    return [*read_front(run), *former, load(run)]


def inside(champions: Sequence[Champion]) -> Genome:
    """The parent of several networks as a genome in which only the last one's connections are enabled.

    Where branches of a run join nodes in opposite directions, the later network decides.
    """
    last = champions[-1].genome
    own, graph = {(gene.source, gene.target) for gene in last.enabled}, nx.DiGraph()
    for champion in reversed(champions):
        for gene in (*champion.genome.enabled, *champion.genome.connections):
            ends = gene.source, gene.target
            if not (gene.source in graph and gene.target in graph and nx.has_path(graph, ends[1], ends[0])):
                graph.add_edge(*ends)
    nodes: dict[int, NodeGene] = {node.id: node for champion in champions for node in champion.genome.nodes}
    kinds = "bias", "input", "output", "hidden"
    connections = (
        ConnectionGene(number, source, target, enabled=(source, target) in own)
        for number, (source, target) in enumerate(graph.edges)
    )
    ordered = sorted(nodes.values(), key=lambda node: (kinds.index(node.kind), node.id))
    return Genome(tuple(ordered), tuple(connections))
