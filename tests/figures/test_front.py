"""Fronts, and how they moved."""

from __future__ import annotations

import numpy as np
import pytest

from wann.figures.front import Found, draw
from wann.figures.output import encode


def some(seed: int, count: int = 40) -> Found:
    rng = np.random.default_rng(seed)
    return Found(rng.integers(1, 100, count), rng.integers(0, 20, count), rng.integers(0, 15, count).astype(float))


@pytest.mark.parametrize("generation", [5, 30, 100, np.inf])
def test_the_front_is_what_no_smaller_network_of_the_time_beats(generation: float) -> None:
    found = some(1)
    known = [
        (int(c), float(m))
        for g, c, m in zip(found.generations, found.connections, found.means, strict=True)
        if g <= generation
    ]
    best = {(c, m) for c, m in known if not any(c2 <= c and m2 >= m and (c2, m2) != (c, m) for c2, m2 in known)}
    connections, means = found.front(generation)
    assert list(zip(connections.tolist(), means.tolist(), strict=True)) == sorted(best)


def test_before_anything_is_found_there_is_no_front() -> None:
    connections, means = some(1).front(0)
    assert connections.size == means.size == 0


def test_a_run_shows_its_last_front_and_its_champions() -> None:
    found = some(2)
    figure = draw([found], champions=some(3, 5), title="A run")
    lines = {line.get_label(): np.column_stack(line.get_data()) for line in figure.axes[1].lines}
    last = f"generation {found.generations.max()}"
    np.testing.assert_array_equal(lines[last][:-1], np.column_stack(found.front(np.inf)))
    np.testing.assert_array_equal(lines["champions"], np.column_stack((some(3, 5).connections, some(3, 5).means)))


def test_several_runs_show_the_median_of_the_best_of_each_size() -> None:
    runs = [some(seed) for seed in range(5)]
    (middle,) = [line for line in draw(runs).axes[1].lines if line.get_label().startswith("best network")]
    for size, value in zip(*middle.get_data(), strict=True):
        best = [run.means[run.connections <= size].max(initial=-np.inf) for run in runs]
        finite = [mean for mean in best if mean > -np.inf]
        assert value == pytest.approx(np.median(finite)) if finite else np.isnan(value)


def test_the_same_runs_give_the_same_bytes() -> None:
    once, twice = (encode(draw([some(0)], champions=some(1, 4)), "svg") for _ in range(2))
    assert once == twice
