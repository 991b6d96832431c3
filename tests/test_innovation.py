from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import generations, grown, mutate, numbered, record_of

from wann.genome import Genome
from wann.innovation import InnovationRecord
from wann.mutation import DRAWS, OPERATORS
from wann.population import Population

ONLY = dict(zip(OPERATORS, np.eye(len(OPERATORS)), strict=True))


def minimal(n: int) -> Population:
    """Two inputs, one output, everything enabled: the connections 0, 1, 2 lead from the nodes 0, 1, 2 to node 3."""
    return Population.minimal(2, 1, np.ones((n, 3), dtype=bool))


def change(population: Population, record: InnovationRecord, *changes: tuple[str, float]) -> Population:
    """One generation in which each genome is changed by an operator of its own at a place of its own."""
    children = []
    for i, (operator, place) in enumerate(changes):
        numbers = [[0.0, 0.0, 0.0, 0.0, place, 0.0]]
        offspring = mutate(population, numbers, parents=[i], probabilities=ONLY[operator])
        children.append(numbered(population, offspring, record)[0])
    return Population.pack(children)


def split(position: int, of: int) -> tuple[str, float]:
    """Split the connection that is ``position`` among ``of`` enabled ones."""
    return "add_node", (position + 0.5) / of


def genes(genome: Genome) -> dict[int, tuple[int, int]]:
    return {gene.innovation: (gene.source, gene.target) for gene in genome.connections}


def test_the_same_change_in_one_generation_gets_the_same_numbers() -> None:
    population = minimal(4)
    record = record_of(population)
    first, second, third, fourth = change(population, record, split(0, 3), split(2, 3), split(0, 3), split(2, 3))
    assert first == third
    assert second == fourth
    assert first.hidden[0].id == 4
    assert second.hidden[0].id == 5
    assert genes(first) == {0: (0, 3), 1: (1, 3), 2: (2, 3), 3: (0, 4), 4: (4, 3)}
    assert genes(second) == {0: (0, 3), 1: (1, 3), 2: (2, 3), 5: (2, 5), 6: (5, 3)}


def test_the_same_change_in_a_call_of_many_children_gets_the_same_numbers() -> None:
    population = minimal(1)
    numbers = np.zeros((6, DRAWS))
    numbers[:, -2] = [0.1, 0.9, 0.1, 0.5, 0.9, 0.1]
    offspring = mutate(population, numbers, parents=[0] * 6, probabilities=ONLY["add_node"])
    children = numbered(population, offspring, record_of(population))
    assert [child.hidden[0].id for child in children] == [4, 5, 4, 6, 5, 4]
    assert [child.connections[-1].innovation for child in children] == [4, 6, 4, 8, 6, 4]


def test_the_same_change_in_a_later_generation_gets_the_same_numbers() -> None:
    population = minimal(2)
    record = record_of(population)
    population = change(population, record, split(0, 3), split(1, 3))
    for i in (0, 1):
        assert [gene.enabled for gene in population[i].connections] == [i != 0, i != 1, True, True, True]
    # Genome 0 has the connections 1, 2, 3, 4 enabled, genome 1 has 0, 2, 5, 6: each now finds what the other had.
    population = change(population, record, split(0, 4), split(0, 4))
    assert {node.id for node in population[0].hidden} == {node.id for node in population[1].hidden} == {4, 5}
    assert genes(population[0]) == genes(population[1])


def test_genomes_that_found_the_same_changes_in_another_order_line_up() -> None:
    population = minimal(2)
    record = record_of(population)
    population = change(population, record, split(0, 3), split(2, 3))
    population = change(population, record, split(1, 4), split(0, 4))
    a, b = population
    assert [node.id for node in a.hidden] == [4, 5]
    assert [node.id for node in b.hidden] == [5, 4]
    assert genes(a) == genes(b)
    assert [gene.innovation for gene in a.connections] != [gene.innovation for gene in b.connections]


