"""Episodes of jitted tasks: one network's episodes step side by side, and a lane that ends takes the next episode."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np

from wann.evaluation.compiled import compile_for
from wann.evaluation.forward import LANES, aligned, forward, rows
from wann.evaluation.work import Episodes, Piece, Played, Player, limit_of
from wann.jit import inlined
from wann.network import Networks
from wann.population import Floats, Integers
from wann.simd import WIDTH, any_positive, load, store, where_positive

if TYPE_CHECKING:
    from wann.task import JittedTask

RETURN, LEFT, LIVE, REWARD, DONE, ACTION = range(6)
"""The first rows of a block of lanes: reward so far, steps left, whether the lane is in use, the latest reward,
whether the episode has just ended, then the actions.

Behind the actions come the task's state and the network's values. All of it is one array, at offsets known when
it is compiled: only then does LLVM see that the rows never overlap and steps all lanes at once.
"""

Rollout = Callable[..., int]


@inlined
def _start(
    block: Floats,
    lane_weights: Floats,
    lane: int,
    first_state: int,
    episode: int,
    weights: Floats,
    starts: Floats,
    limit: int,
) -> None:
    """Begin ``episode`` in ``lane``."""
    block[RETURN * LANES + lane] = 0.0
    block[LEFT * LANES + lane] = limit
    block[LIVE * LANES + lane] = 1.0
    for k in range(starts.shape[1]):
        block[(first_state + k) * LANES + lane] = starts[episode, k]
    if lane_weights.ndim == 1:
        lane_weights[lane] = weights[episode]
    else:
        lane_weights[:, lane] = weights[episode]


@inlined
def _move(block: Floats, lane_weights: Floats, source: int, target: int) -> None:
    """Move the episode in lane ``source`` to lane ``target``."""
    for at in range(0, block.size, LANES):
        block[at + target] = block[at + source]
    if lane_weights.ndim == 1:
        lane_weights[target] = lane_weights[source]
    else:
        lane_weights[:, target] = lane_weights[:, source]


@inlined
def _count(block: Floats, width: int) -> bool:
    """Add the rewards, take a step off each lane; gives whether some episode has ended."""
    ended = False
    for lane in range(0, width, WIDTH):
        left = load(block, LEFT * LANES + lane) - 1.0
        done = where_positive(left, load(block, DONE * LANES + lane), 1.0) * load(block, LIVE * LANES + lane)
        store(block, RETURN * LANES + lane, load(block, RETURN * LANES + lane) + load(block, REWARD * LANES + lane))
        store(block, LEFT * LANES + lane, left)
        store(block, DONE * LANES + lane, done)
        ended |= any_positive(done)
    return ended


@inlined
def _act(block: Floats, values: Floats, outputs: Integers, width: int) -> None:
    """Copy the network's outputs to where the task reads its actions."""
    for k in range(outputs.size):
        for lane in range(0, width, WIDTH):
            store(block, (ACTION + k) * LANES + lane, load(values, outputs[k] * LANES + lane))


