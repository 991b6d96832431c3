"""What every evaluator shares: the episodes of a generation, and how to cut the work into pieces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, NamedTuple, Protocol, TypeVar, cast

import numpy as np

from wann.errors import TaskError
from wann.network import Networks
from wann.population import Floats, Integers, sealed
from wann.task import Part, Task

T = TypeVar("T")


class Evaluation(NamedTuple):
    """What an evaluation found."""

    returns: Floats
    """The return of each episode; (networks, weights, trials), or (vectors, trials) with individual weights."""
    steps: int
    """Environment steps taken."""


class Request(NamedTuple):
    """What is to be played: the arguments of ``Evaluator.evaluate``."""

    networks: Networks
    weights: Sequence[float]
    """The shared weights."""
    seeds: Integers
    """Of the trials of each; (weights, trials)."""
    part: Part = Part.TRAINING


Play = Generator[Request, Evaluation, T]
"""Asks for one evaluation after the other, and comes to a conclusion."""


class Episodes(NamedTuple):
    """The episodes that each network plays: all weights times all trials, weight-major."""

    weights: Floats
    """Shared weights, (weights,), or individual ones, (weights, sources)."""
    starts: Floats
    """The trials: of each weight, (weights * trials, numbers), or of all alike, (trials, numbers)."""
    trials: int
    """Episodes for each weight."""
    horizon: float = 1.0
    """Episodes end after this share of the task's steps."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.weights) * self.trials

    def part(self, first: int, last: int) -> tuple[Floats, Floats]:
        """Weight and trial of the episodes ``first`` to ``last``; a row each."""
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

    @classmethod
    def all(cls, networks: Networks, episodes: Episodes) -> Piece:
        """All the work there is."""
        return cls(0, networks.first_node.size - 1, 0, episodes.size)

    @property
    def shape(self) -> tuple[int, int]:
        """(networks, episodes)"""
        return self.last_network - self.first_network, self.last_episode - self.first_episode


Played = tuple[Floats, int]
"""The returns of a piece, (its networks, its episodes), and the environment steps taken."""


class Player(Protocol):
    """Plays pieces of work; there is one for each kind of task."""

    pieces_per_thread: ClassVar[int] = 8
    """How many to cut the work into: a slow one then keeps the others waiting less, a small one is less efficient."""
    cancelled: bool = False
    """Whether nobody wants the rest any more; slow players look at it every now and then."""

    def check_wanted(self) -> None:
        """Give up where nobody wants the rest.

        Raises:
            CancelledError: Nobody does.
        """
        if self.cancelled:
            raise CancelledError

    def cut(self, whole: Piece, threads: int) -> list[Piece]:
        """Pieces for so many threads."""
        return cut(whole, self.pieces_per_thread * threads)

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""


def make_trials(task: Task, seeds: Integers, part: Part) -> Floats:
    """What sets the trials apart, a row each; a trial's chance comes from its seed alone. (trials, numbers)"""
    return np.array([_trial(task, seed, part) for seed in seeds.ravel().tolist()], dtype=np.float64)


@lru_cache(maxsize=4096)  # the verification trials come back every generation
def _trial(task: Task, seed: int, part: Part) -> Sequence[float]:
    return task.trial(seed, part)


def make_episodes(weights: Floats, starts: Floats, trials: int) -> Episodes:
    """Every weight, or vector of individual weights, with its trials."""
    sealed(weights, starts)
    return Episodes(weights, starts, trials)


def limit_of(episodes: Episodes, max_steps: int) -> int:
    """The steps after which the episodes of a task with so many end."""
    return max(1, round(episodes.horizon * max_steps))


