"""The four regimes of weights (Gaier & Ha 2019, section 4) for any network, evolved or pruned."""

from __future__ import annotations

import msgspec
import numpy as np

from wann.champion import Champion
from wann.compare.problem import Problem
from wann.network import express
from wann.population import Population
from wann.scoring import RANGE, own_weights
from wann.seeds import Purpose, generator

DRAWS, SWEEP = 20, 41


class Regimes(msgspec.Struct, frozen=True):
    """The mean score of a network under other weights, those of its biases among them."""

    individual: float
    """Every connection with a weight of its own from U(-2, 2); mean over ``DRAWS``."""
    shared: float
    """All connections with the same weight from U(-2, 2); mean over ``DRAWS``."""
    best: float
    """With the best shared weight of a sweep over [-2, 2], chosen on other examples or episodes."""
    weight: float
    """That weight."""
    tuned: float | None
    """With the weights that it has; None for a network that has none."""


def regimes(problem: Problem, champion: Champion, seed: int) -> Regimes:
    """Play a network under the four regimes; ``seed`` draws the random weights."""
    networks = express(Population.pack([champion.genome]))
    n = networks.sources.size
    rng = generator(seed, Purpose.REGIME_WEIGHTS)
    individual = rng.uniform(-RANGE, RANGE, (DRAWS, n))
    shared = np.repeat(rng.uniform(-RANGE, RANGE, (DRAWS, 1)), n, axis=1)
    sweep = np.linspace(-RANGE, RANGE, SWEEP)
    best = float(sweep[problem.play(networks, np.repeat(sweep[:, None], n, axis=1), False).argmax()])
    vectors = [individual, shared, np.full((1, n), best)]
    if champion.genome.weighted:
        vectors.append(own_weights(champion.genome, networks)[None])
    scores = problem.play(networks, np.vstack(vectors), True)
    return Regimes(
        individual=float(scores[:DRAWS].mean()),
        shared=float(scores[DRAWS : 2 * DRAWS].mean()),
        best=float(scores[2 * DRAWS]),
        weight=best,
        tuned=float(scores[-1]) if champion.genome.weighted else None,
    )