def _play(networks: Networks, i: int, weights: Floats, starts: Floats, limit: int, returns: Floats) -> int:
    """Play all episodes of network ``i``; gives the number of steps taken.

    A template: ``observe`` and ``advance`` are the task's, see ``compile_rollout``. Lanes never meet, so an episode's
    return does not depend on the lane that it runs in or on what runs beside it.

    Args:
        networks: The packed networks.
        i: Which one.
        weights: The shared weight of each episode, (episodes,), or its individual weights, (episodes, sources).
        starts: The first state of each episode; (episodes, state).
        limit: Steps after which an episode ends.
        returns: Filled with the sum of rewards of each episode; (episodes,).
    """
    outputs = networks.outputs[i]
    first_state = ACTION + outputs.size
    first_value = (first_state + starts.shape[1]) * LANES
    block = aligned(first_value + rows(networks, i) * LANES)
    values = block[first_value:]
    values[:LANES] = 1.0
    lane_weights = np.zeros(LANES) if weights.ndim == 1 else np.zeros((weights.shape[1], LANES))
    episodes = np.arange(LANES)
    active = min(LANES, returns.size)
    for lane in range(active):
        _start(block, lane_weights, lane, first_state, lane, weights, starts, limit)
    waiting, steps = active, 0
    while active > 0:
        width = (active + WIDTH - 1) // WIDTH * WIDTH
        ended = False
        while not ended:
            observe(block, width)  # type: ignore[name-defined]  # noqa: F821
            forward(networks, i, values, lane_weights, width)
            _act(block, values, outputs, width)
            advance(block, width)  # type: ignore[name-defined]  # noqa: F821
            ended = _count(block, width)
            steps += active
        for lane in range(active - 1, -1, -1):
            if block[DONE * LANES + lane] > 0.0:
                returns[episodes[lane]] = block[RETURN * LANES + lane]
                if waiting < returns.size:
                    _start(block, lane_weights, lane, first_state, waiting, weights, starts, limit)
                    episodes[lane] = waiting
                    waiting += 1
                else:
                    active -= 1
                    _move(block, lane_weights, active, lane)
                    block[LIVE * LANES + active] = 0.0
                    episodes[lane] = episodes[active]
    return steps


_TEMPLATE = '''"""Rollouts of the task {name!r}: written by wann, which compiles this file once. Safe to delete."""


@inlined
def observe(block, width):
    for lane in range(width):
        observation = task_observe(({state}))
        {write_observation}


@inlined
def advance(block, width):
    for lane in range(width):
        state, reward, done = task_step(({state}), ({action}))
        {write_state}
        block[{reward} + lane] = reward
        block[{done} + lane] = 1.0 if done else 0.0


@kernel
def rollout(networks, first, last, weights, starts, limit, returns):
    steps = 0
    for i in range(first, last):
        steps += play(networks, i, weights, starts, limit, returns[i - first])
    return steps
'''


def _source(task: JittedTask) -> str:
    """The code that ties the task's scalar functions to the rows of a block."""
    n_outputs, n_state = len(task.outputs), len(task.start(np.random.default_rng(0)))
    first_state = ACTION + n_outputs
    first_input = first_state + n_state + 1

    def row(number: int) -> str:
        return f"block[{number * LANES} + lane]"

    return _TEMPLATE.format(
        name=task.name,
        state="".join(f"{row(first_state + k)}, " for k in range(n_state)),
        action="".join(f"{row(ACTION + k)}, " for k in range(n_outputs)),
        write_observation="; ".join(f"{row(first_input + k)} = observation[{k}]" for k in range(len(task.inputs))),
        write_state="; ".join(f"{row(first_state + k)} = state[{k}]" for k in range(n_state)),
        reward=REWARD * LANES,
        done=DONE * LANES,
    )


def compile_rollout(task: JittedTask) -> Rollout:
    """The kernel that plays a task's episodes.

    Returns:
        ``rollout(networks, first, last, weights, starts, limit, returns) -> steps``: plays every episode with the
        networks ``first`` to ``last``; ``weights``, ``starts`` and ``limit`` as in ``_play``; ``returns``,
        (last - first, episodes), is filled.
    """
    names = compile_for(task, _source(task), "rollout")
    names["play"] = names["inlined"](FunctionType(_play.__code__, globals() | names, "play"))
    rollout: Rollout = names["rollout"]
    return rollout


class RolloutPlayer(Player):
    """Plays jitted tasks; a trial is the state in which its episode starts."""

    def __init__(self, task: JittedTask) -> None:
        self._max_steps = task.max_steps
        self._rollout = compile_rollout(task)

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        weights, starts = episodes.part(piece.first_episode, piece.last_episode)
        returns = np.empty(piece.shape)
        span, limit = (piece.first_network, piece.last_network), limit_of(episodes, self._max_steps)
        steps = self._rollout(networks, *span, weights, starts, limit, returns)
        return returns, steps
