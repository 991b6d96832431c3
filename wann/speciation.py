"""Species (NEAT): genomes that are alike share their fitness, so that new structures get time to grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.jit import inlined, kernel
from wann.population import Arrays, Floats, Genes, Integers, Population, offsets, sealed
from wann.seeds import Purpose, generator


@inlined
def _matching(a: Integers, b: Integers) -> int:
    """How many numbers two rising sequences have in common."""
    i, j, count = 0, 0, 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            count += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return count


@inlined
def _sorted_innovations(genes: Genes, i: int) -> Integers:
    return np.sort(genes.innovations[genes.first_connection[i] : genes.first_connection[i + 1]])


@inlined
def _compare(a: Genes, i: int, first: Integers, b: Genes, j: int, second: Integers) -> float:
    """The distance of two genomes whose sorted innovation numbers are known."""
    longer = max(first.size, second.size, 1)
    unmatched = first.size + second.size - 2 * _matching(first, second)
    nodes, different = 0, 0
    for p in range(a.first_node[i], a.first_node[i + 1]):
        for q in range(b.first_node[j], b.first_node[j + 1]):
            if a.node_ids[p] == b.node_ids[q]:
                nodes += 1
                different += a.activations[p] != b.activations[q]
                break
    return unmatched / longer + different / max(nodes, 1)


@kernel
def _distance(a: Genes, i: int, b: Genes, j: int) -> float:
    return _compare(a, i, _sorted_innovations(a, i), b, j, _sorted_innovations(b, j))


@kernel
def _assign(genes: Genes, known: Genes, threshold: float) -> Integers:
    """The species of each genome: the first compatible one of those ``known``, then of those that it founds."""
    n, n_known = genes.first_node.size - 1, known.first_node.size - 1
    members = np.empty(n, dtype=np.int64)
    founders = np.empty(n, dtype=np.int64)
    count = 0
    for i in range(n):
        own = _sorted_innovations(genes, i)
        members[i] = -1
        for k in range(n_known + count):
            if k < n_known:
                distance = _compare(genes, i, own, known, k, _sorted_innovations(known, k))
            else:
                j = founders[k - n_known]
                distance = _compare(genes, i, own, genes, j, _sorted_innovations(genes, j))
            if distance <= threshold:
                members[i] = k
                break
        if members[i] < 0:
            members[i] = n_known + count
            founders[count] = i
            count += 1
    return members


def compatibility_distance(a: Population, i: int, b: Population, j: int) -> float:
    """How unlike genome ``i`` of ``a`` and genome ``j`` of ``b`` are (Stanley & Miikkulainen 2002, equation 1).

    The share of connection genes that do not match (disjoint and excess alike), plus the share of common nodes whose
    activations differ: it stands where NEAT has the difference of weights, which these networks do not have.
    """
    return _distance(a.genes, i, b.genes, j)


_NONE = np.zeros(0, dtype=np.int64)
_NOBODY = (offsets(_NONE), _NONE, _NONE, offsets(_NONE), _NONE, _NONE, _NONE, np.zeros(0, dtype=np.bool_))


class Species:
    """The species of a population; each has a representative from the generation before.

    Attributes:
        members: The species of each individual; (population,).
    """

    def __init__(self, distance: float) -> None:
        self._distance = distance
        self._representatives = Genes(*_NOBODY)
        sealed(*self._representatives)
        self.members: Integers = np.zeros(0, dtype=np.int64)

    def assign(self, population: Population, seed: int, generation: int) -> None:
        """Put everyone into the first species that it is compatible with, or into a new one."""
        members = _assign(population.genes, self._representatives, self._distance)
        names, self.members = np.unique(members, return_inverse=True)
        draws = generator(seed, Purpose.SPECIATION, generation).random(names.size)
        own = [np.flatnonzero(self.members == k) for k in range(names.size)]
        chosen = [int(group[int(u * group.size)]) for group, u in zip(own, draws, strict=True)]
        self._representatives = population.take(np.array(chosen, dtype=np.int64)).genes

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """The representatives' packed genes, under the names of ``Genes`` with a prefix."""
        return {f"species_{name}": array for name, array in self._representatives._asdict().items()}

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``."""
        self._representatives = Genes(*(state[f"species_{name}"] for name in Genes._fields))
        sealed(*self._representatives)


def share_children(members: Integers, pool: Integers, draws: Floats) -> Integers:
    """Parents by explicit fitness sharing (Stanley & Miikkulainen 2002, equation 2).

    An individual's fitness is its place in the ranking, counted from the worst, divided by the size of its species;
    a species gets children in proportion to the sum over its members. Within a species, tournaments decide.

    Args:
        members: The species of each individual; (population,).
        pool: The individuals that may be parents, best first.
        draws: Uniform numbers in [0, 1); (children, tournament).

    Returns:
        The parent of each child; (children,).
    """
    species = members[pool]
    fitness = np.arange(pool.size, 0, -1) / np.bincount(species)[species]
    share = np.bincount(species, weights=fitness)
    edges = np.rint(np.cumsum(share) / share.sum() * len(draws)).astype(np.int64)
    child_species = np.searchsorted(edges, np.arange(len(draws)), side="right")
    parents = np.empty(len(draws), dtype=np.int64)
    for k in np.unique(child_species):
        own, mine = pool[species == k], child_species == k
        parents[mine] = own[(draws[mine] * own.size).astype(np.int64).min(axis=1)]
    return parents
