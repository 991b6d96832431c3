"""A control for everything: random masks, of exactly the right size."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.method import WeightMethod
from wann.compare.problem import Evidence


class Random(WeightMethod):
    """Scores drawn from U(0, 1)."""

    source = "control"

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """Random numbers."""
        return [rng.random(weights.shape) for weights in network.weights]


class RandomInitial(Random):
    """The same on the untrained network."""

    family = "before training"
    start = "initial"


METHODS = (RandomInitial("random"), Random("random-trained"))
