"""A pruned network as an ordinary network of this toolkit, with a weight on each connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from wann.champion import Champion
from wann.compare.functions import Mask
from wann.compare.graph_network import GraphNetwork
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.compare.removal import shrink
from wann.genome import ConnectionGene, Genome, Kind, NodeGene
from wann.network import Networks, express
from wann.population import Integers, Population
from wann.simplify import simplify


class Graph(NamedTuple):
    """Genes, and which parameter of the perceptron each connection carries."""

    nodes: tuple[NodeGene, ...]
    connections: tuple[ConnectionGene, ...]
    parameters: Integers
    """(connections,), indices into ``MLP.parameters``."""


def make_graph(mlp: MLP, used: Mask) -> Graph:
    """The graph of a perceptron: a connection for each parameter that is ``used``, biases from the bias node."""
    n_inputs, n_outputs = mlp.sizes[0], mlp.sizes[-1]
    first_hidden = 1 + n_inputs + n_outputs
    ids, at = [list(range(1, 1 + n_inputs))], first_hidden
    for size in mlp.sizes[1:-1]:
        ids.append(list(range(at, at + size)))
        at += size
    ids.append(list(range(1 + n_inputs, first_hidden)))
    hidden: list[int] = [node for layer in ids[1:-1] for node in layer]
    nodes = _nodes([0], "bias") + _nodes(ids[0], "input")
    nodes += _nodes(ids[-1], "output", mlp.output) + _nodes(hidden, "hidden", mlp.hidden)
    weights, biases = mlp.views(np.arange(mlp.parameters.size))
    ends, parameters = [], []
    for layer in range(len(weights)):
        before, after = ids[layer], ids[layer + 1]
        for target, row, bias in zip(after, weights[layer].tolist(), biases[layer].tolist(), strict=True):
            chosen = [(source, at) for source, at in zip((0, *before), (bias, *row), strict=True) if used[at]]
            ends += [(source, target) for source, _ in chosen]
            parameters += [at for _, at in chosen]
    values = mlp.parameters[parameters].astype(np.float64).tolist()
    connections = tuple(
        ConnectionGene(innovation, source, target, weight=value)
        for innovation, ((source, target), value) in enumerate(zip(ends, values, strict=True))
    )
    return Graph(tuple(nodes), connections, np.array(parameters, dtype=np.int64))


def _nodes(ids: Sequence[int], kind: Kind, activation: str = "linear") -> list[NodeGene]:
    return [NodeGene(id_, kind, activation) for id_ in ids]


def to_champion(
    network: Masked, *, task: str | None, inputs: Sequence[str], outputs: Sequence[str], provenance: dict[str, Any]
) -> Champion:
    """A network file's content, without what cannot matter: it computes what the network does, in float64.

    Of a perceptron, neurons without a path are removed, biases are connections, those of zero are left out. Of other
    networks, nodes that lead nowhere or are always zero are removed.

    Args:
        network: The network.
        task: What it is for.
        inputs: Labels.
        outputs: Labels.
        provenance: Where it comes from.
    """
    genes = _genes(network)
    champion = Champion(
        task=task,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        nodes=genes.nodes,
        connections=genes.connections,
        provenance=provenance,
    )
    return champion if isinstance(network, MLP) else simplify(champion)[0]


def _genes(network: Masked) -> Graph | Genome:
    if isinstance(network, GraphNetwork):
        return network.weighted
    assert isinstance(network, MLP)
    small = shrink(network.copy(np.float64))
    used = small.mask.copy()
    for biases, mask in zip(small.biases, small.views(used)[1], strict=True):
        mask &= biases != 0.0
    return make_graph(small, used)


def expressed(network: Masked) -> tuple[Networks, Integers]:
    """The network of all parameters alive, for the kernels, and which parameter each of its sources carries."""
    if isinstance(network, GraphNetwork):
        return network.expressed()
    assert isinstance(network, MLP)
    graph = make_graph(network, network.mask)
    networks = express(Population.pack([Genome(graph.nodes, graph.connections)]))
    return networks, graph.parameters[networks.connection_genes]
