"""What changes a genome: one effective topological mutation a child (Gaier & Ha 2019, section 3.1), and crossover."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.jit import inlined, kernel
from wann.population import Floats, Genes, Integers

OPERATORS = ("change_activation", "add_node", "add_connection", "enable_connection")
COPIED, CHANGE_ACTIVATION, ADD_NODE, ADD_CONNECTION, ENABLE_CONNECTION = range(-1, 4)
DRAWS = len(OPERATORS) + 2
"""Uniform numbers that one child consumes: one for each operator tried, one for the place, one for the activation."""
UNNUMBERED = -1
"""The innovation number and node id of new genes, until the innovation record has numbered them."""


class Offspring(NamedTuple):
    """Children and what happened to each of them: ``operators[i]`` made the last genes of child ``i``.

    ``split[i]`` is the innovation number of the connection that ``add_node`` split, -1 for other operators.
    """

    genes: Genes
    operators: Integers
    split: Integers


@inlined
def _pick(u: float, count: int) -> int:
    """An index below ``count`` from a uniform number in [0, 1)."""
    return min(int(u * count), count - 1)


@inlined
def _copy(parents: Genes, parent: int, children: Genes, first_node: int, first_connection: int) -> tuple[int, int]:
    """Copy genome ``parent`` to the given offsets; gives the offsets behind the copy."""
    a, b = parents.first_node[parent], parents.first_node[parent + 1]
    last_node = first_node + b - a
    children.node_ids[first_node:last_node] = parents.node_ids[a:b]
    children.activations[first_node:last_node] = parents.activations[a:b]
    a, b = parents.first_connection[parent], parents.first_connection[parent + 1]
    last_connection = first_connection + b - a
    children.innovations[first_connection:last_connection] = parents.innovations[a:b]
    children.sources[first_connection:last_connection] = parents.sources[a:b]
    children.targets[first_connection:last_connection] = parents.targets[a:b]
    children.enabled[first_connection:last_connection] = parents.enabled[a:b]
    return last_node, last_connection


@inlined
def _append_connection(genes: Genes, at: int, source: int, target: int) -> None:
    genes.innovations[at] = UNNUMBERED
    genes.sources[at] = source
    genes.targets[at] = target
    genes.enabled[at] = True


@inlined
def _change_activation(activations: Integers, allowed: Integers, place: float, choice: float) -> bool:
    """Give one of these hidden nodes another of the allowed activations; False where none can change."""
    eligible = 0
    for code in activations:
        eligible += allowed.size > 1 or code != allowed[0]
    if eligible == 0:
        return False
    skip = _pick(place, eligible)
    for i in range(activations.size):
        if allowed.size == 1 and activations[i] == allowed[0]:
            continue
        if skip == 0:
            others = allowed[allowed != activations[i]]
            activations[i] = others[_pick(choice, others.size)]
            return True
        skip -= 1
    return False


@inlined
def _find_enabled(enabled: NDArray[np.bool_], value: bool, place: float) -> int:
    """The index of a random element of ``enabled`` that equals ``value``; -1 where there is none."""
    count = 0
    for flag in enabled:
        count += flag == value
    if count == 0:
        return -1
    skip = _pick(place, count)
    for i in range(enabled.size):
        if enabled[i] == value:
            if skip == 0:
                return i
            skip -= 1
    return -1


@inlined
def _mark_ancestors(closed: NDArray[np.bool_], sources: Integers, targets: Integers, n_hidden: int) -> None:
    """Set ``[b, a]`` where hidden node ``a`` leads to hidden node ``b``: they inherit in topological order (Kahn 1962).

    Args:
        closed: The last ``n_hidden`` rows and columns are the hidden nodes.
        sources: Of connections between hidden nodes, counted from the first of these.
        targets: Of the same.
        n_hidden: How many hidden nodes there are.
    """
    first_row, first_column = closed.shape[0] - n_hidden, closed.shape[1] - n_hidden
    waiting, first = np.zeros(n_hidden, dtype=np.int64), np.zeros(n_hidden + 1, dtype=np.int64)
    for i in range(sources.size):
        waiting[targets[i]] += 1
        first[sources[i] + 1] += 1
    first = np.cumsum(first)
    filled, following = first[:-1].copy(), np.empty(sources.size, dtype=np.int64)
    for i in range(sources.size):
        following[filled[sources[i]]] = targets[i]
        filled[sources[i]] += 1
    ready = np.flatnonzero(waiting == 0)
    order, done = np.empty(n_hidden, dtype=np.int64), ready.size
    order[:done] = ready
    for k in range(n_hidden):
        node = order[k]
        for target in following[first[node] : first[node + 1]]:
            closed[first_row + target, first_column:] |= closed[first_row + node, first_column:]
            closed[first_row + target, first_column + node] = True
            waiting[target] -= 1
            if waiting[target] == 0:
                order[done] = target
                done += 1


@inlined
def _find_unconnected(
    sources: Integers, targets: Integers, first_output: int, first_hidden: int, n_nodes: int, place: float
) -> tuple[int, int]:
    """A random pair of nodes, uniform over all that a new connection may join; (-1, -1) where there is none.

    Rows of ``closed`` are the possible sources (bias, inputs, hidden), columns the targets (outputs, hidden).
    """
    n_hidden, n_outputs = n_nodes - first_hidden, first_hidden - first_output
    closed = np.zeros((first_output + n_hidden, n_outputs + n_hidden), dtype=np.bool_)
    inner = (sources >= first_hidden) & (targets >= first_hidden)
    _mark_ancestors(closed, sources[inner] - first_hidden, targets[inner] - first_hidden, n_hidden)
    for i in range(n_hidden):
        closed[first_output + i, n_outputs + i] = True
    for i in range(sources.size):
        row = sources[i] if sources[i] < first_output else sources[i] - n_outputs
        closed[row, targets[i] - first_output] = True
    free = closed.shape[1] - np.array([np.sum(row) for row in closed])
    count = int(np.sum(free))
    if count == 0:
        return -1, -1
    skip = _pick(place, count)
    for row in range(closed.shape[0]):
        if skip >= free[row]:
            skip -= free[row]
            continue
        for column in range(closed.shape[1]):
            if not closed[row, column]:
                if skip == 0:
                    return (row if row < first_output else row + n_outputs), column + first_output
                skip -= 1
    return -1, -1


@inlined
def _draw_operator(probabilities: Floats, u: float) -> int:
    """An operator with chance proportional to its probability; -1 when all of them are zero."""
    left = u * np.sum(probabilities)
    last = -1
    for i in range(probabilities.size):
        if probabilities[i] > 0.0:
            last = i
            left -= probabilities[i]
            if left < 0.0:
                return i
    return last


@inlined
def _mutate(
    genes: Genes,
    nodes: tuple[int, int],
    connections: tuple[int, int],
    shape: tuple[int, int],
    probabilities: Floats,
    allowed: Integers,
    draws: Floats,
) -> tuple[int, int, int, int]:
    """Change the genome at the given offsets; gives the operator, the split connection and the new last offsets."""
    (first_node, last_node), (first, last) = nodes, connections
    first_output, first_hidden = shape
    place, choice = draws[-2], draws[-1]
    left = probabilities.copy()
    for u in draws[: probabilities.size]:
        operator = _draw_operator(left, u)
        if operator == CHANGE_ACTIVATION:
            if _change_activation(genes.activations[first_node + first_hidden : last_node], allowed, place, choice):
                return operator, -1, last_node, last
        elif operator == ADD_NODE:
            at = _find_enabled(genes.enabled[first:last], True, place)
            if at >= 0:
                genes.enabled[first + at] = False
                genes.node_ids[last_node] = UNNUMBERED
                genes.activations[last_node] = allowed[_pick(choice, allowed.size)]
                _append_connection(genes, last, genes.sources[first + at], last_node - first_node)
                _append_connection(genes, last + 1, last_node - first_node, genes.targets[first + at])
                return operator, genes.innovations[first + at], last_node + 1, last + 2
        elif operator == ADD_CONNECTION:
            sources, targets = genes.sources[first:last], genes.targets[first:last]
            n_nodes = last_node - first_node
            source, target = _find_unconnected(sources, targets, first_output, first_hidden, n_nodes, place)
            if source >= 0:
                _append_connection(genes, last, source, target)
                return operator, -1, last_node, last + 1
        elif operator == ENABLE_CONNECTION:
            at = _find_enabled(genes.enabled[first:last], False, place)
            if at >= 0:
                genes.enabled[first + at] = True
                return operator, -1, last_node, last
        if operator >= 0:
            left[operator] = 0.0
    return COPIED, -1, last_node, last


@inlined
def _room(n: int, nodes: int, connections: int) -> Genes:
    """Empty arrays for ``n`` genomes with so many nodes and connections in all."""
    return Genes(
        np.zeros(n + 1, dtype=np.int64),
        np.empty(nodes, dtype=np.int64),
        np.empty(nodes, dtype=np.int64),
        np.zeros(n + 1, dtype=np.int64),
        np.empty(connections, dtype=np.int64),
        np.empty(connections, dtype=np.int64),
        np.empty(connections, dtype=np.int64),
        np.empty(connections, dtype=np.bool_),
    )


@inlined
def _trimmed(genes: Genes, nodes: int, connections: int) -> Genes:
    """The genes without the room that is left: a copy of many large genomes would cost as much as to make them."""
    return Genes(
        genes.first_node,
        genes.node_ids[:nodes],
        genes.activations[:nodes],
        genes.first_connection,
        genes.innovations[:connections],
        genes.sources[:connections],
        genes.targets[:connections],
        genes.enabled[:connections],
    )


@kernel
def reproduce(
    genes: Genes,
    parents: Integers,
    n_elites: int,
    shape: tuple[int, int],
    probabilities: Floats,
    allowed: Integers,
    draws: Floats,
) -> Offspring:
    """Copy the parents; change each copy but the first ``n_elites`` in exactly one effective way.

    An operator that finds no legal place gives way to another, drawn in proportion to their probabilities.

    Args:
        genes: The parents' population.
        parents: The parent of each child; (children,).
        n_elites: How many of the first children stay unchanged.
        shape: (1 + inputs, 1 + inputs + outputs): the positions of the first output and the first hidden node.
        probabilities: Of the four ``OPERATORS``.
        allowed: Codes of the activations that may be chosen.
        draws: Uniform numbers in [0, 1); (children, DRAWS).

    Returns:
        The children; their new genes are still ``UNNUMBERED``.
    """
    n = parents.size
    n_nodes, n_connections = n, 2 * n
    for parent in parents:
        n_nodes += genes.first_node[parent + 1] - genes.first_node[parent]
        n_connections += genes.first_connection[parent + 1] - genes.first_connection[parent]
    children = _room(n, n_nodes, n_connections)
    operators = np.full(n, COPIED)
    split = np.full(n, -1)
    node, connection = 0, 0
    for i in range(n):
        last_node, last_connection = _copy(genes, parents[i], children, node, connection)
        if i >= n_elites:
            nodes, connections = (node, last_node), (connection, last_connection)
            operators[i], split[i], last_node, last_connection = _mutate(
                children, nodes, connections, shape, probabilities, allowed, draws[i]
            )
        node, connection = last_node, last_connection
        children.first_node[i + 1], children.first_connection[i + 1] = node, connection
    return Offspring(_trimmed(children, node, connection), operators, split)


@kernel
def cross(genes: Genes, fitter: Integers, other: Integers, draws: Floats, n_hidden_from: int) -> Genes:
    """Children with the structure of the fitter parent; what both parents have comes from either (NEAT's crossover).

    Matching connection genes (same innovation) take their enabled flag, matching hidden nodes (same id) their
    activation, from one parent or the other with equal chance; disjoint and excess genes come from the fitter one.
    Where ``fitter[i] == other[i]`` the child is a copy.

    Args:
        genes: The parents' population.
        fitter: The better parent of each child; (children,).
        other: The other one; (children,).
        draws: Uniform numbers in [0, 1); (children, at least a genome's connections plus nodes).
        n_hidden_from: Position of the first hidden node.
    """
    n = fitter.size
    n_nodes, n_connections = 0, 0
    for parent in fitter:
        n_nodes += genes.first_node[parent + 1] - genes.first_node[parent]
        n_connections += genes.first_connection[parent + 1] - genes.first_connection[parent]
    children = _room(n, n_nodes, n_connections)
    node, connection = 0, 0
    for i in range(n):
        last_node, last_connection = _copy(genes, fitter[i], children, node, connection)
        for a in range(genes.first_connection[other[i]], genes.first_connection[other[i] + 1]):
            for b in range(connection, last_connection):
                if children.innovations[b] == genes.innovations[a] and draws[i, b - connection] < 0.5:
                    children.enabled[b] = genes.enabled[a]
        for a in range(genes.first_node[other[i]] + n_hidden_from, genes.first_node[other[i] + 1]):
            for b in range(node + n_hidden_from, last_node):
                if (
                    children.node_ids[b] == genes.node_ids[a]
                    and draws[i, last_connection - connection + b - node] < 0.5
                ):
                    children.activations[b] = genes.activations[a]
        node, connection = last_node, last_connection
        children.first_node[i + 1], children.first_connection[i + 1] = node, connection
    return children
