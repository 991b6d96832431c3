"""Tests of ``tasks.doublepole``: against Lagrange's equations as a linear system, and conservation of energy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.doublepole import DoublePole, DoublePoleNoVelocity, advance
from wann.environment import JittedEnv

Array = NDArray[np.float64]
G, CART, MASSES, HALVES = 9.8, 1.0, np.array([0.1, 0.01]), np.array([0.5, 0.05])
SPREAD = np.array([2.5, 3.0, 0.65, 4.0, 0.65, 8.0])


def slopes(state: Array, force: float) -> Array:
    """From the Lagrangian of a cart and two uniform rods: mass matrix times accelerations = forces."""
    speed, theta, spin = state[1], state[2::2], state[3::2]
    moments = MASSES * HALVES * np.cos(theta)
    mass = np.diag([CART + MASSES.sum(), *(4 / 3 * MASSES * HALVES**2)])
    mass[0, 1:] = mass[1:, 0] = moments
    push = force - 0.0005 * np.sign(speed) + (MASSES * HALVES * np.sin(theta) * spin**2).sum()
    turns = MASSES * G * HALVES * np.sin(theta) - 0.000002 * spin
    solved = np.linalg.solve(mass, [push, *turns])
    return np.array([speed, solved[0], spin[0], solved[1], spin[1], solved[2]])


def by_the_book(state: Array, action: float) -> tuple[Array, bool]:
    """Two Runge-Kutta steps of 10 ms."""
    force, h = 10.0 * float(np.clip(action, -1, 1)), 0.01
    for _ in range(2):
        a = slopes(state, force)
        b = slopes(state + h / 2 * a, force)
        c = slopes(state + h / 2 * b, force)
        d = slopes(state + h * c, force)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    return state, bool(abs(state[0]) > 2.4 or np.any(np.abs(state[2::2]) > math.radians(36)))


def test_a_step_follows_the_equations() -> None:
    env, rng, endings = JittedEnv(DoublePole()), np.random.default_rng(3), set()
    for _ in range(2000):
        state, action = SPREAD * rng.uniform(-1, 1, 6), float(rng.uniform(-1.5, 1.5))
        env.reset(options={"state": state})
        _, reward, ended, _, _ = env.step(np.array([action]))
        expected, end = by_the_book(state, action)
        np.testing.assert_allclose(env.state, expected, rtol=0, atol=1e-9)
        assert (reward, ended) == (1.0, end)
        endings.add(end)
    assert endings == {True, False}


def energy(state: tuple[float, ...]) -> float:
    """Of the cart and the rods, in joules."""
    _, speed, *poles = state
    total = CART * speed**2 / 2
    for mass, half, theta, spin in zip(MASSES, HALVES, poles[::2], poles[1::2], strict=True):
        moving = speed**2 + 2 * speed * half * spin * math.cos(theta) + 4 / 3 * (half * spin) ** 2
        total += mass * moving / 2 + mass * G * half * math.cos(theta)
    return total


def test_without_friction_and_force_energy_is_conserved() -> None:
    """For 10 s, in which the poles turn over several times."""
    state = (0.1, -0.4, 0.3, 1.0, -0.2, 0.5)
    at_first, turned = energy(state), 0.0
    for _ in range(1000):
        state = advance(state, 0.0, 0.0, 0.0)
        turned = max(turned, abs(state[2]))
        assert energy(state) == pytest.approx(at_first, rel=1e-4)
    assert turned > math.pi


def test_friction_takes_energy() -> None:
    state = (0.0, 0.5, math.pi, 0.1, math.pi, 0.1)
    for _ in range(100):
        after = advance(state, 0.0, 0.05, 0.001)
        assert energy(after) < energy(state)
        state = after


def test_the_world_has_a_mirror() -> None:
    rng = np.random.default_rng(1)
    for state in (SPREAD * rng.uniform(-1, 1, (100, 6))).tolist():
        mirrored = tuple(-number for number in state)
        after = advance(tuple(state), 3.0, 0.0005, 0.000002)
        assert advance(mirrored, -3.0, 0.0005, 0.000002) == pytest.approx([-number for number in after], abs=1e-12)


def test_observations_are_scaled_as_neats() -> None:
    state = (2.4, 1.0, 0.26, 3.0, -0.52, 4.0)
    full, _ = JittedEnv(DoublePole()).reset(options={"state": state})
    bare, _ = JittedEnv(DoublePoleNoVelocity()).reset(options={"state": state})
    assert full.tolist() == pytest.approx([0.5, 0.5, 0.5, 1.5, -1.0, 2.0])
    assert bare.tolist() == pytest.approx([0.5, 0.5, -1.0])


def test_starts_lean_to_either_side() -> None:
    starts = np.array([DoublePole.start(np.random.default_rng(seed)) for seed in range(1000)])
    assert not starts[:, [0, 1, 3, 4, 5]].any()
    assert np.degrees(starts[:, 2].min()) == pytest.approx(-4.5, abs=0.05)
    assert np.degrees(starts[:, 2].max()) == pytest.approx(4.5, abs=0.05)


def test_it_can_be_balanced_for_the_papers_100_000_steps() -> None:
    """By a linear controller: gains found with a Riccati equation, for the upright position."""

    class Long(DoublePole):
        max_steps = 100_000

    env = JittedEnv(Long())
    observation, _ = env.reset(options={"state": (0.0, 0.0, math.radians(4.5), 0.0, 0.0, 0.0)})
    gains = riccati_gains()
    for step in range(100_000):
        observation, _, terminated, truncated, _ = env.step(np.array([gains @ observation]))
        assert (terminated, truncated) == (False, step == 99_999)


def riccati_gains() -> Array:
    """Feedback on the scaled observation that keeps the linearised world upright at the least cost."""
    scale = np.array([4.8, 2.0, 0.52, 2.0, 0.52, 2.0])
    still, h = np.zeros(6), 1e-5

    def moved(state: Array, action: float) -> Array:
        return np.array(advance(tuple(advance(tuple(state), 10 * action, 0.0, 0.0)), 10 * action, 0.0, 0.0))

    a = np.array([(moved(row, 0.0) - moved(-row, 0.0)) / (2 * h) for row in h * np.eye(6)]).T
    b = ((moved(still, h) - moved(still, -h)) / (2 * h))[:, None]
    cost = np.eye(6)
    for _ in range(5000):
        gain = np.linalg.solve(np.eye(1) + b.T @ cost @ b, b.T @ cost @ a)
        cost = np.eye(6) + a.T @ cost @ (a - b @ gain)
    return np.asarray(-(gain[0] * scale))
