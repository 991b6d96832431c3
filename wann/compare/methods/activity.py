"""Neurons that rarely fire."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.method import NeuronMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence

NEAR_ZERO = 0.05
"""A neuron that is not a relu counts as silent where its output is within this of zero."""


def apoz(mlp: MLP, inputs: Array) -> list[Array]:
    """The average percentage of zeros, as a share: how often each hidden neuron is silent; [(neurons,), ...]."""
    silent = 0.0 if mlp.hidden == "relu" else NEAR_ZERO
    return [(np.abs(values) <= silent).mean(axis=0) for values in mlp.layers(inputs)[:-1]]


class Activity(NeuronMethod):
    """The neurons that are silent most often go first.

    Args:
        name: Of the variant.
        standardised: Whether to rank a neuron by how far it stands out in its layer: (APoZ - mean) / std. To prune
            what is above mean + 1 std, Hu's rule, is to cut this order at 1.
    """

    source = "Hu et al. 2016"
    needs = ("layers", "data")

    def __init__(self, name: str, *, standardised: bool = False) -> None:
        super().__init__(name)
        self.standardised = standardised

    def scores(self, mlp: MLP, evidence: Evidence) -> list[Array]:
        """Minus APoZ."""
        assert evidence.examples is not None
        scores = []
        for silent, alive in zip(apoz(mlp, evidence.examples.inputs), mlp.bias_masks, strict=False):
            spread = float(silent[alive].std()) if self.standardised else 1.0
            centre = float(silent[alive].mean()) if self.standardised else 0.0
            scores.append((centre - silent) / (spread or 1.0))
        return scores


METHODS = (Activity("activity"), Activity("activity-outliers", standardised=True))
