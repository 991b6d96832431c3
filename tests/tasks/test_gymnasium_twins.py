"""The tasks that gymnasium has too: the same steps from the same states, and the same episodes from the same seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.acrobot import Acrobot
from tasks.cartpole import CartPole
from tasks.mountaincar import MountainCar
from tasks.mountaincar_continuous import MountainCarContinuous
from tasks.pendulum import Pendulum
from wann.environment import JittedEnv
from wann.task import JittedTask

Array = NDArray[np.float64]
STEPS = 3000


class Twin(NamedTuple):
    """A task and its environment, what states to try, and a policy that gets somewhere."""

    task: type[JittedTask]
    environment: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    policy: Callable[[Array], float]
    """What to push with, in [-1, 1], after an observation."""
    precision: type[np.floating[Any]] = np.float64
    """Of the environment's state."""

    def give(self, env: Any, state: Array) -> None:
        """Put gymnasium's environment into a state."""
        env.unwrapped.state = state.astype(self.precision)
        env.unwrapped.steps_beyond_terminated = None

    def action(self, outputs: Array) -> Any:
        """What gymnasium's environment is given when a network gives ``outputs``."""
        if len(outputs) > 1:
            return int(np.argmax(outputs))
        return np.clip(outputs, -1.0, 1.0) * {"torque": 2.0}.get(self.task.outputs[0], 1.0)

    def outputs(self, push: float) -> Array:
        """Outputs that push so."""
        n = len(self.task.outputs)
        return np.array([push]) if n == 1 else np.eye(n)[round((push + 1.0) / 2.0 * (n - 1))]


TWINS = {
    twin.environment: twin
    for twin in (
        Twin(CartPole, "CartPole-v1", (-2.6, -4, -0.25, -4), (2.6, 4, 0.25, 4), lambda o: np.sign(o[2] + 0.3 * o[3])),
        Twin(Pendulum, "Pendulum-v1", (-20.0, -8.0), (20.0, 8.0), lambda o: 0.3 * o[2]),
        Twin(
            Acrobot,
            "Acrobot-v1",
            (-math.pi, -math.pi, -4 * math.pi, -9 * math.pi),
            (math.pi, math.pi, 4 * math.pi, 9 * math.pi),
            lambda o: np.sign(o[5]),
        ),
        Twin(MountainCar, "MountainCar-v0", (-1.2, -0.07), (0.6, 0.07), lambda o: np.sign(o[1])),
        Twin(
            MountainCarContinuous,
            "MountainCarContinuous-v0",
            (-1.2, -0.07),
            (0.6, 0.07),
            lambda o: np.sign(o[1]) * 0.7,
            np.float32,
        ),
    )
}


@pytest.fixture(params=TWINS)
def twin(request: pytest.FixtureRequest) -> Twin:
    return TWINS[request.param]


def random_cases(twin: Twin) -> Iterator[tuple[Array, Array]]:
    """States, some of them at the ends of their ranges, and outputs, some of them beyond all limits."""
    rng = np.random.default_rng(5)
    low, high = np.array(twin.low), np.array(twin.high)
    for i in range(STEPS):
        state = rng.uniform(low, high)
        if i % 10 == 0:
            end = rng.integers(len(low))
            state[end] = (low, high)[rng.integers(2)][end]
        yield state.astype(twin.precision).astype(np.float64), rng.normal(0.0, 1.0, len(twin.task.outputs))


def test_a_step_is_gymnasiums(twin: Twin) -> None:
    mine, other = JittedEnv(twin.task()), gymnasium.make(twin.environment).unwrapped
    other.reset(seed=0)
    endings = set()
    for state, outputs in random_cases(twin):
        mine.reset(options={"state": state})
        twin.give(other, state)
        observation, reward, terminated, _, _ = mine.step(outputs)
        seen, expected, end, _, _ = other.step(twin.action(outputs))
        np.testing.assert_allclose(mine.state, np.asarray(other.state, dtype=np.float64), rtol=0, atol=1e-9)
        np.testing.assert_allclose(observation, seen, rtol=2e-7, atol=1e-7)
        assert reward == pytest.approx(float(expected), rel=0, abs=1e-9)
        assert terminated == end
        endings.add(end)
    assert endings == ({False} if twin.task is Pendulum else {True, False})


def episode(step: Callable[[Array], Any], push: Callable[[Array], float], twin: Twin, observation: Any) -> list[Any]:
    """Reward, termination and truncation of each step, in closed loop: unstable worlds would tear two runs apart."""
    told: list[Any] = []
    while not told or not any(told[-1][1:]):
        observation, *rest, _ = step(twin.outputs(float(push(observation.astype(np.float32)))))
        told.append(rest)
    return told


def pushes(twin: Twin, seed: int) -> dict[str, Callable[[], Callable[[Array], float]]]:
    """Policies that fail, that get somewhere, and that always do the same."""

    def random() -> Callable[[Array], float]:
        rng = np.random.default_rng(seed)
        return lambda _: float(rng.uniform(-1.0, 1.0))

    return {"random": random, "own": lambda: twin.policy, "left": lambda: lambda _: -1.0}


def test_an_episode_is_gymnasiums(twin: Twin) -> None:
    mine, other = JittedEnv(twin.task()), gymnasium.make(twin.environment)
    lengths = []
    for seed, policy in itertools.product(range(5), ("random", "own", "left")):
        observation, _ = other.reset(seed=seed)
        own, _ = mine.reset(seed=seed)
        start = np.asarray(other.unwrapped.state).astype(twin.precision)  # type: ignore[attr-defined]
        assert mine.state == tuple(start.tolist())
        twin.give(other, start)
        make = pushes(twin, seed)[policy]
        told = episode(mine.step, make(), twin, own)
        expected = episode(lambda outputs: other.step(twin.action(outputs)), make(), twin, observation)
        assert [step[1:] for step in told] == [step[1:] for step in expected]
        np.testing.assert_allclose([s[0] for s in told], [s[0] for s in expected], rtol=0, atol=1e-9)
        lengths.append(len(told))
    assert max(lengths) == twin.task.max_steps or twin.task is CartPole
    assert min(lengths) < twin.task.max_steps or twin.task is Pendulum


def test_the_longest_episode_is_gymnasiums(twin: Twin) -> None:
    spec = gymnasium.spec(twin.environment)
    assert twin.task.max_steps == spec.max_episode_steps
    low, high = twin.task.reward_range
    if spec.reward_threshold is not None:
        assert low < spec.reward_threshold < high


def test_the_highest_output_is_chosen_the_first_of_equals() -> None:
    state = (0.0, 0.0, 0.0, 0.0)

    def pushed(*outputs: float) -> str:
        env = JittedEnv(CartPole())
        env.reset(options={"state": state})
        return "right" if env.step(np.array(outputs))[0][1] > 0 else "left"

    nan, inf = math.nan, math.inf
    lefts = [(1.0, 0.0), (0.0, 0.0), (inf, inf), (nan, nan), (0.0, nan), (-inf, nan), (nan, -inf), (-0.0, 0.0)]
    assert {pushed(*outputs) for outputs in lefts} == {"left"}
    assert {pushed(*outputs) for outputs in [(0.0, 1.0), (nan, 0.0), (nan, -1e300), (-inf, -1e300)]} == {"right"}
