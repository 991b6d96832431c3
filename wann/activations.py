"""The activation functions, defined once: for lanes, for scalars, for tests, for drawing.

Polynomials of our own stand in for the C library's functions, so that they run on lanes and give the same bits on
every machine. They stay within 1e-14 (absolute) of the exact functions for every finite argument.

Infinities and NaN: ``sin`` and ``cos`` of an infinity are NaN; ``gaussian`` gives 0 (to within 1e-307), ``tanh`` -1
or 1, ``sigmoid`` 0 or 1, ``step`` 0 or 1; the others follow the argument. NaN stays NaN, except that ``step`` of NaN
is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wann.jit import inlined, kernel
from wann.simd import absolute, copysign, floor, fma, rint, scale, where_positive

Value: TypeAlias = Any
"""A float or lanes."""

# sin(pi r) / r as a polynomial in r^2 over |r| <= 1/2, and (exp(r) - 1 - r) / r^2 over |r| <= log(2) / 2:
# Chebyshev fits, both within 4e-16.
_S0, _S1, _S2, _S3 = 3.1415926535897927, -5.1677127800497855, 2.5501640398618677, -0.599264528825224
_S4, _S5, _S6, _S7 = 0.08214587881631043, -0.0073703643265304155, 0.0004659870158043378, -2.113362735205297e-05
_E0, _E1, _E2, _E3 = 0.5000000000000001, 0.16666666666666669, 0.041666666666624164, 0.008333333333330065
_E4, _E5, _E6 = 0.0013888888917196719, 0.00019841269863040545, 2.4801521322368692e-05
_E7, _E8, _E9 = 2.7557268480310024e-06, 2.7620075879983367e-07, 2.5100375832561234e-08
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOWEST = -708.0  # exp of it is the smallest power that stays normal


@inlined
def _half_wave(r: Value) -> Value:
    """sin(pi r) for abs(r) <= 1/2."""
    q = r * r
    p = fma(q, _S7, _S6)
    p = fma(q, p, _S5)
    p = fma(q, p, _S4)
    p = fma(q, p, _S3)
    p = fma(q, p, _S2)
    p = fma(q, p, _S1)
    return fma(q, p, _S0) * r


@inlined
def _parity(n: Value) -> Value:
    """1 for an even integer, -1 for an odd one."""
    half = n * 0.5
    return 1.0 - 4.0 * (half - floor(half))


@inlined
def exp(x: Value) -> Value:
    """The exponential function, for x <= 709; below -708 it stays at exp(-708)."""
    x = where_positive(_LOWEST - x, _LOWEST, x)
    n = rint(x * _LOG2_E)
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, x))
    p = fma(r, _E9, _E8)
    p = fma(r, p, _E7)
    p = fma(r, p, _E6)
    p = fma(r, p, _E5)
    p = fma(r, p, _E4)
    p = fma(r, p, _E3)
    p = fma(r, p, _E2)
    p = fma(r, p, _E1)
    p = fma(r, p, _E0)
    p = fma(r, p, 1.0)
    return scale(fma(r, p, 1.0), n)


@inlined
def linear(x: Value) -> Value:
    """X"""
    return x


@inlined
def step(x: Value) -> Value:
    """1 if x > 0 else 0"""
    return where_positive(x, 1.0, 0.0)


@inlined
def sin(x: Value) -> Value:
    """sin(pi x)"""
    n = rint(x)
    return _half_wave(x - n) * _parity(n)


@inlined
def gaussian(x: Value) -> Value:
    """exp(-x^2 / 2)"""
    return exp(-0.5 * x * x)


@inlined
def tanh(x: Value) -> Value:
    """tanh(x)"""
    e = exp(-2.0 * absolute(x))
    return copysign((1.0 - e) / (1.0 + e), x)


@inlined
def sigmoid(x: Value) -> Value:
    """(tanh(x / 2) + 1) / 2"""
    return 0.5 * tanh(0.5 * x) + 0.5


@inlined
def inverse(x: Value) -> Value:
    """-x"""
    return -1.0 * x


@inlined
def abs(x: Value) -> Value:
    """|x|"""
    return absolute(x)


@inlined
def relu(x: Value) -> Value:
    """X if x > 0 else 0"""
    return where_positive(-1.0 * x, 0.0, x)


@inlined
def cos(x: Value) -> Value:
    """cos(pi x)"""
    n = rint(x)
    return _half_wave(0.5 - absolute(x - n)) * _parity(n)


@inlined
def square(x: Value) -> Value:
    """x^2"""
    return x * x


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "linear": linear,
    "step": step,
    "sin": sin,
    "gaussian": gaussian,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "inverse": inverse,
    "abs": abs,
    "relu": relu,
    "cos": cos,
    "square": square,
}
"""The functions by name, in the order of their codes: ``linear`` is 1, as in the 2019 release."""

NAMES: tuple[str, ...] = tuple(FUNCTIONS)
DEFAULT_SET: tuple[str, ...] = NAMES[:10]
"""What a mutation may choose from unless told otherwise: the paper's set, without ``square``."""

CODES: dict[str, int] = {name: code for code, name in enumerate(NAMES, start=1)}
LINEAR, STEP, SIN, GAUSSIAN, TANH, SIGMOID, INVERSE, ABS, RELU, COS, SQUARE = CODES.values()


@inlined
def activate(code: int, x: Value) -> Value:
    """The value of the activation function ``code`` at ``x`` (a float or lanes)."""
    if code == STEP:
        return step(x)
    if code == SIN:
        return sin(x)
    if code == GAUSSIAN:
        return gaussian(x)
    if code == TANH:
        return tanh(x)
    if code == SIGMOID:
        return sigmoid(x)
    if code == INVERSE:
        return inverse(x)
    if code == ABS:
        return abs(x)
    if code == RELU:
        return relu(x)
    if code == COS:
        return cos(x)
    if code == SQUARE:
        return square(x)
    return linear(x)


@kernel
def _evaluate(code: int, x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(x.size):
        out[i] = activate(code, x[i])


def evaluate(name: str, x: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The activation function ``name`` at every element of ``x``, as the kernels compute it.

    Raises:
        KeyError: ``name`` is not one of ``NAMES``.
    """
    values = np.array(x, dtype=np.float64, order="C")
    out = np.empty_like(values)
    _evaluate(CODES[name], values.ravel(), out.ravel())
    return out
