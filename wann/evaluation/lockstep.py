"""Gymnasium environments: all live episodes of a piece of work step together, with one forward pass for all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from wann.errors import TaskError
from wann.evaluation.forward import LANES, aligned, forward, rows
from wann.evaluation.work import Episodes, Piece, Played, Player, limit_of
from wann.gymtask import GymTask
from wann.jit import kernel
from wann.network import Networks
from wann.population import Floats, Integers
from wann.simd import WIDTH

SLOTS = 32
"""Environments that a player steps at once."""


@kernel
def act(networks: Networks, which: Integers, inputs: Floats, weights: Floats, outputs: Floats) -> None:
    """Compute the outputs of many networks, each for its own observation.

    Args:
        networks: The packed networks.
        which: The network of each row; equal ones side by side share lanes. (rows,)
        inputs: (rows, inputs)
        weights: The shared weight of each row, (rows,), or individual weights, (rows, sources).
        outputs: Filled; (rows, outputs).
    """
    start = 0
    while start < which.size:
        i, stop = which[start], start + 1
        while stop < which.size and stop - start < LANES and which[stop] == i:
            stop += 1
        block = aligned(rows(networks, i) * LANES)
        block[:LANES] = 1.0
        lane_weights = np.zeros(LANES) if weights.ndim == 1 else np.zeros((weights.shape[1], LANES))
        for lane in range(stop - start):
            for k in range(networks.n_inputs):
                block[(1 + k) * LANES + lane] = inputs[start + lane, k]
            if weights.ndim == 1:
                lane_weights[lane] = weights[start + lane]
            else:
                lane_weights[:, lane] = weights[start + lane]
        forward(networks, i, block, lane_weights, (stop - start + WIDTH - 1) // WIDTH * WIDTH)
        for k in range(outputs.shape[1]):
            for lane in range(stop - start):
                outputs[start + lane, k] = block[networks.outputs[i, k] * LANES + lane]
        start = stop


def patience_of(trial: Sequence[float]) -> float:
    """Steps without a reward above 0 that end the episode of a trial."""
    return trial[1] if len(trial) > 1 else math.inf


class _Live:
    """An episode that is being played in an environment."""

    def __init__(self, task: GymTask, trial: Sequence[float], network: int, episode: int):
        self.environment, self.network, self.episode = task.make(), network, episode
        self.total, self.steps = 0.0, 0
        seed, self._patience = int(trial[0]), patience_of(trial)
        self._task, self._seed, self._idle = task, seed, 0
        with _told(task, seed, "reset"):
            observation, _ = self.environment.reset(seed=seed)
            self.inputs = self._checked(observation)

    def step(self, outputs: Floats, limit: int) -> bool:
        """Take a step; gives whether the episode has ended, after ``limit`` steps at the latest."""
        self.steps += 1
        with _told(self._task, self._seed, f"step {self.steps}"):
            observation, reward, terminated, truncated, _ = self.environment.step(self._task.action(outputs))
            self.inputs = self._checked(observation)
            if not math.isfinite(reward):
                raise ValueError(f"the reward is {reward}")
        self.total += float(reward)
        self._idle = 0 if float(reward) > 0.0 else self._idle + 1
        return bool(terminated or truncated) or self.steps >= limit or self._idle >= self._patience

    def _checked(self, observation: Any) -> Floats:
        inputs = self._task.observe(observation)
        if inputs.shape != (len(self._task.inputs),):
            raise ValueError(f"the observation has {inputs.size} numbers, expected {len(self._task.inputs)}")
        if not np.isfinite(inputs).all():
            raise ValueError(f"observation {int(np.argmin(np.isfinite(inputs)))} is not finite")
        return inputs


class _told:
    """Names the task and the episode in whatever an environment raises."""

    def __init__(self, task: GymTask, seed: int, moment: str) -> None:
        self._where = f"the task {task.name!r} failed in {moment} of the episode with seed {seed}"

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception):
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise TaskError(f"{self._where}: {what}; reset the environment with that seed to see it alone") from error


class LockstepPlayer(Player):
    """Plays gymnasium environments.

    Each episode has an environment of its own, reset with the trial's seed: BipedalWalker-v3, for one, plays the same
    episode a little differently when others were played in it before.
    """

    def __init__(self, task: GymTask) -> None:
        self._task = task

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        weights, trials = episodes.part(piece.first_episode, piece.last_episode)
        returns, steps, limit = np.empty(piece.shape), 0, limit_of(episodes, self._task.max_steps)
        waiting = self._begin(piece, trials)
        live = list(islice(waiting, SLOTS))
        while live:
            outputs = np.empty((len(live), networks.outputs.shape[1]))
            which = np.array([episode.network for episode in live])
            inputs = np.array([episode.inputs for episode in live])
            act(networks, which, inputs, weights[[episode.episode for episode in live]], outputs)
            ended = [episode.step(row, limit) for episode, row in zip(live, outputs, strict=True)]
            steps += len(live)
            for episode, end in zip(live, ended, strict=True):
                if end:
                    returns[episode.network - piece.first_network, episode.episode] = episode.total
                    episode.environment.close()
            live = [episode for episode, end in zip(live, ended, strict=True) if not end]
            live += islice(waiting, SLOTS - len(live))
        return returns, steps

    def _begin(self, piece: Piece, trials: Floats) -> Iterator[_Live]:
        """Start the episodes of a piece one after the other, network by network, as they are asked for."""
        for network in range(piece.first_network, piece.last_network):
            for episode, trial in enumerate(trials.tolist()):
                yield _Live(self._task, trial, network, episode)
