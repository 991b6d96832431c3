"""Neurons that say what another one says: they are merged, not just dropped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.method import Method
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence

CONSTANT = 1e-12
"""A neuron whose deviation over the data is below this share of its largest value is constant."""


class Merge(NamedTuple):
    """Neuron ``dropped`` of a layer is a times neuron ``kept``, plus b; nothing but b where it is constant."""

    correlation: float
    layer: int
    dropped: int
    kept: int
    a: float
    b: float


def best_merge(mlp: MLP, inputs: Array) -> Merge | None:
    """The constant neuron, or else the pair of one layer with the largest absolute correlation; ties by index."""
    found = [
        merge
        for layer, values in enumerate(mlp.layers(inputs)[:-1])
        if (merge := _best_of_layer(layer, values, np.flatnonzero(mlp.bias_masks[layer]))) is not None
    ]
    return max(found, key=lambda merge: merge.correlation, default=None)


def _best_of_layer(layer: int, values: Array, alive: Array) -> Merge | None:
    if alive.size < 2:
        return None
    h = values[:, alive].astype(np.float64)
    mean, std = h.mean(axis=0), h.std(axis=0)
    constant = np.flatnonzero(std <= CONSTANT * np.abs(h).max(axis=0))
    if constant.size:
        i = int(constant[0])
        return Merge(np.inf, layer, int(alive[i]), int(alive[i - 1]), 0.0, float(mean[i]))
    covariance = (h - mean).T @ (h - mean) / len(h)
    strength = np.triu(np.abs(covariance) / np.outer(std, std), 1)
    j, i = divmod(int(strength.argmax()), alive.size)
    a = covariance[i, j] / covariance[j, j]
    return Merge(float(strength[j, i]), layer, int(alive[i]), int(alive[j]), float(a), float(mean[i] - a * mean[j]))


def apply(mlp: MLP, merge: Merge) -> None:
    """Give what the dropped neuron said to the kept one and to the biases, then prune it."""
    after, biases = mlp.weights[merge.layer + 1], mlp.biases[merge.layer + 1]
    given = after[:, merge.dropped].copy()
    after[:, merge.kept] += merge.a * given
    biases += merge.b * given
    mlp.prune_neuron(merge.layer, merge.dropped)


class Redundancy(Method):
    """Merges the pair with the largest correlation, again and again (NoiseOut)."""

    source = "Babaeizadeh et al. 2016"
    family = "whole neurons"
    needs = ("layers", "data")

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Merge neurons until at most round(density N) of N weights are left, or each layer has a single one."""
        assert evidence.examples is not None
        assert isinstance(network, MLP)
        target = round(density * network.size)
        while network.kept > target and (merge := best_merge(network, evidence.examples.inputs)) is not None:
            apply(network, merge)


METHODS = (Redundancy("redundancy"),)
