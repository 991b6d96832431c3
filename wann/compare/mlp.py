"""Dense multi-layer perceptrons with masks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from wann.compare.functions import FUNCTIONS, Array, check_function
from wann.compare.masked import Masked
from wann.errors import UserError
from wann.seeds import Purpose, generator


class MLP(Masked):
    """A multi-layer perceptron: y_l = f_l(W_l y_{l-1} + b_l).

    Args:
        sizes: Inputs, hidden neurons a layer, outputs.
        hidden: The activation of hidden neurons: relu, tanh, sigmoid or linear.
        output: The activation of outputs.
        dtype: float32 or float64.

    Attributes:
        parameters: (parameters,): W_1 row by row, b_1, W_2, b_2, and so on; zero to begin with.
        mask: (parameters,), False where pruned.
        weights: W_l, (out, in), views.
        biases: b_l, (out,), views.
        masks: Of the weights, views.
        bias_masks: Of the biases, views.

    Raises:
        UserError: There are fewer than two sizes, one is below 1, or an activation is unknown.
    """

    def __init__(
        self, sizes: Sequence[int], *, hidden: str = "relu", output: str = "linear", dtype: DTypeLike = np.float32
    ) -> None:
        self.sizes = tuple(int(size) for size in sizes)
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise UserError(f"sizes: expected inputs, hidden layers and outputs, each 1 or more, got {tuple(sizes)}")
        self.hidden, self.output = check_function(hidden), check_function(output)
        self.activations = (*[hidden] * (len(self.sizes) - 2), output)
        count = sum(n_out * (n_in + 1) for n_in, n_out in pairwise(self.sizes))
        super().__init__(np.zeros(count, dtype=dtype))

    @classmethod
    def initialised(cls, sizes: Sequence[int], seed: int, draw: int = 0, **options: Any) -> MLP:
        """Weights from N(0, 2 / (in + out)) (Glorot & Bengio 2010, in its normal form), biases zero.

        Args:
            sizes: As of the class.
            seed: All chance comes from it,
            draw: and from this: another number gives another start.
            **options: ``hidden``, ``output``, ``dtype``.
        """
        mlp = cls(sizes, **options)
        rng = generator(seed, Purpose.DENSE_START, draw)
        for weights in mlp.weights:
            weights[:] = rng.normal(0.0, np.sqrt(2.0 / sum(weights.shape)), weights.shape)
        return mlp

    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """A vector like ``parameters`` as matrices, one for each W_l, and vectors, one for each b_l."""
        weights, biases, at = [], [], 0
        for n_in, n_out in pairwise(self.sizes):
            weights.append(flat[at : at + n_out * n_in].reshape(n_out, n_in))
            at += n_out * n_in
            biases.append(flat[at : at + n_out])
            at += n_out
        return weights, biases

    def copy(self, dtype: DTypeLike | None = None) -> Self:
        """The same network in memory of its own; in another precision where ``dtype`` is given."""
        other = type(self)(self.sizes, hidden=self.hidden, output=self.output, dtype=dtype or self.parameters.dtype)
        other.parameters[:] = self.parameters
        other.mask[:] = self.mask
        return other

    def prune_neuron(self, layer: int, neuron: int) -> None:
        """Prune a hidden neuron: its row, its bias, and its column in the next layer."""
        self.masks[layer][neuron] = False
        self.bias_masks[layer][neuron] = False
        self.masks[layer + 1][:, neuron] = False
        self._clear()

    def layers(self, inputs: Array) -> list[Array]:
        """The outputs of every layer, [(batch, out), ...], the inputs not among them."""
        outputs, x = [], np.asarray(inputs, dtype=self.parameters.dtype)
        for weights, biases, name in zip(self.weights, self.biases, self.activations, strict=True):
            x = x @ weights.T
            x += biases
            outputs.append(x := FUNCTIONS[name].apply(x))
        return outputs

    def __call__(self, inputs: Array) -> Array:
        """The outputs, (batch, outputs), for inputs, (batch, inputs)."""
        return self.layers(inputs)[-1]
