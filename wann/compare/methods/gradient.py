"""A control for SNIP: the gradient alone."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.method import WeightMethod
from wann.compare.problem import Evidence


class Gradient(WeightMethod):
    """Scores abs(dL/dw) at initialisation; of a policy, L is minus the return, as for SNIP."""

    source = "control"
    family = "before training"
    needs = ("gradients",)
    start = "initial"

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The absolute gradient."""
        assert evidence.gradient is not None
        return [np.abs(slope) for slope in network.views(evidence.gradient(network))[0]]


METHODS = (Gradient("gradient"),)
