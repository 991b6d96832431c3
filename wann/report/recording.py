"""Episodes recorded for the page, of tasks that have no dynamics in JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wann.champion import Champion
from wann.environment import JittedEnv
from wann.population import Floats
from wann.task import JittedTask

_FRAMES = 200
_NUMBERS = 120_000
"""Observed numbers that a page may hold, about a megabyte; with many networks or inputs, episodes get fewer frames."""


def record(champions: Sequence[Champion], task: JittedTask, weights: Sequence[float]) -> list[list[dict[str, Any]]]:
    """An episode of each network with each weight, all from the same start.

    A network whose connections carry their own weights is recorded once.
    """
    budget = _NUMBERS // (len(champions) * max(1, len(weights)) * len(task.inputs))
    env = JittedEnv(task)
    frames = max(2, min(_FRAMES, budget))
    return [
        [_episode(champion, env, weight, frames) for weight in ([None] if champion.genome.weighted else weights)]
        for champion in champions
    ]


def _episode(champion: Champion, env: JittedEnv, weight: float | None, frames: int) -> dict[str, Any]:
    """Frames at equal distances: what the network saw, and the return up to there."""
    observation, _ = env.reset(seed=0)
    observations, returns, ended = [observation], [0.0], False
    while not ended:
        observation, reward, done, truncated, _ = env.step(champion.network(observation, weight))
        observations.append(observation)
        returns.append(returns[-1] + reward)
        ended = done or truncated
    every = -(-len(observations) // frames)
    kept = [*range(0, len(observations) - 1, every), len(observations) - 1]
    return {
        "weight": weight,
        "steps": kept,
        "observations": [_short(observations[k]) for k in kept],
        "returns": _short(np.array([returns[k] for k in kept])),
    }


def _short(values: Floats) -> list[float]:
    return [float(f"{value:.4g}") for value in values]
