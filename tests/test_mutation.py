from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import (
    ALLOWED,
    PROBABILITIES,
    difference,
    draws,
    generations,
    genomes,
    grown,
    mutate,
    numbered,
    outputs_by_recursion,
    record_of,
    shape,
    uniform,
)

from wann.activations import CODES, NAMES
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.mutation import ADD_CONNECTION, COPIED, DRAWS, OPERATORS, UNNUMBERED, Offspring, cross
from wann.population import Population

ONLY = dict(zip(OPERATORS, np.eye(len(OPERATORS)), strict=True))
FULL = Population.minimal(2, 1, np.ones((1, 3), dtype=bool))
"""Everything connected, everything enabled, nothing hidden: only ``add_node`` is legal."""


def children_of(genome: Genome, numbers, **kwargs) -> tuple[list[Genome], list[str | None]]:
    """One child for each row of draws, and the operator that the kernel reports for each."""
    population = Population.pack([genome])
    offspring = mutate(population, numbers, parents=[0] * len(numbers), **kwargs)
    children = freshly_numbered(population, offspring)
    return list(children), [None if code == COPIED else OPERATORS[code] for code in offspring.operators]


def freshly_numbered(population: Population, offspring: Offspring) -> Population:
    """The children, with numbers for their new genes that no genome has."""
    genes = offspring.genes
    for numbers in (genes.node_ids, genes.innovations):
        new = np.flatnonzero(numbers == UNNUMBERED)
        numbers[new] = 1000 + np.arange(new.size)
    return Population(population.n_inputs, population.n_outputs, genes)


def sweep(steps: int, *, operator: float = 0.0) -> np.ndarray:
    """Draws whose place runs evenly through [0, 1); the first operator drawn is the first that has a probability."""
    numbers = np.full((steps, DRAWS), operator)
    numbers[:, -2] = (np.arange(steps) + 0.5) / steps
    numbers[:, -1] = 0.5
    return numbers


def legal_pairs(genome: Genome) -> set[tuple[int, int]]:
    """All pairs that a connection may join, by trying each of them."""
    graph = nx.DiGraph((gene.source, gene.target) for gene in genome.connections)
    graph.add_nodes_from(node.id for node in genome.nodes)
    sources = [node.id for node in genome.nodes if node.kind != "output"]
    targets = [node.id for node in genome.nodes if node.kind in ("output", "hidden")]
    return {
        (source, target)
        for source, target in product(sources, targets)
        if not graph.has_edge(source, target)
        and nx.is_directed_acyclic_graph(nx.DiGraph([*graph.edges, (source, target)]))
    }


def added_pair(parent: Genome, child: Genome) -> tuple[int, int]:
    assert difference(parent, child) == "add_connection"
    return child.connections[-1].source, child.connections[-1].target


@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.lists(st.tuples(draws(), st.lists(st.floats(0, 1), min_size=4, max_size=4)), min_size=1, max_size=25),
)
def test_any_sequence_of_mutations_makes_one_valid_change_a_child(n_inputs, n_outputs, enabled, steps) -> None:
    population = Population.minimal(n_inputs, n_outputs, np.array([enabled[: (1 + n_inputs) * n_outputs]]))
    record = record_of(population)
    for numbers, probabilities in steps:
        offspring = mutate(population, [numbers], probabilities=probabilities)
        parent = population[0]
        population = numbered(population, offspring, record)  # indexing it checks every rule of a genome
        change = difference(parent, population[0])
        assert change == (None if offspring.operators[0] == COPIED else OPERATORS[offspring.operators[0]])
        assert change is None or probabilities[OPERATORS.index(change)] > 0.0
        graph = nx.DiGraph((gene.source, gene.target) for gene in population[0].connections)
        assert nx.is_directed_acyclic_graph(graph)


@given(genomes(), draws())
def test_any_genome_is_changed_in_exactly_one_way(genome: Genome, numbers: list[float]) -> None:
    children, operators = children_of(genome, [numbers])
    change = difference(genome, children[0])
    assert change == operators[0]
    possible = genome.hidden or genome.enabled or len(genome.enabled) < len(genome.connections) or legal_pairs(genome)
    assert (change is not None) == bool(possible)


def test_a_paper_scale_population_stays_valid_and_changes_everywhere() -> None:
    population = Population.minimal(5, 1, np.random.default_rng(1).random((40, 6)) < 0.5)
    steps = [population, *generations(population, record_of(population), 60)]
    changes = Counter(
        difference(*pair) for before, after in pairwise(steps) for pair in zip(before, after, strict=True)
    )
    assert changes.keys() == set(OPERATORS)
    assert changes.total() == 40 * 60


