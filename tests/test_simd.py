"""Each operation lane by lane, against Python's and numpy's own arithmetic and exact fractions."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wann.jit import kernel
from wann.simd import (
    WIDTH,
    absolute,
    any_positive,
    copysign,
    exponent,
    floor,
    fma,
    fraction,
    load,
    repeat,
    rint,
    scale,
    store,
    where_positive,
)

Array = NDArray[np.float64]
SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan, 2.0**52 + 1, -3.7, 0.1]


def numbers() -> st.SearchStrategy[Array]:
    """A different number in each lane."""
    element = st.sampled_from(SPECIAL) | st.floats()
    return st.lists(element, min_size=WIDTH, max_size=WIDTH).map(np.array)


def assert_same_bits(got: Array, expected: Array) -> None:
    """Equal, zeros with their signs; any NaN equals any other."""
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(expected[number]))


@kernel
def arithmetic(a, b, out):
    """Lanes with lanes, lanes with a float, a float with lanes."""
    x, y, s = load(a, 0), load(b, 0), b[0]
    store(out[0], 0, x + y)
    store(out[1], 0, x - y)
    store(out[2], 0, x * y)
    store(out[3], 0, x / y)
    store(out[4], 0, x + s)
    store(out[5], 0, x - s)
    store(out[6], 0, x * s)
    store(out[7], 0, x / s)
    store(out[8], 0, s + x)
    store(out[9], 0, s - x)
    store(out[10], 0, s * x)
    store(out[11], 0, s / x)


@given(numbers(), numbers())
def test_arithmetic_is_numpys_lane_by_lane(a: Array, b: Array) -> None:
    out = np.empty((12, WIDTH))
    arithmetic(a, b, out)
    with np.errstate(all="ignore"):
        s = np.full(WIDTH, b[0])
        expected = [f(x, y) for x, y in ((a, b), (a, s), (s, a)) for f in (np.add, np.subtract, np.multiply, np.divide)]
    assert_same_bits(out, np.array(expected))


@kernel
def unary(a, out):
    x = load(a, 0)
    store(out[0], 0, rint(x))
    store(out[1], 0, floor(x))
    store(out[2], 0, absolute(x))
    for i in range(WIDTH):
        out[3, i], out[4, i], out[5, i] = rint(a[i]), floor(a[i]), absolute(a[i])


@given(numbers())
def test_rounding_and_absolute_value_are_numpys(a: Array) -> None:
    out = np.empty((6, WIDTH))
    unary(a, out)
    assert_same_bits(out, np.array([np.rint(a), np.floor(a), np.abs(a)] * 2))


def test_rint_takes_halves_to_even() -> None:
    a, out = np.resize([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, -3.5], WIDTH), np.empty((6, WIDTH))
    unary(a, out)
    np.testing.assert_array_equal(out[0], np.resize([0, 2, 2, 4, 0, -2, -2, -4], WIDTH))


@kernel
def signs(a, b, out):
    store(out[0], 0, copysign(load(a, 0), load(b, 0)))
    store(out[1], 0, copysign(a[0], load(b, 0)))
    store(out[2], 0, copysign(load(a, 0), b[0]))
    for i in range(WIDTH):
        out[3, i] = copysign(a[i], b[i])


@given(numbers(), numbers())
def test_copysign_is_numpys(a: Array, b: Array) -> None:
    out = np.empty((4, WIDTH))
    signs(a, b, out)
    expected = [np.copysign(a, b), np.copysign(a[0], b), np.copysign(a, b[0]), np.copysign(a, b)]
    assert_same_bits(out, np.array(expected))


@kernel
def choose(a, b, c, out):
    x, y, z = load(a, 0), load(b, 0), load(c, 0)
    store(out[0], 0, where_positive(x, y, z))
    store(out[1], 0, where_positive(x, b[0], z))
    store(out[2], 0, where_positive(x, y, c[0]))
    store(out[3], 0, where_positive(x, 1.0, 0.0))
    store(out[4], 0, where_positive(a[0], y, z))
    for i in range(WIDTH):
        out[5, i] = where_positive(a[i], b[i], c[i])


@given(numbers(), numbers(), numbers())
def test_where_positive_chooses_lane_by_lane_and_takes_nan_for_not_positive(a: Array, b: Array, c: Array) -> None:
    out = np.empty((6, WIDTH))
    choose(a, b, c, out)
    above = np.array([value > 0.0 for value in a.tolist()])
    first = np.full(WIDTH, a[0] > 0.0)
    whole = np.where(above, b, c)
    rows = [whole, np.where(above, b[0], c), np.where(above, b, c[0]), np.where(above, 1.0, 0.0)]
    assert_same_bits(out, np.array([*rows, np.where(first, b, c), whole]))


@kernel
def multiply_add(a, b, c, out):
    x, y, z = load(a, 0), load(b, 0), load(c, 0)
    store(out[0], 0, fma(x, y, z))
    store(out[1], 0, fma(x, b[0], c[0]))
    for i in range(WIDTH):
        out[2, i] = fma(a[i], b[i], c[i])


def rounded_once(a: float, b: float, c: float) -> float:
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def finite() -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(-1e100, 1e100), min_size=WIDTH, max_size=WIDTH)


@given(finite(), finite(), finite())
@example([1.0 + 2.0**-30] * WIDTH, [1.0 - 2.0**-30] * WIDTH, [-1.0] * WIDTH)
@example([0.1] * WIDTH, [10.0] * WIDTH, [-1.0] * WIDTH)
def test_fma_rounds_once(a: list[float], b: list[float], c: list[float]) -> None:
    out = np.empty((3, WIDTH))
    multiply_add(np.array(a), np.array(b), np.array(c), out)
    expected = [rounded_once(*three) for three in zip(a, b, c, strict=True)]
    np.testing.assert_array_equal(out[0], expected)
    np.testing.assert_array_equal(out[1], [rounded_once(value, b[0], c[0]) for value in a])
    np.testing.assert_array_equal(out[2], expected)


@kernel
def power(a, n, out):
    store(out[0], 0, scale(load(a, 0), load(n, 0)))
    for i in range(WIDTH):
        out[1, i] = scale(a[i], n[i])


@given(
    st.lists(st.floats(0.5, 2.0) | st.floats(-2.0, -0.5), min_size=WIDTH, max_size=WIDTH),
    st.lists(st.sampled_from([-1022, -1, 0, 1, 1023]) | st.integers(-1022, 1023), min_size=WIDTH, max_size=WIDTH),
)
def test_scale_multiplies_by_a_power_of_two(a: list[float], n: list[int]) -> None:
    out = np.empty((2, WIDTH))
    power(np.array(a), np.array(n, dtype=np.float64), out)
    with np.errstate(over="ignore", under="ignore"):
        expected = np.ldexp(a, n)
    assert_same_bits(out, np.array([expected, expected]))


@kernel
def taken_apart(x, out):
    store(out[0], 0, fraction(load(x, 0)))
    store(out[1], 0, exponent(load(x, 0)))
    for i in range(WIDTH):
        out[2, i], out[3, i] = fraction(x[i]), exponent(x[i])


@given(st.lists(st.floats(min_value=sys.float_info.min, allow_infinity=False), min_size=WIDTH, max_size=WIDTH))
def test_fraction_and_exponent_are_those_of_frexp(x: list[float]) -> None:
    out = np.empty((4, WIDTH))
    taken_apart(np.array(x), out)
    np.testing.assert_array_equal(out, [*np.frexp(x), *np.frexp(x)])


@kernel
def shifted(a, source, out, target):
    store(out, target, load(a, source))


@pytest.mark.parametrize("offset", range(WIDTH + 1))
def test_load_and_store_take_any_offset_and_touch_only_their_lanes(offset: int) -> None:
    a, out = np.arange(3.0 * WIDTH), np.full(3 * WIDTH, -1.0)
    shifted(a, offset, out, WIDTH - offset + 1)
    expected = np.full(3 * WIDTH, -1.0)
    expected[WIDTH - offset + 1 : 2 * WIDTH - offset + 1] = a[offset : offset + WIDTH]
    np.testing.assert_array_equal(out, expected)


@kernel
def spread(x, out):
    store(out, 0, repeat(x))


def test_repeat_fills_every_lane() -> None:
    out = np.empty(WIDTH)
    spread(math.pi, out)
    np.testing.assert_array_equal(out, np.full(WIDTH, math.pi))


@kernel
def some(a):
    return any_positive(load(a, 0))


@pytest.mark.parametrize("lane", range(WIDTH))
def test_any_positive_sees_every_lane(lane: int) -> None:
    a = np.resize([0.0, -0.0, -1.0, np.nan, -np.inf], WIDTH)
    assert not some(a)
    a[lane] = 5e-324
    assert some(a)


@given(numbers())
def test_any_positive_is_any_above_zero(a: Array) -> None:
    assert some(a) == any(value > 0.0 for value in a.tolist())
