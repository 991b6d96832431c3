"""Network files: read strictly, written the same in every process; and the network that can be called."""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import genomes, grown, outputs_by_recursion

from wann.activations import evaluate
from wann.champion import Champion, Network, NetworkScores, read_champion, versions
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene

INPUTS = ("x", "x'", "cos θ", "sin θ", "θ'")


def champion(genome: Genome, **kwargs: Any) -> Champion:
    labels = tuple(f"in {i}" for i in range(len(genome.inputs))), tuple(f"out {i}" for i in range(len(genome.outputs)))
    given = {"inputs": labels[0], "outputs": labels[1], **kwargs}
    return Champion(nodes=genome.nodes, connections=genome.connections, **given)


def weighted(genome: Genome, seed: int = 0) -> Genome:
    weights = np.random.default_rng(seed).normal(size=len(genome.connections)).tolist()
    genes = zip(genome.connections, weights, strict=True)
    return Genome(genome.nodes, tuple(ConnectionGene(g.innovation, g.source, g.target, g.enabled, w) for g, w in genes))


@st.composite
def champions(draw: st.DrawFn) -> Champion:
    """A genome grown by a few mutations, with labels, scores and provenance."""
    n_inputs, n_outputs = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    grown_by = draw(st.integers(1, 25))
    genome = grown(1, n_inputs=n_inputs, n_outputs=n_outputs, steps=grown_by, seed=draw(st.integers(0, 1000)))[0]
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    number = st.floats(allow_nan=False, allow_infinity=False)
    numbers = st.lists(number, max_size=3).map(tuple)
    scores = st.builds(NetworkScores, mean=number, weights=numbers, means=numbers, trials=st.integers(1, 100))
    leaf = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | number | text
    return champion(
        weighted(genome, draw(st.integers(0, 99))) if draw(st.booleans()) else genome,
        task=draw(st.none() | text),
        inputs=tuple(draw(text) for _ in range(n_inputs)),
        outputs=tuple(draw(text) for _ in range(n_outputs)),
        scores=draw(st.none() | scores),
        provenance=draw(st.dictionaries(text, st.recursive(leaf, lambda inner: st.lists(inner, max_size=3)))),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("champion")


@given(champions())
def test_a_file_gives_the_same_champion_again(folder: Path, chosen: Champion) -> None:
    chosen.save(folder / "a.json")
    again = read_champion(folder / "a.json")
    assert again == chosen
    assert again.genome == chosen.genome
    assert again.encode() == chosen.encode() == (folder / "a.json").read_bytes()


def sample() -> Champion:
    scores = NetworkScores(mean=1.5, weights=(-1.0, 1.0), means=(1.0, 2.0), trials=4)
    return champion(grown(1, steps=30)[0], task="swingup", inputs=INPUTS, outputs=("force",), scores=scores)


def test_the_bytes_are_the_same_in_another_process(tmp_path: Path) -> None:
    sample().save(tmp_path / "a.json")
    code = f"import sys; from wann.champion import *; read_champion({str(tmp_path / 'a.json')!r}).save(sys.argv[1])"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, tmp_path / "b.json"], check=True, env=environment)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_file_is_for_people_too_a_gene_a_line() -> None:
    text = sample().encode().decode()
    assert text.startswith('{\n  "format": "wann-network",\n  "version": 1,\n  "task": "swingup",\n  "inputs": ["x", ')
    genome = sample().genome
    lines = text.splitlines()
    assert sum(line.startswith('    {"id": ') for line in lines) == len(genome.nodes)
    assert sum(line.startswith('    {"innovation": ') for line in lines) == len(genome.connections)
    assert "cos θ" in text
    assert text.endswith("}\n")
    assert len(json.loads(text)["nodes"]) == len(genome.nodes)


