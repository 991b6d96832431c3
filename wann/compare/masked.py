"""Networks with masks: a pruned weight is zero, and stays zero."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from wann.compare.functions import Array, Mask


class Masked(ABC):
    """What training and pruning need of a network.

    All parameters are one flat vector, of which weights and biases are views, and so are their masks: an optimiser
    walks one array, and "the state at step k" is one copy.

    Args:
        parameters: The vector, to begin with.

    Attributes:
        parameters: (parameters,)
        mask: (parameters,), False where pruned.
        weights: What is pruned by its own score: arrays, views.
        biases: What is pruned with its neuron, never alone: vectors, views.
        masks: Of the weights, views.
        bias_masks: Of the biases, views.
    """

    def __init__(self, parameters: Array) -> None:
        self.parameters: Array = parameters
        self.mask: Mask = np.ones(parameters.size, dtype=np.bool_)
        self.weights, self.biases = self.views(self.parameters)
        self.masks, self.bias_masks = self.views(self.mask)

    @abstractmethod
    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """A vector like ``parameters`` in the shapes of ``weights`` and ``biases``."""

    @abstractmethod
    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """The same network in memory of its own; in another precision where ``dtype`` is given."""

    @abstractmethod
    def __call__(self, inputs: Array) -> Array:
        """The outputs, (batch, outputs), for inputs, (batch, inputs)."""

    def set(self, parameters: Array) -> None:
        """Take over parameters, but for those that are pruned."""
        np.copyto(self.parameters, parameters)
        self._clear()

    def prune(self, masks: Sequence[Mask]) -> None:
        """Prune the weights that ``masks`` (like ``weights``) do not keep; what was pruned before stays pruned."""
        for own, mask in zip(self.masks, masks, strict=True):
            own &= mask
        self._clear()

    def _clear(self) -> None:
        self.parameters[~self.mask] = 0.0

    @property
    def kept(self) -> int:
        """Weights that are not pruned; biases do not count."""
        return sum(int(mask.sum()) for mask in self.masks)

    @property
    def size(self) -> int:
        """All weights, pruned or not; biases do not count."""
        return sum(mask.size for mask in self.masks)

    @property
    def density(self) -> float:
        """Kept weights over all weights."""
        return self.kept / self.size
