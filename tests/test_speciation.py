"""Species: who is alike, and who gets how many children."""

from __future__ import annotations

import numpy as np
import pytest

from wann.genome import ConnectionGene, Genome, NodeGene
from wann.population import Population
from wann.speciation import Species, compatibility_distance, share_children


def genome(connections: dict[int, tuple[int, int]], hidden: dict[int, str]) -> Genome:
    return Genome(
        nodes=(
            NodeGene(id=0, kind="bias"),
            NodeGene(id=1, kind="input"),
            NodeGene(id=2, kind="output"),
            *(NodeGene(id=id_, kind="hidden", activation=name) for id_, name in hidden.items()),
        ),
        connections=tuple(
            ConnectionGene(innovation=number, source=a, target=b) for number, (a, b) in connections.items()
        ),
    )


BASE = {0: (0, 2), 1: (1, 2)}
SMALL = genome(BASE, {})
SPLIT = genome({**BASE, 2: (1, 3), 3: (3, 2)}, {3: "tanh"})
OTHER_ACTIVATION = genome({**BASE, 2: (1, 3), 3: (3, 2)}, {3: "sin"})
OTHER_ORDER = genome({3: (3, 2), 0: (0, 2), 2: (1, 3), 1: (1, 2)}, {3: "tanh"})


def distance(a: Genome, b: Genome) -> float:
    return compatibility_distance(Population.pack([a]), 0, Population.pack([b]), 0)


def test_distance_by_hand() -> None:
    assert distance(SPLIT, SPLIT) == 0
    assert distance(SMALL, SPLIT) == pytest.approx(2 / 4)  # two excess genes of four, all common nodes alike
    assert distance(SPLIT, OTHER_ACTIVATION) == pytest.approx(1 / 4)  # one common node of four differs


def test_distance_is_symmetric_and_does_not_see_the_order_of_genes() -> None:
    assert distance(SMALL, SPLIT) == distance(SPLIT, SMALL)
    assert distance(SPLIT, OTHER_ORDER) == 0


def test_members_are_near_a_representative_and_new_kinds_found_species() -> None:
    population = Population.pack([SMALL, SPLIT, SMALL, OTHER_ACTIVATION, OTHER_ORDER])
    near, all_alike = Species(0.2), Species(2.0)
    near.assign(population, seed=0, generation=0)
    all_alike.assign(population, seed=0, generation=0)
    assert near.members.tolist() == [0, 1, 0, 2, 1]
    assert all_alike.members.tolist() == [0] * 5


def test_species_outlive_a_generation_and_empty_ones_vanish() -> None:
    species = Species(0.2)
    species.assign(Population.pack([SMALL, SPLIT]), seed=0, generation=0)
    species.assign(Population.pack([SPLIT, SPLIT]), seed=0, generation=1)
    assert species.members.tolist() == [0, 0]
    assert len(species.state["species_first_node"]) == 2  # one representative


def test_children_are_shared_between_species_not_won_by_the_largest() -> None:
    """Eight copies of a good genome and two of a bad one: sharing gives the small species more than its size."""
    members = np.array([0] * 8 + [1] * 2)
    pool = np.arange(10)
    draws = np.random.default_rng(0).random((1000, 1))
    parents = share_children(members, pool, draws)
    fitness = np.arange(10, 0, -1)
    shares = np.array([fitness[:8].sum() / 8, fitness[8:].sum() / 2])
    counts = np.array([(members[parents] == k).sum() for k in (0, 1)])
    np.testing.assert_allclose(counts / 1000, shares / shares.sum(), atol=0.001)


def test_tournaments_stay_within_a_species() -> None:
    members = np.array([0, 1, 0, 1])
    parents = share_children(members, np.array([3, 2, 1, 0]), np.zeros((100, 2)))
    assert set(parents.tolist()) == {3, 2}  # the best ranked of each species
