"""One layout for several genomes."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from strategies import generations, record_of

from wann.errors import UserError
from wann.figures.union import Union
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.population import Population


def lineage(steps: int, seed: int = 0) -> list[Genome]:
    """A genome and what mutations made of it, one after the other."""
    first = Population.minimal(5, 1, np.array([[True, False, True, True, False, True]]))
    return [first[0], *(population[0] for population in generations(first, record_of(first), steps, seed))]


def opposed() -> list[Genome]:
    """Two genomes that join two hidden nodes in opposite directions."""
    ends = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
    hidden = (NodeGene(3, "hidden", "sin"), NodeGene(4, "hidden", "tanh"))
    there = Genome((*ends, *hidden), tuple(ConnectionGene(*g) for g in ((0, 1, 3), (1, 3, 4), (2, 4, 2))))
    back = Genome((*ends, *hidden), tuple(ConnectionGene(*g) for g in ((3, 1, 4), (4, 4, 3), (5, 3, 2))))
    return [there, back]


@pytest.mark.parametrize("genomes", [lineage(40), lineage(25, 1), opposed()], ids=["long", "other", "opposed"])
def test_every_genome_is_drawn_between_the_same_places(genomes: list[Genome]) -> None:
    union = Union(genomes)
    for genome in genomes:
        places = union.place(genome)
        assert places.nodes == union.layout.nodes
        assert set(places.routes) == {gene.innovation for gene in genome.enabled}
        for gene in genome.enabled:
            start, end = places.routes[gene.innovation][0], places.routes[gene.innovation][-1]
            for point, node in ((start, gene.source), (end, gene.target)):
                x, y = places.nodes[node]
                assert point[0] == x
                assert abs(point[1] - y) <= places.radii[node]


def test_the_union_holds_every_pair_once_and_no_cycle() -> None:
    genomes = lineage(40)
    pairs = [(gene.source, gene.target) for gene in Union(genomes).genome.connections]
    wanted = {frozenset((gene.source, gene.target)) for genome in genomes for gene in genome.enabled}
    assert sorted(map(sorted, pairs)) == sorted(map(sorted, wanted))
    assert nx.is_directed_acyclic_graph(nx.DiGraph(pairs))


def test_the_later_genome_decides_where_two_are_opposed() -> None:
    first, last = opposed()
    union = Union([first, last])
    assert union.layout.nodes[4][0] < union.layout.nodes[3][0]
    (forth,) = [gene for gene in first.enabled if gene.source == 3]
    route = union.place(first).routes[forth.innovation]
    assert route[0][0] > route[-1][0]


def test_no_two_nodes_overlap() -> None:
    places = Union(lineage(60)).layout
    for a, b in combinations(places.nodes, 2):
        (ax, ay), (bx, by) = places.nodes[a], places.nodes[b]
        assert (ax - bx) ** 2 + (ay - by) ** 2 > (places.radii[a] + places.radii[b]) ** 2


def test_networks_that_do_not_fit_together_are_refused() -> None:
    first, last = opposed()
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(3, "output"))
    other = Genome(nodes, (ConnectionGene(0, 1, 3),))
    with pytest.raises(UserError):
        Union([first, last, other])
