"""SGD with momentum and Adam, in one pass over the parameters; what is pruned keeps neither value nor momentum."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from wann.compare.functions import Array, Mask
from wann.compare.masked import Masked
from wann.errors import UserError, suggestion
from wann.jit import kernel


@kernel
def _sgd(
    parameters: Array, mask: Mask, gradient: Array, velocity: Array, rate: float, momentum: float, decay: float
) -> None:
    zero = parameters.dtype.type(0.0)
    for i in range(parameters.size):
        v = momentum * velocity[i] + (gradient[i] + decay * parameters[i])
        velocity[i] = v if mask[i] else zero
        parameters[i] = parameters[i] - rate * v if mask[i] else zero


@kernel
def _adam(
    parameters: Array,
    mask: Mask,
    gradient: Array,
    first: Array,
    second: Array,
    rate: float,
    decay: float,
    beta1: float,
    beta2: float,
    scale: float,
    epsilon: float,
) -> None:
    zero, one = parameters.dtype.type(0.0), parameters.dtype.type(1.0)
    for i in range(parameters.size):
        g = gradient[i] + decay * parameters[i]
        m = beta1 * first[i] + (one - beta1) * g
        v = beta2 * second[i] + (one - beta2) * g * g
        first[i] = m if mask[i] else zero
        second[i] = v if mask[i] else zero
        parameters[i] = parameters[i] - rate * m / (np.sqrt(v) * scale + epsilon) if mask[i] else zero


class Optimizer(Protocol):
    """Changes the parameters of a network a step at a time."""

    def step(self, gradient: Array, rate: float) -> None:
        """Take a step down ``gradient``, (parameters,), at the learning rate ``rate``."""


class SGD:
    """Stochastic gradient descent: v = momentum v + (g + decay w), w = w - rate v.

    Args:
        network: The network.
        momentum: 0 for none.
        decay: Of the weights.
    """

    def __init__(self, network: Masked, momentum: float = 0.9, decay: float = 0.0) -> None:
        self._network, self._number = network, network.parameters.dtype.type
        self._velocity = np.zeros_like(network.parameters)
        self._momentum, self._decay = self._number(momentum), self._number(decay)

    def step(self, gradient: Array, rate: float) -> None:
        """Take a step."""
        network = self._network
        _sgd(
            network.parameters, network.mask, gradient, self._velocity, self._number(rate), self._momentum, self._decay
        )


class Adam:
    """Adam (Kingma & Ba 2015), with the bias corrections of its algorithm 1.

    Args:
        network: The network.
        decay: Of the weights, added to the gradient.
        betas: Decay rates of the two moments.
        epsilon: Added to the root of the second moment.
    """

    def __init__(
        self, network: Masked, decay: float = 0.0, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8
    ) -> None:
        self._network, self._number, self._betas = network, network.parameters.dtype.type, betas
        self._first, self._second = np.zeros_like(network.parameters), np.zeros_like(network.parameters)
        self._constants = self._number(decay), self._number(betas[0]), self._number(betas[1])
        self._epsilon = self._number(epsilon)
        self._steps = 0

    def step(self, gradient: Array, rate: float) -> None:
        """Take a step."""
        network, number = self._network, self._number
        self._steps += 1
        rate /= 1.0 - self._betas[0] ** self._steps
        scale = (1.0 - self._betas[1] ** self._steps) ** -0.5
        moments = self._first, self._second
        _adam(
            network.parameters,
            network.mask,
            gradient,
            *moments,
            number(rate),
            *self._constants,
            number(scale),
            self._epsilon,
        )


OPTIMIZERS = ("adam", "sgd")


def make_optimizer(name: str, network: Masked, *, momentum: float, decay: float) -> Optimizer:
    """The optimizer of that name, fresh.

    Raises:
        UserError: There is none.
    """
    if name == "sgd":
        return SGD(network, momentum, decay)
    if name == "adam":
        return Adam(network, decay)
    raise UserError(f"there is no optimizer {name!r}: {suggestion(name, OPTIMIZERS)}")
