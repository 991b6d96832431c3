"""Tests of ``tasks.actions``: choices among all combinations of special outputs, against a plain definition."""

from __future__ import annotations

import itertools
import math

import pytest

from tasks.actions import limited, of_three, of_two

VALUES = (-math.inf, -1.0, -0.0, 0.0, 1e-300, 2.0, math.inf, math.nan)


def chosen(outputs: tuple[float, ...]) -> float:
    """The first highest, where NaN is the lowest of all."""
    ranks = [-math.inf if math.isnan(output) else output for output in outputs]
    return float(ranks.index(max(ranks)))


@pytest.mark.parametrize(("function", "n"), [(of_two, 2), (of_three, 3)])
def test_the_first_highest_is_chosen(function, n: int) -> None:
    for outputs in itertools.product(VALUES, repeat=n):
        assert function(*outputs) == chosen(outputs), outputs


def test_limits() -> None:
    cases = {-math.inf: -1.0, -1.5: -1.0, -1.0: -1.0, 0.3: 0.3, 1.0: 1.0, 1.5: 1.0, math.inf: 1.0}
    assert {value: limited(value) for value in cases} == cases
    assert limited(math.nan) == 0.0
