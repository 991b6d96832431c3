"""EnvPool's environments: all live episodes of a piece of work step in C++, with one forward pass for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wann.engines import EngineTask
from wann.errors import TaskError
from wann.evaluation.lockstep import act, patience_of
from wann.evaluation.work import Episodes, Piece, Played, Player, limit_of
from wann.jit import kernel
from wann.network import Networks
from wann.population import Floats, Integers

SLOTS = 128
"""Environments that step at once: they share what a step costs in Python, a quarter of a millisecond."""


@kernel
def account(
    live: Integers, rewards: NDArray[np.float32], ended: NDArray[np.bool_], limit: int,
    patience: Floats, steps: Integers, idle: Floats, lost: Floats, returns: Floats,
) -> None:  # fmt: skip
    """Enter a step into the books of the live episodes.

    Args:
        live: Which episodes have stepped.
        rewards: What each got for it.
        ended: Whether the environment has ended each; set where ``limit`` or the episode's patience ends it.
        limit: The most steps of an episode.
        patience: Steps without a reward above 0 that end an episode; the rest of its steps then count as these did.
            This and what follows has a number for each episode, live or not.
        steps: Taken so far; the reset, which brings no reward, is number 0.
        idle: Steps since the last reward above 0.
        lost: The sum of the rewards since.
        returns: The sum of all rewards.
    """
    for k in range(live.size):
        episode = live[k]
        steps[episode] += 1
        if steps[episode] > 0:
            reward = rewards[k]
            returns[episode] += reward
            if reward > 0.0:
                idle[episode], lost[episode] = 0.0, 0.0
            else:
                idle[episode] += 1.0
                lost[episode] += reward
        if steps[episode] >= limit:
            ended[k] = True
        if not ended[k] and idle[episode] >= patience[episode]:
            ended[k] = True
            returns[episode] += lost[episode] / patience[episode] * (limit - steps[episode])


class _Games:
    """Some episodes, each with an environment of a pool: what is known of them, a row each."""

    def __init__(self, task: EngineTask, which: Integers, weights: Floats, trials: Floats) -> None:
        self._task, self._which, self._weights = task, which, weights
        self._pool = task.pool([int(seed) for seed in trials[:, 0]])
        self._patience = np.array([patience_of(trial) for trial in trials])
        self._steps = np.full(len(which), -1)  # the reset counts as a step here
        self._idle, self._lost, self.returns = np.zeros((3, len(which)))
        self._live, self._begun, self._inputs = np.arange(0), 0, np.empty((0, len(task.inputs)))

    @property
    def unfinished(self) -> bool:
        """Whether some episodes have not ended."""
        return self._live.size > 0 or self._begun < len(self._which)

    @property
    def steps(self) -> int:
        """Environment steps taken."""
        return int(self._steps.sum())

    def step(self, networks: Networks, limit: int) -> None:
        """Begin as many episodes as there is room for, and step all live ones, which end after ``limit`` steps."""
        live, known = self._live, self._live.size
        new = np.arange(self._begun, min(len(self._which), self._begun + SLOTS - known))
        outputs = np.zeros((known + new.size, networks.outputs.shape[1]))  # a first action is answered by a reset
        act(networks, self._which[live], self._inputs, self._weights[live], outputs[:known])
        live = np.concatenate((live, new))
        seen, rewards, terminated, truncated, _ = self._pool.step(self._task.action(outputs), live)
        ended = terminated | truncated
        account(live, rewards, ended, limit, self._patience, self._steps, self._idle, self._lost, self.returns)
        self._begun += new.size
        self._live, self._inputs = live[~ended], self._task.observe(seen)[~ended]


class EnvPoolPlayer(Player):
    """Plays environments of EnvPool; an episode's return depends on its network, its weight and its trial alone."""

    pieces_per_thread = 1  # the last episodes of each step with few others beside them

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
            while games.unfinished:
                self.check_wanted()
                games.step(networks, limit)
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
