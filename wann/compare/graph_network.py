"""Networks of any feed-forward shape with masks: the parent architecture of a search, its genes the weights."""

from __future__ import annotations

from collections import Counter
from typing import Self

import msgspec
import networkx as nx
import numpy as np
from numpy.typing import DTypeLike

from wann.compare.functions import Array, Mask
from wann.compare.masked import Masked
from wann.genome import Genome
from wann.gradient import node_values
from wann.network import Networks, express
from wann.population import Integers, Population
from wann.seeds import Purpose, generator


class GraphNetwork(Masked):
    """A network with a weight on each connection gene of a genome, those from the bias node like all others.

    It has no layers: its weights are one vector, ranked together. It computes in float64.

    Args:
        genome: Its enabled connections count; those that no output depends on are left out.

    Attributes:
        genome: Nodes and connections; connection k carries parameter k.
    """

    def __init__(self, genome: Genome) -> None:
        used = np.sort(express(Population.pack([genome])).connection_genes).tolist()
        self.genome = msgspec.structs.replace(genome, connections=tuple(genome.connections[k] for k in used))
        self._expressed: tuple[bytes, Networks] | None = None
        super().__init__(np.zeros(len(used)))

    @classmethod
    def initialised(cls, genome: Genome, seed: int, draw: int = 0) -> GraphNetwork:
        """Weights from N(0, 2 / (in + out)), as a perceptron has them: into the target, out of the source.

        Args:
            genome: As of the class.
            seed: All chance comes from it,
            draw: and from this: another number gives another start.
        """
        network = cls(genome)
        genes = network.genome.connections
        into, out_of = Counter(gene.target for gene in genes), Counter(gene.source for gene in genes)
        scale = np.sqrt([2.0 / (into[gene.target] + out_of[gene.source]) for gene in genes])
        network.parameters[:] = generator(seed, Purpose.DENSE_START, draw).normal(size=len(genes)) * scale
        return network

    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """The vector itself; there are no biases that could not be pruned alone."""
        return [flat], []

    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """The same network in memory of its own, always in float64."""
        other = type(self)(self.genome)
        other.parameters[:] = self.parameters
        other.mask[:] = self.mask
        return other

    def expressed(self) -> tuple[Networks, Integers]:
        """The network of the connections alive, for the kernels, and which parameter each of its sources carries."""
        key = self.mask.tobytes()
        if self._expressed is None or self._expressed[0] != key:
            self._expressed = key, express(Population.pack([_with(self.genome, self.mask)]))
        return self._expressed[1], self._expressed[1].connection_genes

    def __call__(self, inputs: Array) -> Array:
        """The outputs, (batch, outputs), for inputs, (batch, inputs)."""
        networks, order = self.expressed()
        values = node_values(networks, self.parameters[order], np.asarray(inputs, dtype=np.float64))
        return np.asarray(values[networks.outputs[0]].T)

    @property
    def weighted(self) -> Genome:
        """The genome of what is alive and leads to an output, with its weights."""
        _, order = self.expressed()
        alive = np.zeros_like(self.mask)
        alive[order] = True
        return _with(self.genome, alive, self.parameters)

    @property
    def without_path(self) -> int:
        """How many hidden nodes lie on no path from an input to an output."""
        graph = nx.DiGraph(
            (gene.source, gene.target)
            for gene, alive in zip(self.genome.connections, self.mask.tolist(), strict=True)
            if alive
        )
        ends = {node.id for node in self.genome.inputs}, {node.id for node in self.genome.outputs}
        fed = {other for node in ends[0] & graph.nodes for other in nx.descendants(graph, node)}
        used = {other for node in ends[1] & graph.nodes for other in nx.ancestors(graph, node)}
        return sum(node.id not in fed & used for node in self.genome.hidden)


def _with(genome: Genome, kept: Mask, weights: Array | None = None) -> Genome:
    """The genome with only the connections that are kept enabled; with weights, the others are gone."""
    genes = zip(genome.connections, kept.tolist(), strict=True)
    if weights is None:
        chosen = tuple(msgspec.structs.replace(gene, enabled=alive) for gene, alive in genes)
    else:
        pairs = zip(genes, weights.tolist(), strict=True)
        chosen = tuple(msgspec.structs.replace(gene, weight=weight) for (gene, alive), weight in pairs if alive)
    return msgspec.structs.replace(genome, connections=chosen)
