"""What evolves: node genes and connection genes, and the rules that a genome keeps."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import Annotated, Literal

import msgspec

from wann.activations import NAMES
from wann.errors import UserError, suggestion

Kind = Literal["bias", "input", "output", "hidden"]
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_KIND_ORDER: dict[Kind, int] = {"bias": 0, "input": 1, "output": 2, "hidden": 3}


class NodeGene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node: ``id`` is its name in every genome of a run, ``activation`` one of ``wann.activations.NAMES``."""

    id: Number
    kind: Kind
    activation: str = "linear"


class ConnectionGene(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A connection from node ``source`` to node ``target``.

    The same ``innovation`` number in two genomes means that both found the same change (Stanley & Miikkulainen
    2002, section 3.2). ``weight`` is None as long as the connection carries the network's shared weight.
    """

    innovation: Number
    source: Number
    target: Number
    enabled: bool = True
    weight: float | None = None


class Genome(msgspec.Struct, frozen=True):
    """A genotype: node genes (bias, inputs, outputs, hidden nodes by age) and connection genes by age.

    A genome is checked when it is made.

    Raises:
        UserError: The genes break a rule: duplicate or dangling ids, an unknown activation, a cycle, a connection
            into an input or out of an output, or weights on some connections only.
    """

    nodes: tuple[NodeGene, ...]
    connections: tuple[ConnectionGene, ...]

    def __post_init__(self) -> None:
        _check_nodes(self.nodes)
        _check_connections(self.nodes, self.connections)
        _check_weights(self.connections)

    @property
    def inputs(self) -> tuple[NodeGene, ...]:
        """The input nodes, without the bias."""
        return tuple(node for node in self.nodes if node.kind == "input")

    @property
    def outputs(self) -> tuple[NodeGene, ...]:
        """The output nodes."""
        return tuple(node for node in self.nodes if node.kind == "output")

    @property
    def hidden(self) -> tuple[NodeGene, ...]:
        """The hidden nodes, oldest first."""
        return tuple(node for node in self.nodes if node.kind == "hidden")

    @property
    def enabled(self) -> tuple[ConnectionGene, ...]:
        """The connections that the network expresses."""
        return tuple(gene for gene in self.connections if gene.enabled)

    @property
    def weighted(self) -> bool:
        """Whether every connection carries a weight of its own."""
        return bool(self.connections) and self.connections[0].weight is not None


def _repeated(values: Iterable[object]) -> list[object]:
    several = list(values)
    if len(set(several)) == len(several):
        return []
    return [value for value, count in Counter(several).items() if count > 1]


def _check_nodes(nodes: tuple[NodeGene, ...]) -> None:
    if repeated := _repeated(node.id for node in nodes):
        raise UserError(f"node ids must differ, but {repeated[0]} is there twice")
    order = [_KIND_ORDER[node.kind] for node in nodes]
    if order != sorted(order) or order.count(0) != 1 or not {1, 2} <= set(order):
        got = ", ".join(f"{len(list(run))} {kind}" for kind, run in groupby(node.kind for node in nodes))
        raise UserError(
            "nodes must be one bias, then inputs, outputs and hidden nodes, at least one input and output, "
            f"got {textwrap.shorten(got, 100) or 'no node'}"
        )
    for node in nodes:
        if node.activation not in NAMES:
            hint = suggestion(node.activation, NAMES)
            raise UserError(f"node {node.id} has the unknown activation {node.activation!r}: {hint}")
        if node.kind in ("bias", "input") and node.activation != "linear":
            raise UserError(
                f"node {node.id} is a {node.kind}: its activation must be 'linear', not {node.activation!r}"
            )


def _check_connections(nodes: tuple[NodeGene, ...], connections: tuple[ConnectionGene, ...]) -> None:
    kinds = {node.id: node.kind for node in nodes}
    for gene in connections:
        source, target = kinds.get(gene.source), kinds.get(gene.target)
        if source is None or target is None:
            missing = gene.source if source is None else gene.target
            raise UserError(f"connection {gene.innovation} names node {missing}, which is not in the genome")
        if source == "output" or target in ("bias", "input"):
            raise UserError(
                f"connection {gene.innovation} runs from {source} to {target}: "
                "it must start at a bias, input or hidden node and end at a hidden or output node"
            )
    if repeated := _repeated(gene.innovation for gene in connections):
        raise UserError(f"innovation numbers must differ, but {repeated[0]} is there twice")
    if repeated := _repeated((gene.source, gene.target) for gene in connections):
        raise UserError(f"two nodes have at most one connection, but {repeated[0]} is there twice")
    predecessors: dict[int, list[int]] = {node.id: [] for node in nodes if node.kind == "hidden"}
    for gene in connections:  # a cycle has hidden nodes only
        if gene.source in predecessors and gene.target in predecessors:
            predecessors[gene.target].append(gene.source)
    try:
        TopologicalSorter(predecessors).prepare()
    except CycleError as error:
        cycle = textwrap.shorten(str(error.args[1]), 100)
        raise UserError(f"the connections must not form a cycle, but these nodes do: {cycle}") from None


def _check_weights(connections: tuple[ConnectionGene, ...]) -> None:
    weights = [gene.weight for gene in connections if gene.weight is not None]
    if weights and len(weights) != len(connections):
        raise UserError(f"{len(weights)} of {len(connections)} connections have a weight: expected all or none")
    for gene in connections:
        if gene.weight is not None and not math.isfinite(gene.weight):
            raise UserError(f"connection {gene.innovation} has the weight {gene.weight}: expected a finite number")
