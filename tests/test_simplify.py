from __future__ import annotations

import numpy as np
import pytest
from exports import champion_of, observations, weighted
from hypothesis import given
from hypothesis import strategies as st
from strategies import genomes

from wann.activations import NAMES, evaluate
from wann.champion import Champion, NetworkScores
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.simplify import ZERO_AT_ZERO, simplify


def net(hidden: dict[int, str], *connections: tuple[int, int, float | None]) -> Champion:
    """Bias 0, inputs 1 and 2, output 3, and hidden nodes."""
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "input"), NodeGene(3, "output", "tanh"))
    nodes += tuple(NodeGene(i, "hidden", name) for i, name in hidden.items())
    genes = tuple(ConnectionGene(i, a, b, weight=weight) for i, (a, b, weight) in enumerate(connections))
    return champion_of(Genome(nodes, genes))


def shared(hidden: dict[int, str], *connections: tuple[int, int]) -> Champion:
    return net(hidden, *((a, b, None) for a, b in connections))


def test_these_functions_are_zero_at_zero() -> None:
    assert {name for name in NAMES if evaluate(name, 0.0) == 0.0} == ZERO_AT_ZERO


@given(genomes(), st.sampled_from([-2.0, -0.3, 0.0, 1.0, 1.7]))
def test_the_outputs_stay_bit_for_bit(genome: Genome, weight: float) -> None:
    champion = champion_of(genome)
    simple, _ = simplify(champion)
    x = observations(champion, 9)
    with np.errstate(all="ignore"):
        before, after = champion.network(x, weight), simple.network(x, weight)
    finite = np.isfinite(champion.network.activations(x, weight)).all(axis=1)
    np.testing.assert_array_equal(after[finite] + 0.0, before[finite] + 0.0)
    assert after[finite].tobytes() == before[finite].tobytes()


@given(genomes(weighted=True))
def test_the_outputs_with_own_weights_stay_bit_for_bit(genome: Genome) -> None:
    if not genome.weighted:
        return
    champion = champion_of(genome)
    simple, _ = simplify(champion)
    x = observations(champion, 9)
    finite = np.isfinite(champion.network.activations(x)).all(axis=1)
    assert simple.network(x)[finite].tobytes() == champion.network(x)[finite].tobytes()


@given(genomes(weighted=True))
def test_nothing_more_can_be_removed(genome: Genome) -> None:
    once, _ = simplify(champion_of(genome))
    twice, report = simplify(once)
    assert twice.genome == once.genome
    assert report.nodes[0] == report.nodes[1]


@given(genomes(weighted=True), st.integers(0, 2**32 - 1))
def test_merging_keeps_the_outputs_up_to_rounding(genome: Genome, seed: int) -> None:
    smooth = tuple(
        NodeGene(node.id, node.kind, "tanh" if node.kind == "hidden" and node.id % 2 else "linear")
        for node in genome.nodes
    )
    champion = champion_of(weighted(Genome(smooth, genome.connections), seed))
    if not champion.genome.weighted:
        return
    simple, report = simplify(champion, merge_linear=True)
    x = observations(champion, 9)
    np.testing.assert_allclose(simple.network(x), champion.network(x), rtol=1e-12, atol=1e-12)
    assert report.connections[1] <= report.connections[0]


def test_what_cannot_matter_goes_and_is_reported() -> None:
    champion = shared(
        {4: "tanh", 5: "abs", 6: "relu", 7: "gaussian", 8: "sin"},
        (0, 3),
        (1, 4),  # 4 leads to 5 alone, and 5 nowhere
        (4, 5),
        (6, 8),  # nothing leads to 6, which leads to 8 alone
        (8, 3),
        (7, 3),  # nothing leads to 7, but it is 1
    )
    simple, report = simplify(champion)
    assert [node.id for node in simple.genome.hidden] == [7]
    assert [(gene.source, gene.target) for gene in simple.connections] == [(0, 3), (7, 3)]
    assert (report.nodes, report.connections) == ((5, 1), (6, 2))
    assert sorted(report.dead_ends) == [4, 5]
    assert sorted(report.zeros) == [6, 8]
    assert (report.disabled, report.zero_weights, report.merged) == (0, 0, ())


