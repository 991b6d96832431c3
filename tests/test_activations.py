from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from wann import activations
from wann.activations import CODES, DEFAULT_SET, NAMES, activate, evaluate
from wann.jit import kernel
from wann.simd import WIDTH, load, store


def half_turn(x: float, wave: Callable[[float], float]) -> float:
    """``wave(pi x)``: fmod and the shift by whole turns are exact, so that only ``wave`` itself rounds."""
    r = math.fmod(x, 2.0)
    r -= 2.0 * (r > 1.0) - 2.0 * (r < -1.0)
    if abs(r) == 0.5 and wave is math.cos:
        return 0.0
    return wave(math.pi * r) if abs(r) < 1.0 else wave(math.pi) * (wave is math.cos)


EXACT: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "step": lambda x: 1.0 if x > 0 else 0.0,
    "sin": lambda x: half_turn(x, math.sin),
    "gaussian": lambda x: math.exp(-min(x * x, 1e4) / 2.0),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(min(-x, 700.0))),
    "inverse": lambda x: -x,
    "abs": abs,
    "relu": lambda x: x if x > 0 else 0.0,
    "cos": lambda x: half_turn(x, math.cos),
    "square": lambda x: x * x,
}


def arguments() -> np.ndarray:
    """Everything a network may produce: every magnitude, halves, integers, huge even and odd ones, both zeros."""
    rng = np.random.default_rng(0)
    magnitudes = 10.0 ** rng.uniform(-320.0, 300.0, 2000)
    small = np.concatenate([rng.normal(0.0, width, 2000) for width in (0.1, 1.0, 10.0, 1000.0)])
    grid = np.arange(-400, 401) / 4.0
    ends = [0.0, 5e-324, 2.2e-308, 1e-160, 37.0, 38.6, 708.0, 709.0, 745.0, 1416.0, 1e16, 2.0**52 + 1, 2.0**53, 1e300]
    x = np.concatenate([magnitudes, small, grid, np.nextafter(grid, np.inf), ends])
    x = np.concatenate([x, -x])
    return np.resize(x, -(-len(x) // WIDTH) * WIDTH)


@kernel
def in_lanes(code, x, out):
    for at in range(0, x.size, WIDTH):
        store(out, at, activate(code, load(x, at)))


def lanes(name: str, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    in_lanes(CODES[name], x, out)
    return out


def test_the_reference_knows_every_function() -> None:
    assert tuple(EXACT) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_stays_within_1e_14_of_the_exact_function(name: str) -> None:
    x = arguments()
    exact = np.array([EXACT[name](value) for value in x.tolist()])
    for values in (evaluate(name, x), lanes(name, x)):
        if name in ("linear", "step", "inverse", "abs", "relu", "square"):
            np.testing.assert_array_equal(values, exact)
        else:
            np.testing.assert_allclose(values, exact, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_lanes_and_scalars_give_the_same_bits(name: str) -> None:
    x = np.concatenate([arguments(), np.resize([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan], 3 * WIDTH)])
    scalar, vector = evaluate(name, x), lanes(name, x)
    np.testing.assert_array_equal(np.isnan(scalar), np.isnan(vector))
    number = ~np.isnan(scalar)
    np.testing.assert_array_equal(scalar[number].view(np.int64), vector[number].view(np.int64))


@pytest.mark.parametrize(
    ("name", "at_minus_infinity", "at_infinity"),
    [
        ("linear", -math.inf, math.inf),
        ("step", 0.0, 1.0),
        ("sin", math.nan, math.nan),
        ("gaussian", 0.0, 0.0),
        ("tanh", -1.0, 1.0),
        ("sigmoid", 0.0, 1.0),
        ("inverse", math.inf, -math.inf),
        ("abs", math.inf, math.inf),
        ("relu", 0.0, math.inf),
        ("cos", math.nan, math.nan),
        ("square", math.inf, math.inf),
    ],
)
def test_infinities_and_nan_give_what_the_module_states(
    name: str, at_minus_infinity: float, at_infinity: float
) -> None:
    at_nan = 0.0 if name == "step" else math.nan
    x = np.resize([-math.inf, math.inf, math.nan], 3 * WIDTH)
    expected = np.resize([at_minus_infinity, at_infinity, at_nan], 3 * WIDTH)
    for values in (evaluate(name, x), lanes(name, x)):
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-300)


def test_tanh_and_sigmoid_stay_in_their_range() -> None:
    x = arguments()
    assert np.abs(evaluate("tanh", x)).max() <= 1.0
    assert evaluate("sigmoid", x).min() >= 0.0
    assert evaluate("sigmoid", x).max() <= 1.0
    assert np.abs(evaluate("sin", x)).max() <= 1.0
    assert np.abs(evaluate("cos", x)).max() <= 1.0


def test_sine_and_cosine_vanish_exactly_where_they_should() -> None:
    integers = np.concatenate([np.arange(-9.0, 10.0), [2.0**53, 1e300]])
    np.testing.assert_array_equal(evaluate("sin", integers), np.zeros(21))
    np.testing.assert_array_equal(evaluate("cos", integers[:19] + 0.5), np.zeros(19))


def test_odd_functions_keep_the_sign_of_zero() -> None:
    for name in ("linear", "tanh"):
        assert math.copysign(1.0, evaluate(name, -0.0).item()) == -1.0
        assert math.copysign(1.0, evaluate(name, 0.0).item()) == 1.0


@kernel
def exponential(x):
    return activations.exp(x)


def test_exp_is_the_exponential_and_stays_at_its_lowest_power() -> None:
    for x in (-708.0, -708.5, -1e300, -math.inf):
        assert exponential(x) == pytest.approx(math.exp(-708.0), rel=1e-14)
    for x in (0.0, 1.0, -1.0, 0.34657, 709.0, -707.9):
        assert exponential(x) == pytest.approx(math.exp(x), rel=4e-16)


def test_codes_are_those_of_the_2019_release() -> None:
    assert [CODES[name] for name in DEFAULT_SET] == list(range(1, 11))
    assert (CODES["linear"], CODES["step"], CODES["sin"], CODES["gaussian"]) == (1, 2, 3, 4)
    assert "square" not in DEFAULT_SET


def test_evaluate_keeps_the_shape_and_leaves_the_argument_alone() -> None:
    x = np.array([[1.0, -2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(evaluate("abs", x.T), [[1, 3], [2, 4]])
    np.testing.assert_array_equal(x, [[1.0, -2.0], [3.0, -4.0]])


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="sinus"):
        evaluate("sinus", 0.0)
