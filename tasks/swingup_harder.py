"""Harder swing-ups: with a pole of another length in each episode, and with noise on all that is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import limited
from tasks.swingup import LENGTH, SwingUp, advance
from wann.jit import inlined
from wann.trigonometry import cos, sin

SHORTEST, LONGEST = 0.3, 0.9  # m
NOISE = 0.1
"""Standard deviation of the noise on each observation, whatever its unit."""

_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _16 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(16)
_LOW = np.uint64(0xFFFF)
_MEAN, _SPREAD = 2.0 * 0xFFFF, ((2.0**32 - 1.0) / 3.0) ** 0.5  # of the sum of four numbers of 16 random bits


@inlined
def noise(seed: float, count: float) -> float:
    """A nearly normal random number of mean 0 and standard deviation 1, always the same for the same two integers.

    The bits are those of SplitMix64 (Steele, Lea & Flood 2014) after ``count`` + 1 draws; a sum of four uniform numbers
    stands for the normal distribution, so that nothing is farther from 0 than 3.47.
    """
    z = np.uint64(seed) + (np.uint64(count) + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    z = z ^ (z >> _31)
    low = (z & _LOW) + ((z >> _16) & _LOW)
    z = z >> _16 >> _16
    return float((np.float64(low + (z & _LOW) + (z >> _16)) - _MEAN) / _SPREAD)


class SwingUpLengths(SwingUp):
    """Swing-up with a pole that is 0.3 to 0.9 m long, which the network is not told.

    The state is that of ``SwingUp``, and the pole's length.
    """

    name = "swingup-lengths"
    paper_scores: ClassVar = {}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """As in ``SwingUp``; the length from U(0.3, 0.9)."""
        return [*SwingUp.start(rng), rng.uniform(SHORTEST, LONGEST)]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x', cos theta, sin theta, theta')."""
        return state[0], state[1], cos(state[2]), sin(state[2]), state[3]

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """As in ``SwingUp``, with the episode's length."""
        moved, reward, ended = advance((state[0], state[1], state[2], state[3]), action[0], state[4])
        return (*moved, state[4]), reward, ended

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """As in ``SwingUp``, with the pole's length to the same scale in all episodes; (400, 600, 3)."""
        from tasks.drawing import cart_pole

        return cart_pole(state[0], state[2], 0.0 if action is None else limited(action[0]), length=state[4] / LENGTH)


class SwingUpNoise(SwingUp):
    """Swing-up with nearly normal noise of standard deviation 0.1 on each of the five observations.

    The state is that of ``SwingUp``, the seed of the episode's noise and the number of random numbers used: the noise
    is a function of these two.
    """

    name = "swingup-noise"
    paper_scores: ClassVar = {}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """As in ``SwingUp``; the seed of the noise is an integer below 2^53."""
        return [*SwingUp.start(rng), float(rng.integers(2**53)), 0.0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x', cos theta, sin theta, theta'), each with noise."""
        x, speed, theta, spin, seed, count = state
        return (
            x + NOISE * noise(seed, count),
            speed + NOISE * noise(seed, count + 1.0),
            cos(theta) + NOISE * noise(seed, count + 2.0),
            sin(theta) + NOISE * noise(seed, count + 3.0),
            spin + NOISE * noise(seed, count + 4.0),
        )

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """As in ``SwingUp``."""
        moved, reward, ended = advance((state[0], state[1], state[2], state[3]), action[0], LENGTH)
        return (*moved, state[4], state[5] + 5.0), reward, ended
