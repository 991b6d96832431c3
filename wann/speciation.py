"""Species (NEAT): genomes that are alike share their fitness, so that new structures get time to grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.jit import inlined, kernel
from wann.population import Arrays, Floats, Genes, Integers, Population
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


@kernel
def _distance(a: Genes, i: int, b: Genes, j: int) -> float:
    first = np.sort(a.innovations[a.first_connection[i] : a.first_connection[i + 1]])
    second = np.sort(b.innovations[b.first_connection[j] : b.first_connection[j + 1]])
    longer = max(first.size, second.size, 1)
    unmatched = first.size + second.size - 2 * _matching(first, second)
    nodes, different = 0, 0
    for p in range(a.first_node[i], a.first_node[i + 1]):
        for q in range(b.first_node[j], b.first_node[j + 1]):
            if a.node_ids[p] == b.node_ids[q]:
                nodes += 1
                different += a.activations[p] != b.activations[q]
    return unmatched / longer + different / max(nodes, 1)


def compatibility_distance(a: Population, i: int, b: Population, j: int) -> float:
    """How unlike genome ``i`` of ``a`` and genome ``j`` of ``b`` are (Stanley & Miikkulainen 2002, equation 1).

    The share of connection genes that do not match (disjoint and excess alike), plus the share of common nodes whose
    activations differ: it stands where NEAT has the difference of weights, which these networks do not have.
    """
    return _distance(a.genes, i, b.genes, j)


class Species:
    """The species of a population; each has a representative from the generation before.

    Attributes:
        members: The species of each individual; (population,).
    """

    def __init__(self, distance: float) -> None:
        self._distance = distance
        self._representatives: list[tuple[Population, int]] = []
        self.members: Integers = np.zeros(0, dtype=np.int64)

    def assign(self, population: Population, seed: int, generation: int) -> None:
        """Put everyone into the first species that it is compatible with, or into a new one."""
        known = list(self._representatives)
        self.members = np.empty(len(population), dtype=np.int64)
        for i in range(len(population)):
            near = (
                k
                for k, (other, j) in enumerate(known)
                if compatibility_distance(population, i, other, j) <= self._distance
            )
            self.members[i] = next(near, len(known))
            if self.members[i] == len(known):
                known.append((population, i))
        names, self.members = np.unique(self.members, return_inverse=True)
        draws = generator(seed, Purpose.SPECIATION, generation).random(names.size)
        self._representatives = []
        for k, u in enumerate(draws):
            own = np.flatnonzero(self.members == k)
            self._representatives.append((population, int(own[int(u * own.size)])))

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """The representatives, as packed genes under the names of ``Genes``, prefixed."""
        genomes = [population[i] for population, i in self._representatives]
        genes = Population.pack(genomes).genes._asdict() if genomes else {}
        return {f"species_{name}": array for name, array in genes.items()}

    def restore(self, state: Arrays, shape: tuple[int, int]) -> None:
        """Go back to a ``state``."""
        self._representatives = []
        if "species_first_node" in state:
            population = Population(*shape, Genes(*(state[f"species_{name}"] for name in Genes._fields)))
            self._representatives = [(population, i) for i in range(len(population))]


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
