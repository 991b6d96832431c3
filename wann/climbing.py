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
CLIMBS = 8
"""On the first of several horizons."""
EARLY = 1 / 7
"""The part of the generations that each horizon before the last has, at most."""


class EvolutionStrategy(Improvement):
    """CMA-ES from a start, horizon after horizon.

    The first horizon is climbed several times from the start, since one climb in a few finds the best way there, and
    the best climb goes on: episodes are short there, and a bad habit early on, such as a slow swing-up, stays to the
    end. Each later horizon begins where the distribution of the one before ended, even where its weights fail on whole
    episodes: they have habits that whole episodes alone do not teach. Where the distribution has converged or diverged
    on whole episodes, it starts anew from the best verified weights.
    """

    def __init__(self, player: Player, settings: TuningSettings, start: Verified) -> None:
        super().__init__(player, settings, start)
        self._start = start.weights
        self._climbed = Verified(start.weights, -np.inf)
        self._strategy = self._from(start.weights)

    def _from(self, weights: Floats) -> Strategy:
        return Strategy(weights, sigma=self._settings.sigma, population=self._settings.population)

    @property
    def generations(self) -> int:
        """Those of all climbs."""
        return self._settings.generations + self._climbing - self._climbing // CLIMBS

    @property
    def _length(self) -> int:
        """Generations on each horizon but the last."""
        return max(1, round(self._settings.generations * min(EARLY, 1.0 / len(self._settings.horizons))))

    @property
    def _climbing(self) -> int:
        """Generations on the first horizon, all climbs together; 0 where it is the last one, too."""
        return CLIMBS * self._length if len(self._settings.horizons) > 1 else 0

    def _stage(self, generation: int) -> int:
        """Which of the horizons a generation, from 1 on, is about."""
        if generation <= self._climbing:
            return 0
        first = 1 if self._climbing else 0
        return min(first + (generation - self._climbing - 1) // self._length, len(self._settings.horizons) - 1)

    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        s, generation = self._settings, self.generation + 1
        horizon = s.horizons[self._stage(generation)]
        with interruption.allowed():
            candidates = self._strategy.ask(int(trial_seeds(s.seed, Purpose.TUNING_CANDIDATES, 1, 1, generation)[0, 0]))
            played = self._player.returns(candidates, Purpose.TUNING, s.trials, generation, horizon)
            means = np.asarray(played.mean(axis=1))
            best = self._verify(candidates, means) if self._due(generation) else self._best
            climbed = self._at_the_top() if self._ends_climb(generation) else self._climbed
        self._strategy.tell(candidates, means)
        self.generation, self._best, self._climbed, self._steps = generation, best, climbed, self._player.steps
        self._turn()
        if watch is not None:
            watch(Progress(generation, self.generations, horizon, float(means.mean()), best.mean, self._steps))

    def _turn(self) -> None:
        """Begin the next climb or horizon, where this generation was the last one of the present one."""
        generation = self.generation
        if self._ends_climb(generation):
            self._strategy = self._from(self._start if generation < self._climbing else self._climbed.weights)
        elif self._stage(generation + 1) != self._stage(generation):
            self._strategy = self._from(self._strategy.mean)
        elif generation > self._climbing and self._due(generation) and self._strategy.finished:
            self._strategy = self._from(self._best.weights)

    def _ends_climb(self, generation: int) -> bool:
        return generation <= self._climbing and generation % self._length == 0

    def _at_the_top(self) -> Verified:
        """The best end of a climb so far, on the verification trials up to the first horizon."""
        part = Purpose.TUNING_VERIFICATION, self._player.verify_trials, 0, self._settings.horizons[0]
        top = self._strategy.mean[None]
        return self._climbed.or_better(top, np.asarray(self._player.returns(top, *part).mean(axis=1)))

    def _verify(self, candidates: Floats, means: Floats) -> Verified:
        """The best so far, after the mean of the distribution and the best few candidates had their chance."""
        few = np.argsort(-means, kind="stable")[:BEST_FEW]
        vectors = np.vstack([self._strategy.mean, candidates[few]])
        return self._best.or_better(vectors, self._player.verified(vectors))

    @property
    def _method(self) -> Arrays:
        climbed = {"climbed_weights": self._climbed.weights, "climbed_mean": np.array(self._climbed.mean)}
        return {**self._strategy.state, **climbed}

    def _restore_method(self, state: Arrays) -> None:
        weights, mean = state["climbed_weights"], state["climbed_mean"]
        if weights.shape != self._start.shape or {weights.dtype, mean.dtype} != {np.dtype(np.float64)} or mean.shape:
            raise ValueError(f"climbed_weights: expected numbers, {self._start.shape}")
        self._strategy.restore(state)
        self._climbed = Verified(weights, float(mean))
