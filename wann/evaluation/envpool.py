"""EnvPool's environments: all live episodes of a piece of work step in C++, with one forward pass for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wann.engines import EngineTask
from wann.errors import TaskError
from wann.evaluation.lockstep import act, patience_of
from wann.evaluation.work import Episodes, Piece, Played, Player, limit_of
from wann.network import Networks
from wann.population import Floats, Integers

SLOTS = 32
"""Environments that step at once: few enough for the processor's caches, enough to share a step's cost in Python."""


class _Games:
    """Some episodes, each with an environment of a pool: what is known of them, a row each."""

    def __init__(self, task: EngineTask, which: Integers, weights: Floats, trials: Floats) -> None:
        self._task, self._which, self._weights = task, which, weights
        self._pool = task.pool([int(seed) for seed in trials[:, 0]])
        self._patience = np.array([patience_of(trial) for trial in trials])
        self._steps = np.full(len(which), -1)  # the reset counts as a step here
        self._idle, self._lost, self.returns = np.zeros((3, len(which)))

    @property
    def steps(self) -> int:
        """Environment steps taken."""
        return int(self._steps.sum())

    def play(self, networks: Networks, limit: int) -> None:
        """Play all episodes to their ends, after ``limit`` steps at the latest."""
        size, n_outputs = len(self._which), networks.outputs.shape[1]
        live, waiting = np.arange(0), 0
        inputs = np.empty((0, networks.n_inputs))
        while live.size or waiting < size:
            new = np.arange(waiting, min(size, waiting + SLOTS - live.size))
            waiting += new.size
            outputs = np.zeros((live.size + new.size, n_outputs))  # a pool answers an episode's first action by a reset
            act(networks, self._which[live], inputs, self._weights[live], outputs[: live.size])
            live = np.concatenate((live, new))
            inputs, ended = self._step(live, outputs, limit)
            live, inputs = live[~ended], inputs[~ended]

    def _step(self, live: Integers, outputs: Floats, limit: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Step the live episodes; gives what their networks see next, and which have ended."""
        seen, rewards, terminated, truncated, _ = self._pool.step(self._task.action(outputs), live)
        self._steps[live] += 1
        begun = self._steps[live] == 0
        self.returns[live] += np.where(begun, 0.0, rewards)
        earning = begun | (rewards > 0.0)
        self._idle[live] = np.where(earning, 0.0, self._idle[live] + 1.0)
        self._lost[live] = np.where(earning, 0.0, self._lost[live] + rewards)
        ended = terminated | truncated | (self._steps[live] >= limit)
        bored = ~ended & (self._idle[live] >= self._patience[live])
        rest = self._lost[live] / self._patience[live] * (limit - self._steps[live])
        self.returns[live] += np.where(bored, rest, 0.0)
        return self._task.observe(seen), ended | bored


class EnvPoolPlayer(Player):
    """Plays environments of EnvPool; an episode's return depends on its network, its weight and its trial alone."""

    pieces_per_thread = 4  # the last episodes of each step with few others beside them

    def __init__(self, task: EngineTask) -> None:
        self._task = task

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        weights, trials = episodes.part(piece.first_episode, piece.last_episode)
        limit, n_networks = limit_of(episodes, self._task.max_steps), piece.shape[0]
        which = np.repeat(np.arange(piece.first_network, piece.last_network), len(trials))
        episode = np.tile(np.arange(len(trials)), n_networks)
        returns, steps = np.empty(which.size), 0
        for start in range(0, which.size, self._task.largest_pool):
            part = slice(start, start + self._task.largest_pool)
            games = _Games(self._task, which[part], weights[episode[part]], trials[episode[part]])
            games.play(networks, limit)
            returns[part], steps = games.returns, steps + games.steps
        self._check(returns, trials[episode, 0])
        return returns.reshape(piece.shape), steps

    def _check(self, returns: Floats, seeds: Floats) -> None:
        if not (finite := np.isfinite(returns)).all():
            wrong = int(np.argmin(finite))
            raise TaskError(
                f"the task {self._task.name!r} failed in the episode with seed {int(seeds[wrong])}: "
                f"its return is {returns[wrong]}"
            )
