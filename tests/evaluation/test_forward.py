from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import genomes, grown, node_value, outputs_by_recursion

from wann.activations import NAMES
from wann.evaluation.forward import LANES, aligned, respond, rows
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.jit import kernel
from wann.network import express
from wann.population import Population
from wann.simd import WIDTH

SIZES = (1, 7, WIDTH, LANES - 1, LANES, LANES + 1, 2 * LANES + 5)
WEIGHTS = st.sampled_from([-2.0, -0.5, 0.0, -0.0, 1.0, 2.0]) | st.floats(-3, 3)

EXACT = {
    "linear": lambda x: x,
    "step": lambda x: float(x > 0),
    "sin": lambda x: math.sin(math.pi * x),
    "gaussian": lambda x: math.exp(-x * x / 2),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "inverse": lambda x: -x,
    "abs": abs,
    "relu": lambda x: max(x, 0.0),
    "cos": lambda x: math.cos(math.pi * x),
    "square": lambda x: x * x,
}


def values_of(genome: Genome, inputs: NDArray[np.float64], weight: float | None) -> NDArray[np.float64]:
    """All rows that the kernel computes, (batch, rows); ``weight`` None stands for the genes' own weights."""
    networks = express(Population.pack([genome]))
    own = [[genome.connections[gene].weight] for gene in networks.connection_genes]
    weights = np.array([weight]) if weight is not None else np.array(own, dtype=np.float64).reshape(-1, 1)
    values = np.full((len(inputs), 1 + len(genome.inputs) + networks.activations.size), np.nan)
    respond(networks, 0, inputs, weights, values)
    return values


def outputs_of(genome: Genome, inputs: NDArray[np.float64], weight: float | None) -> NDArray[np.float64]:
    return values_of(genome, inputs, weight)[:, express(Population.pack([genome])).outputs[0]]


def outputs_in_topological_order(
    genome: Genome, inputs: NDArray[np.float64], weight: float | None
) -> NDArray[np.float64]:
    """The outputs by way of networkx: every node, useful or not, after the nodes before it."""
    graph = nx.DiGraph((gene.source, gene.target) for gene in genome.enabled)
    graph.add_nodes_from(node.id for node in genome.nodes)
    nodes = {node.id: node for node in genome.nodes}
    values = {0: np.ones(len(inputs))} | {node.id: inputs[:, i] for i, node in enumerate(genome.inputs)}
    for node in nx.topological_sort(graph):
        if node not in values:
            values[node] = node_value(genome, nodes[node], values.__getitem__, weight)
    return np.stack([values[node.id] for node in genome.outputs], axis=1)


