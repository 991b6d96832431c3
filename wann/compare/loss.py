"""What training makes small, and its first and second derivatives at the outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from wann.classification import softmax
from wann.compare.functions import FUNCTIONS, Array
from wann.errors import UserError, suggestion


class Loss(ABC):
    """A loss, averaged over examples, as a function of the outputs y = f(a)."""

    name: str

    @abstractmethod
    def value(self, outputs: Array, targets: Array) -> float:
        """The loss of a batch."""

    @abstractmethod
    def delta(self, outputs: Array, targets: Array, activation: str) -> Array:
        """The derivative dE/da of each example's own loss E; (batch, outputs)."""

    @abstractmethod
    def curvature(self, outputs: Array, targets: Array, activation: str) -> Array:
        """The second derivative d2E/da2 of each example's own loss; (batch, outputs)."""


class CrossEntropy(Loss):
    """E = -log softmax(a)_target: the outputs are linear, the softmax is a part of the loss; targets are classes."""

    name = "cross-entropy"

    def value(self, outputs: Array, targets: Array) -> float:
        """The mean cross-entropy, in nats."""
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        normaliser = np.log(np.exp(shifted).sum(axis=1))
        return float((normaliser - shifted[np.arange(len(targets)), targets]).mean())

    def delta(self, outputs: Array, targets: Array, activation: str) -> Array:
        """The probabilities p, less 1 at the target."""
        difference = self._probabilities(outputs, activation)
        difference[np.arange(len(targets)), targets] -= 1.0
        return difference

    def curvature(self, outputs: Array, targets: Array, activation: str) -> Array:
        """The product p (1 - p)."""
        p = self._probabilities(outputs, activation)
        return np.asarray(p * (1.0 - p))

    @staticmethod
    def _probabilities(outputs: Array, activation: str) -> Array:
        if activation != "linear":
            raise UserError(f"cross-entropy needs linear outputs, got {activation!r}")
        return softmax(outputs, axis=1)


class SquaredError(Loss):
    """E = sum over outputs of (d - y)^2 (LeCun 1990); targets are (batch, outputs)."""

    name = "squared"

    def value(self, outputs: Array, targets: Array) -> float:
        """The mean over examples of E."""
        return float(np.square(outputs - targets).sum(axis=1).mean())

    def delta(self, outputs: Array, targets: Array, activation: str) -> Array:
        """-2 (d - y) f'."""
        return np.asarray(2.0 * (outputs - targets) * FUNCTIONS[activation].slope(outputs))

    def curvature(self, outputs: Array, targets: Array, activation: str) -> Array:
        """2 f'^2 - 2 (d - y) f''."""
        function = FUNCTIONS[activation]
        slope, curvature = function.slope(outputs), function.curvature(outputs)
        return np.asarray(2.0 * (slope**2 + (outputs - targets) * curvature))


LOSSES: dict[str, Loss] = {loss.name: loss for loss in (CrossEntropy(), SquaredError())}


def find_loss(name: str) -> Loss:
    """The loss of that name.

    Raises:
        UserError: There is none.
    """
    if name not in LOSSES:
        raise UserError(f"there is no loss {name!r}: {suggestion(name, LOSSES)}")
    return LOSSES[name]
