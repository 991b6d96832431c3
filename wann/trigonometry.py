"""Sine and cosine in radians, for the dynamics of jitted tasks: they run in lanes, with the same bits everywhere."""

from __future__ import annotations

from wann.activations import Value
from wann.activations import cos as cos_pi
from wann.activations import sin as sin_pi
from wann.jit import inlined
from wann.simd import fma, rint

_PI_HIGH, _PI_LOW = 3.141592653589793, 1.2246467991473532e-16
_TURNS = 0.15915494309189535  # 1 / (2 pi)
_HALF_TURNS = 0.3183098861837907  # 1 / pi


@inlined
def wrap(x: Value) -> Value:
    """``x`` in radians after whole turns are taken off, so that large angles lose no digits: within [-pi, pi]."""
    turns = rint(x * _TURNS)
    return fma(turns, -2.0 * _PI_LOW, fma(turns, -2.0 * _PI_HIGH, x))


@inlined
def sin(x: Value) -> Value:
    """Sine of x in radians; within 1e-15 of the exact value for abs(x) < 1e6."""
    return sin_pi(wrap(x) * _HALF_TURNS)


@inlined
def cos(x: Value) -> Value:
    """Cosine of x in radians; within 1e-15 of the exact value for abs(x) < 1e6."""
    return cos_pi(wrap(x) * _HALF_TURNS)
