from __future__ import annotations

from pathlib import Path

import networkx
import pydot
import pytest
from exports import champion_of, grown_genome, single, weighted

from wann.champion import Champion
from wann.export import write
from wann.export.graph import graph


def champion() -> Champion:
    return champion_of(weighted(grown_genome(4, steps=16), 0))


@pytest.mark.parametrize("disabled", [False, True])
def test_the_graph_has_the_genome_with_its_attributes(disabled: bool) -> None:
    network = graph(champion(), disabled=disabled)
    genome = champion().genome
    assert {(n, d["kind"], d["activation"]) for n, d in network.nodes(data=True)} == {
        (node.id, node.kind, node.activation) for node in genome.nodes
    }
    assert {(a, b, d["innovation"], d["enabled"], d["weight"]) for a, b, d in network.edges(data=True)} == {
        (gene.source, gene.target, gene.innovation, gene.enabled, gene.weight)
        for gene in (genome.connections if disabled else genome.enabled)
    }
    assert [d["label"] for _, d in network.nodes(data=True) if d["kind"] == "input"] == list(champion().inputs)
    assert networkx.is_directed_acyclic_graph(network)


def test_a_shared_weight_is_no_attribute() -> None:
    assert "weight" not in graph(champion_of(single("tanh"))).edges[1, 2]


def test_graphml_is_read_again(tmp_path: Path) -> None:
    write(champion(), "networkx", out=tmp_path / "net.graphml")
    read = networkx.read_graphml(tmp_path / "net.graphml", node_type=int)
    assert dict(read.nodes) == dict(graph(champion()).nodes)
    assert dict(read.edges) == dict(graph(champion()).edges)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")
@pytest.mark.parametrize("suffix", [".dot", ".gv"])
def test_dot_is_read_by_another_parser(suffix: str, tmp_path: Path) -> None:
    write(champion(), "networkx", out=tmp_path / f"net{suffix}")
    (read,) = pydot.graph_from_dot_data((tmp_path / f"net{suffix}").read_text())
    expected = graph(champion())
    nodes = {int(node.get_name()): node.get_attributes() for node in read.get_nodes()}
    assert {n: d["activation"] for n, d in nodes.items()} == {
        n: f'"{name}"' for n, name in expected.nodes(data="activation")
    }
    edges = {(int(edge.get_source()), int(edge.get_destination())): edge.get_attributes() for edge in read.get_edges()}
    assert {ends: float(d["own_weight"].strip('"')) for ends, d in edges.items()} == {
        (a, b): weight for a, b, weight in expected.edges(data="weight")
    }


def test_labels_that_no_format_can_hold_are_made_harmless(tmp_path: Path) -> None:
    odd = single("tanh")
    labelled = Champion(inputs=('\x00"\\\n]',), outputs=("\x0b<&",), nodes=odd.nodes, connections=odd.connections)
    write(labelled, "networkx", out=tmp_path / "net.graphml")
    write(labelled, "networkx", out=tmp_path / "net.dot")
    assert networkx.read_graphml(tmp_path / "net.graphml", node_type=int).nodes[2]["label"] == "\ufffd<&"
    assert len(pydot.graph_from_dot_file(str(tmp_path / "net.dot"))[0].get_nodes()) == 3
