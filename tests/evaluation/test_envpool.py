"""Episodes on EnvPool: a function of network, weight and trial alone, and of the same physics as gymnasium's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import grown

import wann
from tasks.biped import Biped
from wann.champion import Network
from wann.errors import TaskError
from wann.evaluation import envpool as player
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation, Evaluator
from wann.network import express
from wann.population import Population
from wann.task import Part

pytest.importorskip("envpool", reason="the extra envpool is not installed")

WEIGHTS = (-1.0, 0.5)
SEEDS = np.array([[11, 2, 3, 40], [4, 5, 2**31 - 1, 7]])
POPULATION = grown(5, n_inputs=24, n_outputs=4, steps=12)


class Short(Biped):
    """Episodes of at most 80 steps: some networks fall before that."""

    environment = "BipedalWalker-v3?max_episode_steps=80"


def played(evaluator: Evaluator, population: Population = POPULATION) -> Evaluation:
    try:
        return evaluator.evaluate(express(population), WEIGHTS, SEEDS)
    finally:
        evaluator.close()


def alone(task: Biped, network: Network, weight: float, seed: int) -> tuple[float, int]:
    """Return and length of an episode in a pool of its own, step by step."""
    pool = task.pool([seed])
    seen, _ = pool.reset()
    total, steps, ended = 0.0, 0, False
    while not ended:
        outputs = network(seen[0].astype(np.float64), weight)
        action = np.clip(np.nan_to_num(outputs), -1.0, 1.0).astype(np.float32)
        seen, reward, terminated, truncated, _ = pool.step(action[None])
        total, steps, ended = total + float(reward[0]), steps + 1, bool(terminated[0] or truncated[0])
    return total, steps


def test_returns_are_those_of_each_episode_alone() -> None:
    task, steps = Short("envpool"), 0
    found = played(ThreadEvaluator(task, 1))
    for i, genome in enumerate(POPULATION):
        for w, weight in enumerate(WEIGHTS):
            for t, seed in enumerate(SEEDS[w].tolist()):
                total, length = alone(task, Network(genome), weight, seed)
                assert found.returns[i, w, t] == total
                steps += length
    assert found.steps == steps
    assert np.unique(found.returns).size > 10


@pytest.mark.parametrize(("slots", "largest"), [(1, 1024), (3, 7), (1000, 1), (32, 16)])
def test_slots_and_pools_do_not_matter(slots: int, largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = played(ThreadEvaluator(Short("envpool"), 1))
    monkeypatch.setattr(player, "SLOTS", slots)
    monkeypatch.setattr(Short, "largest_pool", largest)
    found = played(ThreadEvaluator(Short("envpool"), 1))
    np.testing.assert_array_equal(found.returns, expected.returns)
    assert found.steps == expected.steps


def test_threads_and_ray_workers_do_not_matter() -> None:
    task = Biped("envpool")
    expected = played(ThreadEvaluator(task, 1))
    for other in (ThreadEvaluator(task, 3), RayEvaluator(task, "local", 2)):
        found = played(other)
        np.testing.assert_array_equal(found.returns, expected.returns)
        assert found.steps == expected.steps


def test_a_shorter_horizon_ends_episodes_early() -> None:
    task, population = Short("envpool"), grown(1, n_inputs=24, n_outputs=4, steps=12)
    networks, evaluator = express(population), ThreadEvaluator(task, 1)
    vectors = np.full((2, networks.sources.size), 0.5)
    found = evaluator.evaluate_weights(networks, vectors, np.array([3, 4, 5]), horizon=0.25)
    evaluator.close()
    assert found.steps == 2 * 3 * 20
    np.testing.assert_array_equal(found.returns[0], found.returns[1])


def test_closing_the_evaluator_ends_what_is_being_played() -> None:
    class Watched(Biped):
        steps, begun = 0, threading.Event()

        def action(self, outputs: NDArray[np.float64]) -> NDArray[np.float32]:  # type: ignore[override]
            Watched.steps += 1
            self.begun.set()
            return np.zeros((len(outputs), 4), np.float32)

    task = Watched("envpool")
    del task.action  # what the environment gave
    evaluator, networks = ThreadEvaluator(task, 1), express(POPULATION)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(evaluator.evaluate, networks, WEIGHTS, SEEDS, Part.VALIDATION)  # none ends early
        Watched.begun.wait()
        evaluator.close()
        with pytest.raises(CancelledError):
            found.result()
    assert Watched.steps < task.max_steps


class _Twister:
    """What C++'s standard library draws from its mt19937, for the calls that BipedalWalker makes."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.MT19937()
        self._bits._legacy_seeding(seed)  # as std::mt19937(seed) starts

    def _draw(self) -> int:
        return int(self._bits.random_raw())

    def uniform(self, low: float, high: float) -> float:
        low_bits = self._draw()
        return (low_bits + self._draw() * 2.0**32) / 2.0**64 * (high - low) + low

    def integers(self, low: int, high: int) -> int:
        size = high - low
        product = self._draw() * size
        while product % 2**32 < 2**32 % size:
            product = self._draw() * size
        return low + (product >> 32)


