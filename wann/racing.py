"""Racing: everyone plays a few trials of a generation, and the rest is played by those alone that did well there."""

from __future__ import annotations

import numpy as np

from wann.evaluation.work import Evaluation, Play, Request
from wann.evolution import Search
from wann.islands import Archipelago
from wann.network import Networks, express


def play_generation(search: Search | Archipelago, networks: Networks) -> Play[Evaluation]:
    """Play the present generation of a search on its trials.

    With the setting ``racing``, only ``Search.finalists`` play the trials behind the first ones. To all others their
    mean over the first trials counts for those that they did not play, so that their score is what they have shown.

    Args:
        search: The search.
        networks: What its population expresses.
    """
    s, seeds = search.settings, search.trials()
    if s.racing == 0:
        return (yield Request(networks, s.weights, seeds))
    first, steps = yield Request(networks, s.weights, seeds[:, : s.racing])
    finalists = search.finalists(first)
    rest, more = yield Request(express(search.ask().take(finalists)), s.weights, seeds[:, s.racing :])
    returns = np.repeat(first.mean(axis=2, keepdims=True), s.trials, axis=2)
    returns[:, :, : s.racing] = first
    returns[finalists, :, s.racing :] = rest
    return Evaluation(returns, steps + more)
