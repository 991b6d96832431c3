"""Gradients of masked networks; those of perceptrons in buffers that are made once."""

from __future__ import annotations

import numpy as np

from wann.compare.functions import FUNCTIONS, Array
from wann.compare.graph_network import GraphNetwork
from wann.compare.loss import Loss
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.gradient import derivatives, node_values


class Backpropagation:
    """The loss and its gradient for batches of at most ``batch`` examples.

    Attributes:
        gradient: (parameters,), of the last call: the derivative by every weight that multiplies, pruned ones
            included, since a learned mask needs them; an optimiser leaves pruned ones out.
    """

    def __init__(self, mlp: MLP, loss: Loss, batch: int) -> None:
        self._mlp, self._loss = mlp, loss
        self.gradient: Array = np.zeros_like(mlp.parameters)
        self._weights, self._biases = mlp.views(self.gradient)
        dtype = mlp.parameters.dtype
        self._outputs = [np.empty((batch, size), dtype=dtype) for size in mlp.sizes[1:]]
        self._deltas = [np.empty((batch, size), dtype=dtype) for size in mlp.sizes[1:-1]]

    def __call__(self, inputs: Array, targets: Array) -> float:
        """Fill ``gradient`` with the mean gradient over a batch; gives the loss."""
        layers = self._forward(inputs)
        self._backward(inputs, layers, targets)
        return self._loss.value(layers[-1], targets)

    def _forward(self, inputs: Array) -> list[Array]:
        mlp, x, layers = self._mlp, inputs, []
        for weights, biases, name, buffer in zip(mlp.weights, mlp.biases, mlp.activations, self._outputs, strict=True):
            x = np.matmul(x, weights.T, out=buffer[: len(inputs)])
            x += biases
            layers.append(FUNCTIONS[name].apply(x))
        return layers

    def _backward(self, inputs: Array, layers: list[Array], targets: Array) -> None:
        mlp, n = self._mlp, len(inputs)
        delta = self._loss.delta(layers[-1], targets, mlp.output)
        delta /= n
        for layer in reversed(range(len(layers))):
            np.matmul(delta.T, layers[layer - 1] if layer else inputs, out=self._weights[layer])
            np.sum(delta, axis=0, out=self._biases[layer])
            if layer:
                delta = np.matmul(delta, mlp.weights[layer], out=self._deltas[layer - 1][:n])
                delta *= FUNCTIONS[mlp.hidden].slope(layers[layer - 1])


class GraphBackpropagation:
    """The same for a network without layers, over the connections alive when it is made.

    Attributes:
        gradient: (parameters,), of the last call; 0 for a connection that is pruned.
    """

    def __init__(self, network: GraphNetwork, loss: Loss) -> None:
        self._network, self._loss = network, loss
        self._networks, self._order = network.expressed()
        self.gradient: Array = np.zeros_like(network.parameters)

    def __call__(self, inputs: Array, targets: Array) -> float:
        """Fill ``gradient`` with the mean gradient over a batch; gives the loss."""
        networks, weights = self._networks, self._network.parameters[self._order]
        values = node_values(networks, weights, inputs)
        outputs = values[networks.outputs[0]].T
        slope = self._loss.delta(outputs, targets, "linear").T / len(inputs)
        self.gradient[self._order] = derivatives(networks, weights, values, slope)
        return self._loss.value(outputs, targets)


def make_backpropagation(network: Masked, loss: Loss, batch: int) -> Backpropagation | GraphBackpropagation:
    """The one for that kind of network."""
    if isinstance(network, MLP):
        return Backpropagation(network, loss, batch)
    assert isinstance(network, GraphNetwork)
    return GraphBackpropagation(network, loss)


def mean_gradient(network: Masked, loss: Loss, inputs: Array, targets: Array) -> Array:
    """The gradient of the mean loss over all examples, (parameters,), in float64."""
    backward = make_backpropagation(network.copy(np.float64), loss, len(inputs))
    backward(np.asarray(inputs, dtype=np.float64), targets)
    return backward.gradient
