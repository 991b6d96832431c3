"""What a dense network is trained for: the same few questions, answered by a data set or by a control task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from wann.compare.data import Examples
from wann.compare.functions import Array
from wann.compare.graph_network import GraphNetwork
from wann.compare.loss import Loss
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.genome import Genome
from wann.network import Networks
from wann.population import Floats
from wann.seeds import Purpose, generator
from wann.task import Task

LATE = 0.1
"""The share of a training after which late rewinding takes its weights."""


class Evidence(NamedTuple):
    """What a pruning method may look at; what is None is not there."""

    examples: Examples | None = None
    """Inputs and targets: of a data set; or states that the dense policy visits and its actions there."""
    loss: Loss | None = None
    """Of ``examples``."""
    gradient: Callable[[Masked], Array] | None = None
    """The gradient by the parameters, (parameters,), of what training makes small."""
    returns: bool = False
    """Whether ``gradient`` is that of minus the return, by evolution strategies, not that of ``loss``.

    The loss of a policy is its distance to the dense policy, and its gradient vanishes there.
    """


class Trained(NamedTuple):
    """How a training went."""

    price: int
    """Examples presented or environment steps taken."""
    curve: list[float]
    """The validation loss after each epoch, or the mean return of each generation."""
    late: Array
    """The parameters after ``LATE`` of the training."""


class Score(NamedTuple):
    """How good a network is on what training never saw."""

    mean: float
    """Accuracy on the test examples, or mean return over test episodes."""
    std: float
    """Standard deviation over examples or episodes."""


class Problem(ABC):
    """What a dense network is trained for."""

    task: Task
    """What it is for, as a search has it."""
    unit: str
    """Of the price: examples, or environment steps."""
    score_name: str
    given: MLP | None = None
    """A dense network that was trained elsewhere; it takes the place of the first training."""

    parent: Genome | None = None
    """The shape of networks that are no perceptrons: the parent architecture of a search."""

    def initial(self, seed: int, draw: int = 0) -> Masked:
        """An untrained network; another ``draw`` has other weights."""
        if self.parent is not None:
            return GraphNetwork.initialised(self.parent, seed, draw)
        return self.perceptron(seed, draw)

    @abstractmethod
    def perceptron(self, seed: int, draw: int = 0) -> MLP:
        """An untrained perceptron; another ``draw`` has other weights."""

    @abstractmethod
    def train(self, network: Masked, seed: int, share: float = 1.0) -> Trained:
        """Train ``network`` in place with ``share`` of the full budget; what is pruned stays zero."""

    @abstractmethod
    def evidence(self, dense: Masked, seed: int) -> Evidence:
        """What pruning methods may look at; ``dense`` is the trained network before pruning."""

    @abstractmethod
    def score(self, network: Masked) -> Score:
        """How good a network is."""

    @abstractmethod
    def play(self, networks: Networks, vectors: Floats, final: bool) -> Floats:
        """The score of a network, evolved or pruned, with many vectors of weights.

        Args:
            networks: The network, alone.
            vectors: A weight for each of its sources, in evaluation order; (vectors, sources).
            final: Whether on the test examples or episodes, or on those that choose a weight.

        Returns:
            The mean score of each vector, (vectors,).
        """


@dataclass(frozen=True)
class Dense:
    """A dense network, before and after its training."""

    initial: Masked
    trained: Masked
    how: Trained


class Trial:
    """A problem and a seed: every method starts from the same network, which is trained once.

    Attributes:
        memo: What methods may keep for others of their kind, such as the masks of lottery tickets; it saves time and
            changes nothing.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.memo: dict[Any, Any] = {}

    @cached_property
    def dense(self) -> Dense:
        """The dense network; not to be changed."""
        initial = self.problem.initial(self.seed)
        if (given := self.problem.given) is not None:
            return Dense(initial, given, Trained(0, [], given.parameters))
        trained = initial.copy()
        return Dense(initial, trained, self.problem.train(trained, self.seed))

    @cached_property
    def evidence(self) -> Evidence:
        """What pruning methods may look at."""
        return self.problem.evidence(self.dense.trained, self.seed)

    def rng(self) -> np.random.Generator:
        """The chance of a pruning, the same for every method and density."""
        return generator(self.seed, Purpose.PRUNING)