def test_disabled_connections_go() -> None:
    champion = shared({4: "tanh"}, (1, 3), (1, 4))
    genes = champion.connections[0], ConnectionGene(5, 2, 3, enabled=False), ConnectionGene(6, 4, 3, enabled=False)
    simple, report = simplify(champion_of(Genome(champion.nodes, genes)))
    assert (simple.connections, report.disabled, report.dead_ends) == (champion.connections[:1], 2, (4,))


def test_a_linear_node_under_a_shared_weight_stays() -> None:
    champion = shared({4: "linear"}, (1, 4), (4, 3))
    assert simplify(champion)[0].genome == champion.genome
    with pytest.raises(UserError, match="merge_linear: expected connections with weights of their own"):
        simplify(champion, merge_linear=True)


def test_linear_and_inverse_nodes_with_own_weights_are_merged_on_request() -> None:
    champion = net({4: "linear", 5: "inverse"}, (1, 4, 2.0), (4, 5, 3.0), (5, 3, 0.5), (1, 3, 10.0), (2, 4, 1.0))
    assert simplify(champion)[0].genome == champion.genome
    simple, report = simplify(champion, merge_linear=True)
    assert [(gene.source, gene.target, gene.weight) for gene in simple.connections] == [(1, 3, 7.0), (2, 3, -1.5)]
    assert sorted(report.merged) == [4, 5]


def test_a_merge_that_takes_more_connections_is_left() -> None:
    into = [(source, 9, 1.0) for source in (0, 1, 2)]
    out = [(9, target, 1.0) for target in (5, 6, 7)]
    ends = [(source, 3, 1.0) for source in (5, 6, 7)]
    champion = net({9: "linear", 5: "tanh", 6: "abs", 7: "relu"}, *into, *out, *ends)
    assert simplify(champion, merge_linear=True)[0].genome == champion.genome


def test_connections_of_weight_zero_go_where_weights_are_their_own() -> None:
    champion = net({4: "tanh"}, (1, 4, 1.0), (4, 3, -0.0), (1, 3, 2.0))
    simple, report = simplify(champion)
    assert [(gene.source, gene.target) for gene in simple.connections] == [(1, 3)]
    assert (report.zero_weights, report.dead_ends) == (1, (4,))


def test_a_network_with_own_weights_none_of_which_matters_is_left() -> None:
    champion = net({4: "tanh"}, (1, 4, 1.0), (1, 3, 0.0))
    simple, report = simplify(champion)
    assert simple == champion
    assert report.connections == (2, 2)


def test_scores_stay_unless_weights_decided() -> None:
    scores = NetworkScores(mean=1.0, weights=(1.0,), means=(1.0,), trials=1)
    for zero, expected in ((1.0, scores), (0.0, None)):
        champion = net({4: "tanh"}, (1, 4, 1.0), (2, 3, zero), (1, 3, 2.0))
        known = Champion(
            inputs=champion.inputs,
            outputs=champion.outputs,
            nodes=champion.nodes,
            connections=champion.connections,
            scores=scores,
            provenance={"seed": 3},
        )
        simple, report = simplify(known)
        assert simple.scores == expected
        assert simple.provenance["seed"] == 3
        assert simple.provenance["simplified"]["dead_ends"] == list(report.dead_ends) == [4]


def test_the_simple_network_is_a_network_of_its_own() -> None:
    champion = shared({4: "tanh"}, (1, 3), (1, 4))
    champion.network([1.0, 2.0], 1.0)
    assert simplify(champion)[0].network.activations([1.0, 2.0], 1.0).shape == (4,)
