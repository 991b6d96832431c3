"""SNIP: the sensitivity of the loss to each connection, before any training."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.method import WeightMethod
from wann.compare.problem import Evidence


class Snip(WeightMethod):
    """Scores abs(w dL/dw) at initialisation.

    Of a policy, L is minus the return, its gradient estimated by evolution strategies.
    """

    source = "Lee et al. 2019"
    family = "before training"
    needs = ("gradients",)
    start = "initial"

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The connection sensitivities."""
        assert evidence.gradient is not None
        slopes, _ = network.views(evidence.gradient(network))
        return [np.abs(weights * slope) for weights, slope in zip(network.weights, slopes, strict=True)]


METHODS = (Snip("snip"),)
