"""Gymnasium environments: all live episodes of a piece of work step together, with one forward pass for all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import compress, islice
from typing import Any

import numpy as np

from wann.errors import TaskError, UserError
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
    """An episode that is being played, in an environment of its own."""

    def __init__(self, task: GymTask, trial: Sequence[float], network: int, episode: int) -> None:
        self.network, self.episode = network, episode
        self.total, self.steps, self._idle, self._lost = 0.0, 0, 0, 0.0
        self._task, self._seed, self._patience = task, int(trial[0]), patience_of(trial)
        with self._told("make"):
            self._environment = task.make()
        try:
            with self._told("reset"):
                observation, _ = _parts(self._environment.reset(seed=self._seed), "observation, info")
                self.inputs = self._checked(observation)
        except BaseException:
            self.abandon()
            raise

    def step(self, outputs: Floats, limit: int) -> bool:
        """Take a step; gives whether the episode has ended, after ``limit`` steps at the latest."""
        self.steps += 1
        with self._told(f"step {self.steps}"):
            taken = self._environment.step(self._task.action(outputs))
            observation, reward, terminated, truncated, _ = _parts(taken, _STEP)
            self.inputs = self._checked(observation)
            reward = _number(reward)
        self.total += reward
        self._idle, self._lost = (0, 0.0) if reward > 0.0 else (self._idle + 1, self._lost + reward)
        if terminated or truncated or self.steps >= limit:
            return True
        if bored := self._idle >= self._patience:
            self.total += self._lost / self._patience * (limit - self.steps)
        return bored

    def close(self) -> None:
        """Let go of the environment."""
        with self._told("close"):
            self._environment.close()

    def abandon(self) -> None:
        """Let go of the environment when something has failed already."""
        with suppress(Exception):
            self._environment.close()

    def _checked(self, observation: Any) -> Floats:
        inputs = self._task.observe(observation)
        if inputs.shape != (len(self._task.inputs),):
            raise ValueError(f"the observation has {inputs.size} numbers, expected {len(self._task.inputs)}")
        if not np.isfinite(inputs).all():
            raise ValueError(f"observation {int(np.argmin(np.isfinite(inputs)))} is not finite")
        return inputs

    @contextmanager
    def _told(self, moment: str) -> Iterator[None]:
        """Names the task and the episode in whatever an environment raises."""
        try:
            yield
        except UserError:  # a missing extra is no fault of the environment
            raise
        except (Exception, SystemExit) as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise TaskError(
                f"the task {self._task.name!r} failed in {moment} of the episode with seed {self._seed}: {what}; reset "
                "the environment with that seed to see it alone"
            ) from error


_STEP = "observation, reward, terminated, truncated, info"


def _parts(result: Any, names: str) -> Any:
    """What an environment gave, if it is as many things as gymnasium has there: the old gym gave fewer."""
    if not isinstance(result, tuple) or len(result) != names.count(",") + 1:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
        raise ValueError(f"expected ({names}), got {got}")
    return result


def _number(reward: Any) -> float:
    try:
        number = float(reward)
    except (TypeError, ValueError):
        raise ValueError(f"the reward is no number but {type(reward).__name__}") from None
    if not math.isfinite(number):
        raise ValueError(f"the reward is {number}")
    return number


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
        live: list[_Live] = []
        try:
            live.extend(islice(waiting, SLOTS))
            while live:
                self.check_wanted()
                ended = self._step(live, networks, weights, limit)
                steps += len(live)
                for episode in compress(live, ended):
                    returns[episode.network - piece.first_network, episode.episode] = episode.total
                    episode.close()
                live = [episode for episode, end in zip(live, ended, strict=True) if not end]
                live.extend(islice(waiting, SLOTS - len(live)))
        finally:
            for episode in live:  # some are left where one has failed
                episode.abandon()
        return returns, steps

    @staticmethod
    def _step(live: list[_Live], networks: Networks, weights: Floats, limit: int) -> list[bool]:
        """One step of every live episode; gives which have ended."""
        outputs = np.empty((len(live), networks.outputs.shape[1]))
        which = np.array([episode.network for episode in live])
        inputs = np.array([episode.inputs for episode in live])
        act(networks, which, inputs, weights[[episode.episode for episode in live]], outputs)
        return [episode.step(row, limit) for episode, row in zip(live, outputs, strict=True)]

    def _begin(self, piece: Piece, trials: Floats) -> Iterator[_Live]:
        """Start the episodes of a piece one after the other, network by network, as they are asked for."""
        for network in range(piece.first_network, piece.last_network):
            for episode, trial in enumerate(trials.tolist()):
                yield _Live(self._task, trial, network, episode)
