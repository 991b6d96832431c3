from __future__ import annotations

import math

import numpy as np
import pytest

from wann import trigonometry
from wann.jit import kernel
from wann.simd import WIDTH, load, store


@kernel
def in_scalars(x, sine, cosine):
    for i in range(x.size):
        sine[i], cosine[i] = trigonometry.sin(x[i]), trigonometry.cos(x[i])


@kernel
def in_lanes(x, sine, cosine):
    for at in range(0, x.size, WIDTH):
        store(sine, at, trigonometry.sin(load(x, at)))
        store(cosine, at, trigonometry.cos(load(x, at)))


def both(function, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sine, cosine = np.empty_like(x), np.empty_like(x)
    function(x, sine, cosine)
    return sine, cosine


def angles() -> np.ndarray:
    rng = np.random.default_rng(0)
    quarters = np.arange(-2000, 2000) * (math.pi / 4.0)
    wide = [rng.uniform(-width, width, 2000) for width in (1e-300, 1e-9, 1.0, 4.0, 100.0, 1e4, 1e6)]
    x = np.concatenate([quarters, np.nextafter(quarters, 1e9), *wide, [0.0, -0.0, 999999.5]])
    return np.resize(x, -(-len(x) // WIDTH) * WIDTH)


@pytest.mark.parametrize("function", [in_scalars, in_lanes])
def test_stays_within_1e_15_of_the_exact_functions(function) -> None:
    x = angles()
    sine, cosine = both(function, x)
    np.testing.assert_allclose(sine, [math.sin(value) for value in x], rtol=0, atol=1e-15)
    np.testing.assert_allclose(cosine, [math.cos(value) for value in x], rtol=0, atol=1e-15)


def test_lanes_and_scalars_give_the_same_bits() -> None:
    x = np.concatenate([angles(), np.resize([1e9, -1e300, 0.0, -0.0], WIDTH)])
    for scalar, vector in zip(both(in_scalars, x), both(in_lanes, x), strict=True):
        np.testing.assert_array_equal(scalar.view(np.int64), vector.view(np.int64))


@pytest.mark.parametrize("function", [in_scalars, in_lanes])
def test_infinities_and_nan_give_nan(function) -> None:
    for values in both(function, np.resize([math.inf, -math.inf, math.nan], 3 * WIDTH)):
        assert np.isnan(values).all()
