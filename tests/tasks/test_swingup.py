"""Tests of ``tasks.swingup``: its physics, its episodes, and that the lanes and gymnasium play the same ones."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from tasks.drawing import cart_pole
from tasks.swingup import SwingUp
from wann.environment import JittedEnv
from wann.evaluation.rollout import compile_rollout
from wann.jit import kernel
from wann.network import express
from wann.population import Population

State = tuple[float, ...]
STEP, OBSERVE = kernel(SwingUp.step), kernel(SwingUp.observe)
ORANGE, BLUE = (242, 140, 56), (59, 130, 246)
SEEDS = (0, 1, 2, 3)
WEIGHTS = (-1.0, -0.3, 0.4, 1.5)
LIMITS = (1, 2, 3, *range(10, 1001, 10))


def by_the_book(state: State, action: float) -> tuple[State, float, bool]:
    """A step as the definition has it: every constant written out, the C library's sine and cosine."""
    g, cart, pole, length, friction, dt = 9.82, 0.5, 0.5, 0.6, 0.1, 0.01
    x, v, th, w = state
    force = 10.0 * float(np.clip(action, -1.0, 1.0))
    mass, s, c = cart + pole, math.sin(th), math.cos(th)
    a = (-2 * pole * length * w**2 * s + 3 * pole * g * s * c + 4 * force - 4 * friction * v) / (
        4 * mass - 3 * pole * c**2
    )
    turn = (-3 * pole * length * w**2 * s * c + 6 * mass * g * s + 6 * (force - friction * v) * c) / (
        4 * length * mass - 3 * pole * length * c**2
    )
    x, v, th, w = x + dt * v, v + dt * a, th + dt * w, w + dt * turn
    return (x, v, th, w), (math.cos(th) + 1) / 2 * math.cos(x / 2.4 * math.pi / 2), abs(x) > 2.4


def random_cases(n: int = 500) -> list[tuple[State, float]]:
    """States all over the track and beyond its ends, actions inside and outside [-1, 1]."""
    rng = np.random.default_rng(7)
    spread = np.array([2.5, 5.0, 12.0, 15.0])
    return [(tuple((spread * rng.uniform(-1, 1, 4)).tolist()), float(rng.uniform(-1.5, 1.5))) for _ in range(n)]


def test_a_step_follows_the_definition() -> None:
    endings = set()
    for state, action in random_cases():
        after, reward, ended = STEP(state, (action,))
        expected, expected_reward, expected_end = by_the_book(state, action)
        np.testing.assert_allclose(after, expected, rtol=0, atol=1e-12)
        assert reward == pytest.approx(expected_reward, rel=0, abs=1e-12)
        assert ended == expected_end
        endings.add(ended)
    assert endings == {True, False}


def test_the_compiled_step_is_the_same_as_the_environments() -> None:
    env = JittedEnv(SwingUp())
    for state, action in random_cases(50):
        env.reset(options={"state": state})
        observation, reward, terminated, _, _ = env.step(np.array([action]))
        after, expected_reward, ended = STEP(state, (action,))
        assert (env.state, reward, terminated) == (after, expected_reward, ended)
        assert tuple(observation) == OBSERVE(after)


def test_observations() -> None:
    for state, _ in random_cases(50):
        x, v, th, w = state
        expected = (x, v, math.cos(th), math.sin(th), w)
        np.testing.assert_allclose(OBSERVE(state), expected, rtol=0, atol=1e-14)
    assert len(SwingUp.inputs) == 5


def test_starts_hang_nearly_at_rest() -> None:
    rng = np.random.default_rng(0)
    starts = np.array([SwingUp.start(rng) for _ in range(20_000)])
    np.testing.assert_allclose(starts.mean(axis=0), (0.0, 0.0, math.pi, 0.0), atol=0.006)
    np.testing.assert_allclose(starts.std(axis=0), 0.2, atol=0.004)
    np.testing.assert_allclose(np.corrcoef(starts.T), np.eye(4), atol=0.03)


@pytest.mark.parametrize(
    ("state", "reward"),
    [((0.0, 0.0, 0.0, 0.0), 1.0), ((0.0, 0.0, math.pi, 0.0), 0.0), ((1.2, 0.0, 0.0, 0.0), math.sqrt(0.5))],
)
def test_reward_at_rest(state: State, reward: float) -> None:
    assert STEP(state, (0.0,))[1] == pytest.approx(reward, abs=1e-12)


def test_reward_is_that_of_the_state_after_the_step() -> None:
    state = (1.0, 3.0, 0.5, 8.0)
    after, reward, _ = STEP(state, (1.0,))

    def worth(s: State) -> float:
        return (math.cos(s[2]) + 1) / 2 * math.cos(s[0] / 2.4 * math.pi / 2)

    assert reward == pytest.approx(worth(after), abs=1e-12)
    assert abs(reward - worth(state)) > 0.01


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_the_episode_ends_beyond_the_track(side: float) -> None:
    still = (0.0, math.pi, 0.0)
    assert not STEP((side * 2.4, *still), (0.0,))[2]
    assert STEP((side * np.nextafter(2.4, 3.0), *still), (0.0,))[2]
    assert STEP((side * 2.39, side * 2.0, math.pi, 0.0), (0.0,))[2], "the position after the step decides"


