"""Networks for the tests of exports: random ones that use every activation function, with and without weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from strategies import mutate, numbered, record_of

from wann.activations import NAMES
from wann.champion import Champion
from wann.export.program import make_program
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.population import Population

WEIGHTS = (-2.0, -0.5, 0.75, 1.0, 2.0)
BATCHES = (1, 7, 40)


def champion_of(genome: Genome) -> Champion:
    """A champion with labels that no target language likes."""
    inputs = tuple(f"\"in*/ \\{i} θ'" for i in range(len(genome.inputs)))
    outputs = tuple(f"out /*{i}%<&>" for i in range(len(genome.outputs)))
    return Champion(inputs=inputs, outputs=outputs, nodes=genome.nodes, connections=genome.connections)


def grown_genome(seed: int, *, steps: int) -> Genome:
    """A genome some mutations away from a minimal one, all activation functions allowed, on outputs too."""
    rng = np.random.default_rng(seed)
    n_inputs, n_outputs = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    population = Population.minimal(n_inputs, n_outputs, rng.random((1, (1 + n_inputs) * n_outputs)) < 0.7)
    record = record_of(population)
    for _ in range(steps):
        population = numbered(population, mutate(population, rng.random((1, 6)), allowed=np.arange(1, 12)), record)
    genome = population[0]
    nodes = tuple(
        msgspec.structs.replace(node, activation=str(rng.choice(NAMES))) if node.kind == "output" else node
        for node in genome.nodes
    )
    return Genome(nodes, genome.connections)


def weighted(genome: Genome, seed: int) -> Genome:
    """The genome with a weight of its own on each connection."""
    rng = np.random.default_rng(seed)
    connections = tuple(msgspec.structs.replace(gene, weight=float(rng.normal())) for gene in genome.connections)
    return Genome(genome.nodes, connections)


def single(activation: str, *, own: float | None = None) -> Genome:
    """One input, one output with this activation function, no bias."""
    nodes = NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output", activation)
    return Genome(nodes, (ConnectionGene(0, 1, 2, weight=own),))


def unconnected(activation: str) -> Genome:
    """An output that nothing leads to, and one that the bias alone does."""
    nodes = (
        NodeGene(0, "bias"),
        NodeGene(1, "input"),
        NodeGene(2, "output", activation),
        NodeGene(3, "output", activation),
    )
    return Genome(nodes, (ConnectionGene(0, 0, 3),))


def networks(*, own: bool) -> list[Champion]:
    """Random networks of several sizes, and the smallest ones of each activation function."""
    genomes = [grown_genome(seed, steps=steps) for seed, steps in enumerate((0, 3, 8, 12, 16, 20, 24, 30, 40, 60))]
    genomes += [single(name) for name in NAMES]
    if own:
        return [champion_of(weighted(genome, seed)) for seed, genome in enumerate(genomes)]
    return [champion_of(genome) for genome in [*genomes, *(unconnected(name) for name in ("linear", "gaussian"))]]


def observations(champion: Champion, batch: int, seed: int = 0) -> NDArray[np.float64]:
    """Inputs that float32 holds exactly; (batch, inputs)."""
    numbers = np.random.default_rng(seed).normal(0.0, 1.0, (batch, len(champion.inputs)))
    return numbers.astype(np.float32).astype(np.float64)


Call = Callable[[NDArray[np.float64], float | None], NDArray[np.floating[Any]]]
"""An exported network: observations, (batch, inputs), and the shared weight or None, to (batch, outputs)."""

TARGET = {"float32": 1e-6, "float64": 1e-12}
ROUNDING = {"float32": 2.0**-23, "float64": 1e-15}
"""What one node may be off by, relative to its size or 1; the kernels' functions are within 1e-14 of the exact ones."""

SLOPES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "linear": np.ones_like,
    "step": np.zeros_like,
    "sin": lambda s: np.pi * np.abs(np.cos(np.pi * s)),
    "gaussian": lambda s: np.abs(s) * np.exp(-s * s / 2),
    "tanh": lambda s: 1 - np.tanh(s) ** 2,
    "sigmoid": lambda s: (1 - np.tanh(s / 2) ** 2) / 4,
    "inverse": np.ones_like,
    "abs": np.ones_like,
    "relu": np.ones_like,
    "cos": lambda s: np.pi * np.abs(np.sin(np.pi * s)),
    "square": lambda s: 2 * np.abs(s),
}


def error_bound(champion: Champion, x: NDArray[np.float64], weight: float | None, dtype: str) -> NDArray[np.float64]:
    """How far rounding alone can take the outputs from the exact ones: each node's error, grown by the next slopes.

    Infinite where a step's argument is within its error of the jump. (batch, outputs)
    """
    program = make_program(champion)
    values = champion.network.activations(x, weight)
    errors = np.zeros_like(values)
    unit = ROUNDING[dtype]
    for step in program.steps:
        factors = np.array(step.weights) if weight is None else np.full(len(step.sources), weight)
        terms = values[:, step.sources] * factors
        total, error = terms.sum(axis=1), (errors[:, step.sources] * np.abs(factors)).sum(axis=1)
        error += unit * np.abs(terms).sum(axis=1)
        grown = SLOPES[step.activation](total) * error + 5 * error**2  # half the largest curvature, pi^2
        if step.activation == "step":
            grown = np.where((np.abs(total) <= error) & (error > 0), np.inf, 0.0)
        errors[:, step.row] = grown + unit * np.maximum(1, np.abs(values[:, step.row]))
    return errors[:, program.results]


def assert_agrees(call: Call, champion: Champion, dtype: str) -> int:
    """Compare an export with the kernel, all weights and batch sizes; gives how many outputs met the full target.

    The target is 1e-6 or 1e-12, relative to outputs above 1; where a network enlarges rounding errors beyond that,
    so much as rounding alone can do.
    """
    met = 0
    for weight in [None] if champion.genome.weighted else WEIGHTS:
        for batch in BATCHES:
            x = observations(champion, batch)
            expected, got = champion.network(x, weight), call(x, weight)
            assert got.shape == expected.shape
            assert got.dtype == dtype
            error = np.abs(got.astype(np.float64) - expected)
            target = TARGET[dtype] * np.maximum(1, np.abs(expected))
            assert np.all(error <= np.maximum(target, error_bound(champion, x, weight, dtype)))
            met += int(np.sum(error <= target))
    return met


def assert_all_agree(make: Callable[[Champion], Call], *, own: bool, dtype: str) -> None:
    """Compare the exports of all networks; nearly all outputs must meet the full target, all but the steepest ones."""
    champions = networks(own=own)
    met = sum(assert_agrees(make(champion), champion, dtype) for champion in champions)
    count = (1 if own else len(WEIGHTS)) * sum(BATCHES) * sum(len(champion.outputs) for champion in champions)
    assert met >= 0.9 * count
