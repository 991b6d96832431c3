"""Magnitude pruning: small weights go first."""

from __future__ import annotations

from typing import Any

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.masks import Scope
from wann.compare.method import WeightMethod
from wann.compare.problem import Evidence


class Magnitude(WeightMethod):
    """Scores abs(w).

    One-shot; in rounds with training between them (Han 2015); or gradually, with the cubic schedule of Zhu & Gupta
    2017.

    Args:
        name: Of the variant.
        scope: What is ranked together.
        **how: Rounds, schedule and share of ``Method``.
    """

    source = "Han et al. 2015; Zhu & Gupta 2017"

    def __init__(self, name: str, scope: Scope = "global", **how: Any) -> None:
        super().__init__(name, **how)
        self.scope = scope
        if scope == "layer":
            self.needs = ("layers",)

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The absolute weights."""
        return [np.abs(weights) for weights in network.weights]


class Threshold(WeightMethod):
    """Scores abs(w) / std(W_l), the deviation taken over the weights alive.

    Han's threshold prunes what is below quality * std(W_l) in each layer: that is this order, cut at the quality.
    """

    source = "Han et al. 2015"
    needs = ("layers",)

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The absolute weights in units of their layer's deviation."""
        return [
            np.abs(weights) / max(float(weights[mask].std()), np.finfo(weights.dtype).tiny) if mask.any() else weights
            for weights, mask in zip(network.weights, network.masks, strict=True)
        ]


METHODS = (
    Magnitude("magnitude"),
    Magnitude("magnitude-layer", "layer"),
    Magnitude("magnitude-iterative", rounds=5),
    Magnitude("magnitude-gradual", rounds=10, schedule="cubic", share=0.1),
    Threshold("magnitude-threshold"),
)
