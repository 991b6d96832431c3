"""The search as a pruning: a run's genes are a parent architecture, of which every network of the run is a mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import networkx as nx
from msgspec.structs import replace

from wann.champion import Champion
from wann.checkpoint import has_checkpoint, load_checkpoint
from wann.compare.cells import Cell
from wann.compare.graph_network import GraphNetwork
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.records import read_champions
from wann.runs import CHAMPIONS, load, read_front

ALL, KEPT = "the whole run", "its archive and champions"
LARGEST = 2000
"""Connections of a parent; earlier networks that would make it larger are left out, the last one never is."""


class Parent(msgspec.Struct, frozen=True):
    """How much of its parent a champion is."""

    run: str
    source: str
    """Whose genes: ``ALL``, or ``KEPT`` where the run has no checkpoint that knows all."""
    connections: int
    """Different pairs of nodes that were ever connected."""
    champion: int
    """Enabled connections of the champion."""
    pruned: int
    """Connections of the parent that methods are put to; see ``architecture``."""
    cells: list[Cell]
    """What methods made of it."""

    @property
    def density(self) -> float:
        """Of the champion in its parent."""
        return self.champion / self.connections

    def __str__(self) -> str:
        return (
            f"The champion of {self.run} has {self.champion:,} of the {self.connections:,} connections that appeared "
            f"in {self.source}: density {self.density:.3g}. Methods were put to {self.pruned:,} of {KEPT}."
        )


def parent(run: Path, pruned: Genome, cells: list[Cell]) -> Parent:
    """What there is to tell of the parent of a run.

    Args:
        run: The run folder.
        pruned: Its ``architecture``.
        cells: What methods made of that.

    Raises:
        UserError: A file of the run cannot be read.
    """
    if has_checkpoint(run):
        source, connections = ALL, len(load_checkpoint(run)["innovation_pairs"])
    else:
        pairs = {(gene.source, gene.target) for each in relatives(run) for gene in each.genome.connections}
        source, connections = KEPT, len(pairs)
    return Parent(str(run), source, connections, len(load(run).genome.enabled), len(pruned.connections), cells)


def architecture(run: Path) -> Genome:
    """The parent that methods are put to: the genes of the networks that a run keeps, all of them enabled.

    It is less than all that ever appeared: nothing tells the activation of nodes that died out, a union of lineages
    may have cycles (the later network decides then), and more than ``LARGEST`` connections are not trained.

    Raises:
        UserError: A file of the run cannot be read.
    """
    genome = inside(relatives(run))
    return GraphNetwork(
        replace(genome, connections=tuple(replace(gene, enabled=True) for gene in genome.connections))
    ).genome


def relatives(run: Path) -> list[Champion]:
    """The networks that a run folder has, its champion last."""
    former = read_champions(run) if (run / CHAMPIONS).exists() else []
    return [*read_front(run), *former, load(run)]


def inside(champions: Sequence[Champion]) -> Genome:
    """The parent of several networks as a genome in which only the last one's connections are enabled.

    Where branches of a run join nodes in opposite directions, or give a node different activations, the later network
    decides. From the first network on that would bring the parent over ``LARGEST`` connections, all are left out.
    """
    last = champions[-1].genome
    own, graph = {(gene.source, gene.target) for gene in last.enabled}, nx.DiGraph()
    for champion in reversed(champions):
        pairs = {(gene.source, gene.target) for gene in champion.genome.connections}
        if graph and len(pairs.union(graph.edges)) > LARGEST:
            break
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
