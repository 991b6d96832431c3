"""A network worth keeping: its genome with labels, task, scores and provenance, and the file that holds them."""

from __future__ import annotations

import platform
import reprlib
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from wann.errors import UserError
from wann.evaluation.forward import activations
from wann.files import decode_json, read_bytes, write_atomically
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.network import express
from wann.population import Floats, Population
from wann.text import number

FORMAT, VERSION = "wann-network", 1


class Network:
    """The network that a genome expresses, to be called.

    Example:
        >>> network(x, weight=1.0)

    Args of a call:
        x: One observation, (inputs,), or a batch, (batch, inputs).
        weight: The weight that all connections share; left out for a genome whose connections have their own.

    Returns:
        The outputs; (outputs,) or (batch, outputs).
    """

    def __init__(self, genome: Genome) -> None:
        self._genome = genome
        self._networks = express(Population.pack([genome]))
        self._n_inputs = len(genome.inputs)

    def __call__(self, x: ArrayLike, weight: float | None = None) -> Floats:
        """The outputs for one observation or a batch."""
        values = self.activations(x, weight)
        return values[..., self._networks.outputs[0]]

    def activations(self, x: ArrayLike, weight: float | None = None) -> Floats:
        """The values of the bias, the inputs and all computed nodes, in evaluation order: (rows,) or (batch, rows)."""
        return activations(self._networks, 0, x, self._weights(weight))

    @property
    def nodes(self) -> list[int]:
        """The ids of the nodes whose values ``activations`` gives, in its order."""
        rows = [*range(1 + self._n_inputs), *self._networks.node_genes.tolist()]
        return [self._genome.nodes[row].id for row in rows]

    def _weights(self, weight: float | None) -> Floats:
        if weight is not None:
            return np.array([weight], dtype=np.float64)
        if not self._genome.weighted:
            raise ValueError("weight is missing: the connections of this network have no weights of their own")
        own = np.array([gene.weight for gene in self._genome.connections], dtype=np.float64)
        return own[self._networks.connection_genes, None]


class NetworkScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean returns on verification trials: over everything, and with each of the shared weights."""

    mean: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    trials: int


class Champion(msgspec.Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of a network file.

    Raises:
        UserError: The genes break a rule, or the labels are not as many as the nodes.
    """

    format: str = FORMAT
    version: int = VERSION
    task: str | None = None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[NodeGene, ...]
    connections: tuple[ConnectionGene, ...]
    scores: NetworkScores | None = None
    provenance: dict[str, Any] = {}

    def __post_init__(self) -> None:
        for kind, labels in (("input", self.inputs), ("output", self.outputs)):
            count = sum(node.kind == kind for node in self.nodes)
            if len(labels) != count:
                raise UserError(f"{len(labels)} {kind} labels for {count} {kind} nodes")
        self.__dict__["_genome"] = Genome(self.nodes, self.connections)

    @property
    def genome(self) -> Genome:
        """The genotype."""
        genome: Genome = self.__dict__["_genome"]
        return genome

    @property
    def generation(self) -> int | None:
        """In which generation a run found it, counted from 1 as in the run's history; None where nothing tells."""
        found = self.provenance.get("generation")
        return found + 1 if isinstance(found, int) else None

    @property
    def size(self) -> str:
        """How large it is, in words."""
        count = len(self.genome.enabled)
        return f"{count} connection{'s' * (count != 1)}"

    @property
    def summary(self) -> str:
        """How large it is, and how good with shared weights where it has no weights of its own, in a few words."""
        if self.scores is None or self.genome.weighted:
            return self.size
        return f"{self.size}, mean return {number(self.scores.mean)}"

    @cached_property
    def network(self) -> Network:
        """The phenotype, to be called."""
        return Network(self.genome)

    def save(self, path: Path | str) -> None:
        """Write the network file, all of it or nothing."""
        write_atomically(Path(path), self.encode())

    def encode(self) -> bytes:
        """The content of the network file: JSON, a gene a line."""
        fields = [f'"format": {_line(FORMAT)}', f'"version": {VERSION}']
        for name in ("task", "inputs", "outputs", "scores", "provenance"):
            if (value := getattr(self, name)) not in (None, {}):
                fields.append(f'"{name}": {_line(value)}')
        for name, rows in (("nodes", self.nodes), ("connections", self.connections)):
            lines = _line(rows)[1:-1].replace("}, {", "},\n    {")  # no text in a gene has braces
            fields.append(f'"{name}": [\n    {lines}\n  ]')
        return ("{\n  " + ",\n  ".join(fields) + "\n}\n").encode()


def _line(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


class _Header(msgspec.Struct):
    format: str
    version: int


def read_champion(path: Path | str) -> Champion:
    """Read a network file.

    Raises:
        UserError: The file is missing, too large, of another format or version, or its network breaks a rule.
    """
    path = Path(path)
    data = read_bytes(path, "network file")
    header = decode_json(data, _Header, f"{path} is not a network file")
    if header.format != FORMAT:
        raise UserError(f"{path}: expected the format {FORMAT!r}, got {reprlib.repr(header.format)}")
    if header.version != VERSION:
        raise UserError(f"{path}: version {header.version} of the network format; this wann reads version {VERSION}")
    return decode_json(data, Champion, str(path))


@cache
def versions() -> dict[str, str]:
    """The versions that a result was made with."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("wann", "numpy", "numba")}}
