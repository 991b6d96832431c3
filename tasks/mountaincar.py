"""MountainCar: rock a weak car out of a valley (Moore 1990; gymnasium's MountainCar-v0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import of_three
from wann.jit import inlined
from wann.task import JittedTask
from wann.trigonometry import cos

LEFT, RIGHT, GOAL = -1.2, 0.6, 0.5
FORCE, GRAVITY = 0.001, 0.0025  # per step
FASTEST = 0.07  # per step
TIME_STEP = 1.0 / 30.0  # s; the dynamics know steps only: this is gymnasium's pace of showing them


@inlined
def rolled(x: float, speed: float, fastest: float) -> tuple[float, float]:
    """Place and speed after a step: no faster than that, and stopped by the wall on the left."""
    speed = min(fastest, max(-fastest, speed))
    x = min(RIGHT, max(LEFT, x + speed))
    return x, 0.0 if (x == LEFT) & (speed < 0.0) else speed


class MountainCar(JittedTask):
    """The state is (x, x'): the place between -1.2 and 0.6, and how far it moves a step. The hill is sin(3 x).

    A step costs 1. An episode ends when the car passes 0.5 on its way to the right, or after 200 steps. A seed starts
    where gymnasium's does.
    """

    name = "mountaincar"
    inputs = ("x", "x'")
    outputs = ("left", "none", "right")
    reward_range = (-200.0, 0.0)
    max_steps = 200
    time_step = TIME_STEP
    preset: ClassVar = {"population": 64, "generations": 50}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """At rest near the valley's bottom: x from U(-0.6, -0.4)."""
        return [rng.uniform(-0.6, -0.4), 0.0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x')."""
        return state

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step with the push whose output is highest, the first of equals."""
        x, speed = state
        speed += (of_three(action[0], action[1], action[2]) - 1.0) * FORCE - GRAVITY * cos(3.0 * x)
        x, speed = rolled(x, speed, FASTEST)
        return (x, speed), -1.0, (x >= GOAL) & (speed >= 0.0)

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The car on its hill, the goal and, as an arrow, the push that led here; (400, 600, 3)."""
        from tasks.drawing import mountain_car

        push = 0.0 if action is None else of_three(action[0], action[1], action[2]) - 1.0
        return mountain_car(state[0], push, goal=GOAL)
