"""The activation functions of dense layers, with the derivatives that back-propagation needs.

All are written in terms of the output y = f(a): a layer then keeps one array, not two.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wann.errors import UserError, suggestion

Array: TypeAlias = NDArray[Any]
"""float32 or float64 numbers."""
Mask: TypeAlias = NDArray[np.bool_]


class _Map(Protocol):
    def __call__(self, x: Array, /) -> Array: ...


class Function(NamedTuple):
    """An activation function: ``apply`` works in place; ``slope`` and ``curvature`` take y = f(a)."""

    apply: _Map
    slope: _Map
    """f'(a)"""
    curvature: _Map
    """f''(a)"""


def _tanh(x: Array) -> Array:
    return np.tanh(x, out=x)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0, out=x)


def _sigmoid(x: Array) -> Array:
    """As (tanh(a / 2) + 1) / 2, which does not overflow."""
    x *= 0.5
    np.tanh(x, out=x)
    x += 1.0
    x *= 0.5
    return x


FUNCTIONS: dict[str, Function] = {
    "linear": Function(lambda x: x, np.ones_like, np.zeros_like),
    "relu": Function(_relu, lambda y: np.greater(y, 0.0).astype(y.dtype), np.zeros_like),
    "tanh": Function(_tanh, lambda y: 1.0 - y * y, lambda y: -2.0 * y * (1.0 - y * y)),
    "sigmoid": Function(_sigmoid, lambda y: y * (1.0 - y), lambda y: y * (1.0 - y) * (1.0 - 2.0 * y)),
}
"""By the names that ``wann.activations`` has for the same functions."""


def check_function(name: str) -> str:
    """The name, of a function that dense layers have.

    Raises:
        UserError: They have no such function.
    """
    if name not in FUNCTIONS:
        raise UserError(f"dense layers have no activation {name!r}: {suggestion(name, FUNCTIONS)}")
    return name
