"""MountainCarContinuous: rock a weak car out of a valley, at little effort (gymnasium's MountainCarContinuous-v0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import limited
from tasks.mountaincar import GRAVITY, TIME_STEP, MountainCar, rolled
from wann.jit import inlined
from wann.task import JittedTask
from wann.trigonometry import cos

GOAL = 0.45
FORCE = 0.0015  # per step
FASTEST = float(np.float32(0.07))  # per step


@inlined
def _single(x: float) -> float:
    """Rounded to single precision."""
    return np.float64(np.float32(x))


class MountainCarContinuous(JittedTask):
    """The state is (x, x') as in ``tasks.mountaincar``, kept in single precision, as gymnasium keeps it.

    Gymnasium rounds the state after each step, and 3 x within it (with NumPy 2); actions are not rounded.

    A step costs 0.1 push^2; the one that passes 0.45 on its way to the right earns 100 and ends the episode, which
    otherwise ends after 999 steps.
    """

    name = "mountaincar-continuous"
    inputs = ("x", "x'")
    outputs = ("push",)
    reward_range = (-99.9, 100.0)
    max_steps = 999
    time_step = TIME_STEP
    preset: ClassVar = {"population": 64, "generations": 50}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """At rest near the valley's bottom: x from U(-0.6, -0.4), where gymnasium starts, to single precision."""
        return [float(np.float32(x)) for x in MountainCar.start(rng)]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x')."""
        return state

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step with a push of the action, limited to [-1, 1] as the environment's space is (NaN counts as 0)."""
        x, speed = state
        push = limited(action[0])
        speed += push * FORCE - GRAVITY * cos(_single(3.0 * x))
        x, speed = rolled(x, speed, FASTEST)
        there = (x >= GOAL) & (speed >= 0.0)
        return (_single(x), _single(speed)), (100.0 if there else 0.0) - 0.1 * push * push, there

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The car on its hill, the goal and, as an arrow, the push that led here; (400, 600, 3)."""
        from tasks.drawing import mountain_car

        return mountain_car(state[0], 0.0 if action is None else limited(action[0]), goal=GOAL)
