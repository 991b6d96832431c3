"""Supermasks: the weights stay random, the mask is learned."""

from __future__ import annotations

import math

import numpy as np

from wann.compare.backpropagation import Backpropagation
from wann.compare.functions import Array, Mask
from wann.compare.masked import Masked
from wann.compare.masks import keep_highest
from wann.compare.method import Method, Outcome
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence, Trial
from wann.seeds import Purpose, generator

EPOCHS, BATCH, RATE, MOMENTUM = 40, 32, 0.1, 0.9


class Supermask(Method):
    """Edge-popup (Ramanujan 2020): every weight has a score; each layer uses those with the highest absolute scores.

    The scores learn by SGD with the straight-through gradient, dL/dabs(s_ij) = w_ij dL/da_i x_j, as if every weight
    were in use. The weights are the signs of the initialisation times sqrt(2 / (density * inputs)), and never change;
    neither do the biases, which are zero. Of a policy, the loss is the squared distance to the dense policy's actions:
    its mask is learned by imitation, and the dense training is a part of its price.
    """

    source = "Zhou et al. 2019; Ramanujan et al. 2020"
    family = "before training"
    needs = ("layers", "data")
    start = "initial"

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Learn the mask of an untrained network; its weights become signed constants."""
        assert isinstance(network, MLP)
        for weights, mask in zip(network.weights, network.masks, strict=True):
            scale = math.sqrt(2.0 / (density * weights.shape[1]))
            weights[:] = np.where(weights < 0.0, -scale, scale) * mask
        popup = _EdgePopup(network, density, evidence, rng)
        for epoch in range(EPOCHS):
            popup.run(rng, RATE * 0.5 * (1.0 + math.cos(math.pi * epoch / EPOCHS)))
        network.prune(popup.masks())

    def run(self, trial: Trial, density: float) -> Outcome:
        """Learn the mask; nothing is trained afterwards."""
        self.check(trial.dense.initial, density, trial.evidence)
        network = trial.dense.initial.copy()
        self.prune(network, density, trial.evidence, generator(trial.seed, Purpose.PRUNING, 1))
        assert trial.evidence.examples is not None
        looked_at = EPOCHS * len(trial.evidence.examples.inputs)
        return Outcome(network, network, trial.dense.how.price if trial.evidence.returns else looked_at, [])


class _EdgePopup:
    """The scores, and a network in which only the chosen weights are not zero."""

    def __init__(self, mlp: MLP, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        assert evidence.examples is not None
        assert evidence.loss is not None
        self._mlp, self._examples = mlp, evidence.examples.astype(mlp.parameters.dtype)
        self._used = mlp.copy()
        self._backward = Backpropagation(self._used, evidence.loss, BATCH)
        self._gradients, _ = self._used.views(self._backward.gradient)
        self._scores: list[Array] = [rng.uniform(0.0, 1.0, w.shape).astype(w.dtype) for w in mlp.weights]
        self._velocity = [np.zeros_like(w) for w in mlp.weights]
        self._counts = [round((1.0 - density) * mask.size) - int((~mask).sum()) for mask in mlp.masks]

    def masks(self) -> list[Mask]:
        """The highest absolute scores of each layer."""
        scores = [np.abs(score) for score in self._scores]
        return [keep_highest(*parts) for parts in zip(scores, self._mlp.masks, self._counts, strict=True)]

    def run(self, rng: np.random.Generator, rate: float) -> None:
        """An epoch."""
        order = rng.permutation(len(self._examples.inputs))
        for first in range(0, order.size, BATCH):
            at = order[first : first + BATCH]
            for used, weights, mask in zip(self._used.weights, self._mlp.weights, self.masks(), strict=True):
                np.multiply(weights, mask, out=used)
            self._backward(self._examples.inputs[at], self._examples.targets[at])
            for parts in zip(self._scores, self._velocity, self._gradients, self._mlp.weights, strict=True):
                _step(*parts, rate)


def _step(score: Array, velocity: Array, gradient: Array, weights: Array, rate: float) -> None:
    velocity *= MOMENTUM
    velocity += gradient * weights * np.sign(score)
    score -= rate * velocity


METHODS = (Supermask("supermask"),)
