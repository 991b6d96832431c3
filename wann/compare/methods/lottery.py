"""Lottery tickets: the survivors of pruning go back to the weights that they started with."""

from __future__ import annotations

from typing import Literal

import numpy as np

from wann.compare.functions import Array, Mask
from wann.compare.masked import Masked
from wann.compare.masks import prune_share
from wann.compare.method import Method, Outcome
from wann.compare.mlp import MLP
from wann.compare.problem import LATE, Evidence, Trial

RATE = 0.2
"""Of each layer's survivors, pruned in a round; of the output layer's, half as much."""
MOST_ROUNDS = 500.0
"""After which nothing is left of any layer."""
Kind = Literal["ticket", "late", "early", "reinit", "shuffled", "oneshot"]


def prune_round(network: Masked) -> None:
    """Prune the smallest weights of each layer: a full round."""
    _prune(network, _rates(network))


def prune_at_once(network: Masked, density: float) -> None:
    """Prune the smallest weights of each layer as so many rounds would, whole or in part, that ``density`` is left."""
    low, high = 0.0, MOST_ROUNDS
    for _ in range(60):
        middle = (low + high) / 2.0
        kept = sum((1.0 - r) * int(m.sum()) for r, m in zip(_after_rounds(network, middle), network.masks, strict=True))
        low, high = (middle, high) if kept > density * network.size else (low, middle)
    _prune(network, _after_rounds(network, high))


def _rates(network: Masked) -> list[float]:
    """The share of survivors that go in a round, a layer; a network without layers has no output layer."""
    rates = [RATE] * len(network.weights)
    if isinstance(network, MLP):
        rates[-1] /= 2.0
    return rates


def _after_rounds(network: Masked, rounds: float) -> list[float]:
    """The same for so many rounds."""
    return [1.0 - (1.0 - rate) ** rounds for rate in _rates(network)]


def _prune(network: Masked, shares: list[float]) -> None:
    prune_share(network, [np.abs(weights) for weights in network.weights], shares)


class Lottery(Method):
    """Train, prune the smallest weights of each layer, reset the survivors, and again; then train what is left.

    Every training is a full one, from the same start, with a fresh optimizer and the same order of examples: at
    density 1 the ticket is the dense network, bit for bit.

    Args:
        name: Of the variant.
        kind: "ticket" resets to the initial weights (Frankle & Carbin 2019); "late" to those of early in the training
            (Frankle 2019); "oneshot" prunes once; "early" prunes once, early in the training. Controls: "reinit"
            trains the ticket's mask from other weights, "shuffled" the initial weights under a mask with the same
            number of weights in each layer.
    """

    source = "Frankle & Carbin 2019; Frankle et al. 2019"
    family = "lottery tickets"

    def __init__(self, name: str, kind: Kind) -> None:
        super().__init__(name)
        self.kind = kind

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Prune the smallest weights of each layer at once, fewer of the output layer's."""
        if density < network.density:
            prune_at_once(network, density)

    def run(self, trial: Trial, density: float) -> Outcome:
        """Find the ticket, then train it."""
        self.check(trial.dense.initial, density, trial.evidence)
        masks, price = self.find(trial, density)
        network = self._start(trial)
        network.prune(self._shuffle(masks, trial) if self.kind == "shuffled" else masks)
        before = network.copy()
        trained = trial.problem.train(network, trial.seed)
        return Outcome(network, before, price + trained.price, trained.curve)

    def _start(self, trial: Trial) -> Masked:
        """An unpruned network with the weights that survivors are reset to."""
        if self.kind == "reinit":
            return trial.problem.initial(trial.seed, draw=1)
        network = trial.dense.initial.copy()
        if self.kind == "late":
            network.set(trial.dense.how.late)
        return network

    def find(self, trial: Trial, density: float) -> tuple[list[Mask], int]:
        """The ticket's masks and what they cost: full rounds, then one that lands on the density.

        To train a ticket on other data, prune the initial network of that problem by these masks.
        """
        if density == 1.0:
            return [mask.copy() for mask in trial.dense.initial.masks], 0
        network, price = self._early(trial) if self.kind == "early" else self._rounds(trial, density)
        self.prune(network, density, trial.evidence, trial.rng())
        return [mask.copy() for mask in network.masks], price

    def _early(self, trial: Trial) -> tuple[Masked, int]:
        """The dense network after a part of its training."""
        network = trial.dense.initial.copy()
        network.set(trial.dense.how.late)
        return network, round(LATE * trial.dense.how.price)

    def _rounds(self, trial: Trial, density: float) -> tuple[Masked, int]:
        """The network trained after as many full rounds as fit, and the price of all trainings.

        Of a few weights no round takes a fifth: what is left then goes at once.
        """
        number, late = 0, self.kind == "late"
        trained, price = _round(trial, 0, late)
        while self.kind != "oneshot" and density < _after(trained) < trained.density:
            number += 1
            trained, spent = _round(trial, number, late)
            price += spent
        return trained.copy(), price

    def _shuffle(self, masks: list[Mask], trial: Trial) -> list[Mask]:
        rng = trial.rng()
        return [rng.permutation(mask.ravel()).reshape(mask.shape) for mask in masks]


def _after(network: Masked) -> float:
    """The density after another full round."""
    following = network.copy()
    prune_round(following)
    return following.density


def _round(trial: Trial, number: int, late: bool) -> tuple[Masked, int]:
    """The network trained after ``number`` full rounds, and the price of this training; not to be changed."""
    if number == 0:
        return trial.dense.trained, trial.dense.how.price
    key = "lottery", number, late
    if key not in trial.memo:
        network = _round(trial, number - 1, late)[0].copy()
        prune_round(network)
        start: Array = trial.dense.how.late if late else trial.dense.initial.parameters
        network.set(start)
        trial.memo[key] = network, trial.problem.train(network, trial.seed).price
    found: tuple[Masked, int] = trial.memo[key]
    return found


METHODS = (
    Lottery("lottery", "ticket"),
    Lottery("lottery-late", "late"),
    Lottery("lottery-early", "early"),
    Lottery("lottery-reinit", "reinit"),
    Lottery("lottery-shuffled", "shuffled"),
    Lottery("lottery-oneshot", "oneshot"),
)