def test_elites_are_copied_unchanged_and_the_rest_is_not() -> None:
    population = grown(6)
    parents = [3, 3, 0, 5, 1, 2]
    offspring = mutate(population, np.random.default_rng(0).random((6, DRAWS)), parents=parents, n_elites=3)
    children = freshly_numbered(population, offspring)
    assert [children[i] for i in range(3)] == [population[parent] for parent in parents[:3]]
    assert offspring.operators.tolist()[:3] == [COPIED] * 3
    assert offspring.split.tolist()[:3] == [-1] * 3
    assert all(difference(population[parents[i]], children[i]) for i in range(3, 6))


def test_the_parents_are_left_alone() -> None:
    population = grown(4)
    before = list(population)
    mutate(population, np.random.default_rng(0).random((4, DRAWS)))
    assert list(population) == before


def test_a_child_depends_on_its_own_parent_and_draws_only() -> None:
    population, numbers = grown(5), np.random.default_rng(0).random((5, DRAWS))
    together = mutate(population, numbers).genes
    nodes, connections = together.first_node, together.first_connection
    for i in range(5):
        alone = mutate(population, numbers[i : i + 1], parents=[i]).genes
        for column in ("node_ids", "activations"):
            got = getattr(together, column)[nodes[i] : nodes[i + 1]]
            np.testing.assert_array_equal(got, getattr(alone, column))
        for column in ("innovations", "sources", "targets", "enabled"):
            got = getattr(together, column)[connections[i] : connections[i + 1]]
            np.testing.assert_array_equal(got, getattr(alone, column))


def test_new_genes_wait_for_their_numbers() -> None:
    offspring = mutate(FULL, [[0.0] * DRAWS], probabilities=ONLY["add_node"])
    assert offspring.genes.node_ids[-1] == UNNUMBERED
    assert offspring.genes.innovations[-2:].tolist() == [UNNUMBERED] * 2
    assert offspring.split.tolist() == [0]


@given(draws())
def test_a_drawn_operator_without_a_legal_move_gives_way(numbers: list[float]) -> None:
    children, _ = children_of(FULL[0], [numbers])
    assert difference(FULL[0], children[0]) == "add_node"


@given(draws())
def test_without_any_legal_move_of_an_operator_that_may_be_drawn_the_child_is_a_copy(numbers: list[float]) -> None:
    for probabilities in ((1, 0, 0, 0), (1, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 0)):
        children, operators = children_of(FULL[0], [numbers], probabilities=probabilities)
        assert children[0] == FULL[0]
        assert operators == [None]


@given(uniform(), uniform())
def test_others_take_over_in_proportion_to_their_probabilities(first: float, second: float) -> None:
    genome = grown(1, steps=40)[0]
    everything_enabled = Genome(
        genome.nodes, tuple(ConnectionGene(gene.innovation, gene.source, gene.target) for gene in genome.connections)
    )
    probabilities = np.array([0.1, 0.3, 0.2, 0.4])
    children, _ = children_of(everything_enabled, [[first, second, 0.0, 0.0, 0.5, 0.5]], probabilities=probabilities)
    tried_in_vain = first >= 0.6
    expected = first / 0.6 if not tried_in_vain else second
    bounds = np.array([0.1, 0.4, 0.6]) / 0.6
    if abs(bounds - expected).min() > 1e-9 and abs(first - 0.6) > 1e-9:
        assert difference(everything_enabled, children[0]) == OPERATORS[np.searchsorted(bounds, expected)]


@pytest.mark.parametrize("probabilities", [PROBABILITIES, [2.0, 1.0, 0.8, 0.2], [0.25] * 4, [0.0, 0.5, 0.0, 0.5]])
def test_operators_are_drawn_in_proportion_to_their_probabilities(probabilities) -> None:
    genome = grown(1, steps=40)[0]
    assert len(genome.enabled) < len(genome.connections)
    numbers = sweep(2000)
    numbers[:, 0] = numbers[:, -2]
    children, _ = children_of(genome, numbers, probabilities=probabilities)
    counts = Counter(difference(genome, child) for child in children)
    expected = np.asarray(probabilities) / np.sum(probabilities) * 2000
    np.testing.assert_allclose([counts[name] for name in OPERATORS], expected, atol=1)


@settings(max_examples=40)
@given(genomes(max_hidden=5))
def test_add_connection_is_uniform_over_all_legal_pairs(genome: Genome) -> None:
    legal = legal_pairs(genome)
    children, operators = children_of(genome, sweep(max(1, 3 * len(legal))), probabilities=ONLY["add_connection"])
    if legal:
        assert Counter(added_pair(genome, child) for child in children) == dict.fromkeys(legal, 3)
    else:
        assert operators == [None]


