"""Many genomes in one block of flat arrays: what the kernels of evolution read and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.activations import CODES, LINEAR, NAMES
from wann.genome import ConnectionGene, Genome, Kind, NodeGene

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


Arrays = Mapping[str, NDArray[Any]]
"""A part of a search's state, by name."""


class Genes(NamedTuple):
    """The genes of ``n`` genomes, one after the other.

    Genome ``i`` owns the nodes ``first_node[i]:first_node[i + 1]`` and the connections
    ``first_connection[i]:first_connection[i + 1]``. Its nodes are the bias, the inputs, the outputs, then the hidden
    ones by age; ``sources`` and ``targets`` are positions in that order, not ids.
    """

    first_node: Integers
    node_ids: Integers
    activations: Integers
    first_connection: Integers
    innovations: Integers
    sources: Integers
    targets: Integers
    enabled: NDArray[np.bool_]


def sealed(*arrays: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]:
    """The arrays, made read-only: kernels then meet the same types here and on Ray workers."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


def offsets(sizes: NDArray[np.int64] | NDArray[np.bool_]) -> Integers:
    """Where each of several consecutive pieces starts, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])


def _runs(first: Integers, indices: Integers) -> Integers:
    """The positions of all genes of some genomes, one genome after the other."""
    return np.concatenate([np.arange(first[i], first[i + 1]) for i in indices])


def _integers(values: list[int]) -> Integers:
    return np.array(values, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Population:
    """Genomes with the same inputs and outputs, packed. Indexing gives a ``Genome``."""

    n_inputs: int
    n_outputs: int
    genes: Genes

    def __post_init__(self) -> None:
        sealed(*self.genes)

    def __len__(self) -> int:
        return self.genes.first_node.size - 1

    def __iter__(self) -> Iterator[Genome]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Genome:
        return Genome(*self.genes_of(index))

    def genes_of(self, index: int) -> tuple[tuple[NodeGene, ...], tuple[ConnectionGene, ...]]:
        """What a ``Genome`` is made of and checks.

        Raises:
            IndexError: There is no such genome.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"genome {index} of a population of {len(self)}")
        g, i = self.genes, index % len(self)
        nodes = slice(g.first_node[i], g.first_node[i + 1])
        ids = g.node_ids[nodes].tolist()
        kinds = self._kinds(len(ids))
        columns = (c[g.first_connection[i] : g.first_connection[i + 1]].tolist() for c in g[4:])
        return (
            tuple(
                NodeGene(id=id_, kind=kind, activation=NAMES[code - 1])
                for id_, kind, code in zip(ids, kinds, g.activations[nodes].tolist(), strict=True)
            ),
            tuple(
                ConnectionGene(innovation=innovation, source=ids[source], target=ids[target], enabled=enabled)
                for innovation, source, target, enabled in zip(*columns, strict=True)
            ),
        )

    def _kinds(self, n_nodes: int) -> list[Kind]:
        hidden = n_nodes - 1 - self.n_inputs - self.n_outputs
        return ["bias", *["input"] * self.n_inputs, *["output"] * self.n_outputs, *["hidden"] * hidden]  # type: ignore[list-item]

    def take(self, indices: Integers) -> Population:
        """The genomes of those indices, in their order."""
        g = self.genes
        nodes = _runs(g.first_node, indices)
        connections = _runs(g.first_connection, indices)
        return Population(
            self.n_inputs,
            self.n_outputs,
            Genes(
                offsets(np.diff(g.first_node)[indices]),
                g.node_ids[nodes],
                g.activations[nodes],
                offsets(np.diff(g.first_connection)[indices]),
                g.innovations[connections],
                g.sources[connections],
                g.targets[connections],
                g.enabled[connections],
            ),
        )

    @classmethod
    def join(cls, parts: Sequence[Population]) -> Population:
        """The genomes of several populations of one shape, one population after the other."""
        columns = dict(zip(Genes._fields, zip(*(part.genes for part in parts), strict=True), strict=True))
        for name in ("first_node", "first_connection"):
            columns[name] = (offsets(np.concatenate([np.diff(first) for first in columns[name]])),)
        joined = Genes(**{name: np.concatenate(arrays) for name, arrays in columns.items()})
        return cls(parts[0].n_inputs, parts[0].n_outputs, joined)

    @cached_property
    def connections(self) -> Integers:
        """The number of enabled connections of each genome: the size that selection looks at."""
        return np.diff(offsets(self.genes.enabled)[self.genes.first_connection])

    @classmethod
    def pack(cls, genomes: Sequence[Genome]) -> Population:
        """Pack genomes that share the number of inputs and outputs. Connection weights are not packed."""
        shapes = {(len(genome.inputs), len(genome.outputs)) for genome in genomes}
        if len(shapes) != 1:
            raise ValueError(f"genomes must share their numbers of inputs and outputs, got {sorted(shapes)}")
        positions = [{node.id: i for i, node in enumerate(genome.nodes)} for genome in genomes]
        nodes = [node for genome in genomes for node in genome.nodes]
        connections = [(gene, at) for genome, at in zip(genomes, positions, strict=True) for gene in genome.connections]
        genes = Genes(
            first_node=offsets(_integers([len(genome.nodes) for genome in genomes])),
            node_ids=_integers([node.id for node in nodes]),
            activations=_integers([CODES[node.activation] for node in nodes]),
            first_connection=offsets(_integers([len(genome.connections) for genome in genomes])),
            innovations=_integers([gene.innovation for gene, _ in connections]),
            sources=_integers([at[gene.source] for gene, at in connections]),
            targets=_integers([at[gene.target] for gene, at in connections]),
            enabled=np.array([gene.enabled for gene, _ in connections], dtype=np.bool_),
        )
        return cls(*shapes.pop(), genes)

    @classmethod
    def minimal(cls, n_inputs: int, n_outputs: int, enabled: NDArray[np.bool_]) -> Population:
        """Genomes without hidden nodes: every (bias or input, output) pair is a connection gene.

        Args:
            n_inputs: Inputs, without the bias.
            n_outputs: Outputs.
            enabled: Which connections are enabled; (genomes, (1 + n_inputs) * n_outputs), source-major.
        """
        n = len(enabled)
        n_nodes, pairs = 1 + n_inputs + n_outputs, (1 + n_inputs) * n_outputs
        sources, outputs = np.divmod(np.arange(pairs, dtype=np.int64), n_outputs)
        genes = Genes(
            first_node=np.arange(n + 1, dtype=np.int64) * n_nodes,
            node_ids=np.tile(np.arange(n_nodes, dtype=np.int64), n),
            activations=np.full(n * n_nodes, LINEAR, dtype=np.int64),
            first_connection=np.arange(n + 1, dtype=np.int64) * pairs,
            innovations=np.tile(np.arange(pairs, dtype=np.int64), n),
            sources=np.tile(sources, n),
            targets=np.tile(1 + n_inputs + outputs, n),
            enabled=enabled.astype(np.bool_).ravel(),
        )
        return cls(n_inputs, n_outputs, genes)
