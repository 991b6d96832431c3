"""Pendulum: swing a pendulum up with a torque too weak to lift it, and hold it there (gymnasium's Pendulum-v1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import limited
from wann.task import JittedTask
from wann.trigonometry import cos, sin, wrap

GRAVITY = 10.0  # m/s^2
MASS, LENGTH = 1.0, 1.0  # kg, m
TORQUE = 2.0  # N m
FASTEST = 8.0  # rad/s
TIME_STEP = 0.05  # s


class Pendulum(JittedTask):
    """The state is (theta, theta'): radians and seconds; theta is 0 upright, and grows counter-clockwise.

    A step costs theta^2 + 0.1 theta'^2 + 0.001 torque^2, with theta in [-pi, pi], from the state before it. An episode
    ends after 10 s. A seed starts where gymnasium's does.
    """

    name = "pendulum"
    inputs = ("cos θ", "sin θ", "θ'")
    outputs = ("torque",)
    reward_range = (-200.0 * (np.pi**2 + 0.1 * FASTEST**2 + 0.001 * TORQUE**2), 0.0)
    max_steps = 200
    time_step = TIME_STEP
    preset: ClassVar = {"generations": 200, "rank_connections": 0.5}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """Any angle, and a speed from U(-1, 1) rad/s."""
        return rng.uniform((-np.pi, -1.0), (np.pi, 1.0)).tolist()  # type: ignore[no-any-return]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(cos theta, sin theta, theta')."""
        theta, spin = state
        return cos(theta), sin(theta), spin

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step of 50 ms; the torque is 2 N m times the action, limited to [-1, 1] (NaN counts as 0)."""
        theta, spin = state
        torque = TORQUE * limited(action[0])
        lean = wrap(theta)
        cost = lean * lean + 0.1 * spin * spin + 0.001 * torque * torque
        turn = 1.5 * GRAVITY / LENGTH * sin(theta) + 3.0 / (MASS * LENGTH * LENGTH) * torque
        spin = min(FASTEST, max(-FASTEST, spin + turn * TIME_STEP))
        return (theta + spin * TIME_STEP, spin), -cost, False

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The pendulum and, as a bent arrow, the torque that led here; (400, 600, 3)."""
        from tasks.drawing import pendulum

        return pendulum(state[0], 0.0 if action is None else limited(action[0]))
