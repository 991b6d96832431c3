"""Derivatives of the loss on a batch for each weight of a network: back-propagation over its graph."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.activations import ABS, COS, GAUSSIAN, INVERSE, LINEAR, RELU, SIGMOID, SIN, SQUARE, TANH
from wann.activations import cos as cos_pi
from wann.activations import sin as sin_pi
from wann.classification import softmax
from wann.dataset import Samples
from wann.evaluation.forward import respond, rows
from wann.jit import inlined, kernel
from wann.network import Networks
from wann.population import Floats


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
    values = node_values(networks, weights, samples.x)
    loss, slope = _loss(values[networks.outputs[0]], samples.y)
    return loss, derivatives(networks, weights, values, slope)


def node_values(networks: Networks, weights: Floats, x: Floats) -> Floats:
    """The values of the bias, the inputs and all computed nodes of the first network; (rows, samples)."""
    values = np.empty((len(x), rows(networks, 0)))
    respond(networks, 0, np.ascontiguousarray(x), np.ascontiguousarray(weights[:, None]), values)
    return np.ascontiguousarray(values.T)


def _loss(outputs: Floats, y: NDArray[np.generic]) -> tuple[float, Floats]:
    """The mean loss, and its derivative for each output; (outputs, samples)."""
    n = outputs.shape[1]
    if y.ndim == 1:
        slope = softmax(outputs, axis=0)
        right = y, np.arange(n)
        loss = float(-np.log(np.maximum(slope[right], 2.0**-52)).mean())
        slope[right] -= 1.0
        return loss, slope / n
    error: Floats = outputs - np.asarray(y.T, dtype=np.float64)
    return float((error**2).mean()), 2.0 * error / error.size


def derivatives(networks: Networks, weights: Floats, values: Floats, slope: Floats) -> Floats:
    """The derivative of a sum over samples for each weight of the first network.

    Args:
        networks: The network, alone.
        weights: A weight for each of its sources; (sources,).
        values: Its ``node_values``.
        slope: The derivative of each sample's term by the outputs; (outputs, samples).

    Returns:
        (sources,)
    """
    found = np.empty((2, weights.size))
    _back(networks, weights, values, _at_outputs(networks, values, slope), np.zeros_like(values), 0.0, found)
    return np.asarray(found[0])


def second_derivatives(
    networks: Networks, weights: Floats, values: Floats, slope: Floats, curvature: Floats, *, positive: bool = False
) -> Floats:
    """The same for the diagonal second derivatives, by LeCun's recursion (1990, eq. 4 to 9).

    Args:
        networks: The network, alone.
        weights: A weight for each of its sources; (sources,).
        values: Its ``node_values``.
        slope: The derivative of each sample's term by the outputs; (outputs, samples).
        curvature: The second one.
        positive: The Levenberg-Marquardt form: leave the terms with f'' out.

    Returns:
        (sources,)
    """
    found = np.empty((2, weights.size))
    first, second = (_at_outputs(networks, values, part) for part in (slope, curvature))
    _back(networks, weights, values, first, second, 0.0 if positive else 1.0, found)
    return np.asarray(found[1])


def _at_outputs(networks: Networks, values: Floats, part: Floats) -> Floats:
    """The derivative by every row: that by an output in its own row, to begin with."""
    found = np.zeros_like(values)
    found[networks.outputs[0]] = part
    return found


@kernel
def _back(
    networks: Networks, weights: Floats, values: Floats, slope: Floats, bend: Floats, bent: float, found: Floats
) -> None:
    """Fill in ``found``, (2, sources): first and second derivatives, summed over the samples.

    ``slope`` and ``bend`` are the derivatives of each sample's term by each row, (rows, samples), those by the outputs
    to begin with; ``bent`` is the share of f'' that counts. A source feeds a node by one connection at most.
    """
    n = values.shape[1]
    argument, first, second, q = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for node in range(networks.activations.size - 1, -1, -1):
        row = 1 + networks.n_inputs + node
        begin, end = networks.first_source[node], networks.first_source[node + 1]
        argument[:] = 0.0
        for k in range(begin, end):
            for s in range(n):
                argument[s] += weights[k] * values[networks.sources[k], s]
        _differentiate(networks.activations[node], argument, values[row], first, second)
        for s in range(n):
            q[s] = first[s] * first[s] * bend[row, s] + bent * second[s] * slope[row, s]
            first[s] *= slope[row, s]
        for k in range(begin, end):
            source, w = networks.sources[k], weights[k]
            once, twice = 0.0, 0.0
            for s in range(n):
                x = values[source, s]
                once += x * first[s]
                twice += x * x * q[s]
            for s in range(n):
                slope[source, s] += w * first[s]
                bend[source, s] += w * w * q[s]
            found[0, k], found[1, k] = once, twice


@inlined
def _differentiate(code: int, a: Floats, value: Floats, first: Floats, second: Floats) -> None:
    """Fill in f'(a) and f''(a), for f(a) = value; those of a kink are 0 or the ones beside it."""
    n = a.size
    second[:] = 0.0
    if code == SIN:
        for s in range(n):
            first[s], second[s] = np.pi * cos_pi(a[s]), -np.pi * np.pi * value[s]
    elif code == COS:
        for s in range(n):
            first[s], second[s] = -np.pi * sin_pi(a[s]), -np.pi * np.pi * value[s]
    elif code == GAUSSIAN:
        for s in range(n):
            first[s], second[s] = -a[s] * value[s], (a[s] * a[s] - 1.0) * value[s]
    elif code == TANH:
        for s in range(n):
            first[s] = 1.0 - value[s] * value[s]
            second[s] = -2.0 * value[s] * first[s]
    elif code == SIGMOID:
        for s in range(n):
            first[s] = value[s] * (1.0 - value[s])
            second[s] = first[s] * (1.0 - 2.0 * value[s])
    elif code == ABS:
        for s in range(n):
            first[s] = np.sign(a[s])
    elif code == RELU:
        for s in range(n):
            first[s] = 1.0 if a[s] > 0.0 else 0.0
    elif code == SQUARE:
        for s in range(n):
            first[s], second[s] = 2.0 * a[s], 2.0
    else:
        first[:] = 1.0 if code == LINEAR else -1.0 if code == INVERSE else 0.0


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
