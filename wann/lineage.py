"""Lineage: who descends from whom, and by which change; lines that died out are forgotten."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from wann.activations import NAMES
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene, Number
from wann.jit import kernel
from wann.population import Arrays, Genes, Integers

T = TypeVar("T")

NOBODY = -1
"""The parent of a founder."""


class Individual(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who was born when and of whom, and what its parent's genome had instead of what its own has.

    Genes are only ever added, at the end: the parent's are the first ``nodes`` and ``connections`` of the child's, but
    for what ``enabled`` and ``activations`` tell. Everything is empty for a founder.
    """

    birth: Number
    """The individual's name for the whole run."""
    parent: Number | None
    """The fitter one of two."""
    generation: Number
    """In which it was born, counted from 0."""
    nodes: Number = 0
    connections: Number = 0
    enabled: dict[int, bool] = {}
    """By innovation number."""
    activations: dict[int, str] = {}
    """By node id."""


class _Table(NamedTuple):
    """Individuals by birth: (individuals,) each, and (changes, 3) of birth, gene and what the parent had there."""

    births: Integers
    parents: Integers
    nodes: Integers
    connections: Integers
    enabled: Integers
    activations: Integers

    def line_of(self, births: Sequence[int] | Integers) -> _Table:
        """These individuals and all their ancestors."""
        roots = np.array(births, dtype=np.int64)
        if not _known(self.births, roots).all():
            raise ValueError(f"not all of {reprlib.repr(births)} are births that are remembered")
        kept = _reached(self.births, self.parents, roots)
        changes = (part[_known(self.births[kept], part[:, 0])] for part in self[4:])
        return _Table(*(column[kept] for column in self[:4]), *changes)