def test_versions_name_what_a_result_was_made_with() -> None:
    assert set(versions()) == {"python", "wann", "numpy", "numba"}
    assert versions()["numpy"] == np.__version__


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weight", [-2.0, 0.0, 0.5, 1.0])
def test_the_network_agrees_with_the_definition(seed: int, weight: float) -> None:
    genome = grown(1, n_inputs=3, n_outputs=2, steps=40, seed=seed)[0]
    network = champion(genome).network
    batch = np.random.default_rng(seed).normal(size=(40, 3))
    expected = outputs_by_recursion(genome, batch, weight)
    assert network(batch, weight).shape == (40, 2)
    np.testing.assert_allclose(network(batch, weight=weight), expected, rtol=0, atol=1e-6)
    for row, one in zip(batch[:5], network(batch, weight), strict=False):
        assert network(row, weight).shape == (2,)
        np.testing.assert_array_equal(network(row.tolist(), weight), one)


@pytest.mark.parametrize("seed", range(6))
def test_own_weights_agree_with_the_definition(seed: int) -> None:
    genome = weighted(grown(1, n_inputs=3, n_outputs=2, steps=40, seed=seed)[0], seed)
    batch = np.random.default_rng(seed).normal(size=(40, 3))
    expected = outputs_by_recursion(genome, batch, None)
    np.testing.assert_allclose(champion(genome).network(batch), expected, rtol=0, atol=1e-6)
    shared = outputs_by_recursion(genome, batch, 0.5)
    np.testing.assert_allclose(champion(genome).network(batch, 0.5), shared, rtol=0, atol=1e-6)


def test_the_network_by_hand() -> None:
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "hidden", "relu"))
    edges = (ConnectionGene(0, 0, 2), ConnectionGene(1, 1, 3), ConnectionGene(2, 3, 2), ConnectionGene(3, 1, 2, False))
    network = champion(Genome(nodes, edges)).network
    assert network([3.0], weight=2.0).tolist() == [2.0 * (1.0 + 2.0 * 3.0)]
    assert network([[3.0], [-3.0]], weight=2.0).tolist() == [[14.0], [2.0]]
    assert network(np.empty((0, 1)), weight=2.0).shape == (0, 1)


def test_an_empty_network_gives_zero() -> None:
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
    assert champion(Genome(nodes, ())).network([5.0], weight=2.0).tolist() == [0.0]


@pytest.mark.parametrize("shape", [(4,), (2, 4), (1, 1, 5), ()])
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x must be \(5,\) or \(batch, 5\), got"):
        sample().network(np.zeros(shape), 1.0)


def test_a_missing_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weight is missing"):
        sample().network(np.zeros(5))


Change = Callable[[dict[str, Any]], object]


def shaped(change: Change) -> bytes:
    content = json.loads(sample().encode())
    change(content)
    return json.dumps(content).encode()


def loop(content: dict[str, Any]) -> None:
    """Turns an edge between two hidden nodes around, beside the one that is there."""
    hidden = {node["id"] for node in content["nodes"] if node["kind"] == "hidden"}
    edge = next(gene for gene in content["connections"] if {gene["source"], gene["target"]} <= hidden)
    content["connections"].append({"innovation": 999, "source": edge["target"], "target": edge["source"]})


WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not a network file"),
    "text": (b"hello", "is not a network file"),
    "truncated": (sample().encode()[:500], "is not a network file"),
    "list": (b"[]", "is not a network file"),
    "nested": (b"[" * 100_000, "is not a network file"),
    "nested deeper": (b'{"format": ' * 100_000, "is not a network file"),
    "nested in the middle": (
        shaped(lambda c: c.update(provenance=0)).replace(b": 0}", b": " + b"[" * 10**5),
        "recursion",
    ),
    "pickle": (pickle.dumps({"format": "wann-network"}), "is not a network file"),
    "not UTF-8": (sample().encode().replace("θ".encode(), b"\xff"), "utf-8"),
    "another format": (shaped(lambda c: c.update(format="gltf")), "expected the format 'wann-network', got 'gltf'"),
    "no format": (shaped(lambda c: c.pop("format")), "missing required field `format`"),
    "another version": (
        shaped(lambda c: c.update(version=2)),
        "version 2 of the network format; this wann reads version 1",
    ),
    "version text": (shaped(lambda c: c.update(version="1")), "Expected `int`, got `str`"),
    "unknown field": (shaped(lambda c: c.update(extra=1)), "unknown field `extra`"),
    "no nodes": (shaped(lambda c: c.update(nodes=[], inputs=[], outputs=[])), "got no node"),
    "missing nodes": (shaped(lambda c: c.pop("nodes")), "missing required field `nodes`"),
    "few labels": (shaped(lambda c: c["inputs"].pop()), "4 input labels for 5 input nodes"),
    "many labels": (shaped(lambda c: c["outputs"].append("y")), "2 output labels for 1 output nodes"),
    "cycle": (shaped(loop), "must not form a cycle"),
    "dangling": (shaped(lambda c: c["connections"][0].update(source=99)), "names node 99, which is not in the genome"),
    "node twice": (shaped(lambda c: c["nodes"].append(c["nodes"][-1])), "node ids must differ"),
    "connection twice": (
        shaped(lambda c: c["connections"].append(c["connections"][0])),
        "must differ, but 0 is there twice",
    ),
    "unknown activation": (shaped(lambda c: c["nodes"][-1].update(activation="tan")), "did you mean 'tanh'"),
    "unknown kind": (shaped(lambda c: c["nodes"][-1].update(kind="memory")), "Invalid enum value 'memory'"),
    "NaN": (shaped(lambda c: c["connections"][0].update(weight=math.nan)), "malformed"),
    "Infinity": (shaped(lambda c: c["scores"].update(mean=math.inf)), "malformed"),
    "beyond floats": (shaped(lambda c: c["scores"].update(mean=7)).replace(b"7,", b"1e999,", 1), "out of range"),
    "some weights": (
        shaped(lambda c: c["connections"][0].update(weight=1.0)),
        "connections have a weight: expected all",
    ),
    "huge id": (shaped(lambda c: c["nodes"][-1].update(id=2**53)), "Expected `int` <"),
    "negative id": (shaped(lambda c: c["nodes"][-1].update(id=-1)), "Expected `int` >= 0"),
    "id of 6000 digits": (
        shaped(lambda c: c["nodes"][-1].update(id=777)).replace(b"777", b"7" * 6000),
        "out of range|Expected",
    ),
    "fraction id": (shaped(lambda c: c["nodes"][-1].update(id=1.5)), "Expected `int`, got `float`"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        read_champion(tmp_path / "a.json")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "a.json"))


def test_the_unchanged_sample_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(shaped(lambda c: None))
    assert read_champion(tmp_path / "a.json") == sample()


def test_a_flipped_bit_gives_a_valid_network_or_one_clear_line(tmp_path: Path) -> None:
    data = sample().encode()
    messages: list[str] = []
    for at in range(len(data)):
        (tmp_path / "a.json").write_bytes(data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
        try:
            changed = read_champion(tmp_path / "a.json")
            if at % 10 == 0:
                changed.network(np.ones(len(changed.inputs)), 1.0)
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > len(data) / 2
    assert not any("\n" in message for message in messages)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = sample().encode().rstrip()
    for size in range(0, len(data), 9):
        (tmp_path / "a.json").write_bytes(data[:size])
        with pytest.raises(UserError):
            read_champion(tmp_path / "a.json")


@given(genomes())
def test_the_nodes_of_a_network_name_its_values(genome: Genome) -> None:
    network, x = Network(genome), np.linspace(-1, 1, len(genome.inputs))
    values = dict(zip(network.nodes, network.activations(x, 0.7).tolist(), strict=True))
    assert values[genome.nodes[0].id] == 1.0
    assert [values[node.id] for node in genome.inputs] == x.tolist()
    assert [values[node.id] for node in genome.outputs] == network(x, 0.7).tolist()
    for node in genome.hidden:
        if node.id in values:
            total = sum(values[gene.source] for gene in genome.enabled if gene.target == node.id)
            assert values[node.id] == pytest.approx(float(evaluate(node.activation, np.array(0.7 * total))), abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "words"), [(621.64, ", mean return 621.6"), (-0.519, ", mean return -0.519"), (None, "")]
)
def test_the_summary_tells_size_and_shared_return(mean: float | None, words: str) -> None:
    genome = grown(1, steps=12)[0]
    scores = None if mean is None else NetworkScores(mean=mean, weights=(1.0,), means=(mean,), trials=1)
    size = f"{len(genome.enabled)} connections"
    assert champion(genome, scores=scores).summary == size + words
    assert champion(weighted(genome), scores=scores).summary == size, "the scores are not those of its own weights"