def gymnasium_twin(seed: int, actions: NDArray[np.float32]) -> Iterator[tuple[NDArray[Any], float, bool]]:
    """The same episode in gymnasium, which is given EnvPool's chance."""
    environment = Biped("gymnasium").make()
    environment.unwrapped.reset = (lambda reset: lambda **_: reset())(environment.unwrapped.reset)
    environment.unwrapped.np_random = _Twister(seed)
    observation, _ = environment.reset()
    yield observation, 0.0, False
    for action in actions:
        observation, reward, terminated, truncated, _ = environment.step(action)
        yield observation, float(reward), bool(terminated or truncated)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 1])
def test_the_physics_are_those_of_gymnasium(seed: int) -> None:
    """Given the same terrain, both take the same course: only how they draw it differs."""
    pytest.importorskip("Box2D", reason="the extra box2d is not installed")
    actions = np.random.default_rng(seed).uniform(-1, 1, (1600, 4)).astype(np.float32)
    pool = Biped("envpool").pool([seed])
    seen, _ = pool.reset()
    twin = gymnasium_twin(seed, actions)
    np.testing.assert_allclose(seen[0], next(twin)[0], atol=1e-5)
    steps = 0
    for steps, (observation, reward, ended) in enumerate(twin, 1):
        seen, rewards, terminated, truncated, _ = pool.step(actions[steps - 1 : steps])
        np.testing.assert_allclose(seen[0], observation, atol=1e-5)
        np.testing.assert_allclose(rewards[0], reward, atol=1e-4)
        assert bool(terminated[0] or truncated[0]) == ended
        if ended:
            break
    assert steps > 30


class _Broken(Short):
    """Its second episode has no number for a reward."""

    def pool(self, seeds: list[int]) -> Any:
        pool = super().pool(seeds)
        step = pool.step

        def broken(actions: Any, live: Any) -> Any:
            seen, rewards, *rest = step(actions, live)
            return seen, np.where(live == 1, np.nan, rewards), *rest

        pool.step = broken
        return pool


def test_a_return_that_is_no_number_is_told() -> None:
    with pytest.raises(TaskError, match=r"^the task 'biped:envpool' failed in the episode with seed 2: its return is"):
        played(ThreadEvaluator(_Broken("envpool"), 1), grown(1, n_inputs=24, n_outputs=4, steps=1))


def test_patience_ends_episodes_of_the_search_alone() -> None:
    """Against a plain count of the steps without reward."""

    class Impatient(Short):
        patience = 4

    task, population = Impatient("envpool"), grown(1, n_inputs=24, n_outputs=4, steps=12)
    networks, evaluator = express(population), ThreadEvaluator(task, 1)
    found = evaluator.evaluate(networks, [0.5], SEEDS[:1])
    validated = evaluator.evaluate(networks, [0.5], SEEDS[:1], Part.VALIDATION)
    evaluator.close()
    network = Network(next(iter(population)))
    for t, seed in enumerate(SEEDS[0].tolist()):
        assert validated.returns[0, 0, t] == alone(task, network, 0.5, seed)[0]
        pool, rewards = task.pool([seed]), []
        seen, _ = pool.reset()
        for step in range(1, 81):
            action = np.clip(network(seen[0].astype(np.float64), 0.5), -1.0, 1.0).astype(np.float32)
            seen, reward, terminated, *_ = pool.step(action[None])
            rewards.append(float(reward[0]))
            if terminated[0]:
                break
            if step >= 4 and max(rewards[-4:]) <= 0.0:
                rewards.append(np.mean(rewards[-4:]) * (80 - step))
                break
        assert found.returns[0, 0, t] == pytest.approx(sum(rewards), rel=1e-12)
    assert found.steps < validated.steps


def test_a_run_keeps_its_engine(tmp_path: Path) -> None:
    class Mine(Short):
        pass

    settings: dict[str, Any] = {"population": 8, "trials": 1, "verify_trials": 2, "workers": 1}
    whole = wann.search(Mine(), generations=3, out=tmp_path / "whole", **settings)
    wann.search(Mine(), generations=1, out=tmp_path / "run", **settings)
    assert 'task = "biped:envpool"' in (tmp_path / "run" / "config.toml").read_text()
    with pytest.raises(wann.UserError, match=r"^task cannot change .* has biped:envpool, got biped:gymnasium$"):
        wann.resume(tmp_path / "run", task=Mine("gymnasium"), generations=3)
    resumed = wann.resume(tmp_path / "run", task=Mine(), generations=3, workers=2)
    assert resumed.champion.genome == whole.champion.genome
    assert resumed.champion.task == "biped:envpool"