def batch(genome: Genome, size: int, seed: int) -> NDArray[np.float64]:
    """Inputs of every magnitude, some zero."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(size, len(genome.inputs))) * 10.0 ** rng.integers(-3, 4, (size, len(genome.inputs)))
    return np.where(rng.random(inputs.shape) < 0.1, 0.0, inputs)


def assert_agree(genome: Genome, inputs: NDArray[np.float64], weight: float | None) -> None:
    """All three agree to the bit, as all add in the order of the genes (1e-12 would do, but steps may amplify)."""
    with np.errstate(all="ignore"):
        outputs = outputs_of(genome, inputs, weight)
        np.testing.assert_array_equal(outputs, outputs_by_recursion(genome, inputs, weight))
        np.testing.assert_array_equal(outputs, outputs_in_topological_order(genome, inputs, weight))


@given(genomes(), WEIGHTS, st.sampled_from(SIZES), st.integers(0, 99))
def test_outputs_with_a_shared_weight_are_those_of_the_graph(
    genome: Genome, weight: float, size: int, seed: int
) -> None:
    assert_agree(genome, batch(genome, size, seed), weight)


@given(genomes(weighted=True), st.sampled_from(SIZES), st.integers(0, 99))
def test_outputs_with_individual_weights_are_those_of_the_graph(genome: Genome, size: int, seed: int) -> None:
    assert_agree(genome, batch(genome, size, seed), None)


def test_evolved_networks_compute_what_their_graphs_say() -> None:
    for genome in grown(12, n_inputs=4, n_outputs=2, steps=80, seed=3):
        assert_agree(genome, batch(genome, 33, 1), -1.3)


@given(genomes(), st.integers(0, 99))
def test_individual_weights_that_are_equal_give_the_result_of_the_shared_weight(genome: Genome, seed: int) -> None:
    """Powers of two, so that it makes no difference to multiply before or after adding."""
    inputs = batch(genome, 9, seed)
    for weight in (0.5, -2.0, 0.0):
        connections = [
            ConnectionGene(gene.innovation, gene.source, gene.target, gene.enabled, weight)
            for gene in genome.connections
        ]
        own = outputs_of(Genome(genome.nodes, tuple(connections)), inputs, None)
        np.testing.assert_array_equal(own, outputs_of(genome, inputs, weight))


def single(name: str) -> Genome:
    """input -> hidden with this activation -> linear output."""
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "hidden", name))
    return Genome(nodes, (ConnectionGene(0, 1, 3, weight=1.0), ConnectionGene(1, 3, 2, weight=1.0)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [1.0, None])
def test_every_activation_is_the_one_that_its_name_says(name: str, weight: float | None) -> None:
    x = np.linspace(-3.2, 3.2, 45).reshape(-1, 1)
    expected = [[EXACT[name](value)] for value in x.ravel().tolist()]
    np.testing.assert_allclose(outputs_of(single(name), x, weight), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", SIZES)
def test_a_sample_does_not_depend_on_its_batch(size: int) -> None:
    genome = grown(1, steps=60, seed=7)[0]
    inputs = batch(genome, size, 0)
    together = values_of(genome, inputs, 1.7)
    for i in {0, size // 2, size - 1}:
        np.testing.assert_array_equal(values_of(genome, inputs[i : i + 1], 1.7)[0], together[i])


def test_values_hold_the_bias_and_the_inputs_first() -> None:
    genome = grown(1, steps=20)[0]
    inputs = batch(genome, 40, 0)
    values = values_of(genome, inputs, 1.0)
    np.testing.assert_array_equal(values[:, 0], np.ones(40))
    np.testing.assert_array_equal(values[:, 1:6], inputs)
    assert not np.isnan(values).any()


def test_every_network_of_a_population_can_be_asked() -> None:
    population = grown(8, steps=30)
    networks = express(population)
    inputs = batch(population[0], 5, 0)
    for i, genome in enumerate(population):
        values = np.empty((5, row_count(networks, i)))
        respond(networks, i, inputs, np.array([0.8]), values)
        np.testing.assert_array_equal(values[:, networks.outputs[i]], outputs_by_recursion(genome, inputs, 0.8))


def test_a_zero_weight_keeps_its_connection() -> None:
    """In the 2019 release, a connection of weight zero was gone from the network."""
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "hidden", "cos"))
    connections = (ConnectionGene(0, 1, 3, weight=0.0), ConnectionGene(1, 3, 2, weight=2.0))
    genome = Genome(nodes, connections)
    networks = express(Population.pack([genome]))
    assert networks.sources.size == 2
    np.testing.assert_allclose(outputs_of(genome, np.array([[5.0]]), None), [[2.0]], rtol=1e-15)
    assert np.isnan(outputs_of(genome, np.array([[np.inf]]), None))  # 0 * inf: the connection is there
    np.testing.assert_array_equal(outputs_of(single("cos"), np.array([[3.0]]), 0.0), [[0.0]])


@pytest.mark.parametrize("name", NAMES)
def test_an_output_without_sources_gives_its_activation_of_zero(name: str) -> None:
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output", name))
    genome = Genome(nodes, (ConnectionGene(0, 1, 2, enabled=False),))
    np.testing.assert_allclose(outputs_of(genome, np.ones((3, 1)), 2.0), [[EXACT[name](0.0)]] * 3, atol=1e-15)


def test_infinities_and_nan_stay_in_their_own_lane() -> None:
    genome = grown(1, steps=60, seed=7)[0]
    inputs = batch(genome, 20, 0)
    clean = values_of(genome, inputs, 1.0)
    inputs[3], inputs[11], inputs[12] = np.nan, np.inf, -np.inf
    others = [i for i in range(20) if i not in (3, 11, 12)]
    np.testing.assert_array_equal(values_of(genome, inputs, 1.0)[others], clean[others])


def test_an_empty_batch_is_fine() -> None:
    assert outputs_of(single("sin"), np.empty((0, 1)), 1.0).shape == (0, 1)


@kernel
def start_of(size):
    return aligned(size).ctypes.data % 64, aligned(size).size


@kernel
def row_count(networks, i):
    return rows(networks, i)


@given(st.integers(0, 5000))
@example(0)
def test_aligned_blocks_start_at_a_cache_line(size: int) -> None:
    assert start_of(size) == (0, size)