def cut(whole: Piece, parts: int, least: int = 32, alike: int = 1) -> list[Piece]:
    """About ``parts`` pieces of equal size: along the networks, and along the episodes where there are too few.

    Args:
        whole: The work.
        parts: How many pieces.
        least: Episodes of a network that are worth a piece.
        alike: Pieces with the same networks, at the least where these have enough episodes.
    """
    networks, episodes = whole.shape
    rows = min(networks, max(1, parts // alike))
    columns = max(1, min(episodes // least, parts // rows))
    network_edges = np.linspace(whole.first_network, whole.last_network, rows + 1).astype(int).tolist()
    episode_edges = np.linspace(whole.first_episode, whole.last_episode, columns + 1).astype(int).tolist()
    return [
        Piece(*network_range, *episode_range)
        for network_range in pairwise(network_edges)
        for episode_range in pairwise(episode_edges)
    ]


def join(whole: Piece, pieces: Sequence[Piece], results: Iterable[Played]) -> Played:
    """Put the results of all pieces of ``whole`` together."""
    returns, steps = np.empty(whole.shape), 0
    for piece, (part, count) in zip(pieces, results, strict=True):
        networks = slice(piece.first_network - whole.first_network, piece.last_network - whole.first_network)
        episodes = slice(piece.first_episode - whole.first_episode, piece.last_episode - whole.first_episode)
        returns[networks, episodes] = part
        steps += count
    return returns, steps


class Evaluator(ABC):
    """Plays networks on a task. The result does not depend on how it does that."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def evaluate(
        self, networks: Networks, weights: Sequence[float], seeds: Integers, part: Part = Part.TRAINING
    ) -> Evaluation:
        """Play every network with every shared weight; ``seeds`` are those of the trials, (weights, trials).

        Raises:
            TaskError: A return is not finite.
        """
        request = Request(networks, weights, seeds, part)
        return self.evaluation_of(request, self._play(networks, self.episodes(request)))

    def episodes(self, request: Request) -> Episodes:
        """The episodes that each network of a request plays."""
        trials = make_trials(self.task, request.seeds, request.part)
        return make_episodes(np.array(request.weights, dtype=np.float64), trials, request.seeds.shape[1])

    def evaluation_of(self, request: Request, played: Played) -> Evaluation:
        """What a request gets for an answer.

        Raises:
            TaskError: A return is not finite.
        """
        returns = played[0].reshape(-1, *request.seeds.shape)
        if not np.isfinite(returns).all():
            _, weight, trial = np.argwhere(~np.isfinite(returns))[0].tolist()
            raise TaskError(
                f"the task {self.task.name!r} failed with the weight {request.weights[weight]:g} in the episode with "
                f"seed {request.seeds[weight, trial]}: its return is not finite; limit what its state and rewards can "
                "become"
            )
        return Evaluation(returns, played[1])

    def follow(self, play: Play[T]) -> T:
        """Evaluate what it asks for until it comes to its conclusion."""
        try:
            request = next(play)
            while True:
                request = play.send(self.evaluate(*request))
        except StopIteration as end:
            return cast("T", end.value)

    def follow_all(self, plays: Sequence[Play[T]]) -> list[T]:
        """The conclusions of several plays, the earlier ones with precedence: here, one after the other."""
        return [self.follow(play) for play in plays]

    def evaluate_weights(
        self,
        networks: Networks,
        vectors: Floats,
        seeds: Integers,
        part: Part = Part.TRAINING,
        *,
        horizon: float = 1.0,
    ) -> Evaluation:
        """Play one network with many vectors of individual weights, all on the same trials.

        Args:
            networks: The network, alone.
            vectors: A weight for each of its sources, in evaluation order; (vectors, sources).
            seeds: Those of the trials; (trials,).
            part: What the trials are for.
            horizon: Episodes end after this share of the task's steps; a data set has none.

        Raises:
            ValueError: There is more than one network, or not a weight for each of its sources.
        """
        n, sources = networks.first_node.size - 1, networks.sources.size
        if n != 1 or vectors.ndim != 2 or vectors.shape[1] != sources:
            raise ValueError(f"vectors must be (vectors, {sources}) for 1 network, got {vectors.shape} for {n}")
        trials = make_trials(self.task, seeds, part)
        episodes = make_episodes(np.array(vectors, dtype=np.float64), trials, seeds.size)
        returns, steps = self._play(networks, episodes._replace(horizon=horizon))
        return Evaluation(returns.reshape(-1, seeds.size), steps)

    @abstractmethod
    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        """Every network on every episode."""

    @abstractmethod
    def close(self) -> None:
        """Let go of threads or workers."""
