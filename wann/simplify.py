"""Remove from a network what cannot matter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import msgspec

from wann.activations import NAMES
from wann.champion import Champion
from wann.errors import UserError
from wann.files import writing
from wann.genome import ConnectionGene, Genome
from wann.runs import load

ZERO_AT_ZERO = frozenset(NAMES) - {"gaussian", "sigmoid", "cos"}
"""Activation functions that are 0 at 0: a node without sources is then 0, whatever the weight."""
_SIGNS = {"linear": 1.0, "inverse": -1.0}


class Simplification(msgspec.Struct, frozen=True):
    """What was removed from a network, and why."""

    nodes: tuple[int, int]
    """How many hidden nodes there were, and are."""
    connections: tuple[int, int]
    """How many connection genes there were, and are."""
    disabled: int
    """Disabled connection genes."""
    dead_ends: tuple[int, ...]
    """Hidden nodes that no output depends on; ids."""
    zeros: tuple[int, ...]
    """Hidden nodes that are always 0: no bias or input leads to them, and their activation function is 0 at 0."""
    zero_weights: int
    """Connections whose own weight is 0."""
    merged: tuple[int, ...]
    """Linear and inverse nodes whose connections were joined."""


class _Draft:
    """A genome while it loses what cannot matter."""

    def __init__(self, genome: Genome) -> None:
        self.weighted = genome.weighted
        self.genes = {(gene.source, gene.target): gene for gene in genome.enabled}
        self.activations = {node.id: node.activation for node in genome.hidden}
        self.next_innovation = max((gene.innovation for gene in genome.connections), default=-1) + 1
        self.dead_ends: list[int] = []
        self.zeros: list[int] = []
        self.merged: list[int] = []
        self.zero_weights = 0

    def into(self, node: int) -> list[ConnectionGene]:
        return [gene for gene in self.genes.values() if gene.target == node]

    def out_of(self, node: int) -> list[ConnectionGene]:
        return [gene for gene in self.genes.values() if gene.source == node]

    def drop(self, genes: Iterable[ConnectionGene]) -> None:
        for gene in genes:
            del self.genes[gene.source, gene.target]

    def drop_zero_weights(self) -> None:
        zero = [gene for gene in self.genes.values() if gene.weight == 0.0]
        self.zero_weights += len(zero)
        self.drop(zero)

    def drop_node(self) -> bool:
        """Remove one node that cannot matter; False where there is none."""
        sources = {source for source, _ in self.genes}
        targets = {target for _, target in self.genes}
        for node, activation in self.activations.items():
            if node not in sources:
                self._remove(node, self.dead_ends)
                return True
            if node not in targets and activation in ZERO_AT_ZERO:
                self._remove(node, self.zeros)
                return True
        return False

    def _remove(self, node: int, record: list[int]) -> None:
        record.append(node)
        del self.activations[node]
        self.drop(self.into(node) + self.out_of(node))

    def merge(self) -> bool:
        """Join the connections of one linear or inverse node; False where none can go."""
        return any(self._merge(node) for node, name in self.activations.items() if name in _SIGNS)

    def _merge(self, node: int) -> bool:
        joined = self._joined(node)
        old = [*self.into(node), *self.out_of(node)]
        added = joined.keys() - self.genes.keys()
        if len(added) > len(old) or not all(math.isfinite(weight) for weight in joined.values()):
            return False
        for (source, target), weight in joined.items():
            gene = self.genes.get((source, target))
            if gene is None:
                gene = ConnectionGene(self.next_innovation, source, target)
                self.next_innovation += 1
            self.genes[source, target] = msgspec.structs.replace(gene, weight=weight)
        self._remove(node, self.merged)
        return True

    def _joined(self, node: int) -> dict[tuple[int, int], float]:
        """The weights of the connections that go past ``node``, with those that are there already."""
        sign = _SIGNS[self.activations[node]]
        joined = {}
        for before in self.into(node):
            for after in self.out_of(node):
                ends = before.source, after.target
                there = self.genes[ends].weight if ends in self.genes else 0.0
                assert before.weight is not None
                assert after.weight is not None
                assert there is not None
                joined[ends] = there + sign * before.weight * after.weight
        return joined


def simplify(champion: Champion, *, merge_linear: bool = False) -> tuple[Champion, Simplification]:
    """A network without what cannot matter.

    Removed are disabled connections, nodes that no output depends on, nodes that are always 0 because nothing leads
    to them, and connections whose own weight is 0. The outputs stay bit for bit the same, for every input and every
    finite weight for which all nodes are finite: sums keep their order, and lose nothing but zeros.

    A linear or inverse node under a shared weight w always matters (it multiplies by w once more) and stays. Where the
    connections have weights of their own, ``merge_linear`` puts their products in the place of such nodes, as long as
    that takes no more connections. The outputs then are the same up to rounding, which a step or a steep network can
    enlarge.

    A network with weights of its own keeps at least one connection: where none matters, nothing is removed. Its scores
    with a shared weight no longer hold once weights decided what to remove; they are left out then.

    Args:
        champion: The network.
        merge_linear: Replace linear nodes, too.

    Returns:
        The network, and what was removed.

    Raises:
        UserError: ``merge_linear`` is asked for, but the connections have no weights of their own.
    """
    genome = champion.genome
    if merge_linear and not genome.weighted:
        raise UserError(
            "merge_linear: expected connections with weights of their own; under a shared one every linear node matters"
        )
    draft = _Draft(genome)
    _run(draft, merge_linear)
    if genome.weighted and not draft.genes:
        return champion, _report(genome, genome, _Draft(genome), disabled=0)
    simple = _genome(genome, draft)
    report = _report(genome, simple, draft, len(genome.connections) - len(genome.enabled))
    by_weight = draft.zero_weights or draft.merged
    changes = {
        "nodes": simple.nodes,
        "connections": simple.connections,
        "scores": None if by_weight else champion.scores,
        "provenance": {**champion.provenance, "simplified": _plain(report)},
    }
    return Champion(**{**msgspec.structs.asdict(champion), **changes}), report


def _run(draft: _Draft, merge_linear: bool) -> None:
    """Remove until nothing more can go."""
    draft.drop_zero_weights()
    while draft.drop_node() or (merge_linear and draft.merge()):
        draft.drop_zero_weights()


def _genome(genome: Genome, draft: _Draft) -> Genome:
    nodes = tuple(node for node in genome.nodes if node.kind != "hidden" or node.id in draft.activations)
    return Genome(nodes, tuple(draft.genes.values()))


def _report(before: Genome, after: Genome, draft: _Draft, disabled: int) -> Simplification:
    return Simplification(
        nodes=(len(before.hidden), len(after.hidden)),
        connections=(len(before.connections), len(after.connections)),
        disabled=disabled,
        dead_ends=tuple(draft.dead_ends),
        zeros=tuple(draft.zeros),
        zero_weights=draft.zero_weights,
        merged=tuple(draft.merged),
    )


def _plain(report: Simplification) -> dict[str, object]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in msgspec.structs.asdict(report).items()}


def simplify_network(path: Path | str, *, out: Path | str, merge_linear: bool = False) -> Simplification:
    """Write a network without what cannot matter; see ``simplify``.

    Args:
        path: A network file, or a run folder for its champion.
        out: The network file to write.
        merge_linear: Replace linear nodes, too, where connections have weights of their own.

    Raises:
        UserError: The file is wrong, or the new one cannot be written.
    """
    champion, report = simplify(load(path), merge_linear=merge_linear)
    with writing(out):
        champion.save(out)
    return report
