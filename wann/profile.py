"""How the return of a network depends on the weight that its connections share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wann.champion import Champion
from wann.errors import UserError
from wann.evaluation.work import Evaluator
from wann.network import express
from wann.population import Floats, Population
from wann.scoring import DEFAULT_WEIGHTS, EPISODES, MOST_EPISODES, check_count
from wann.seeds import Purpose, trial_seeds
from wann.task import Part

RANGE, STEPS = 3.0, 120
"""Weights from -3 to 3, in so many steps, and those of the search."""
_PART = 4  # of a test's trials: the first ones are those of ``wann test``


class Profile(NamedTuple):
    """The returns of one network over shared weights."""

    weights: Floats
    """(weights,), in ascending order."""
    returns: Floats
    """(weights, episodes); every weight meets the same episodes."""
    searched: Floats
    """The weights that the search used, a part of ``weights``."""


def play_profile(champion: Champion, evaluator: Evaluator, *, episodes: int | None = None, seed: int = 0) -> Profile:
    """Play a network with shared weights over [-3, 3].

    Args:
        champion: The network; weights of its own do not count.
        evaluator: Plays it.
        episodes: Episodes for each weight, the same for all; 100 unless given, or 1 for a data set.
        seed: Of the episodes.

    Raises:
        UserError: ``episodes`` or ``seed`` is out of range.
    """
    if episodes is None:
        episodes = evaluator.task.episodes(EPISODES)
    check_count("episodes", episodes, MOST_EPISODES)
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: expected a whole number of 0 or more, got {seed!r}")
    searched = np.unique((champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS)
    weights = np.unique(np.concatenate((np.linspace(-RANGE, RANGE, STEPS + 1).round(6), searched)))
    trials = np.tile(trial_seeds(seed, Purpose.TEST, 1, episodes, _PART), (weights.size, 1))
    networks = express(Population.pack([champion.genome]))
    return Profile(weights, evaluator.evaluate(networks, weights.tolist(), trials, Part.TEST).returns[0], searched)
