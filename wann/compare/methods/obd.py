"""Optimal Brain Damage: what deleting a weight costs, to second order."""

from __future__ import annotations

import numpy as np

from wann.compare.data import Examples
from wann.compare.functions import FUNCTIONS, Array
from wann.compare.graph_network import GraphNetwork
from wann.compare.loss import Loss
from wann.compare.masked import Masked
from wann.compare.method import WeightMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence
from wann.gradient import node_values
from wann.gradient import second_derivatives as graph_derivatives


def second_derivatives(network: Masked, examples: Examples, loss: Loss, *, positive: bool = False) -> list[Array]:
    """The diagonal second derivatives of the mean loss by the weights, by back-propagation (LeCun 1990, eq. 4 to 9).

    Args:
        network: The network.
        examples: What the loss is averaged over.
        loss: The loss.
        positive: The Levenberg-Marquardt form: leave the term with f'' out, so that none is negative.

    Returns:
        h_ij = mean of q_i x_j^2, in the shapes of ``network.weights``; float64.
    """
    if isinstance(network, MLP):
        return _of_layers(network.copy(np.float64), examples, loss, positive)
    assert isinstance(network, GraphNetwork)
    return [_of_graph(network, examples, loss, positive)]


def _of_layers(mlp: MLP, examples: Examples, loss: Loss, positive: bool) -> list[Array]:
    inputs = np.asarray(examples.inputs, dtype=np.float64)
    layers, function = mlp.layers(inputs), FUNCTIONS[mlp.hidden]
    delta = loss.delta(layers[-1], examples.targets, mlp.output)
    q = loss.curvature(layers[-1], examples.targets, mlp.output)
    found = []
    for layer in reversed(range(len(layers))):
        x = layers[layer - 1] if layer else inputs
        found.append(q.T @ np.square(x) / len(x))
        if layer:
            slope, back = function.slope(x), delta @ mlp.weights[layer]
            q = slope**2 * (q @ np.square(mlp.weights[layer]))
            if not positive:
                q += function.curvature(x) * back
            delta = slope * back
    return found[::-1]


def _of_graph(network: GraphNetwork, examples: Examples, loss: Loss, positive: bool) -> Array:
    networks, order = network.expressed()
    weights = network.parameters[order]
    values = node_values(networks, weights, np.asarray(examples.inputs, dtype=np.float64))
    outputs = values[networks.outputs[0]].T
    at_outputs = [part(outputs, examples.targets, "linear").T for part in (loss.delta, loss.curvature)]
    found = np.zeros_like(network.parameters)
    found[order] = graph_derivatives(networks, weights, values, *at_outputs, positive=positive) / len(outputs)
    return found


class OptimalBrainDamage(WeightMethod):
    """Scores s = h w^2 / 2, h the second derivative.

    Of a policy, the loss is the squared distance to what it does itself, before the pruning, on states that the dense
    policy visits: it is at its minimum there, as the derivation asks, also after a fine-tuning.

    Args:
        name: Of the variant.
        positive: The Levenberg-Marquardt form.
    """

    source = "LeCun et al. 1990"
    needs = ("data",)

    def __init__(self, name: str, *, positive: bool = False) -> None:
        super().__init__(name, rounds=5)
        self.positive = positive

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The saliencies."""
        assert evidence.examples is not None
        assert evidence.loss is not None
        examples = evidence.examples
        if evidence.returns:
            examples = Examples(examples.inputs, network(examples.inputs))
        h = second_derivatives(network, examples, evidence.loss, positive=self.positive)
        return [
            each * np.square(weights, dtype=np.float64) / 2.0 for each, weights in zip(h, network.weights, strict=True)
        ]


METHODS = (OptimalBrainDamage("obd"), OptimalBrainDamage("obd-lm", positive=True))
