"""Racing: everyone plays a few trials of a generation, and the rest is played by those alone that did well there."""

from __future__ import annotations

import numpy as np

from wann.evaluation.work import Evaluation, Evaluator
from wann.evolution import Search
from wann.islands import Archipelago
from wann.network import Networks, express


def play_generation(evaluator: Evaluator, search: Search | Archipelago, networks: Networks) -> Evaluation:
    """Play the present generation of a search on its trials.

    With the setting ``racing``, only ``Search.finalists`` play the trials behind the first ones. To all others their
    mean over the first trials counts for those that they did not play, so that their score is what they have shown.

    Args:
        evaluator: Plays them.
        search: The search.
        networks: What its population expresses.
    """
    s, seeds = search.settings, search.trials()
    if s.racing == 0:
        return evaluator.evaluate(networks, s.weights, seeds)
    first, steps = evaluator.evaluate(networks, s.weights, seeds[:, : s.racing])
    finalists = search.finalists(first)
    rest, more = evaluator.evaluate(express(search.ask().take(finalists)), s.weights, seeds[:, s.racing :])
    returns = np.repeat(first.mean(axis=2, keepdims=True), s.trials, axis=2)
    returns[:, :, : s.racing] = first
    returns[finalists, :, s.racing :] = rest
    return Evaluation(returns, steps + more)
