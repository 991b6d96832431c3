"""What a topology figure shows: a genome, where its parts go, and their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wann.errors import UserError
from wann.figures.layout import Layout, layout
from wann.figures.style import LONGEST_LABEL, LONGEST_TITLE, clean
from wann.genome import ConnectionGene, Genome

_MANY_LINES = 150


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to draw; ``dense`` if so many lines run side by side that only their density can be seen."""

    genome: Genome
    layout: Layout
    labels: dict[int, str]
    title: str
    living: set[int]
    dense: bool
    strongest: float
    fresh: frozenset[int] = frozenset()
    """The innovations of connections that stand out as new."""

    @property
    def drawn(self) -> list[ConnectionGene]:
        """The connections that have a route."""
        return [gene for gene in self.genome.connections if gene.innovation in self.layout.routes]


def make_scene(genome: Genome, labels: dict[int, str], title: str, disabled: bool) -> Scene:
    """A genome with a layout of its own."""
    return place(genome, layout(genome, disabled), labels, title)


def place(genome: Genome, places: Layout, labels: dict[int, str], title: str) -> Scene:
    """A genome in a given layout, of which all routes are drawn that are the genome's."""
    lines = {line for route in places.routes.values() for line in pairwise(route)}
    dense = max(Counter(start[0] for start, _ in lines).values(), default=0) > _MANY_LINES
    weights = [abs(gene.weight or 0.0) for gene in genome.connections if gene.innovation in places.routes]
    strongest = max(weights, default=0.0) or 1.0
    return Scene(genome, places, labels, clean(title, LONGEST_TITLE), living_nodes(genome), dense, strongest)


def labels_of(genome: Genome, inputs: Sequence[str], outputs: Sequence[str]) -> dict[int, str]:
    """The label of each node that has one.

    Raises:
        UserError: There are not as many labels as inputs or outputs.
    """
    _check_labels("inputs", inputs, len(genome.inputs))
    _check_labels("outputs", outputs, len(genome.outputs))
    labels = {genome.nodes[0].id: "bias"}
    labels |= {node.id: clean(label, LONGEST_LABEL) for node, label in zip(genome.inputs, inputs, strict=True)}
    labels |= {node.id: clean(label, LONGEST_LABEL) for node, label in zip(genome.outputs, outputs, strict=True)}
    return labels


def _check_labels(name: str, labels: Sequence[str], count: int) -> None:
    if isinstance(labels, str) or len(labels) != count:
        raise UserError(f"{name}: {len(labels)} labels came, but the network has {count} {name}")


def living_nodes(genome: Genome) -> set[int]:
    """The nodes that an output depends on."""
    sources: dict[int, list[int]] = {}
    for gene in genome.enabled:
        sources.setdefault(gene.target, []).append(gene.source)
    found = {node.id for node in genome.outputs}
    stack = list(found)
    while stack:
        new = [source for source in sources.get(stack.pop(), []) if source not in found]
        found.update(new)
        stack += new
    return found
