from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import genomes, grown

from wann.activations import CODES
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.network import express
from wann.population import Population


def graph_of(genome: Genome) -> nx.DiGraph:
    """What the genome expresses: all nodes, enabled connections only."""
    graph = nx.DiGraph()
    graph.add_nodes_from(node.id for node in genome.nodes)
    graph.add_edges_from((gene.source, gene.target) for gene in genome.enabled)
    return graph


def needed(genome: Genome) -> set[int]:
    """The outputs and the hidden nodes that some output depends on."""
    graph, outputs = graph_of(genome), {node.id for node in genome.outputs}
    behind = set().union(*(nx.ancestors(graph, output) for output in outputs))
    return outputs | (behind & {node.id for node in genome.hidden})


def check(population: Population) -> None:
    """Every array of the population's networks against the genomes."""
    networks = express(population)
    assert networks.n_inputs == population.n_inputs
    assert networks.outputs.shape == (len(population), population.n_outputs)
    assert networks.first_node.size == len(population) + 1
    for i, genome in enumerate(population):
        nodes = range(networks.first_node[i], networks.first_node[i + 1])
        computed = [genome.nodes[networks.node_genes[k]] for k in nodes]
        rows = [node.id for node in (genome.nodes[0], *genome.inputs, *computed)]
        assert sorted(node.id for node in computed) == sorted(needed(genome))
        assert [networks.activations[k] for k in nodes] == [CODES[node.activation] for node in computed]
        assert [rows[row] for row in networks.outputs[i]] == [node.id for node in genome.outputs]
        for at, (k, node) in enumerate(zip(nodes, computed, strict=True)):
            span = slice(networks.first_source[k], networks.first_source[k + 1])
            genes = [(number, gene) for number, gene in enumerate(genome.connections) if gene.enabled]
            genes = [(number, gene) for number, gene in genes if gene.target == node.id]
            assert networks.connection_genes[span].tolist() == [number for number, _ in genes]
            assert [rows[row] for row in networks.sources[span]] == [gene.source for _, gene in genes]
            assert all(row < 1 + len(genome.inputs) + at for row in networks.sources[span])
    assert networks.first_source.size == networks.activations.size + 1 == networks.node_genes.size + 1
    assert networks.first_source[-1] == networks.sources.size == networks.connection_genes.size


@given(genomes())
def test_a_network_computes_what_its_outputs_need_and_each_node_behind_its_sources(genome: Genome) -> None:
    check(Population.pack([genome]))


def shape_of(genome: Genome) -> tuple[int, int]:
    return len(genome.inputs), len(genome.outputs)


@given(st.lists(genomes(max_hidden=4), min_size=2, max_size=12))
def test_networks_stand_one_after_the_other(genomes: list[Genome]) -> None:
    check(Population.pack([genome for genome in genomes if shape_of(genome) == shape_of(genomes[0])]))


def test_evolved_networks_are_expressed_right() -> None:
    check(grown(30, n_inputs=4, n_outputs=3, steps=60))


@given(genomes())
def test_nodes_stand_by_layers_and_in_a_layer_by_what_a_kernel_does(genome: Genome) -> None:
    networks = express(Population.pack([genome]))
    computed = [genome.nodes[place] for place in networks.node_genes]
    graph = graph_of(genome).subgraph([genome.nodes[0].id, *(node.id for node in genome.inputs), *needed(genome)])
    layer: dict[int, int] = {}
    for node in nx.topological_sort(graph):
        layer[node] = max((layer[source] + 1 for source in graph.predecessors(node)), default=0)
    keys = [(layer[node.id], CODES[node.activation], graph.in_degree(node.id)) for node in computed]
    assert keys == sorted(keys)


@given(genomes())
def test_expressing_does_not_depend_on_the_neighbours(genome: Genome) -> None:
    alone, among = express(Population.pack([genome])), express(Population.pack([genome, genome, genome]))
    for i in range(3):
        nodes = slice(among.first_node[i], among.first_node[i + 1])
        sources = slice(among.first_source[nodes.start], among.first_source[nodes.stop])
        np.testing.assert_array_equal(among.activations[nodes], alone.activations)
        np.testing.assert_array_equal(among.sources[sources], alone.sources)
        np.testing.assert_array_equal(among.outputs[i], alone.outputs[0])


def test_dead_ends_and_disabled_genes_are_left_out() -> None:
    nodes = [NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "output")]
    hidden = [NodeGene(4, "hidden", "sin"), NodeGene(5, "hidden", "cos"), NodeGene(6, "hidden", "abs")]
    genome = Genome(
        (*nodes, *hidden),
        (
            ConnectionGene(0, 1, 4),
            ConnectionGene(1, 4, 2),
            ConnectionGene(2, 4, 5),  # leads nowhere
            ConnectionGene(3, 1, 6),
            ConnectionGene(4, 6, 2, enabled=False),
        ),
    )
    networks = express(Population.pack([genome]))
    assert networks.node_genes.tolist() == [3, 4, 2]
    assert networks.connection_genes.tolist() == [0, 1]
    assert networks.outputs.tolist() == [[4, 2]]


def test_a_very_deep_network_is_ordered_without_recursion() -> None:
    n = 3000
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
    hidden = tuple(NodeGene(i, "hidden") for i in range(3, 3 + n))
    chain = [1, *range(2 + n, 2, -1), 2]  # against the order of age
    connections = tuple(ConnectionGene(i, a, b) for i, (a, b) in enumerate(pairwise(chain)))
    networks = express(Population.pack([Genome(nodes + hidden, connections)]))
    assert networks.sources.tolist() == list(range(1, 2 + n))


def test_arrays_are_read_only() -> None:
    for array in express(grown(2))[1:]:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
