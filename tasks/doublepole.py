"""Double pole balancing: two poles of different lengths on one cart, with and without velocities in sight.

The equations are Wieland's (1991), the constants those of Gomez & Miikkulainen (1999, table 1), as NEAT's benchmark has
them (Stanley & Miikkulainen 2002, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.actions import limited
from wann.jit import merged
from wann.task import JittedTask
from wann.trigonometry import cos, sin

GRAVITY = -9.8  # m/s^2
CART, POLES = 1.0, (0.1, 0.01)  # kg
HALF_LENGTHS = 0.5, 0.05  # m
FRICTION, HINGE_FRICTION = 0.0005, 0.000002  # of the cart on its track, N, and of a pole in its hinge, N m s
FORCE = 10.0  # N
INTEGRATION_STEP, TIME_STEP = 0.01, 0.02  # s
TRACK = 2.4  # m, from the middle to either end
FALLEN = math.radians(36.0)
LEAN = math.radians(4.5)

State = tuple[float, float, float, float, float, float]


@merged
def _pole(theta: float, spin: float, mass: float, half: float, friction: float) -> tuple[float, float, float, float]:
    """A pole's effective force and mass on the cart, and what turns it: by itself, and for each m/s^2 of the cart."""
    s, c = sin(theta), cos(theta)
    pull = friction * spin / (mass * half) + GRAVITY * s
    force = mass * half * spin * spin * s + 0.75 * mass * c * pull
    return force, mass * (1.0 - 0.75 * c * c), -0.75 * pull / half, -0.75 * c / half


@merged
def slopes(state: State, force: float, friction: float, hinge_friction: float) -> State:
    """The state's derivative under a force on the cart, in newtons."""
    _, speed, theta1, spin1, theta2, spin2 = state
    force1, mass1, own1, turn1 = _pole(theta1, spin1, POLES[0], HALF_LENGTHS[0], hinge_friction)
    force2, mass2, own2, turn2 = _pole(theta2, spin2, POLES[1], HALF_LENGTHS[1], hinge_friction)
    drag = friction if speed > 0.0 else (-friction if speed < 0.0 else 0.0)
    acceleration = (force - drag + force1 + force2) / (CART + mass1 + mass2)
    return speed, acceleration, spin1, own1 + turn1 * acceleration, spin2, own2 + turn2 * acceleration


@merged
def _moved(state: State, by: State, time: float) -> State:
    return (
        state[0] + time * by[0],
        state[1] + time * by[1],
        state[2] + time * by[2],
        state[3] + time * by[3],
        state[4] + time * by[4],
        state[5] + time * by[5],
    )


@merged
def advance(state: State, force: float, friction: float, hinge_friction: float) -> State:
    """The state 0.01 s later, by the Runge-Kutta method of fourth order."""
    k1 = slopes(state, force, friction, hinge_friction)
    k2 = slopes(_moved(state, k1, INTEGRATION_STEP / 2.0), force, friction, hinge_friction)
    k3 = slopes(_moved(state, k2, INTEGRATION_STEP / 2.0), force, friction, hinge_friction)
    k4 = slopes(_moved(state, k3, INTEGRATION_STEP), force, friction, hinge_friction)
    sums = _moved(_moved(_moved(k1, k2, 2.0), k3, 2.0), k4, 1.0)
    return _moved(state, sums, INTEGRATION_STEP / 6.0)


class DoublePole(JittedTask):
    """The state is (x, x', theta1, theta1', theta2, theta2'): metres, radians and seconds; angles are 0 upright.

    Each step earns 1, the last one too. An episode ends when a pole leans more than 36 degrees or the cart leaves the
    track, at the latest after 1,000 steps, 20 s: what a search can afford. The papers call a network successful that
    balances for 100,000 steps: derive a class with ``max_steps = 100_000`` to test that.
    """

    name = "doublepole"
    inputs: ClassVar[tuple[str, ...]] = ("x", "x'", "θ1", "θ1'", "θ2", "θ2'")
    outputs = ("force",)
    reward_range = (0.0, 1000.0)
    max_steps = 1000
    time_step = TIME_STEP
    preset: ClassVar = {"generations": 300, "rank_connections": 0.5}

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """The long pole leans by U(-4.5, 4.5) degrees, and all else is 0; the papers start at 4.5 degrees."""
        return [0.0, 0.0, rng.uniform(-LEAN, LEAN), 0.0, 0.0, 0.0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """The state as NEAT's benchmark scales it: x / 4.8, x' / 2, angles / 0.52, their velocities / 2."""
        x, speed, theta1, spin1, theta2, spin2 = state
        return x / 4.8, speed / 2.0, theta1 / 0.52, spin1 / 2.0, theta2 / 0.52, spin2 / 2.0

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """One step of 20 ms; the force is 10 N times the action, limited to [-1, 1] (NaN counts as 0)."""
        force = FORCE * limited(action[0])
        start = state[0], state[1], state[2], state[3], state[4], state[5]
        middle = advance(start, force, FRICTION, HINGE_FRICTION)
        end = advance(middle, force, FRICTION, HINGE_FRICTION)
        return end, 1.0, (abs(end[0]) > TRACK) | (abs(end[2]) > FALLEN) | (abs(end[4]) > FALLEN)

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """The cart, the poles (the short one drawn longer than it is) and the force that led here; (400, 600, 3)."""
        from tasks.drawing import cart_pole

        push = 0.0 if action is None else limited(action[0])
        return cart_pole(state[0], -state[2], push, track=TRACK, second=-state[4])


class DoublePoleNoVelocity(DoublePole):
    """Double pole balancing from positions alone.

    The papers' networks are recurrent and can tell velocities from what they saw before. Those of this toolkit are
    feed-forward and remember nothing, so this task measures how long a pole can be kept up without.
    """

    name = "doublepole-novelocity"
    inputs = ("x", "θ1", "θ2")

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """The positions as NEAT's benchmark scales them: x / 4.8, angles / 0.52."""
        return state[0] / 4.8, state[2] / 0.52, state[4] / 0.52
