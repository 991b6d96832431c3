"""A network as a networkx graph, and as GraphML and DOT files."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.champion import Champion

if TYPE_CHECKING:
    from wann.export import Request

_SHAPES = {"bias": "diamond", "input": "box", "output": "box", "hidden": "ellipse"}
_NOT_IN_XML = r"[^\t\n\r -\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]"


def files(request: Request) -> dict[Path, bytes]:
    """The file to write: GraphML or DOT, as its suffix says."""
    text = _graphml if request.out.suffix == ".graphml" else _dot
    return {request.out: text(graph(request.champion))}


def details(request: Request) -> dict[str, Any]:
    """How large the graph is."""
    genome = request.champion.genome
    return {"nodes": len(genome.nodes), "edges": len(genome.enabled)}


def graph(champion: Champion, *, disabled: bool = False) -> Any:
    """A network as a ``networkx.DiGraph``.

    Nodes are the node ids, with ``kind``, ``activation`` and, for inputs and outputs, ``label``; edges have
    ``innovation``, ``enabled`` and, where connections have weights of their own, ``weight``. The graph's attribute
    ``task`` names the task.

    Args:
        champion: The network.
        disabled: Include disabled connections.
    """
    import networkx

    genome = champion.genome
    named = zip((*genome.inputs, *genome.outputs), (*champion.inputs, *champion.outputs), strict=True)
    labels = {node.id: label for node, label in named}
    result = networkx.DiGraph(task=champion.task or "")
    for node in genome.nodes:
        label = {"label": labels[node.id]} if node.id in labels else {}
        result.add_node(node.id, kind=node.kind, activation=node.activation, **label)
    for gene in genome.connections:
        if gene.enabled or disabled:
            weight = {} if gene.weight is None else {"weight": gene.weight}
            result.add_edge(gene.source, gene.target, innovation=gene.innovation, enabled=gene.enabled, **weight)
    return result


def _graphml(network: Any) -> bytes:
    import networkx

    for attributes in (network.graph, *(data for _, data in network.nodes(data=True))):
        for name, value in attributes.items():
            attributes[name] = re.sub(_NOT_IN_XML, "\N{REPLACEMENT CHARACTER}", value)
    buffer = BytesIO()
    networkx.write_graphml_xml(network, buffer)
    return buffer.getvalue() + b"\n"


def _dot(network: Any) -> bytes:
    lines = ["digraph wann {", "  rankdir=LR;"]
    for node, data in network.nodes(data=True):
        label = data.get("label", data["kind"] if data["kind"] == "bias" else data["activation"])
        shown = {"label": label, "shape": _SHAPES[data["kind"]]}
        lines.append(f"  {node} [{_attributes({**data, **shown})}];")
    for source, target, data in network.edges(data=True):
        lines.append(f"  {source} -> {target} [{_attributes({_renamed(name): data[name] for name in data})}];")
    return ("\n".join([*lines, "}"]) + "\n").encode()


def _renamed(name: str) -> str:
    """Graphviz takes an edge's ``weight`` for a wish on the layout, and refuses a negative one."""
    return "own_weight" if name == "weight" else name


def _attributes(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(value: Any) -> str:
    """A value as a DOT string: backslashes and quotes escaped, line breaks and other control characters replaced."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