class Lineage:
    """The ancestors of all who live.

    Who is changed on its way into the next generation is a new individual; who is copied stays the same one. Numbers
    of birth rise with the generations: generation times the population of all islands, plus the place in it. Who comes
    from another island is a founder on its new one.

    Attributes:
        births: Who is in the present population; (population,).
    """

    def __init__(self, population: int, island: int = 0, islands: int = 1) -> None:
        self._first, self._all = island * population, islands * population
        self.births: Integers = np.arange(population, dtype=np.int64) + self._first
        none, changes = np.zeros(population, dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
        self._table = _Table(self.births, none + NOBODY, none, none, changes, changes)

    def breed(self, old: Genes, ancestors: Integers, new: Genes, generation: int, keep: Collection[int] = ()) -> None:
        """Take note of a new generation.

        Args:
            old: The genes of the generation before.
            ancestors: Whose genes each child extends; (population,) places in the generation before.
            new: The children's genes.
            generation: The number of the new generation.
            keep: Births of others whose ancestors shall not be forgotten, either.
        """
        sizes = [np.diff(getattr(old, first))[ancestors] for first in ("first_node", "first_connection")]
        enabled, activations = _changes(old, ancestors, new)
        changed = (np.diff(new.first_node) > sizes[0]) | (np.diff(new.first_connection) > sizes[1])
        for part in (enabled, activations):
            changed[part[:, 0]] = True
        parents, first = self.births[ancestors], generation * self._all + self._first
        self.births = np.where(changed, first + np.arange(ancestors.size), parents)
        shift = np.array([first, 0, 0])
        columns = [column[changed] for column in (self.births, parents, *sizes)]
        added = (*columns, enabled + shift, activations + shift)
        self._table = _Table(*(np.concatenate(both) for both in zip(self._table, added, strict=True)))
        self.forget(keep)

    def forget(self, keep: Collection[int]) -> None:
        """Forget everyone but the present population, those to keep, and the ancestors of both."""
        self._table = self._table.line_of(np.concatenate([self.births, np.array(list(keep), dtype=np.int64)]))

    def receive(self, count: int, generation: int) -> None:
        """Let so many founders take the last places of a generation that was just bred."""
        last = self.births.size
        new = generation * self._all + self._first + np.arange(last - count, last)
        self.births = np.concatenate([self.births[: last - count], new])
        before = self._table.line_of(self._table.births[self._table.births < new[0]])
        none, changes = np.zeros(count, dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
        founders = _Table(new, none + NOBODY, none, none, changes, changes)
        self._table = _Table(*(np.concatenate(both) for both in zip(before, founders, strict=True)))

    def of(self, births: Collection[int]) -> list[Individual]:
        """These individuals and all their ancestors, by birth.

        Raises:
            ValueError: One of them is not remembered.
        """
        table = self._table.line_of(list(births))
        enabled = _grouped(table.enabled, bool)
        activations = _grouped(table.activations, lambda code: NAMES[code - 1])
        rows = zip(*(column.tolist() for column in table[:4]), strict=True)
        return [
            Individual(
                birth=birth,
                parent=None if parent == NOBODY else parent,
                generation=birth // self._all,
                nodes=nodes,
                connections=connections,
                enabled=enabled.get(birth, {}),
                activations=activations.get(birth, {}),
            )
            for birth, parent, nodes, connections in rows
        ]

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        table = {f"lineage_{name}": column for name, column in self._table._asdict().items()}
        return {"births": self.births, **table}

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``.

        Raises:
            ValueError: It is not that of a lineage of as many individuals.
        """
        births, table = state["births"], _Table(*(state[f"lineage_{name}"] for name in _Table._fields))
        _check(table)
        same = births.dtype == np.int64 and births.shape == self.births.shape
        if not same or not _known(table.births, births).all():
            raise ValueError("births: expected individuals that the lineage knows")
        self.births, self._table = births, table


def _grouped(changes: Integers, meaning: Callable[[int], T]) -> dict[int, dict[int, T]]:
    """What each gene of the parent was, by birth."""
    groups: dict[int, dict[int, T]] = {}
    for birth, gene, before in changes.tolist():
        groups.setdefault(birth, {})[gene] = meaning(before)
    return groups


def _known(births: Integers, wanted: Integers) -> NDArray[np.bool_]:
    """Which of the wanted are among the births, which rise."""
    if not births.size:
        return np.zeros(wanted.size, dtype=np.bool_)
    places = np.minimum(np.searchsorted(births, wanted), births.size - 1)
    return np.asarray(births[places] == wanted)


def _check(table: _Table) -> None:
    """Kernels do not check what they are given."""
    count = table.births.size
    shapes = [(count,)] * 4 + [(len(part), 3) for part in table[4:]]
    if any(c.dtype != np.int64 or c.shape != shape for c, shape in zip(table, shapes, strict=True)):
        raise ValueError("lineage: expected columns of integers")
    founders = table.parents == NOBODY
    known = founders | _known(table.births, table.parents)
    if not (np.diff(table.births) > 0).all() or not (known & (table.parents < table.births)).all():
        raise ValueError("lineage: expected individuals by birth, with their parents before them")
    codes = table.activations[:, 2]
    if table.births.min(initial=0) < 0 or codes.min(initial=1) < 1 or codes.max(initial=1) > len(NAMES):
        raise ValueError("lineage: a number is out of range")


@kernel
def _changes(old: Genes, ancestors: Integers, new: Genes) -> tuple[Integers, Integers]:
    """What a child's ancestor had instead: (changes, 3) of child, innovation, flag and of child, node id, activation.

    A child has the genes of its ancestor, in their order, and new ones behind.
    """
    enabled = np.empty((new.enabled.size, 3), dtype=np.int64)
    activations = np.empty((new.node_ids.size, 3), dtype=np.int64)
    n, m = 0, 0
    for child in range(ancestors.size):
        ancestor = ancestors[child]
        shift = new.first_connection[child] - old.first_connection[ancestor]
        for k in range(old.first_connection[ancestor], old.first_connection[ancestor + 1]):
            if new.enabled[k + shift] != old.enabled[k]:
                enabled[n, 0], enabled[n, 1], enabled[n, 2] = child, old.innovations[k], old.enabled[k]
                n += 1
        shift = new.first_node[child] - old.first_node[ancestor]
        for k in range(old.first_node[ancestor], old.first_node[ancestor + 1]):
            if new.activations[k + shift] != old.activations[k]:
                activations[m, 0], activations[m, 1], activations[m, 2] = child, old.node_ids[k], old.activations[k]
                m += 1
    return enabled[:n].copy(), activations[:m].copy()


@kernel
def _reached(births: Integers, parents: Integers, roots: Integers) -> NDArray[np.bool_]:
    """Which individuals, by birth, are among the roots or their ancestors."""
    reached = np.zeros(births.size, dtype=np.bool_)
    for root in roots:
        reached[np.searchsorted(births, root)] = True
    for i in range(births.size - 1, -1, -1):
        if reached[i] and parents[i] != NOBODY:
            reached[np.searchsorted(births, parents[i])] = True
    return reached


def line(individuals: Mapping[int, Individual], birth: int) -> list[Individual]:
    """The ancestors of an individual, founder first, itself last.

    Raises:
        UserError: One of them is missing, or they are not in the order of their births.
    """
    found: list[Individual] = []
    wanted: int | None = birth
    while wanted is not None:
        if wanted not in individuals or (found and wanted >= found[-1].birth):
            raise UserError(f"the individual {wanted} is not there, or was born after its child")
        found.append(individuals[wanted])
        wanted = found[-1].parent
    return found[::-1]


def ancestors(genome: Genome, descent: Sequence[Individual], places: Collection[int]) -> list[Genome]:
    """The genomes of some of an individual's ancestors.

    Args:
        genome: The individual's.
        descent: Its ``line``.
        places: Which of the line to give.

    Raises:
        UserError: The line does not lead to that genome.
    """
    nodes, connections = list(genome.nodes), list(genome.connections)
    found = []
    for place in reversed(range(len(descent))):
        if place in places:
            found.append(Genome(tuple(nodes), tuple(connections)))
        nodes, connections = _undo(nodes, connections, descent[place])
    return found[::-1]


def _undo(
    nodes: list[NodeGene], connections: list[ConnectionGene], child: Individual
) -> tuple[list[NodeGene], list[ConnectionGene]]:
    """The parent's genes, from the child's."""
    had, flags = child.activations, child.enabled
    return (
        [msgspec.structs.replace(n, activation=had[n.id]) if n.id in had else n for n in nodes[: child.nodes]],
        [
            msgspec.structs.replace(c, enabled=flags[c.innovation]) if c.innovation in flags else c
            for c in connections[: child.connections]
        ],
    )
