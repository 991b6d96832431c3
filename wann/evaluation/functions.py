"""Plain Python functions that score a network: one call for each network, weight and trial."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from wann.errors import TaskError
from wann.evaluation.forward import activations
from wann.evaluation.work import Episodes, Piece, Played, Player
from wann.fitness import FitnessTask
from wann.network import Networks
from wann.population import Floats


class BoundNetwork:
    """One of many networks, with its weights, to be called.

    Args of a call:
        x: One observation, (inputs,), or a batch, (batch, inputs).
        weight: Another weight for all connections than the network's own.

    Returns:
        The outputs; (outputs,) or (batch, outputs).

    Attributes:
        weight: The weight that all connections share; None where each has its own.
        asked: How many observations it has answered.
    """

    def __init__(self, networks: Networks, i: int, weights: Floats) -> None:
        self.weight = float(weights) if weights.ndim == 0 else None
        self.asked = 0
        self._networks, self._i = networks, i
        self._weights = weights[None] if weights.ndim == 0 else weights[:, None]

    def __call__(self, x: ArrayLike, weight: float | None = None) -> Floats:
        """The outputs for one observation or a batch."""
        weights = self._weights if weight is None else np.array([weight], dtype=np.float64)
        values = activations(self._networks, self._i, x, weights)
        self.asked += len(values) if values.ndim == 2 else 1
        return values[..., self._networks.outputs[self._i]]


class FunctionPlayer(Player):
    """Plays functions: a trial is a call, its return the score, a step one observation that the network answers."""

    def __init__(self, task: FitnessTask) -> None:
        self._task = task

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        weights, trials = episodes.part(piece.first_episode, piece.last_episode)
        returns, steps = np.empty(piece.shape), 0
        for row, network in enumerate(range(piece.first_network, piece.last_network)):
            for column, (seed,) in enumerate(trials.tolist()):
                self.check_wanted()
                bound = BoundNetwork(networks, network, np.asarray(weights[column]))
                returns[row, column] = self._scored(bound, int(seed))
                steps += bound.asked
        return returns, steps

    def _scored(self, network: BoundNetwork, seed: int) -> float:
        try:
            score = self._task.score(network, **({"seed": seed} if self._task.seeded else {}))
        except (Exception, SystemExit) as error:  # whatever a function may do
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise TaskError(self._told(network, seed, f"raised {what}: give a low score instead")) from error
        if not isinstance(score, Real):
            got = f"gave {_short(score)}: expected a number, higher for better networks"
            raise TaskError(self._told(network, seed, got))
        if not math.isfinite(score):
            got = f"gave {score}: expected a finite number, a low one for a network that fails"
            raise TaskError(self._told(network, seed, got))
        return float(score)

    def _told(self, network: BoundNetwork, seed: int, what: str) -> str:
        """One line that names the task, the weight and the trial."""
        weight = "weights of its connections' own" if network.weight is None else f"the weight {network.weight:g}"
        trial = f" and the seed {seed}" if self._task.seeded else ""
        return f"the function of the task {self._task.name!r}, with {weight}{trial}, {what}"


def _short(value: Any) -> str:
    """A value's kind, and an array's shape."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"an array of the shape {tuple(shape)}"
