"""What holds for every installed task with jitted dynamics: lanes and environments play the same, pictures follow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from wann.environment import JittedEnv
from wann.evaluation.rollout import compile_rollout
from wann.network import express
from wann.population import Floats, Population
from wann.task import JittedTask, load_kind, load_task, task_names

SEEDS, WEIGHTS = (0, 1), (-1.0, 0.5, 2.0)
NETWORKS = 8


@pytest.fixture(params=[name for name in task_names() if issubclass(load_kind(name), JittedTask)])
def task(request: pytest.FixtureRequest) -> JittedTask:
    found = load_task(request.param)
    assert isinstance(found, JittedTask)
    return found


def sources(task: JittedTask) -> Floats:
    """The one source of each output of some networks, 0 for the bias; then outputs are known without the networks."""
    return np.random.default_rng(4).integers(0, len(task.inputs) + 1, (NETWORKS, len(task.outputs)))


def in_lanes(task: JittedTask, cases: list[tuple[int, float]]) -> Floats:
    wired = np.arange(len(task.inputs) + 1)[None, :, None] == sources(task)[:, None, :]
    networks = express(Population.minimal(len(task.inputs), len(task.outputs), wired.reshape(NETWORKS, -1)))
    starts = np.array([task.start(np.random.default_rng(seed)) for seed, _ in cases])
    returns = np.empty((NETWORKS, len(cases)))
    weights = np.array([weight for _, weight in cases])
    compile_rollout(task)(networks, 0, NETWORKS, weights, starts, task.max_steps, returns)
    return returns


def in_environment(env: JittedEnv, wires: Floats, seed: int, weight: float) -> float:
    observation, _ = env.reset(seed=seed)
    total, ended = 0.0, False
    while not ended:
        action = weight * np.concatenate([[1.0], observation])[wires]
        observation, reward, terminated, truncated, _ = env.step(action)
        total, ended = total + reward, terminated or truncated
    return total


def test_lanes_and_environment_play_the_same_episodes(task: JittedTask) -> None:
    cases, env = list(itertools.product(SEEDS, WEIGHTS)), JittedEnv(task)
    expected = [[in_environment(env, wires, *case) for case in cases] for wires in sources(task)]
    assert in_lanes(task, cases).tolist() == expected
    low, high = task.reward_range
    assert low <= np.min(expected) <= np.max(expected) <= high


def test_the_task_says_what_it_takes(task: JittedTask) -> None:
    state = task.start(np.random.default_rng(0))
    env = JittedEnv(task)
    assert state == task.start(np.random.default_rng(0)) != task.start(np.random.default_rng(1))
    assert env.reset(seed=0)[0].shape == (len(task.inputs),)
    assert len(set(task.inputs)) == len(task.inputs)
    assert env.metadata["render_fps"] == round(1.0 / task.time_step)


def test_pictures_follow_the_episode(task: JittedTask) -> None:
    env = JittedEnv(task, render_mode="rgb_array")
    env.reset(seed=0)
    pictures = [env.render()]
    for _ in range(3):
        for _ in range(4):
            env.step(np.linspace(0.4, 0.8, len(task.outputs)))
        pictures.append(env.render())
    assert {(p.shape, str(p.dtype)) for p in pictures if p is not None} == {((400, 600, 3), "uint8")}
    assert len({p.tobytes() for p in pictures if p is not None}) == 4
    assert all(p.mean() > 200 for p in pictures if p is not None)
