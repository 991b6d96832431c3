"""The innovation record: the same change, found twice in a run, gets the same number."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from wann.mutation import ADD_CONNECTION, ADD_NODE, Offspring
from wann.population import Arrays, Genes, Integers


class InnovationRecord:
    """Numbers for new genes (Stanley & Miikkulainen 2002, section 3.2), kept for the whole run.

    A connection is known by the nodes that it joins, a node by the connection that it split. A genome that splits
    one connection twice gets a second node for it, which other genomes that do so share.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        self._first_hidden = 1 + n_inputs + n_outputs
        self._connections = {
            (source, 1 + n_inputs + output): source * n_outputs + output
            for source in range(1 + n_inputs)
            for output in range(n_outputs)
        }
        self._splits: list[int] = []
        self._nodes: dict[int, list[int]] = {}

    def connection(self, source: int, target: int) -> int:
        """The innovation number of a connection between two node ids."""
        return self._connections.setdefault((source, target), len(self._connections))

    def node(self, split: int, taken: NDArray[np.int64]) -> int:
        """The id of the node that splits connection ``split`` in a genome that has the nodes ``taken``."""
        known = self._nodes.setdefault(split, [])
        for node in known:
            if node not in taken:
                return node
        return self._new_node(split)

    def _new_node(self, split: int) -> int:
        node = self._first_hidden + len(self._splits)
        self._splits.append(split)
        self._nodes[split].append(node)
        return node

    def number(self, offspring: Offspring) -> Genes:
        """Write ids and innovation numbers into the new genes of ``offspring``, in the order of the children."""
        genes = offspring.genes
        for child in np.flatnonzero((offspring.operators == ADD_NODE) | (offspring.operators == ADD_CONNECTION)):
            nodes = genes.node_ids[genes.first_node[child] : genes.first_node[child + 1]]
            last = int(genes.first_connection[child + 1])
            new = 1
            if offspring.operators[child] == ADD_NODE:
                nodes[-1] = self.node(int(offspring.split[child]), nodes[:-1])
                new = 2
            for at in range(last - new, last):
                genes.innovations[at] = self.connection(int(nodes[genes.sources[at]]), int(nodes[genes.targets[at]]))
        return genes

    def adopt(self, genes: Genes, other: InnovationRecord) -> Genes:
        """Genes that another record has numbered, with the numbers that they have here.

        What a gene is does not depend on the record: a connection joins two nodes, a node is the first, second, ...
        to split a connection, and so on back to the first nodes, which have the same ids everywhere.
        """
        pairs, ids = list(other._connections), {node: node for node in range(self._first_hidden)}
        for node in sorted(set(genes.node_ids.tolist()) - ids.keys()):  # a genome has what its nodes have split
            split = other._splits[node - self._first_hidden]
            source, target = pairs[split]
            ids[node] = self._split(self.connection(ids[source], ids[target]), other._nodes[split].index(node))
        joined = [pairs[number] for number in genes.innovations.tolist()]
        return genes._replace(
            node_ids=np.array([ids[node] for node in genes.node_ids.tolist()], dtype=np.int64),
            innovations=np.array([self.connection(ids[a], ids[b]) for a, b in joined], dtype=np.int64),
        )

    def _split(self, connection: int, place: int) -> int:
        """The id of the node that was the first (0), second, ... to split a connection."""
        known = self._nodes.setdefault(connection, [])
        if len(known) == place:  # never more: a genome has the first before it gets a second
            self._new_node(connection)
        return known[place]

    def copy(self) -> InnovationRecord:
        """A record that goes on from here by itself."""
        other = copy(self)
        other._connections, other._splits = self._connections.copy(), self._splits.copy()
        other._nodes = {split: nodes.copy() for split, nodes in self._nodes.items()}
        return other

    @property
    def state(self) -> dict[str, Integers]:
        """Everything known, as arrays: (connections, 2) node ids in the order of innovation; the splits by node."""
        pairs = np.array(list(self._connections), dtype=np.int64).reshape(-1, 2)
        return {"innovation_pairs": pairs, "innovation_splits": np.array(self._splits, dtype=np.int64)}

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``."""
        pairs, self._splits = state["innovation_pairs"].tolist(), state["innovation_splits"].tolist()
        self._connections = {(source, target): number for number, (source, target) in enumerate(pairs)}
        self._nodes = {}
        for node, split in enumerate(self._splits, start=self._first_hidden):
            self._nodes.setdefault(split, []).append(node)
