"""What a network costs: connections, neurons, bytes, arithmetic, time."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np
from threadpoolctl import ThreadpoolController

from wann.champion import Champion
from wann.compare.functions import Array
from wann.compare.mlp import MLP
from wann.compare.removal import shrink
from wann.network import express
from wann.population import Population

REPEATS = 5
TIMED = 1024
"""Examples in a timed batch."""


class Costs(msgspec.Struct, frozen=True):
    """What does not depend on a clock."""

    connections: int
    """That lead to an output, those from the bias node among them."""
    weights: int
    """The same without those from the bias node."""
    neurons: int
    """Hidden nodes that are computed."""
    bytes: int
    """Of the network file."""
    multiplications: int
    """A forward pass takes: one a weight, or one a node where all connections share a weight."""
    additions: int
    """A forward pass takes: one a connection."""

    @property
    def operations(self) -> int:
        """Multiplications and additions of a forward pass; activations are not counted."""
        return self.multiplications + self.additions


class Seconds(msgspec.Struct, frozen=True):
    """Time of a forward pass an example, in a batch of ``TIMED``, on one core; the best of several."""

    graph: float
    """Through this toolkit's kernel, connection by connection."""
    dense: float | None = None
    """As matrix products, pruned weights as zeros."""
    shrunk: float | None = None
    """As matrix products without the neurons that lie on no path."""


def costs(champion: Champion) -> Costs:
    """The costs of a network, evolved or pruned."""
    genome = champion.genome
    networks = express(Population.pack([genome]))
    biased = int((networks.sources == 0).sum())
    connections = int(networks.sources.size)
    nodes = int(networks.activations.size)
    return Costs(
        connections=connections,
        weights=connections - biased,
        neurons=nodes - len(genome.outputs),
        bytes=len(champion.encode()),
        multiplications=connections - biased if genome.weighted else nodes,
        additions=connections,
    )


def seconds(champion: Champion, mlp: MLP | None = None) -> Seconds:
    """Measure a forward pass of a network, and of the perceptron that it was.

    Args:
        champion: The network.
        mlp: The perceptron; evolved networks have none.
    """
    inputs = np.random.default_rng(0).normal(size=(TIMED, len(champion.inputs)))
    weight = None if champion.genome.weighted else 1.0
    graph = _best(lambda: champion.network(inputs, weight))
    if mlp is None:
        return Seconds(graph)
    given: Array = inputs.astype(mlp.parameters.dtype)
    small = shrink(mlp)
    return Seconds(graph, _best(lambda: mlp(given)), _best(lambda: small(given)))


def _best(function: Callable[[], object]) -> float:
    times = []
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        for _ in range(REPEATS):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return min(times) / TIMED
