"""What a pruning method is: scores in, mask out; and where methods are found."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from wann.compare.functions import Array
from wann.compare.masked import Masked
from wann.compare.masks import Scope, check_density, prune_neurons_to, prune_to
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence, Trial
from wann.errors import UserError, suggestion
from wann.seeds import Purpose, generator

Need = Literal["data", "gradients", "layers"]
"""Examples with targets; the gradient by the parameters; a perceptron. Control tasks give the first two by rollouts."""
NOTHING = Evidence()
"""For methods that look at the weights alone."""


class Outcome(NamedTuple):
    """What a method made of a trial."""

    network: Masked
    """Pruned and trained."""
    before: Masked
    """Pruned, before the last training."""
    price: int
    """Examples or environment steps spent, the dense training included where the method needs it."""
    curve: list[float]
    """Of the last training."""


class Method(ABC):
    """A way to prune.

    A module in ``wann.compare.methods`` that has a tuple ``METHODS`` of these is all that a new one takes.

    Attributes:
        name: What the command calls it.
        source: The article.
        family: What it is drawn together with.
        needs: What it looks at.
        start: Whether it prunes the trained network, or one that never was trained.
        rounds: How often it prunes; each time the network is trained again.
        schedule: The densities of the rounds: "geometric", or "cubic" (Zhu & Gupta 2017).
        share: Of the full training, spent after each round.
    """

    source: ClassVar[str]
    family: ClassVar[str] = "weights of the trained network"
    needs: tuple[Need, ...] = ()
    start: ClassVar[Literal["trained", "initial"]] = "trained"

    def __init__(
        self,
        name: str,
        *,
        rounds: int = 1,
        schedule: Literal["geometric", "cubic"] = "geometric",
        share: float = 0.5,
    ) -> None:
        self.name, self.rounds, self.schedule, self.share = name, rounds, schedule, share

    @abstractmethod
    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Prune ``network`` in place to a density.

        Args:
            network: The network; what is pruned already stays so.
            density: Weights to keep, of all that there ever were; in (0, 1].
            evidence: At least what ``needs`` names; ``check`` makes sure.
            rng: All chance comes from it.
        """

    def check(self, network: Masked, density: float, evidence: Evidence) -> None:
        """Make sure that pruning is possible.

        Raises:
            UserError: The density is out of range, or there is not what the method needs.
        """
        check_density(density)
        if "layers" in self.needs and not isinstance(network, MLP):
            raise UserError(f"the method {self.name!r} needs layers: it prunes perceptrons, not any network")
        if "data" in self.needs and (evidence.examples is None or evidence.loss is None):
            raise UserError(f"the method {self.name!r} needs data: give examples and a loss")
        if "gradients" in self.needs and evidence.gradient is None:
            raise UserError(f"the method {self.name!r} needs gradients: give a function that computes them")

    def densities(self, density: float) -> list[float]:
        """The densities after each round; the last one is ``density``."""
        shares = [(number + 1) / self.rounds for number in range(self.rounds)]
        if self.schedule == "cubic":
            return [1.0 - (1.0 - density) * (1.0 - (1.0 - t) ** 3) for t in shares]
        return [density**t for t in shares]

    def run(self, trial: Trial, density: float) -> Outcome:
        """Prune and train; at density 1 this is the dense network."""
        self.check(trial.dense.initial, density, trial.evidence)
        if self.start == "trained":
            return self._from_trained(trial, density)
        network = trial.dense.initial.copy()
        self.prune(network, density, trial.evidence, trial.rng())
        before = network.copy()
        trained = trial.problem.train(network, trial.seed)
        return Outcome(network, before, trained.price, trained.curve)

    def _from_trained(self, trial: Trial, density: float) -> Outcome:
        dense = trial.dense
        network, before, price, curve = dense.trained.copy(), dense.trained, dense.how.price, dense.how.curve
        if density == 1.0:
            return Outcome(network, before, price, curve)
        rng = trial.rng()
        for target in self.densities(density):
            self.prune(network, target, trial.evidence, rng)
            before = network.copy()
            trained = trial.problem.train(network, trial.seed, self.share)
            price, curve = price + trained.price, trained.curve
        return Outcome(network, before, price, curve)


class WeightMethod(Method):
    """Prunes the weights with the lowest scores."""

    scope: Scope = "global"

    @abstractmethod
    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> Sequence[Array]:
        """A number for each weight, in the shapes of ``network.weights``."""

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Prune exactly round((1 - density) N) of N weights."""
        prune_to(network, self.scores(network, evidence, rng), density, self.scope)


class NeuronMethod(Method):
    """Prunes the hidden neurons with the lowest scores."""

    family = "whole neurons"
    needs: tuple[Need, ...] = ("layers",)
    scope: Scope = "global"

    @abstractmethod
    def scores(self, mlp: MLP, evidence: Evidence) -> Sequence[Array]:
        """A number for each hidden neuron; [(neurons,), ...]."""

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Prune neurons until at most round(density N) of N weights are left."""
        assert isinstance(network, MLP)
        prune_neurons_to(network, self.scores(network, evidence), density, self.scope)


@cache
def methods() -> dict[str, Method]:
    """All methods by name, in alphabetical order."""
    from wann.compare import methods as home

    modules = [import_module(f"{home.__name__}.{info.name}") for info in pkgutil.iter_modules(home.__path__)]
    found = [method for module in modules for method in module.METHODS]
    return {method.name: method for method in sorted(found, key=lambda method: method.name)}


def find_method(name: str) -> Method:
    """The method of that name.

    Raises:
        UserError: There is none.
    """
    if name not in methods():
        raise UserError(f"methods: there is no {name!r}: {suggestion(name, methods())}")
    return methods()[name]


def prune(network: Masked, name: str, density: float, evidence: Evidence = NOTHING, *, seed: int = 0) -> None:
    """Prune a network in place by the method of that name, once, without training.

    Args:
        network: The network.
        name: Of the method.
        density: Weights to keep, of all that there ever were; in (0, 1].
        evidence: What the method may look at.
        seed: All chance of the pruning comes from it.

    Raises:
        UserError: There is no such method, the density is out of range, or there is not what the method needs.
    """
    method = find_method(name)
    method.check(network, density, evidence)
    method.prune(network, density, evidence, generator(seed, Purpose.PRUNING))
