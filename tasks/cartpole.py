"""CartPole: balance a pole on a cart by pushes (Barto, Sutton & Anderson 1983; gymnasium's CartPole-v1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import of_two
from wann.task import JittedTask
from wann.trigonometry import cos, sin

GRAVITY = 9.8  # m/s^2
CART, POLE = 1.0, 0.1  # kg
HALF_LENGTH = 0.5  # m, from the hinge to the pole's centre
FORCE = 10.0  # N
TIME_STEP = 0.02  # s
TRACK = 2.4  # m, from the middle to either end
FALLEN = math.radians(12.0)


class CartPole(JittedTask):
    """The state is (x, x', theta, theta'): metres, radians and seconds; theta is 0 when the pole stands upright.

    Each step earns 1, the last one too. An episode ends after 500 steps, when the pole leans more than 12 degrees, or
    when the cart leaves the track. A seed starts where gymnasium's does.
    """

    name = "cartpole"
    inputs = ("x", "x'", "θ", "θ'")
    outputs = ("left", "right")
    reward_range = (0.0, 500.0)
    max_steps = 500
    time_step = TIME_STEP
    preset: ClassVar = {"population": 64, "generations": 50}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """Upright and nearly at rest: each number from U(-0.05, 0.05)."""
        return rng.uniform(-0.05, 0.05, 4).tolist()  # type: ignore[no-any-return]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x', theta, theta')."""
        return state

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step of 20 ms; 10 N to the side whose output is higher, to the left where they are equal.

        Explicit Euler: positions advance with the old velocities.
        """
        x, speed, theta, spin = state
        force = FORCE * (2.0 * of_two(action[0], action[1]) - 1.0)
        s, c = sin(theta), cos(theta)
        mass = CART + POLE
        thrust = (force + POLE * HALF_LENGTH * spin * spin * s) / mass
        turn = (GRAVITY * s - c * thrust) / (HALF_LENGTH * (4.0 / 3.0 - POLE * c * c / mass))
        acceleration = thrust - POLE * HALF_LENGTH * turn * c / mass
        x, theta = x + TIME_STEP * speed, theta + TIME_STEP * spin
        speed, spin = speed + TIME_STEP * acceleration, spin + TIME_STEP * turn
        return (x, speed, theta, spin), 1.0, (abs(x) > TRACK) | (abs(theta) > FALLEN)

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The cart on its track, the pole and, as an arrow, the force that led here; (400, 600, 3)."""
        from tasks.drawing import cart_pole

        push = 0.0 if action is None else 2.0 * of_two(action[0], action[1]) - 1.0
        return cart_pole(state[0], -state[2], push, track=TRACK)
