"""Episodes recorded for the page, of tasks that have no dynamics in JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from wann.champion import Champion
from wann.environment import JittedEnv
from wann.gymtask import GymTask
from wann.population import Floats
from wann.report.data import short
from wann.task import JittedTask

_FRAMES = 200
_NUMBERS = 120_000
"""Observed numbers that a page may hold, about a megabyte; with many networks or inputs, episodes get fewer frames."""


def record(
    champions: Sequence[Champion], only: Champion | None, task: JittedTask | GymTask, weights: Sequence[float]
) -> list[list[dict[str, Any]]]:
    """An episode of each network with each weight, all from the same start.

    A network whose connections carry their own weights is recorded once.

    Args:
        champions: The networks of the page.
        only: The only one to record, where steps take long.
        task: What they play.
        weights: The shared weights.
    """
    recorded = 1 if only is not None else len(champions)
    frames = max(2, min(_FRAMES, _NUMBERS // (recorded * len(weights) * len(task.inputs))))
    play = _jitted(task) if isinstance(task, JittedTask) else _gym(task)
    return [
        [_episode(champion, play, weight, frames) for weight in _weights_of(champion, weights)]
        if only in (None, champion)
        else []
        for champion in champions
    ]


def _weights_of(champion: Champion, weights: Sequence[float]) -> Sequence[float | None]:
    return [None] if champion.genome.weighted else weights


Step = tuple[Floats, float]
"""An observation and the reward that came with it."""
Play = Callable[[Callable[[Floats], Floats]], Iterator[Step]]
"""The steps of an episode in which a network answers."""


def _jitted(task: JittedTask) -> Play:
    env = JittedEnv(task)

    def play(network: Callable[[Floats], Floats]) -> Iterator[Step]:
        observation, _ = env.reset(seed=0)
        yield observation, 0.0
        ended = False
        while not ended:
            observation, reward, done, truncated, _ = env.step(network(observation))
            ended = done or truncated
            yield observation, reward

    return play


def _gym(task: GymTask) -> Play:
    def play(network: Callable[[Floats], Floats]) -> Iterator[Step]:
        environment = task.make()
        try:
            inputs = task.observe(environment.reset(seed=0)[0])
            yield inputs, 0.0
            for _ in range(task.max_steps):
                seen, reward, terminated, truncated, _ = environment.step(task.action(network(inputs)))
                inputs = task.observe(seen)
                yield inputs, float(reward)
                if terminated or truncated:
                    return
        finally:
            environment.close()

    return play


def _episode(champion: Champion, play: Play, weight: float | None, frames: int) -> dict[str, Any]:
    """Frames at equal distances: what the network saw, and the return up to there."""
    observations, rewards = zip(*play(lambda inputs: champion.network(inputs, weight)), strict=True)
    every = -(-len(observations) // frames)
    kept = [*range(0, len(observations) - 1, every), len(observations) - 1]
    return {
        "weight": weight,
        "steps": kept,
        "observations": [short(observations[k]) for k in kept],
        "returns": short(np.cumsum(rewards)[kept]),
    }