def test_add_connection_reaches_targets_in_the_same_layer_and_behind_disabled_genes_stays_acyclic() -> None:
    side_by_side = Genome(
        (
            NodeGene(0, "bias"),
            NodeGene(1, "input"),
            NodeGene(2, "output"),
            NodeGene(3, "hidden"),
            NodeGene(4, "hidden"),
            NodeGene(5, "hidden"),
        ),
        (
            ConnectionGene(0, 1, 3),
            ConnectionGene(1, 1, 4),
            ConnectionGene(2, 3, 2),
            ConnectionGene(3, 4, 2),
            ConnectionGene(4, 4, 5, enabled=False),
        ),
    )
    hit = {
        added_pair(side_by_side, child)
        for child in children_of(side_by_side, sweep(200), probabilities=ONLY["add_connection"])[0]
    }
    assert {(3, 4), (4, 3), (5, 3), (3, 5), (0, 2), (5, 2)} <= hit
    assert (5, 4) not in hit  # the disabled gene may come back
    assert hit == legal_pairs(side_by_side)


@given(genomes(max_hidden=4))
def test_add_node_is_uniform_over_enabled_connections(genome: Genome) -> None:
    enabled = {gene.innovation for gene in genome.enabled}
    children, operators = children_of(genome, sweep(max(1, 3 * len(enabled))), probabilities=ONLY["add_node"])
    if not enabled:
        assert operators == [None]
        return
    assert {difference(genome, child) for child in children} == {"add_node"}
    split = Counter(
        before.innovation
        for child in children
        for before, after in zip(genome.connections, child.connections, strict=False)
        if before != after
    )
    assert split == dict.fromkeys(enabled, 3)


@given(genomes(max_hidden=4))
def test_enable_connection_is_uniform_over_disabled_ones(genome: Genome) -> None:
    disabled = {gene.innovation for gene in genome.connections if not gene.enabled}
    children, operators = children_of(genome, sweep(max(1, 3 * len(disabled))), probabilities=ONLY["enable_connection"])
    if not disabled:
        assert operators == [None]
        return
    assert {difference(genome, child) for child in children} == {"enable_connection"}
    came_back = Counter(
        before.innovation
        for child in children
        for before, after in zip(genome.connections, child.connections, strict=True)
        if before != after
    )
    assert came_back == dict.fromkeys(disabled, 3)


@settings(max_examples=40)
@given(genomes(max_hidden=4), st.sets(st.sampled_from(sorted(CODES.values())), min_size=1))
def test_a_changed_activation_is_another_one_and_uniform_over_nodes_and_choices(
    genome: Genome, codes: set[int]
) -> None:
    names = {NAMES[code - 1] for code in codes}
    # Each node that can change has the same chance, and each of its choices the same share of that.
    choices = {node.id: names - {node.activation} for node in genome.hidden if names - {node.activation}}
    fine = 360  # a multiple of every number of choices but 7 and 11, which round
    grid = [(place, choice) for place in range(max(1, len(choices))) for choice in range(fine)]
    numbers = np.zeros((len(grid), DRAWS))
    numbers[:, -2] = [(place + 0.5) / max(1, len(choices)) for place, _ in grid]
    numbers[:, -1] = [(choice + 0.5) / fine for _, choice in grid]
    children, operators = children_of(genome, numbers, probabilities=ONLY["change_activation"], allowed=sorted(codes))
    if not choices:
        assert set(operators) == {None}
        return
    assert set(operators) == {"change_activation"}
    counts = Counter(
        (before.id, after.activation)
        for child in children
        for before, after in zip(genome.nodes, child.nodes, strict=True)
        if before != after
    )
    assert counts.keys() == {(node, name) for node, others in choices.items() for name in others}
    for (node, _), count in counts.items():
        assert abs(count - fine / len(choices[node])) < 1


@given(st.sets(st.sampled_from(sorted(CODES.values())), min_size=1), st.integers(0, 2**32))
def test_only_allowed_activations_appear(codes: set[int], seed: int) -> None:
    population = Population.minimal(2, 1, np.ones((4, 3), dtype=bool))
    record, rng = record_of(population), np.random.default_rng(seed)
    for _ in range(12):
        offspring = mutate(population, rng.random((4, DRAWS)), allowed=sorted(codes))
        population = numbered(population, offspring, record)
    seen = {node.activation for genome in population for node in genome.hidden}
    assert seen <= {NAMES[code - 1] for code in codes}
    assert {node.activation for genome in population for node in (*genome.inputs, *genome.outputs)} == {"linear"}


def test_new_nodes_take_every_allowed_activation_alike() -> None:
    numbers = sweep(1000)
    numbers[:, -1] = numbers[:, -2]
    children, _ = children_of(FULL[0], numbers, probabilities=ONLY["add_node"])
    counts = Counter(child.hidden[0].activation for child in children)
    assert counts == dict.fromkeys((NAMES[code - 1] for code in ALLOWED), 100)


