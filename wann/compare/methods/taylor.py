"""Neurons by what the loss would do without them, to first order."""

from __future__ import annotations

import numpy as np

from wann.compare.data import Examples
from wann.compare.functions import FUNCTIONS, Array
from wann.compare.loss import Loss
from wann.compare.method import NeuronMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence


def mean_effects(mlp: MLP, examples: Examples, loss: Loss) -> list[Array]:
    """The mean over examples of abs(h_i dC/dh_i), C an example's own loss; [(neurons,), ...]."""
    mlp = mlp.copy(np.float64)
    layers = mlp.layers(examples.inputs)
    delta, found = loss.delta(layers[-1], examples.targets, mlp.output), []
    for layer in reversed(range(1, len(layers))):
        h, back = layers[layer - 1], delta @ mlp.weights[layer]
        found.append(np.abs(h * back).mean(axis=0))
        delta = back * FUNCTIONS[mlp.hidden].slope(h)
    return found[::-1]


def gate_effects(mlp: MLP, gradient: Array) -> list[Array]:
    """abs(dC/dm_i) for a gate m_i = 1 on each hidden neuron, from the gradient by the weights.

    A gate scales the outgoing weights: dC/dm_i = sum over k of w_ki dC/dw_ki.
    """
    by_weight, _ = mlp.views(gradient)
    return [
        np.abs((weights * slope).sum(axis=0)) for weights, slope in zip(mlp.weights[1:], by_weight[1:], strict=True)
    ]


class Taylor(NeuronMethod):
    """Scores a hidden neuron by abs(h_i dC/dh_i), normalised by the L2 norm of its layer's scores.

    Of a policy, C is minus the return: its gradient, by evolution strategies, gives that by a gate on the neuron,
    which is the mean of h_i dC/dh_i.
    """

    source = "Molchanov et al. 2016"
    needs = ("layers", "data", "gradients")

    def scores(self, mlp: MLP, evidence: Evidence) -> list[Array]:
        """The normalised effects."""
        assert evidence.examples is not None
        assert evidence.loss is not None
        assert evidence.gradient is not None
        effects = (
            gate_effects(mlp, evidence.gradient(mlp))
            if evidence.returns
            else mean_effects(mlp, evidence.examples, evidence.loss)
        )
        return [effect / (float(np.linalg.norm(effect)) or 1.0) for effect in effects]


METHODS = (Taylor("taylor", rounds=5),)
