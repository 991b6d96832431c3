"""The distinct nodes of many networks: relatives share most of theirs, and a shared weight gives these one value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wann.jit import inlined, kernel
from wann.network import Networks
from wann.population import Integers

_MULTIPLIER, _MASK, _SHIFT = 0x9E3779B1, 0xFFFFFFFF, 15
"""Mix the bits of what sets nodes apart."""


class Distinct(NamedTuple):
    """Several networks as one computation, in which every distinct node is computed once.

    Two nodes are the same if their activation functions are, and their sources one by one: with a shared weight their
    values then have the same bits. Network ``i`` adds the nodes ``first_node[i]:first_node[i + 1]`` to those of the
    networks before it. A row is used again when nothing needs its value any more.
    """

    n_inputs: int
    first_node: Integers
    activations: Integers
    first_source: Integers
    sources: Integers
    """The rows of each node's sources when its turn comes."""
    rows: Integers
    """The row of each node; same length as ``activations``."""
    outputs: Integers
    """The rows of a network's outputs once its own nodes are computed; (n, outputs)."""


@inlined
def _hash(code: int, sources: Integers) -> int:
    """A number that goes with an activation function and sources, one by one."""
    mixed = code
    for source in sources:
        mixed = ((mixed ^ source) * _MULTIPLIER) & _MASK
        mixed ^= mixed >> _SHIFT
    return mixed


@inlined
def _same(activations: Integers, first: Integers, sources: Integers, a: int, b: int) -> bool:
    """Whether two nodes have the same activation function and, one by one, the same sources."""
    size = first[a + 1] - first[a]
    if activations[a] != activations[b] or first[b + 1] - first[b] != size:
        return False
    k = 0
    while k < size and sources[first[a] + k] == sources[first[b] + k]:
        k += 1
    return bool(k == size)


@inlined
def _larger(table: Integers, hashes: Integers) -> Integers:
    """A table of twice the size with the same nodes."""
    table = np.full(2 * table.size, -1)
    for node in range(hashes.size):
        place = hashes[node] & (table.size - 1)
        while table[place] >= 0:
            place = (place + 1) & (table.size - 1)
        table[place] = node
    return table


@inlined
def _collect(networks: Networks, first_network: int, last_network: int) -> Distinct:
    """The distinct nodes, each in a row of its own.

    ``table`` has each of them where its hash belongs, or in the next place that was empty.
    """
    n, fixed = last_network - first_network, 1 + networks.n_inputs
    first, last = networks.first_node[first_network], networks.first_node[last_network]
    size = last - first + 1
    activations, hashes = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    first_source = np.zeros(size + 1, dtype=np.int64)
    sources = np.empty(networks.first_source[last] - networks.first_source[first], dtype=np.int64)
    first_node = np.zeros(n + 1, dtype=np.int64)
    outputs = np.empty((n, networks.outputs.shape[1]), dtype=np.int64)
    rows, table, count = np.arange(fixed + size), np.full(1024, -1), 0
    for i in range(n):
        start, stop = networks.first_node[first_network + i], networks.first_node[first_network + i + 1]
        for node in range(start, stop):
            at = first_source[count]
            for k in range(networks.first_source[node], networks.first_source[node + 1]):
                sources[at] = rows[networks.sources[k]]
                at += 1
            activations[count], first_source[count + 1] = networks.activations[node], at
            hashes[count] = _hash(activations[count], sources[first_source[count] : at])
            place = hashes[count] & (table.size - 1)
            while table[place] >= 0:
                other = table[place]
                if hashes[other] == hashes[count] and _same(activations, first_source, sources, other, count):
                    break
                place = (place + 1) & (table.size - 1)
            rows[fixed + node - start] = fixed + (count if table[place] < 0 else table[place])
            if table[place] < 0:
                table[place] = count
                count += 1
                if 2 * count > table.size:
                    table = _larger(table, hashes[:count])
        first_node[i + 1] = count
        outputs[i] = rows[networks.outputs[first_network + i]]
    return Distinct(
        networks.n_inputs,
        first_node,
        activations[:count].copy(),
        first_source[: count + 1].copy(),
        sources[: first_source[count]].copy(),
        fixed + np.arange(count),
        outputs,
    )


@inlined
def _last_uses(nodes: Distinct) -> Integers:
    """When each row is read for the last time: by a node, or behind a network's last node as its output."""
    uses = np.full(1 + nodes.n_inputs + nodes.rows.size, -1)
    for i in range(nodes.outputs.shape[0]):
        for node in range(nodes.first_node[i], nodes.first_node[i + 1]):
            uses[nodes.sources[nodes.first_source[node] : nodes.first_source[node + 1]]] = node + i
        uses[nodes.outputs[i]] = nodes.first_node[i + 1] + i
    return uses


@inlined
def _release(rows: Integers, own: Integers, uses: Integers, now: int, free: Integers, n_free: int) -> int:
    """Free the rows of the nodes among ``rows`` that are read for the last time now; gives how many are free then."""
    for node in rows:
        if uses[node] == now:
            uses[node] = -1  # a node may stand there twice
            free[n_free] = own[node]
            n_free += 1
    return n_free


@inlined
def _reuse_rows(nodes: Distinct) -> None:
    """Make do with as few rows as are needed at a time; what was freed last is used first, as it is in the cache."""
    fixed, uses = 1 + nodes.n_inputs, _last_uses(nodes)
    own, free = np.arange(uses.size), np.empty(uses.size, dtype=np.int64)
    uses[:fixed] = -1  # bias and inputs stay
    n_rows, n_free = fixed, 0
    for i in range(nodes.outputs.shape[0]):
        for node in range(nodes.first_node[i], nodes.first_node[i + 1]):
            if n_free:
                n_free -= 1
                own[fixed + node] = free[n_free]
            else:
                own[fixed + node] = n_rows
                n_rows += 1
            sources = nodes.sources[nodes.first_source[node] : nodes.first_source[node + 1]]
            n_free = _release(sources, own, uses, node + i, free, n_free)
            sources[:] = own[sources]
        n_free = _release(nodes.outputs[i], own, uses, nodes.first_node[i + 1] + i, free, n_free)
        nodes.outputs[i] = own[nodes.outputs[i]]
    nodes.rows[:] = own[fixed:]


@kernel
def distinct(networks: Networks, first: int, last: int) -> Distinct:
    """The distinct nodes of the networks ``first`` to ``last``."""
    nodes = _collect(networks, first, last)
    _reuse_rows(nodes)
    return nodes