def test_every_change_but_a_dead_end_can_be_felt_in_the_outputs() -> None:
    """The 2019 release's mutations could silently do nothing; here most changes show in what the network computes."""
    population = grown(60, steps=12)
    offspring = mutate(population, np.random.default_rng(5).random((60, DRAWS)))
    children = freshly_numbered(population, offspring)
    inputs = np.random.default_rng(6).normal(size=(20, 5))
    felt = [
        not np.array_equal(outputs_by_recursion(a, inputs, 0.7), outputs_by_recursion(b, inputs, 0.7))
        for a, b in zip(population, children, strict=True)
    ]
    assert np.mean(felt) > 0.5


def crossed(population: Population, fitter: list[int], other: list[int], numbers: np.ndarray) -> Population:
    genes = cross(population.genes, np.array(fitter), np.array(other), numbers, shape(population)[1])
    return Population(population.n_inputs, population.n_outputs, genes)


def relatives(n: int, seed: int) -> Population:
    """Genomes of one run, with many genes in common and many not."""
    population = Population.minimal(3, 2, np.random.default_rng(seed).random((n, 8)) < 0.6)
    record = record_of(population)
    *_, population = generations(population, record, 10, seed)
    parents = [i // 4 * 4 for i in range(n)]
    offspring = mutate(population, np.random.default_rng(seed).random((n, DRAWS)), parents=parents)
    *_, population = generations(numbered(population, offspring, record), record, 6, seed + 1)
    return population


def test_crossover_mixes_matching_genes_only() -> None:
    population = relatives(16, seed=3)
    parents = list(population)
    rng = np.random.default_rng(0)
    pairs = [(a, b) for a in range(16) for b in range(16) if a != b]
    numbers = rng.random((len(pairs), 200))
    children = crossed(population, [a for a, _ in pairs], [b for _, b in pairs], numbers)
    mixed = Counter()
    for (a, b), child in zip(pairs, children, strict=True):
        fitter, other = parents[a], parents[b]
        assert [node.id for node in child.nodes] == [node.id for node in fitter.nodes]
        structure = [(gene.innovation, gene.source, gene.target) for gene in fitter.connections]
        assert [(gene.innovation, gene.source, gene.target) for gene in child.connections] == structure
        flags = {gene.innovation: gene.enabled for gene in other.connections}
        for before, after in zip(fitter.connections, child.connections, strict=True):
            assert after.enabled in (before.enabled, flags.get(before.innovation, before.enabled))
            if flags.get(before.innovation, before.enabled) != before.enabled:
                mixed["gene", after.enabled == before.enabled] += 1
        names = {node.id: node.activation for node in other.nodes}
        for before, after in zip(fitter.nodes, child.nodes, strict=True):
            assert after.activation in (before.activation, names.get(before.id, before.activation))
            if names.get(before.id, before.activation) != before.activation:
                mixed["node", after.activation == before.activation] += 1
    for kind in ("gene", "node"):  # either parent's with equal chance
        kept, taken = mixed[kind, True], mixed[kind, False]
        assert kept + taken > 50
        assert abs(kept - taken) < 4 * np.sqrt(kept + taken)


@pytest.mark.parametrize(("number", "source"), [(0.0, "other"), (0.4999, "other"), (0.5, "fitter"), (0.9999, "fitter")])
def test_a_draw_below_a_half_takes_the_other_parents_gene(number: float, source: str) -> None:
    population = relatives(16, seed=3)
    for a, b in ((0, 1), (5, 6), (1, 0), (3, 12)):
        child = crossed(population, [a], [b], np.full((1, 200), number))[0]
        fitter, other = population[a], population[b]
        if source == "fitter":
            assert child == fitter
        flags = {gene.innovation: gene.enabled for gene in other.connections}
        names = {node.id: node.activation for node in other.nodes}
        if source == "other":
            assert [gene.enabled for gene in child.connections] == [
                flags.get(gene.innovation, gene.enabled) for gene in fitter.connections
            ]
            assert [node.activation for node in child.nodes] == [
                names.get(node.id, node.activation) for node in fitter.nodes
            ]


def test_crossing_with_oneself_gives_a_copy_and_leaves_the_parents_alone() -> None:
    population = relatives(8, seed=1)
    before = list(population)
    children = crossed(population, list(range(8)), list(range(8)), np.random.default_rng(0).random((8, 200)))
    assert list(children) == before
    assert list(population) == before


def test_the_operator_codes_follow_their_names() -> None:
    assert OPERATORS[ADD_CONNECTION] == "add_connection"
    assert len(ALLOWED) == 10