def test_an_episode_has_1000_steps_at_most() -> None:
    env = JittedEnv(SwingUp())
    env.reset(options={"state": (0.0, 0.0, math.pi, 0.0)})
    ends = [env.step(np.zeros(1))[2:4] for _ in range(1000)]
    assert ends == [(False, False)] * 999 + [(False, True)]


def test_nan_counts_as_no_force_and_the_force_has_limits() -> None:
    state = (0.1, 0.2, 0.3, 0.4)
    assert STEP(state, (math.nan,)) == STEP(state, (0.0,)) != STEP(state, (1.0,))
    assert STEP(state, (math.inf,)) == STEP(state, (7.0,)) == STEP(state, (1.0,))
    assert STEP(state, (-math.inf,)) == STEP(state, (-1.0,)) != STEP(state, (1.0,))


def lane_returns(networks: Any, cases: list[tuple[int, float]]) -> np.ndarray[Any, Any]:
    """The return after each of ``LIMITS`` steps, as the lanes count it; (limits, networks, cases)."""
    rollout = compile_rollout(SwingUp())
    starts = np.array([SwingUp.start(np.random.default_rng(seed)) for seed, _ in cases])
    weights = np.array([weight for _, weight in cases])
    n = networks.first_node.size - 1
    returns = np.full((len(LIMITS), n, len(cases)), np.nan)
    for limit, row in zip(LIMITS, returns, strict=True):
        rollout(networks, 0, n, weights, starts, limit, row)
    return returns


def env_returns(source: int, seed: int, weight: float) -> list[float]:
    """The return after each step, as the environment counts it.

    The action is the weight times one observation, or the weight alone for source 0, the bias.
    """
    env, rewards, ended = JittedEnv(SwingUp()), [], False
    observation, _ = env.reset(seed=seed)
    while not ended:
        action = weight * (1.0 if source == 0 else observation[source - 1])
        observation, reward, terminated, truncated, _ = env.step(np.array([action]))
        rewards.append(reward)
        ended = terminated or truncated
    return list(itertools.accumulate(rewards))


def test_lanes_and_environment_play_the_same_episodes() -> None:
    """One connection a network, from each source in turn: then the action is known without the network's help."""
    networks = express(Population.minimal(5, 1, np.eye(6, dtype=np.bool_)))
    cases = list(itertools.product(SEEDS, WEIGHTS))
    in_lanes = lane_returns(networks, cases)
    lengths = []
    for source in range(6):
        for k, (seed, weight) in enumerate(cases):
            stepped = env_returns(source, seed, weight)
            lengths.append(len(stepped))
            expected = [stepped[min(limit, len(stepped)) - 1] for limit in LIMITS]
            assert in_lanes[:, source, k].tolist() == expected, (source, seed, weight)
    assert lengths.count(1000) >= 20
    assert min(lengths) < 200


def test_pictures_follow_the_state() -> None:
    task = SwingUp()
    pictures = [
        task.render(state, action)
        for state, action in [
            ((0.0, 0.0, math.pi, 0.0), None),
            ((0.0, 0.0, math.pi - 0.2, 0.0), None),
            ((0.5, 0.0, math.pi, 0.0), None),
            ((0.0, 0.0, math.pi, 0.0), (1.0,)),
            ((0.0, 0.0, math.pi, 0.0), (-0.5,)),
        ]
    ]
    assert {(p.shape, str(p.dtype)) for p in pictures} == {((400, 600, 3), "uint8")}
    assert len({p.tobytes() for p in pictures}) == len(pictures)
    assert all(p.mean() > 200 for p in pictures), "the picture is meant to be light"


def test_pictures_show_the_force_as_it_acts() -> None:
    task, state = SwingUp(), (0.0, 0.0, 0.0, 0.0)
    assert (task.render(state, (5.0,)) == task.render(state, (1.0,))).all()
    assert (task.render(state, (math.nan,)) == task.render(state, None)).all()


def columns(picture: Any, colour: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """Where in the picture the pixels of a colour stand, from the left."""
    return np.nonzero((picture == colour).all(axis=2))[1]


def test_pictures_mirror_the_world() -> None:
    """With every sign changed, a picture is what it was in a mirror, but for the rounding to pixels."""
    one, other = cart_pole(0.7, 0.4, 0.5), cart_pole(-0.7, -0.4, -0.5)
    far = np.abs(one[:, ::-1].astype(int) - other).max(axis=2) > 128
    assert far.sum() < 20
    assert columns(cart_pole(0.0, 0.4), ORANGE).mean() < 300, "a positive angle leans to the left"
    assert columns(cart_pole(1.0, 0.0), ORANGE).mean() > 300


def test_the_arrow_shows_the_force() -> None:
    lengths = [np.ptp(columns(cart_pole(0.0, 0.0, push), BLUE)) for push in (0.25, 0.5, 1.0)]
    assert lengths == sorted(set(lengths))
    assert columns(cart_pole(0.0, 0.0, 1.0), BLUE).min() > 300
    assert columns(cart_pole(0.0, 0.0, -1.0), BLUE).max() < 300
    assert columns(cart_pole(0.0, 0.0, 0.0), BLUE).size == 0


def test_pictures_of_any_size() -> None:
    assert cart_pole(0.0, 0.0, size=(300, 180)).shape == (180, 300, 3)
