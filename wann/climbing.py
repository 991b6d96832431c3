"""A weight for each connection by CMA-ES, first on the beginnings of episodes, then on whole ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wann.cma import Strategy
from wann.descent import Improvement, Player, Progress, Verified, Watch
from wann.interruption import Interruption
from wann.population import Arrays, Floats
from wann.seeds import Purpose, trial_seeds

if TYPE_CHECKING:
    from wann.tuning import TuningSettings

BEST_FEW = 3
"""Candidates of a generation that are verified beside the mean of the distribution."""
EARLY = 1 / 7
"""The part of the generations that each horizon before the last has, at most."""


class EvolutionStrategy(Improvement):
    """CMA-ES from a start, horizon after horizon.

    A horizon begins where the distribution of the one before ended, even where its weights fail on whole episodes:
    they have habits that whole episodes alone do not teach. Where the distribution has converged or diverged within
    a horizon, it starts anew from the best verified weights.
    """

    def __init__(self, player: Player, settings: TuningSettings, start: Verified) -> None:
        super().__init__(player, settings, start)
        self._strategy = self._from(start.weights)

    def _from(self, weights: Floats) -> Strategy:
        return Strategy(weights, sigma=self._settings.sigma, population=self._settings.population)

    def _stage(self, generation: int) -> int:
        """Which of the horizons a generation, from 1 on, is about."""
        s = self._settings
        length = max(1, round(s.generations * min(EARLY, 1.0 / len(s.horizons))))
        return min((generation - 1) // length, len(s.horizons) - 1)

    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        s, generation = self._settings, self.generation + 1
        stage = self._stage(generation)
        with interruption.allowed():
            candidates = self._strategy.ask(int(trial_seeds(s.seed, Purpose.TUNING_CANDIDATES, 1, 1, generation)[0, 0]))
            played = self._player.returns(candidates, Purpose.TUNING, s.trials, generation, s.horizons[stage])
            means = np.asarray(played.mean(axis=1))
            best = self._verify(candidates, means) if self._due(generation) else self._best
        self._strategy.tell(candidates, means)
        if self._stage(generation + 1) != stage:
            self._strategy = self._from(self._strategy.mean)
        elif self._due(generation) and self._strategy.finished:
            self._strategy = self._from(best.weights)
        self.generation, self._best, self._steps = generation, best, self._player.steps
        if watch is not None:
            watch(Progress(generation, s.generations, s.horizons[stage], float(means.mean()), best.mean, self._steps))

    def _verify(self, candidates: Floats, means: Floats) -> Verified:
        """The best so far, after the mean of the distribution and the best few candidates had their chance."""
        few = np.argsort(-means, kind="stable")[:BEST_FEW]
        vectors = np.vstack([self._strategy.mean, candidates[few]])
        return self._best.or_better(vectors, self._player.verified(vectors))

    @property
    def _method(self) -> Arrays:
        return self._strategy.state

    def _restore_method(self, state: Arrays) -> None:
        self._strategy.restore(state)
