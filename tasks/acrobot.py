"""Acrobot: swing two links up by a motor between them (Sutton 1996; gymnasium's Acrobot-v1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import of_three
from wann.jit import merged
from wann.task import JittedTask
from wann.trigonometry import cos, sin, wrap

GRAVITY = 9.8  # m/s^2
MASS, LENGTH, CENTRE, INERTIA = 1.0, 1.0, 0.5, 1.0  # of each link: kg, m, m from its upper end, kg m^2
FASTEST = 4.0 * math.pi, 9.0 * math.pi  # rad/s
TIME_STEP = 0.2  # s

State = tuple[float, float, float, float]


@merged
def _slopes(state: State, torque: float) -> State:
    """The state's derivative: the equations of Sutton & Barto's book."""
    theta1, theta2, spin1, spin2 = state
    s2, c2 = sin(theta2), cos(theta2)
    d1 = MASS * CENTRE**2 + MASS * (LENGTH**2 + CENTRE**2 + 2.0 * LENGTH * CENTRE * c2) + 2.0 * INERTIA
    d2 = MASS * (CENTRE**2 + LENGTH * CENTRE * c2) + INERTIA
    arm = MASS * LENGTH * CENTRE * s2
    phi2 = MASS * CENTRE * GRAVITY * sin(theta1 + theta2)
    phi1 = (MASS * CENTRE + MASS * LENGTH) * GRAVITY * sin(theta1) + phi2 - arm * spin2 * (spin2 + 2.0 * spin1)
    turn2 = (torque + d2 / d1 * phi1 - arm * spin1 * spin1 - phi2) / (MASS * CENTRE**2 + INERTIA - d2 * d2 / d1)
    return spin1, spin2, -(d2 * turn2 + phi1) / d1, turn2


@merged
def _moved(state: State, slopes: State, time: float) -> State:
    return (
        state[0] + time * slopes[0],
        state[1] + time * slopes[1],
        state[2] + time * slopes[2],
        state[3] + time * slopes[3],
    )


class Acrobot(JittedTask):
    """The state is (theta1, theta2, theta1', theta2'): radians and seconds.

    theta1 is 0 when the upper link hangs, theta2 is the angle between the links. A step costs 1, but for the one that
    lifts the tip a link's length above the pivot, which ends the episode; at the latest it ends after 500 steps. A seed
    starts where gymnasium's does.
    """

    name = "acrobot"
    inputs = ("cos θ1", "sin θ1", "cos θ2", "sin θ2", "θ1'", "θ2'")
    outputs = ("torque -1", "torque 0", "torque 1")
    reward_range = (-500.0, 0.0)
    max_steps = 500
    time_step = TIME_STEP
    preset: ClassVar = {"population": 64, "generations": 50}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """Hanging nearly at rest: each number from U(-0.1, 0.1), in single precision as gymnasium has it."""
        return rng.uniform(-0.1, 0.1, 4).astype(np.float32).tolist()  # type: ignore[no-any-return]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(cos theta1, sin theta1, cos theta2, sin theta2, theta1', theta2')."""
        theta1, theta2, spin1, spin2 = state
        return cos(theta1), sin(theta1), cos(theta2), sin(theta2), spin1, spin2

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step of 0.2 s, Runge-Kutta of fourth order; the torque whose output is highest, the first of equals."""
        torque = of_three(action[0], action[1], action[2]) - 1.0
        start = state[0], state[1], state[2], state[3]
        k1 = _slopes(start, torque)
        k2 = _slopes(_moved(start, k1, TIME_STEP / 2.0), torque)
        k3 = _slopes(_moved(start, k2, TIME_STEP / 2.0), torque)
        k4 = _slopes(_moved(start, k3, TIME_STEP), torque)
        sums = _moved(_moved(_moved(k1, k2, 2.0), k3, 2.0), k4, 1.0)
        theta1, theta2, spin1, spin2 = _moved(start, sums, TIME_STEP / 6.0)
        theta1, theta2 = wrap(theta1), wrap(theta2)
        spin1 = min(FASTEST[0], max(-FASTEST[0], spin1))
        spin2 = min(FASTEST[1], max(-FASTEST[1], spin2))
        up = -cos(theta1) - cos(theta1 + theta2) > 1.0
        return (theta1, theta2, spin1, spin2), 0.0 if up else -1.0, up

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The links, the height to reach and, as a bent arrow, the torque that led here; (400, 600, 3)."""
        from tasks.drawing import acrobot

        torque = 0.0 if action is None else of_three(action[0], action[1], action[2]) - 1.0
        return acrobot(state[0], state[1], torque)
