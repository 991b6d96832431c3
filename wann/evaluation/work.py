"""What every evaluator shares: the episodes of a generation, and how to cut the work into pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from wann.evaluation.rollout import compile_rollout
from wann.network import Networks
from wann.population import Floats, Integers, sealed
from wann.task import JittedTask


class Evaluation(NamedTuple):
    """What an evaluation found."""

    returns: Floats
    """The return of each episode; (networks, weights, trials), or (vectors, trials) with individual weights."""
    steps: int
    """Environment steps taken."""


class Evaluator(Protocol):
    """Plays networks on a task. The result does not depend on how it does that."""

    def evaluate(self, networks: Networks, weights: Sequence[float], seeds: Integers) -> Evaluation:
        """Play every network with every shared weight; ``seeds`` are those of the trials, (weights, trials)."""

    def evaluate_weights(
        self, networks: Networks, vectors: Floats, seeds: Integers, *, horizon: float = 1.0
    ) -> Evaluation:
        """Play one network with many vectors of individual weights, all on the same trials.

        Args:
            networks: The network, alone.
            vectors: A weight for each of its sources, in evaluation order; (vectors, sources).
            seeds: Those of the trials; (trials,).
            horizon: Episodes end after this share of the task's steps.
        """

    def close(self) -> None:
        """Let go of threads or workers."""


class Episodes(NamedTuple):
    """The episodes that each network plays: all weights times all trials, weight-major."""

    weights: Floats
    """Shared weights, (weights,), or individual ones, (weights, sources)."""
    starts: Floats
    """The first states: of the trials of each weight, (weights * trials, state), or of all alike, (trials, state)."""
    trials: int
    """Episodes for each weight."""
    limit: int
    """Steps after which an episode ends."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.weights) * self.trials

    def part(self, first: int, last: int) -> tuple[Floats, Floats]:
        """Weight and first state of the episodes ``first`` to ``last``; a row each."""
        index = np.arange(first, last)
        weights, starts = self.weights[index // self.trials], self.starts[index % len(self.starts)]
        sealed(weights, starts)
        return weights, starts


class Piece(NamedTuple):
    """A part of the work: some networks, some episodes."""

    first_network: int
    last_network: int
    first_episode: int
    last_episode: int


def make_episodes(task: JittedTask, weights: Sequence[float], seeds: Integers) -> Episodes:
    """Every weight with its trials; a trial's chance comes from its seed alone. ``seeds`` is (weights, trials)."""
    shared, starts = np.array(weights, dtype=np.float64), _starts(task, seeds)
    sealed(shared, starts)
    return Episodes(shared, starts, seeds.shape[1], task.max_steps)


def make_common_episodes(task: JittedTask, vectors: Floats, seeds: Integers, horizon: float) -> Episodes:
    """Every vector of individual weights, (vectors, sources), with the same trials; ``seeds`` is (trials,).

    ``horizon`` is the share of the task's steps after which an episode ends.
    """
    individual, starts = np.array(vectors, dtype=np.float64), _starts(task, seeds)
    sealed(individual, starts)
    return Episodes(individual, starts, seeds.size, max(1, round(horizon * task.max_steps)))


def check_vectors(networks: Networks, vectors: Floats) -> None:
    """Make sure that the kernels find a weight for each source: they do not look.

    Raises:
        ValueError: There is more than one network, or not a weight for each of its sources.
    """
    n, sources = networks.first_node.size - 1, networks.sources.size
    if n != 1 or vectors.ndim != 2 or vectors.shape[1] != sources:
        raise ValueError(f"vectors must be (vectors, {sources}) for 1 network, got {vectors.shape} for {n}")


def _starts(task: JittedTask, seeds: Integers) -> Floats:
    return np.array([task.start(np.random.default_rng(seed)) for seed in seeds.ravel()], dtype=np.float64)


def cut(networks: int, episodes: int, parts: int) -> list[Piece]:
    """About ``parts`` pieces of equal size: along the networks, and along the episodes where there are too few."""
    rows = min(networks, parts)
    columns = max(1, min(episodes // 32, parts // rows))
    network_edges = np.linspace(0, networks, rows + 1).astype(int).tolist()
    episode_edges = np.linspace(0, episodes, columns + 1).astype(int).tolist()
    return [
        Piece(*network_range, *episode_range)
        for network_range in pairwise(network_edges)
        for episode_range in pairwise(episode_edges)
    ]


class Player:
    """Plays pieces of work with a task's compiled kernel."""

    def __init__(self, task: JittedTask) -> None:
        self.task = task
        self._rollout = compile_rollout(task)

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> tuple[Floats, int]:
        """The returns of a piece, (its networks, its episodes), and the environment steps taken."""
        weights, starts = episodes.part(piece.first_episode, piece.last_episode)
        returns = np.empty((piece.last_network - piece.first_network, len(starts)))
        span = piece.first_network, piece.last_network
        steps = self._rollout(networks, *span, weights, starts, episodes.limit, returns)
        return returns, steps


def assemble(shape: tuple[int, int, int], pieces: Sequence[Piece], results: Sequence[tuple[Floats, int]]) -> Evaluation:
    """Put the results of all pieces together; ``shape`` is (networks, weights, trials)."""
    returns = np.empty((shape[0], shape[1] * shape[2]))
    for piece, (part, _) in zip(pieces, results, strict=True):
        returns[piece.first_network : piece.last_network, piece.first_episode : piece.last_episode] = part
    return Evaluation(returns.reshape(shape), sum(steps for _, steps in results))
