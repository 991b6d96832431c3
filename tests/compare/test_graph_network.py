"""Networks without layers: as a perceptron's graph they are that perceptron, for every method that needs no layers."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from dense import SIZES, data_set, some_examples, some_mlp
from strategies import grown

from wann.activations import NAMES
from wann.compare.backpropagation import mean_gradient
from wann.compare.graph import make_graph, to_champion
from wann.compare.graph_network import GraphNetwork
from wann.compare.loss import find_loss
from wann.compare.masks import prune_to
from wann.compare.method import methods, prune
from wann.compare.methods.obd import second_derivatives
from wann.compare.methods.synflow import synaptic_flow
from wann.compare.mlp import MLP
from wann.compare.removal import without_path
from wann.compare.training import TrainingSettings, train
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.gradient import derivatives, node_values
from wann.gradient import second_derivatives as graph_second_derivatives
from wann.network import express
from wann.population import Population

INPUTS = np.random.default_rng(0).normal(size=(40, SIZES[0]))


def as_graph(mlp: MLP, *, biased: bool = True) -> tuple[GraphNetwork, Any]:
    """The same network, and which parameter of the perceptron each of its own is."""
    used = mlp.mask.copy()
    if not biased:
        for mask in mlp.views(used)[1]:
            mask[:] = False
    graph = make_graph(mlp, used)
    network = GraphNetwork(Genome(graph.nodes, graph.connections))
    order = graph.parameters[[gene.innovation for gene in network.genome.connections]]
    network.set(mlp.parameters[order])
    return network, order


def some_network(seed: int = 0, steps: int = 40) -> GraphNetwork:
    genome = grown(1, n_inputs=SIZES[0], n_outputs=SIZES[-1], steps=steps, seed=seed)[0]
    return GraphNetwork.initialised(genome, seed)


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid"])
def test_a_perceptron_as_a_graph_is_the_same_to_every_score(hidden: str) -> None:
    mlp = some_mlp(alive=0.8, hidden=hidden)
    network, order = as_graph(mlp)
    np.testing.assert_allclose(network(INPUTS), mlp(INPUTS), atol=1e-12)
    for name in ("cross-entropy", "squared"):
        examples, loss = some_examples(loss=name), find_loss(name)
        expected = mean_gradient(mlp, loss, *examples)
        np.testing.assert_allclose(mean_gradient(network, loss, *examples), expected[order], atol=1e-12)
        for positive in (False, True):
            flat = np.zeros_like(mlp.parameters)
            by_layer = second_derivatives(mlp, examples, loss, positive=positive)
            for view, values in zip(mlp.views(flat)[0], by_layer, strict=True):
                view[:] = values
            (found,) = second_derivatives(network, examples, loss, positive=positive)
            of_weights = np.isin(order, weight_places(mlp))
            np.testing.assert_allclose(found[of_weights], flat[order][of_weights], atol=1e-12)


def weight_places(mlp: MLP) -> Any:
    places = np.arange(mlp.parameters.size)
    return np.concatenate([view.ravel() for view in mlp.views(places)[0]])


def test_synaptic_flow_without_biases_is_that_of_the_layers() -> None:
    mlp = some_mlp(alive=0.8)
    network, order = as_graph(mlp, biased=False)
    flat = np.zeros_like(mlp.parameters)
    for view, values in zip(mlp.views(flat)[0], synaptic_flow(mlp), strict=True):
        view[:] = values
    np.testing.assert_allclose(synaptic_flow(network)[0], flat[order], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_second_derivative_of_each_activation(name: str) -> None:
    """Of the sum of y^2 / 2 by the one weight, exactly: the diagonal loses nothing here."""
    nodes = NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output", name)
    networks = express(Population.pack([Genome(nodes, (ConnectionGene(0, 1, 2),))]))
    x, weight, step = np.array([[0.3], [-0.7], [1.1]]), np.array([0.8]), 1e-4

    def values(w: Any) -> Any:
        return node_values(networks, w, x)

    def loss(w: Any) -> float:
        return float(np.square(values(w)[networks.outputs[0]]).sum()) / 2.0

    at = values(weight)
    slope, bend = at[networks.outputs[0]], np.ones((1, 3))
    ahead, here, behind = (loss(weight + shift) for shift in (step, 0.0, -step))
    assert derivatives(networks, weight, at, slope)[0] == pytest.approx((ahead - behind) / (2 * step), abs=1e-6)
    second = graph_second_derivatives(networks, weight, at, slope, bend)[0]
    assert second == pytest.approx((ahead - 2 * here + behind) / step**2, abs=1e-4)


def test_it_prunes_exactly_so_many_and_what_needs_layers_says_so() -> None:
    network, layered = some_network(), 0
    for name, method in methods().items():
        pruned = network.copy()
        if "layers" in method.needs:
            layered += 1
            with pytest.raises(UserError, match=f"the method '{name}' needs layers"):
                prune(pruned, name, 0.5)
        elif not method.needs:
            prune(pruned, name, 0.4)
            assert pruned.kept == network.size - round(0.6 * network.size)
            assert not pruned.parameters[~pruned.mask].any()
    assert layered == 9


def test_what_is_left_is_an_ordinary_network() -> None:
    labels = [tuple(f"{name}{i}" for i in range(size)) for name, size in (("x", SIZES[0]), ("y", SIZES[-1]))]
    for seed, density in ((0, 1.0), (1, 0.6), (2, 0.3)):
        network = some_network(seed)
        prune_to(network, [np.random.default_rng(seed).random(network.size)], density)
        champion = to_champion(network, task=None, inputs=labels[0], outputs=labels[1], provenance={})
        np.testing.assert_allclose(champion.network(INPUTS), network(INPUTS), atol=1e-12)
        assert len(champion.connections) <= network.kept
        alive = [(g.source, g.target) for g, kept in zip(network.genome.connections, network.mask, strict=True) if kept]
        graph = nx.DiGraph(alive)
        graph.add_nodes_from(node.id for node in network.genome.nodes)
        ends = [[node.id for node in each] for each in (network.genome.inputs, network.genome.outputs)]
        on_path = {
            node.id
            for node in network.genome.hidden
            if any(nx.has_path(graph, start, node.id) for start in ends[0])
            and any(nx.has_path(graph, node.id, end) for end in ends[1])
        }
        assert without_path(network) == len(network.genome.hidden) - len(on_path)


def test_training_lowers_the_loss_and_what_is_pruned_stays_zero() -> None:
    data, network = data_set(), some_network(3, steps=60)
    prune_to(network, [np.random.default_rng(0).random(network.size)], 0.7)
    loss, again = find_loss("cross-entropy"), network.copy()
    before = loss.value(network(data.validation.inputs), data.validation.targets)
    settings = TrainingSettings(epochs=8)
    how = train(network, data.train, data.validation, settings, seed=0)
    assert how.losses[-1] < before - 0.2
    assert not network.parameters[~network.mask].any()
    train(again, data.train, data.validation, settings, seed=0)
    np.testing.assert_array_equal(again.parameters, network.parameters)


def test_a_start_is_seeded_and_as_wide_as_a_perceptrons() -> None:
    mlp = some_mlp(sizes=(40, 30, 3))
    genome = as_graph(mlp, biased=False)[0].genome
    one, same, other = (GraphNetwork.initialised(genome, seed).parameters for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)
    assert one[:1200].std() == pytest.approx(np.sqrt(2.0 / 70.0), rel=0.1)
