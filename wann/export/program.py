"""A network as straight-line steps: what the exporters write down, each in its own language."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from wann.activations import NAMES
from wann.champion import Champion
from wann.errors import UserError
from wann.genome import Genome
from wann.network import Networks, express
from wann.population import Population

Dtype = Literal["float32", "float64"]
DTYPES: tuple[Dtype, ...] = ("float32", "float64")

LOWEST_EXPONENT = {"float32": -87.0, "float64": -708.0}
"""A gaussian's exponent stays above this, so that its value stays a normal number above zero, as in the kernels."""


class Step(NamedTuple):
    """One computed node: ``activation(weight * sum of sources)``, or ``activation(sum of weights * sources)``."""

    row: int
    activation: str
    sources: tuple[int, ...]
    """Rows, in the order in which the kernels add them."""
    weights: tuple[float, ...] | None
    """One for each source; None where the network's shared weight counts."""


class Program(NamedTuple):
    """A network's nodes in evaluation order. Row 0 is the bias, the inputs follow, then a row for each step."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[int, ...]
    """The node id of each row."""
    steps: tuple[Step, ...]
    results: tuple[int, ...]
    """The rows of the outputs."""
    weighted: bool
    """Whether the connections have weights of their own; else the shared weight is an argument."""
    weight: float
    """The shared weight to take where none is given."""

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation functions in use, in the order of their codes."""
        used = {step.activation for step in self.steps}
        return tuple(name for name in NAMES if name in used)

    def names(self, bias: str, an_input: str) -> tuple[str, ...]:
        """How the written code calls each row; ``an_input`` has a place for the number of the input."""
        inputs = (an_input.format(i) for i in range(len(self.inputs)))
        return (bias, *inputs, *(f"n{step.row}" for step in self.steps))

    def counts(self) -> dict[str, int]:
        """What one evaluation costs: additions, multiplications, and applications of each activation function."""
        sums = [len(step.sources) for step in self.steps if step.sources]
        calls = Counter(step.activation for step in self.steps)
        return {
            "additions": sum(sums) - len(sums),
            "multiplications": sum(sums) if self.weighted else len(sums),
            **{name: calls[name] for name in self.activations if name != "linear"},
        }


def make_program(champion: Champion, weight: float | None = None, dtype: Dtype = "float64") -> Program:
    """The steps of a network; ``weight`` is the default of its shared weight, the best one known unless given.

    Raises:
        UserError: ``weight`` is given, but the connections have weights of their own, or it is not finite; or
            a weight is too large for ``dtype``.
    """
    genome = champion.genome
    if weight is not None and genome.weighted:
        raise UserError(f"weight: the network's connections have weights of their own, got {weight!r}: leave it out")
    if weight is not None and not np.isfinite(weight):
        raise UserError(f"weight: expected a finite number, got {weight!r}")
    shared = best_weight(champion) if weight is None else float(weight)
    largest = max((abs(gene.weight) for gene in genome.enabled if gene.weight is not None), default=abs(shared))
    if largest > float(np.finfo(dtype).max):
        raise UserError(f"the weight {largest:g} cannot be expressed in {dtype}: choose float64")
    networks = express(Population.pack([genome]))
    computed = [genome.nodes[k].id for k in networks.node_genes]
    return Program(
        champion.inputs,
        champion.outputs,
        (*(node.id for node in genome.nodes[: 1 + networks.n_inputs]), *computed),
        tuple(_steps(genome, networks)),
        tuple(networks.outputs[0].tolist()),
        genome.weighted,
        shared,
    )


def _steps(genome: Genome, networks: Networks) -> list[Step]:
    genes = [genome.connections[k] for k in networks.connection_genes]
    rows = networks.sources.tolist()
    steps = []
    for k, (first, last) in enumerate(pairwise(networks.first_source.tolist())):
        own = tuple(gene.weight for gene in genes[first:last] if gene.weight is not None)
        activation = NAMES[networks.activations[k] - 1]
        row = 1 + networks.n_inputs + k
        steps.append(Step(row, activation, tuple(rows[first:last]), own if genome.weighted else None))
    return steps


def best_weight(champion: Champion) -> float:
    """The shared weight with the highest verified mean return; 1 where nothing is known."""
    if champion.scores is None:
        return 1.0
    return champion.scores.weights[int(np.argmax(champion.scores.means))]


def argument(step: Step, names: Sequence[str], factors: Sequence[str] | None, zero: str) -> str:
    """The argument of a node's activation function, as C and Python write it alike.

    Args:
        step: The node.
        names: How each row is called.
        factors: A factor for each source; None for the name ``weight`` as the factor of the whole sum.
        zero: What an empty sum is.
    """
    terms = [names[row] for row in step.sources]
    if not terms:
        return zero
    if factors is not None:
        return " + ".join(f"{factor} * {term}" for factor, term in zip(factors, terms, strict=True))
    return f"weight * {terms[0]}" if len(terms) == 1 else f"weight * ({' + '.join(terms)})"


def wrapped(text: str, width: int, indent: str = "") -> str:
    """An expression over several lines, each but the first behind ``indent``; products stay together."""
    lines = textwrap.wrap(
        text.replace(" * ", "\x00*\x00"),
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\x00", " ")
