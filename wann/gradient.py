"""The gradient of the loss on a batch for each weight of a network: back-propagation over its graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.activations import CODES
from wann.dataset import Samples
from wann.evaluation.forward import respond, rows
from wann.network import Networks
from wann.population import Floats

_Derivative = Callable[[Floats, Floats], Floats]
_DERIVATIVES: dict[str, _Derivative] = {
    "linear": lambda a, _: np.ones_like(a),
    "step": lambda a, _: np.zeros_like(a),
    "sin": lambda a, _: np.pi * np.cos(np.pi * a),
    "gaussian": lambda a, value: -a * value,
    "tanh": lambda _, value: 1.0 - value**2,
    "sigmoid": lambda _, value: value * (1.0 - value),
    "inverse": lambda a, _: -np.ones_like(a),
    "abs": lambda a, _: np.sign(a),
    "relu": lambda a, _: (a > 0.0).astype(np.float64),
    "cos": lambda a, _: -np.pi * np.sin(np.pi * a),
    "square": lambda a, _: 2.0 * a,
}
"""The derivative of each activation from its argument and its value; that of a step is 0 wherever there is one."""
_BY_CODE = {CODES[name]: function for name, function in _DERIVATIVES.items()}


def loss_gradient(networks: Networks, weights: Floats, samples: Samples) -> tuple[float, Floats]:
    """The mean loss of the first network, and its gradient.

    The loss is that of ``wann.dataset``: cross-entropy behind softmax for classes, the mean squared error for numbers.

    Args:
        networks: The network, alone.
        weights: A weight for each of its sources, in evaluation order; (sources,).
        samples: The batch.

    Returns:
        The loss, and its derivative for each weight; (sources,).
    """
    values = np.empty((len(samples.x), rows(networks, 0)))
    respond(networks, 0, np.ascontiguousarray(samples.x), np.ascontiguousarray(weights[:, None]), values)
    columns = np.ascontiguousarray(values.T)
    loss, slope = _loss(columns[networks.outputs[0]], samples.y)
    downstream = np.zeros_like(columns)
    np.add.at(downstream, networks.outputs[0], slope)
    return loss, _back(networks, weights, columns, downstream)


def _loss(outputs: Floats, y: NDArray[np.generic]) -> tuple[float, Floats]:
    """The mean loss, and its derivative for each output; (outputs, samples)."""
    n = outputs.shape[1]
    if y.ndim == 1:
        powers = np.exp(outputs - outputs.max(axis=0))
        share = powers / powers.sum(axis=0)
        right = y, np.arange(n)
        slope = share.copy()
        slope[right] -= 1.0
        return float(-np.log(np.maximum(share[right], 2.0**-52)).mean()), slope / n
    error: Floats = outputs - np.asarray(y.T, dtype=np.float64)
    return float((error**2).mean()), 2.0 * error / error.size


def _back(networks: Networks, weights: Floats, values: Floats, downstream: Floats) -> Floats:
    """The derivative for each weight; ``downstream`` has the derivative for the outputs' values, (rows, samples)."""
    gradient = np.empty_like(weights)
    first_row = 1 + networks.n_inputs
    for node in range(networks.activations.size - 1, -1, -1):
        part = slice(networks.first_source[node], networks.first_source[node + 1])
        sources = networks.sources[part]
        argument = weights[part] @ values[sources]
        row = first_row + node
        slope = downstream[row] * _BY_CODE[int(networks.activations[node])](argument, values[row])
        gradient[part] = values[sources] @ slope
        downstream[sources] += weights[part][:, None] * slope  # a source feeds a node by one connection at most
    return gradient


class Adam(NamedTuple):
    """Adam between two steps (Kingma & Ba 2015, algorithm 1)."""

    taken: float
    """Steps that were taken."""
    first: Floats
    """The mean of gradients."""
    second: Floats
    """The mean of their squares."""

    def step(self, weights: Floats, gradient: Floats, rate: float) -> tuple[Adam, Floats]:
        """What it is after a step downhill, and the weights then."""
        taken = self.taken + 1.0
        first = 0.9 * self.first + 0.1 * gradient
        second = 0.999 * self.second + 0.001 * gradient**2
        change = first / (1.0 - 0.9**taken) / (np.sqrt(second / (1.0 - 0.999**taken)) + 1e-8)
        return Adam(taken, first, second), weights - rate * change


def fresh_adam(size: int) -> Adam:
    """Adam before the first step."""
    return Adam(0.0, np.zeros(size), np.zeros(size))
