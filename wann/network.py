"""What a genome expresses: a feed-forward network in evaluation order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.activations import NAMES
from wann.jit import inlined, kernel
from wann.population import Genes, Integers, Population, sealed

_CODES = len(NAMES) + 1
"""More than the code of any activation function."""


class Networks(NamedTuple):
    """The phenotypes of ``n`` genomes, one after the other.

    A network's values stand in rows: the bias in row 0, the inputs behind it, then one row for each computed node in
    evaluation order. Network ``i`` computes the nodes ``first_node[i]:first_node[i + 1]``; node ``k`` sums the rows
    ``sources[first_source[k]:first_source[k + 1]]``, in the order of their genes. Nodes that no output depends on
    are not computed.
    """

    n_inputs: int
    first_node: Integers
    activations: Integers
    first_source: Integers
    sources: Integers
    outputs: Integers
    """The rows of the outputs; (n, outputs)."""
    node_genes: Integers
    """Which node of its genome a computed node is; same length as ``activations``."""
    connection_genes: Integers
    """Which connection of its genome a source belongs to; same length as ``sources``."""


@inlined
def _incoming(targets: Integers, enabled: NDArray[np.bool_], n_nodes: int) -> tuple[Integers, Integers]:
    """The enabled connections into each node: node ``i`` has ``genes[first[i]:first[i + 1]]``, oldest first."""
    first = np.zeros(n_nodes + 1, dtype=np.int64)
    for gene in range(targets.size):
        if enabled[gene]:
            first[targets[gene] + 1] += 1
    first = np.cumsum(first)
    filled = first[:-1].copy()
    genes = np.empty(first[-1], dtype=np.int64)
    for gene in range(targets.size):
        if enabled[gene]:
            genes[filled[targets[gene]]] = gene
            filled[targets[gene]] += 1
    return first, genes


@inlined
def _evaluation_order(
    sources: Integers, first: Integers, genes: Integers, first_output: int, first_hidden: int
) -> Integers:
    """The outputs and every node that they depend on, each behind its sources: a depth-first search's post-order."""
    n_nodes = first.size - 1
    order = np.empty(n_nodes, dtype=np.int64)
    seen = np.zeros(n_nodes, dtype=np.bool_)
    seen[:first_output] = True
    stack = np.empty(n_nodes, dtype=np.int64)
    ahead = first[:-1].copy()
    done = 0
    for output in range(first_output, first_hidden):
        stack[0], depth = output, 1
        seen[output] = True
        while depth:
            node = stack[depth - 1]
            if ahead[node] == first[node + 1]:
                order[done] = node
                done += 1
                depth -= 1
                continue
            source = sources[genes[ahead[node]]]
            ahead[node] += 1
            if not seen[source]:
                seen[source] = True
                stack[depth] = source
                depth += 1
    return order[:done]


@inlined
def _by_layers(order: Integers, sources: Integers, first: Integers, genes: Integers, activations: Integers) -> Integers:
    """``order`` by layers, the nodes of a layer by activation function and by how many sources they have.

    So what a kernel does next is often what it has just done: fewer branches are mispredicted, and fewer nodes wait for
    the one before them.
    """
    layers = np.zeros(first.size - 1, dtype=np.int64)
    keys = np.empty(order.size, dtype=np.int64)
    for k in range(order.size):
        node = order[k]
        for gene in genes[first[node] : first[node + 1]]:
            layers[node] = max(layers[node], layers[sources[gene]] + 1)
        fan_in = first[node + 1] - first[node]
        keys[k] = (layers[node] * _CODES + activations[node]) * first.size + min(fan_in, first.size - 1)
    return order[np.argsort(keys, kind="mergesort")]


@kernel
def _express(genes: Genes, n_inputs: int, n_outputs: int) -> Networks:
    n = genes.first_node.size - 1
    first_output, first_hidden = 1 + n_inputs, 1 + n_inputs + n_outputs
    first_node = np.zeros(n + 1, dtype=np.int64)
    outputs = np.empty((n, n_outputs), dtype=np.int64)
    activations = np.empty(genes.node_ids.size, dtype=np.int64)
    node_genes = np.empty(genes.node_ids.size, dtype=np.int64)
    first_source = np.zeros(genes.node_ids.size + 1, dtype=np.int64)
    sources = np.empty(genes.innovations.size, dtype=np.int64)
    connection_genes = np.empty(genes.innovations.size, dtype=np.int64)
    node, source = 0, 0
    for i in range(n):
        a, b = genes.first_connection[i], genes.first_connection[i + 1]
        at = genes.first_node[i]
        n_nodes = genes.first_node[i + 1] - at
        first, incoming = _incoming(genes.targets[a:b], genes.enabled[a:b], n_nodes)
        order = _evaluation_order(genes.sources[a:b], first, incoming, first_output, first_hidden)
        order = _by_layers(order, genes.sources[a:b], first, incoming, genes.activations[at : at + n_nodes])
        rows = np.arange(n_nodes)
        for k in range(order.size):
            rows[order[k]] = first_output + k
        for k in order:
            node_genes[node] = k
            activations[node] = genes.activations[at + k]
            for gene in incoming[first[k] : first[k + 1]]:
                sources[source] = rows[genes.sources[a + gene]]
                connection_genes[source] = gene
                source += 1
            node += 1
            first_source[node] = source
        outputs[i] = rows[first_output:first_hidden]
        first_node[i + 1] = node
    return Networks(
        n_inputs,
        first_node,
        activations[:node].copy(),
        first_source[: node + 1].copy(),
        sources[:source].copy(),
        outputs,
        node_genes[:node].copy(),
        connection_genes[:source].copy(),
    )


def express(population: Population) -> Networks:
    """The networks of a population, in its order."""
    networks = _express(population.genes, population.n_inputs, population.n_outputs)
    sealed(*networks[1:])
    return networks
