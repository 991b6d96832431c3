"""CartPoleSwingUp: swing a hanging pole up with a cart, and hold it there (Gaier & Ha 2019, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import limited
from wann.jit import inlined
from wann.task import JittedTask
from wann.trigonometry import cos, sin

GRAVITY = 9.82  # m/s^2
CART, POLE = 0.5, 0.5  # kg
LENGTH = 0.6  # m
FRICTION = 0.1  # N s/m
FORCE = 10.0  # N
TIME_STEP = 0.01  # s
TRACK = 2.4  # m, from the middle to either end


State = tuple[float, float, float, float]


@inlined
def advance(state: State, output: float, length: float) -> tuple[State, float, bool]:
    """A step with a pole of ``length`` metres: the next state, the reward and whether the cart has left the track."""
    x, speed, theta, spin = state
    force = FORCE * limited(output) - FRICTION * speed
    s, c = sin(theta), cos(theta)
    swing = POLE * length * spin * spin * s
    mass = CART + POLE
    acceleration = (-2.0 * swing + 3.0 * POLE * GRAVITY * s * c + 4.0 * force) / (4.0 * mass - 3.0 * POLE * c * c)
    turn = (-3.0 * swing * c + 6.0 * mass * GRAVITY * s + 6.0 * force * c) / (
        4.0 * length * mass - 3.0 * POLE * length * c * c
    )
    x, theta = x + speed * TIME_STEP, theta + spin * TIME_STEP
    speed, spin = speed + acceleration * TIME_STEP, spin + turn * TIME_STEP
    reward = (cos(theta) + 1.0) / 2.0 * cos(x / TRACK * (np.pi / 2.0))
    return (x, speed, theta, spin), reward, abs(x) > TRACK


class SwingUp(JittedTask):
    """The state is (x, x', theta, theta'): metres, radians and seconds; theta is 0 when the pole stands upright.

    The reward of a step is (cos theta + 1) / 2 * cos(x / 2.4 * pi / 2), from the state after it. An episode ends
    after 10 s, or when the cart leaves the track.
    """

    name = "swingup"
    inputs = ("x", "x'", "cos θ", "sin θ", "θ'")
    outputs = ("force",)
    reward_range = (0.0, 1000.0)
    max_steps = 1000
    time_step = TIME_STEP
    javascript = "swingup.js"
    paper: ClassVar = {"population": 192, "generations": 1024, "trials": 3, "initial_enabled": 0.5, "tournament": 8}
    paper_scores: ClassVar = {"random individual": 57, "random shared": 515, "best shared": 723, "tuned": 932}
    preset: ClassVar = {"rank_connections": 0.5}
    tuning: ClassVar = {"horizons": (0.15, 0.3, 0.6, 1.0)}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """The pole hangs and everything is nearly at rest: N((0, 0, pi, 0), 0.2)."""
        return rng.normal((0.0, 0.0, np.pi, 0.0), 0.2).tolist()  # type: ignore[no-any-return]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """(x, x', cos theta, sin theta, theta')."""
        x, speed, theta, spin = state
        return x, speed, cos(theta), sin(theta), spin

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step of 10 ms; the force is 10 N times the action, limited to [-1, 1] (NaN counts as 0).

        Explicit Euler: positions advance with the old velocities.
        """
        return advance((state[0], state[1], state[2], state[3]), action[0], LENGTH)

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The cart on its track, the pole and, as an arrow, the force that led here; (400, 600, 3)."""
        from tasks.drawing import cart_pole

        push = 0.0 if action is None else limited(action[0])
        return cart_pole(state[0], state[2], push, track=TRACK)
