from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from strategies import genomes

from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene

BIAS, INPUT, OUTPUT = NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output")
HIDDEN, OTHER = NodeGene(3, "hidden", "tanh"), NodeGene(4, "hidden", "sin")
BASE = (BIAS, INPUT, OUTPUT)
LARGEST = 2**53 - 1


def link(innovation: int, source: int, target: int, weight: float | None = None) -> ConnectionGene:
    return ConnectionGene(innovation, source, target, weight=weight)


@pytest.mark.parametrize(
    ("nodes", "connections", "message"),
    [
        ((*BASE, HIDDEN, HIDDEN), (), "node ids must differ, but 3 is there twice"),
        ((), (), "got no node"),
        ((INPUT, OUTPUT), (), "got 1 input, 1 output"),
        ((BIAS, NodeGene(9, "bias"), INPUT, OUTPUT), (), "got 2 bias, 1 input, 1 output"),
        ((BIAS, OUTPUT), (), "got 1 bias, 1 output"),
        ((BIAS, INPUT), (), "got 1 bias, 1 input"),
        ((INPUT, BIAS, OUTPUT), (), "got 1 input, 1 bias, 1 output"),
        ((BIAS, INPUT, HIDDEN, OUTPUT), (), "got 1 bias, 1 input, 1 hidden, 1 output"),
        ((*BASE, NodeGene(3, "hidden", "tanhh")), (), "node 3 has the unknown activation 'tanhh': did you mean 'tanh'"),
        ((*BASE, NodeGene(3, "hidden", "")), (), "node 3 has the unknown activation '': expected one of: abs, cos,"),
        (
            (BIAS, NodeGene(1, "input", "sin"), OUTPUT),
            (),
            "node 1 is a input: its activation must be 'linear', not 'sin'",
        ),
        (
            (NodeGene(0, "bias", "cos"), INPUT, OUTPUT),
            (),
            "node 0 is a bias: its activation must be 'linear', not 'cos'",
        ),
        (BASE, (link(7, 8, 2),), "connection 7 names node 8, which is not in the genome"),
        (BASE, (link(7, 0, 9),), "connection 7 names node 9, which is not in the genome"),
        (BASE, (link(7, 0, 1),), "connection 7 runs from bias to input"),
        ((*BASE, HIDDEN), (link(7, 3, 0),), "connection 7 runs from hidden to bias"),
        ((*BASE, HIDDEN), (link(7, 2, 3),), "connection 7 runs from output to hidden"),
        (BASE, (link(7, 2, 2),), "connection 7 runs from output to output"),
        (BASE, (link(7, 0, 2), link(7, 1, 2)), "innovation numbers must differ, but 7 is there twice"),
        (BASE, (link(7, 0, 2), link(8, 0, 2)), r"two nodes have at most one connection, but \(0, 2\) is there twice"),
        ((*BASE, HIDDEN), (link(7, 3, 3),), r"must not form a cycle, but these nodes do: \[3, 3\]"),
        ((*BASE, HIDDEN, OTHER), (link(7, 3, 4), link(8, 4, 3)), r"cycle, but these nodes do: \[(3, 4, 3|4, 3, 4)\]"),
        (BASE, (link(7, 0, 2, 0.5), link(8, 1, 2)), "1 of 2 connections have a weight: expected all or none"),
        (
            BASE,
            (link(7, 0, 2, math.nan), link(8, 1, 2, 1.0)),
            "connection 7 has the weight nan: expected a finite number",
        ),
        (BASE, (link(7, 0, 2, 1.0), link(8, 1, 2, -math.inf)), "connection 8 has the weight -inf"),
    ],
)
def test_a_broken_rule_is_a_user_error_that_names_what_came(nodes, connections, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        Genome(nodes, connections)
    assert "\n" not in str(caught.value)


def test_disabled_genes_keep_the_rules_too() -> None:
    loop = (ConnectionGene(7, 3, 4, enabled=False), ConnectionGene(8, 4, 3, enabled=False))
    with pytest.raises(UserError, match="cycle"):
        Genome((*BASE, HIDDEN, OTHER), loop)


def test_a_long_chain_is_checked_without_recursion() -> None:
    hidden = tuple(NodeGene(i, "hidden") for i in range(3, 5000))
    chain = tuple(link(i, i, i + 1) for i in range(3, 4999))
    assert len(Genome((*BASE, *hidden), chain).hidden) == 4997
    with pytest.raises(UserError, match="cycle") as caught:
        Genome((*BASE, *hidden), (*chain, link(9999, 4999, 3)))
    assert len(str(caught.value)) < 200


def test_ids_need_not_be_consecutive() -> None:
    assert Genome((*BASE, NodeGene(LARGEST, "hidden")), (link(LARGEST, LARGEST, 2),)).hidden[0].id == LARGEST


@given(genomes())
def test_views_show_the_genes_by_kind(genome: Genome) -> None:
    assert genome.nodes == (genome.nodes[0], *genome.inputs, *genome.outputs, *genome.hidden)
    assert {node.kind for node in genome.inputs} == {"input"}
    assert {node.kind for node in genome.outputs} == {"output"}
    assert {node.kind for node in genome.hidden} <= {"hidden"}
    assert genome.enabled == tuple(gene for gene in genome.connections if gene.enabled)
    assert not genome.weighted


@given(genomes())
def test_json_round_trip_is_the_identity(genome: Genome) -> None:
    assert msgspec.json.decode(msgspec.json.encode(genome), type=Genome) == genome


@given(genomes(weighted=True))
def test_json_round_trip_keeps_every_bit_of_the_weights(genome: Genome) -> None:
    again = msgspec.json.decode(msgspec.json.encode(genome), type=Genome)
    assert again == genome
    assert again.weighted == bool(genome.connections)
    assert [gene.weight.hex() for gene in again.connections] == [gene.weight.hex() for gene in genome.connections]


def test_a_file_with_a_broken_rule_is_refused() -> None:
    text = msgspec.json.encode({"nodes": [{"id": 0, "kind": "bias"}], "connections": []})
    with pytest.raises(ValueError, match="got 1 bias"):
        msgspec.json.decode(text, type=Genome)
    text = msgspec.json.encode({"nodes": [{"id": 0, "kind": "bias", "color": "red"}], "connections": []})
    with pytest.raises(ValueError, match="color"):
        msgspec.json.decode(text, type=Genome)


@pytest.mark.parametrize("number", ["-1", str(2**53), "1e2", "1.5", "null", '"1"', "99999999999999999999999"])
@pytest.mark.parametrize("gene", ['{"id": %s, "kind": "bias"}', '{"innovation": %s, "source": 0, "target": 1}'])
def test_a_file_with_a_number_that_is_no_id_is_refused(gene: str, number: str) -> None:
    kind = NodeGene if "kind" in gene else ConnectionGene
    with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
        msgspec.json.decode(gene % number, type=kind)