def test_the_same_new_connection_gets_the_same_number_in_any_generation() -> None:
    population = minimal(2)
    record = record_of(population)
    population = change(population, record, split(0, 3), split(0, 3))
    early = change(population, record, ("add_connection", 0.0), ("change_activation", 0.5))
    later = change(early, record, ("change_activation", 0.5), ("add_connection", 0.0))
    added = [genome.connections[-1] for genome in later]
    assert added[0] == added[1]
    assert added[0].innovation == 5


def test_a_connection_split_twice_in_one_genome_gets_a_second_node_that_others_share() -> None:
    population = minimal(3)
    record = record_of(population)
    population = change(population, record, split(0, 3), split(1, 3), split(0, 3))
    for _ in range(2):  # enable connection 0 again, then split it again; genome 1 does the same with connection 1
        population = change(population, record, *[("enable_connection", 0.0)] * 3)
        population = change(population, record, split(0, 5), split(1, 5), split(0, 5))
        assert genes(population[0]) == genes(population[2])
        assert population[0].nodes == population[2].nodes
    assert [node.id for node in population[0].hidden] == [4, 6, 8]
    assert [node.id for node in population[1].hidden] == [5, 7, 9]


def test_children_that_gain_no_gene_leave_the_record_as_it_is() -> None:
    population = grown(4, steps=10)
    record = InnovationRecord(5, 1)
    before = {name: array.copy() for name, array in record.state.items()}
    for operator in ("change_activation", "enable_connection"):
        numbered(population, mutate(population, np.full((4, DRAWS), 0.5), probabilities=ONLY[operator]), record)
    for name, array in record.state.items():
        np.testing.assert_array_equal(array, before[name])


@given(st.integers(0, 2**32 - 1))
def test_a_number_means_the_same_in_every_genome_and_generation(seed: int) -> None:
    population = Population.minimal(2, 2, np.random.default_rng(seed).random((5, 6)) < 0.5)
    meaning: dict[int, tuple[int, int]] = {}
    for later in generations(population, record_of(population), 12, seed):
        for genome in later:
            for innovation, pair in genes(genome).items():
                assert meaning.setdefault(innovation, pair) == pair
    assert len(set(meaning.values())) == len(meaning)


def test_hidden_nodes_join_what_the_connection_they_split_joined() -> None:
    population = Population.minimal(2, 2, np.ones((8, 6), dtype=bool))
    record = record_of(population)
    *_, population = generations(population, record, 25)
    pairs = record.state["innovation_pairs"].tolist()
    for node, origin in enumerate(record.state["innovation_splits"].tolist(), start=5):
        source, target = pairs[origin]
        assert [source, node] in pairs
        assert [node, target] in pairs


def test_numbers_start_with_those_of_minimal_genomes() -> None:
    population = Population.minimal(3, 2, np.ones((1, 8), dtype=bool))
    record = record_of(population)
    for gene in population[0].connections:
        assert record.connection(gene.source, gene.target) == gene.innovation
    assert record.connection(0, 99) == 8


def test_a_restored_record_goes_on_exactly_as_the_original() -> None:
    population = Population.minimal(3, 1, np.ones((6, 4), dtype=bool))
    record = record_of(population)
    *_, population = generations(population, record, 20, seed=1)
    state = {name: array.copy() for name, array in record.state.items()}
    straight = list(generations(population, record, 10, seed=2))
    restored = record_of(population)
    restored.node(0, np.empty(0, dtype=np.int64))  # what it knew before must not matter
    restored.connection(77, 78)
    restored.restore(state)
    for name, array in restored.state.items():
        np.testing.assert_array_equal(array, state[name])
        assert array.dtype == np.int64
    for before, after in zip(straight, generations(population, restored, 10, seed=2), strict=True):
        assert list(before) == list(after)
    for name, array in record.state.items():
        np.testing.assert_array_equal(array, restored.state[name])


def test_a_state_is_a_copy() -> None:
    record = InnovationRecord(1, 1)
    state = record.state
    record.connection(0, 9)
    assert len(state["innovation_pairs"]) == 2
    state["innovation_pairs"][:] = 0
    assert record.connection(1, 2) == 1


def test_a_record_without_splits_restores() -> None:
    record = InnovationRecord(2, 1)
    record.restore(InnovationRecord(2, 1).state)
    assert record.node(1, np.arange(4)) == 4
