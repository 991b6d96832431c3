"""SNIP: the sensitivity of the loss to each connection, before any training."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.method import WeightMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence


class Snip(WeightMethod):
    """Scores abs(w dL/dw) at initialisation.

    Of a policy, L is minus the return, its gradient estimated by evolution strategies.
    """

    source = "Lee et al. 2019"
    family = "before training"
    needs = ("gradients",)
    start = "initial"

    def scores(self, mlp: MLP, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The connection sensitivities."""
        assert evidence.gradient is not None
        slopes, _ = mlp.views(evidence.gradient(mlp))
        return [np.abs(weights * slope) for weights, slope in zip(mlp.weights, slopes, strict=True)]


METHODS = (Snip("snip"),)
