"""Replays."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from strategies import grown

from tasks.digits import Digits
from tasks.swingup import SwingUp
from wann.champion import Champion
from wann.environment import JittedEnv
from wann.errors import UserError
from wann.figures.replay import Replay
from wann.genome import ConnectionGene, NodeGene
from wann.gymtask import GymTask
from wann.runs import load
from wann.task import JittedTask


class Short(SwingUp):
    """Over after a third of a second."""

    max_steps: ClassVar[int] = 33


@pytest.fixture(scope="module")
def champion(runs: list[Path]) -> Champion:
    return load(runs[0])


def steps(champion: Champion, task: JittedTask, weight: float, seed: int) -> int:
    env = JittedEnv(task)
    observation, _ = env.reset(seed=seed)
    for count in range(1, 10_000):
        observation, _, ended, cut, _ = env.step(champion.network(observation, weight))
        if ended or cut:
            return count
    raise AssertionError


def test_the_frames_follow_the_time_of_the_task(champion: Champion) -> None:
    replay = Replay(champion, Short(), [1.0])
    assert replay.seconds == 0.04
    frames = list(replay)
    assert len(frames) == 1 + math.ceil(33 / 4)
    assert len({frame.shape for frame in frames}) == 1
    assert all(length % 2 == 0 for length in frames[0].shape[:2])


def test_the_scene_is_the_one_of_the_environment(champion: Champion) -> None:
    env = JittedEnv(Short(), render_mode="rgb_array")
    observation, _ = env.reset(seed=7)
    frames = list(Replay(champion, Short(), [-1.0], seed=7))
    for frame in frames[:4]:
        picture = env.render()
        assert picture is not None
        np.testing.assert_array_equal(frame[40:440, 12:612], picture)
        for _ in range(4):
            observation, *_ = env.step(champion.network(observation, -1.0))


def test_weights_play_side_by_side_until_the_last_is_over(champion: Champion) -> None:
    weights = [-2.0, 0.01, 1.0]
    counts = [steps(champion, SwingUp(), weight, 3) for weight in weights]
    task = SwingUp()
    task.max_steps = 90  # type: ignore[misc]
    frames = list(Replay(champion, task, weights, seed=3))
    assert len(frames) == 1 + math.ceil(min(90, max(counts)) / 4)
    one = next(iter(Replay(champion, task, [1.0], seed=3)))
    assert frames[0].shape[1] > 1.5 * one.shape[1]
    thirds = np.array_split(frames[-1][40:], 3, axis=1)
    assert not any(np.array_equal(a[:, :400], b[:, :400]) for a, b in pairwise(thirds))


def test_an_episode_that_ends_early_is_shown_up_to_its_end() -> None:
    nodes = (NodeGene(0, "bias"), *(NodeGene(i, "input") for i in range(1, 6)), NodeGene(6, "output"))
    pushing = (ConnectionGene(0, 0, 6),)
    champion = Champion(inputs=tuple("abcde"), outputs=("force",), nodes=nodes, connections=pushing)
    count = steps(champion, SwingUp(), 1.0, 0)
    assert count < 300
    assert len(list(Replay(champion, SwingUp(), [1.0]))) == 1 + math.ceil(count / 4)


def test_the_network_stands_beside_the_scene_and_lights_up(champion: Champion) -> None:
    plain, lit = (list(Replay(champion, Short(), [1.0], network=network)) for network in (False, True))
    assert lit[0].shape[0] == plain[0].shape[0]
    assert lit[0].shape[1] > plain[0].shape[1] + 400
    network = [frame[:, plain[0].shape[1] :] for frame in lit]
    assert not np.array_equal(network[0], network[-1])


def test_the_same_seed_gives_the_same_frames_and_another_others(champion: Champion) -> None:
    first, again, other = (list(Replay(champion, Short(), [1.0], seed=seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_a_task_without_a_picture_is_refused(champion: Champion) -> None:
    class Blind(Short):
        render = JittedTask.render

    with pytest.raises(UserError, match="has no picture"):
        Replay(champion, Blind(), [1.0])


def test_a_gymnasium_environment_is_played_and_shown() -> None:
    pytest.importorskip("pygame", reason="gymnasium's pictures need the extra box2d, which brings pygame")
    genome = grown(1, n_inputs=4, n_outputs=2, steps=4, seed=1)[0]
    task = GymTask("CartPole-v1")
    champion = Champion(inputs=task.inputs, outputs=task.outputs, nodes=genome.nodes, connections=genome.connections)
    environment = task.make(render_mode="rgb_array")
    observation, _ = environment.reset(seed=3)
    pictures, over = [environment.render()], False
    while not over:
        action = task.action(champion.network(observation, 1.5))
        observation, _, ended, cut, _ = environment.step(action)
        over = ended or cut
        pictures.append(environment.render())
    frames = list(Replay(champion, task, [1.5], seed=3))
    assert len(frames) == 1 + math.ceil((len(pictures) - 1) / 2)  # 50 steps a second, 25 frames
    for frame, picture in zip(frames[1:-1], pictures[2::2], strict=False):
        np.testing.assert_array_equal(frame[40:440, 12:612], picture)


def test_a_data_set_has_no_episode() -> None:
    genome = grown(1, n_inputs=64, n_outputs=10, steps=1)[0]
    task = Digits()
    champion = Champion(inputs=task.inputs, outputs=task.outputs, nodes=genome.nodes, connections=genome.connections)
    with pytest.raises(UserError, match="'digits' is a data set: it has no episodes to play"):
        Replay(champion, task, [1.0])
