"""Tests of ``tasks.swingup_harder``: the poles' lengths and the noise, which comes from the trial's seed alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.swingup import SwingUp
from tasks.swingup_harder import SwingUpLengths, SwingUpNoise, noise
from wann.environment import JittedEnv

MASK = 2**64 - 1


def by_the_book(seed: int, count: int) -> float:
    """SplitMix64 in whole numbers of any size; four times 16 bits of it, added and standardised."""
    z = (seed + (count + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    z ^= z >> 31
    parts = [(z >> shift) & 0xFFFF for shift in (0, 16, 32, 48)]
    return (sum(parts) - 4 * 0xFFFF / 2) / math.sqrt(4 * (2**32 - 1) / 12)


def test_noise_is_the_definitions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        seed, count = int(rng.integers(2**53)), int(rng.integers(10_000))
        assert noise(float(seed), float(count)) == pytest.approx(by_the_book(seed, count), rel=0, abs=1e-12)


def test_splitmix_has_the_published_stream() -> None:
    """The first number of seed 1234567 is 6457827717110365317."""
    parts = [(6457827717110365317 >> shift) & 0xFFFF for shift in (0, 16, 32, 48)]
    assert by_the_book(1234567, 0) * math.sqrt((2**32 - 1) / 3) + 2 * 0xFFFF == pytest.approx(sum(parts))


def test_noise_is_nearly_normal_and_nothing_repeats() -> None:
    for seed in (0.0, 5.0, 2.0**52 + 1):
        drawn = np.array([noise(seed, float(count)) for count in range(20_000)])
        assert abs(drawn.mean()) < 0.03
        assert abs(drawn.std() - 1.0) < 0.02
        assert abs(drawn).max() < 3.47
        for lag in (1, 2, 5):
            assert abs(np.corrcoef(drawn[lag:], drawn[:-lag])[0, 1]) < 0.03
    assert abs(np.corrcoef([[noise(s, float(c)) for c in range(20_000)] for s in (1.0, 2.0)])[0, 1]) < 0.03


def test_each_episode_has_noise_of_its_own_and_always_the_same() -> None:
    env = JittedEnv(SwingUpNoise())
    first, again, other = ([env.reset(seed=seed)[0], env.step(np.zeros(1))[0]] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.isin(first, other).any()
    seeds = [SwingUpNoise.start(np.random.default_rng(seed))[4] for seed in range(100)]
    assert len(set(seeds)) == 100
    assert all(seed.is_integer() for seed in seeds)


def test_noise_changes_what_is_seen_alone() -> None:
    noisy, clear, errors = JittedEnv(SwingUpNoise()), JittedEnv(SwingUp()), []
    noisy.reset(seed=3)
    clear.reset(options={"state": noisy.state[:4]})
    for _ in range(300):
        seen, reward, ended, _, _ = noisy.step(np.array([0.3]))
        exact, expected, end, _, _ = clear.step(np.array([0.3]))
        assert noisy.state[:4] == clear.state
        assert (reward, ended) == (expected, end)
        errors.append(seen - exact)
    np.testing.assert_allclose(np.std(errors, axis=0), 0.1, atol=0.012)
    np.testing.assert_allclose(np.mean(errors, axis=0), 0.0, atol=0.02)


def test_lengths_vary_between_episodes_and_stay_within_one() -> None:
    starts = np.array([SwingUpLengths.start(np.random.default_rng(seed)) for seed in range(1000)])
    assert starts[:, 4].min() == pytest.approx(0.3, abs=0.005)
    assert starts[:, 4].max() == pytest.approx(0.9, abs=0.005)
    env = JittedEnv(SwingUpLengths())
    env.reset(seed=0)
    length = env.state[4]
    env.step(np.ones(1))
    assert env.state[4] == length


def test_the_usual_length_is_the_usual_task_and_short_poles_fall_faster() -> None:
    varied, usual = JittedEnv(SwingUpLengths()), JittedEnv(SwingUp())
    state = (0.1, 0.2, 0.5, 0.1)

    def spin(length: float) -> float:
        varied.reset(options={"state": (*state, length)})
        return float(varied.step(np.zeros(1))[0][4])

    usual.reset(options={"state": state})
    assert spin(0.6) == usual.step(np.zeros(1))[0][4]
    assert spin(0.3) > spin(0.6) > spin(0.9)
