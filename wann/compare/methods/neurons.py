"""Whole neurons by the norm of their weights."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import Array
from wann.compare.method import NeuronMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence


class Neurons(NeuronMethod):
    """Scores a hidden neuron by the L2 norm of its incoming weights; the same share of each layer goes.

    Args:
        name: Of the variant.
        outgoing: Whether the outgoing weights count, too.
    """

    source = "Li et al. 2016"
    scope = "layer"

    def __init__(self, name: str, *, outgoing: bool = False) -> None:
        super().__init__(name)
        self.outgoing = outgoing

    def scores(self, mlp: MLP, evidence: Evidence) -> list[Array]:
        """The norms."""
        squares = [np.square(weights).sum(axis=1) for weights in mlp.weights[:-1]]
        if self.outgoing:
            after = [np.square(weights).sum(axis=0) for weights in mlp.weights[1:]]
            squares = [one + other for one, other in zip(squares, after, strict=True)]
        return [np.sqrt(square) for square in squares]


METHODS = (Neurons("neurons"), Neurons("neurons-both", outgoing=True))
