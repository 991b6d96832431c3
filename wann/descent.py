"""Better weights for one network, by CMA-ES or by gradients, with verification on fresh trials as it goes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wann.cma import Strategy
from wann.dataset import DataTask, Samples
from wann.evaluation.work import Evaluator
from wann.gradient import Adam, fresh_adam, loss_gradient
from wann.interruption import Interruption
from wann.network import Networks
from wann.population import Arrays, Floats, Integers
from wann.seeds import Purpose, trial_seeds
from wann.task import Part, Task
from wann.unfinished import Unfinished

if TYPE_CHECKING:
    from wann.tuning import TuningSettings

CHECKPOINT_SECONDS = 10.0
VERIFY_EVERY = 10
"""Generations between two verifications, on whole episodes, and between two looks at whether CMA-ES still moves."""
VERIFY_TRIALS = 1000
"""Fresh episodes that decide between the best candidates, and as many others for the final score; for a data set
all samples of a part, once."""
BEST_FEW = 3
"""Candidates of a generation that are verified beside the mean of the distribution."""
PREFIX = "strategy_"


class Progress(NamedTuple):
    """One generation, told to whoever watches."""

    generation: int
    generations: int
    horizons: tuple[float, ...]
    """The shares of an episode that counted."""
    mean: float
    """Of the generation's candidates on its trials, on the longest of the horizons."""
    verified: float
    """The best verified mean so far."""
    steps: int


Watch = Callable[[Progress], None]


class Verified(NamedTuple):
    """Weights, and their mean on the verification trials."""

    weights: Floats
    mean: float

    def or_better(self, vectors: Floats, means: Floats) -> Verified:
        """This, or the best of ``vectors`` where that is better."""
        best = int(np.nan_to_num(means, nan=-np.inf).argmax())
        return (
            Verified(vectors[best].copy(), float(means[best]))
            if means[best] > self.mean or np.isnan(self.mean)
            else self
        )


_PARTS = {
    Purpose.TUNING: Part.TRAINING,
    Purpose.TUNING_VERIFICATION: Part.VALIDATION,
    Purpose.TUNING_TEST: Part.TEST,
}


class Player:
    """Plays one network with many vectors of weights, and counts the steps."""

    def __init__(self, evaluator: Evaluator, networks: Networks, settings: TuningSettings, task: Task) -> None:
        self.steps = 0
        self.verify_trials = task.episodes(VERIFY_TRIALS)
        self._evaluator = evaluator
        self.networks = networks
        self.settings = settings

    def returns(
        self, vectors: Floats, purpose: Purpose, trials: int, generation: int = 0, horizon: float = 1.0
    ) -> Floats:
        """On the trials of a purpose and generation; (vectors, trials)."""
        seeds: Integers = trial_seeds(self.settings.seed, purpose, 1, trials, generation)[0]
        found = self._evaluator.evaluate_weights(self.networks, vectors, seeds, _PARTS[purpose], horizon=horizon)
        self.steps += found.steps
        return found.returns

    def verified(self, vectors: Floats) -> Floats:
        """Means on the verification trials; (vectors,)."""
        return np.asarray(self.returns(vectors, Purpose.TUNING_VERIFICATION, self.verify_trials).mean(axis=1))

    def shared(self, weights: Floats) -> Floats:
        """The vectors that stand for shared weights; (weights, sources)."""
        return np.repeat(weights[:, None], self.networks.sources.size, axis=1)

    def best(self, vectors: Floats) -> Verified:
        """The best of them on the verification trials."""
        means = self.verified(vectors)
        return Verified(vectors[0], float(means[0])).or_better(vectors, means)


class Improvement(ABC):
    """Betters weights in generations; in between its state is plain arrays.

    Attributes:
        generation: How many are done.
    """

    def __init__(self, player: Player, settings: TuningSettings, start: Verified) -> None:
        self.generation = 0
        self._player = player
        self._settings = settings
        self._best = start
        self._steps = player.steps

    def run(self, interruption: Interruption, store: Unfinished | None, watch: Watch | None) -> Verified:
        """All generations that are left, saving as it goes; gives the best verified weights."""
        if store is not None:
            store.load(self.restore)
        saved = time.monotonic()
        try:
            while self.generation < self._settings.generations:
                self._advance(interruption, watch)
                if store is not None and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                    store.save(self.state)
                    saved = time.monotonic()
        except BaseException:
            if store is not None:
                store.save(self.state)
            raise
        return self._best

    @abstractmethod
    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        """One generation. Nothing changes before all evaluations are done: it may be broken off until then."""

    def _due(self, generation: int) -> bool:
        """Whether a generation ends with a verification: only where nothing but whole episodes counts."""
        whole = self._horizons(generation) == (1.0,)
        return whole and (generation % VERIFY_EVERY == 0 or generation == self._settings.generations)

    def _horizons(self, generation: int) -> tuple[float, ...]:
        """Those that count in a generation, from 1 on."""
        horizons, before, total = self._settings.horizons, generation - 1, self._settings.generations
        if len(horizons) > 1 and 2 * before < total:
            turn = 2 * before * len(horizons) // total
            return horizons[turn : turn + 1]
        return horizons if 8 * before < 7 * total else (1.0,)

    @property
    @abstractmethod
    def _method(self) -> Arrays:
        """The state of the method."""

    @abstractmethod
    def _restore_method(self, state: Arrays) -> None:
        """Go back to a state of the method, or raise ValueError."""

    @property
    def state(self) -> Arrays:
        """Everything that later generations depend on."""
        method = {f"{PREFIX}{name}": array for name, array in self._method.items()}
        counts = {"generation": np.array(self.generation), "steps": np.array(self._steps)}
        best = {"best_weights": self._best.weights, "best_mean": np.array(self._best.mean)}
        return {**method, **counts, **best}

    def restore(self, state: Arrays) -> None:
        """Go back to a state.

        Raises:
            ValueError: It does not fit.
        """
        known = self.state
        for name in ("generation", "steps", "best_weights", "best_mean"):
            if state[name].shape != known[name].shape or state[name].dtype != known[name].dtype:
                raise ValueError(f"{name}: expected {known[name].dtype}{known[name].shape}")
        self._restore_method({name.removeprefix(PREFIX): a for name, a in state.items() if name.startswith(PREFIX)})
        self.generation, self._steps = int(state["generation"]), int(state["steps"])
        self._best = Verified(state["best_weights"], float(state["best_mean"]))
        self._player.steps = self._steps


def ranks(values: Floats) -> Floats:
    """How many values of its column each one exceeds, ties and itself counting half; NaN is the least."""
    places = []
    for column in np.nan_to_num(values, nan=-np.inf, neginf=-np.inf, posinf=np.inf).T:
        ordered = np.sort(column)
        places.append((np.searchsorted(ordered, column, "left") + np.searchsorted(ordered, column, "right")) / 2.0)
    return np.column_stack(places)


class EvolutionStrategy(Improvement):
    """CMA-ES from a start, with a single horizon one climb, with several ones two, of half of the generations each.

    The first climb takes the horizons in turn. Each begins where the distribution of the one before ended, even where
    its weights fail on whole episodes: they have habits that whole episodes alone do not teach. It gets far or nowhere.
    The second one, from the start again, has all horizons at once, and in its last quarter whole episodes: candidates
    are ranked on each horizon, and then by the sum of their ranks. It never leaves what works.

    Where the distribution has converged, it starts anew from its mean; where it has diverged, from the best verified
    weights.
    """

    def __init__(self, player: Player, settings: TuningSettings, start: Verified) -> None:
        super().__init__(player, settings, start)
        self._start = start.weights
        self._strategy = self._from(self._start)

    def _from(self, weights: Floats) -> Strategy:
        return Strategy(weights, sigma=self._settings.sigma, population=self._settings.population)

    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        s, generation = self._settings, self.generation + 1
        horizons, following = self._horizons(generation), self._horizons(generation + 1)
        with interruption.allowed():
            candidates = self._strategy.ask(int(trial_seeds(s.seed, Purpose.TUNING_CANDIDATES, 1, 1, generation)[0, 0]))
            means = self._means(candidates, horizons, generation)
            scores = ranks(means).sum(axis=1)
            best = self._verify(candidates, scores) if self._due(generation) else self._best
        self._strategy.tell(candidates, scores)
        if len(horizons) == 1 and horizons != following:
            self._strategy = self._from(self._strategy.mean if len(following) == 1 else self._start)
        elif self._strategy.diverged:
            self._strategy = self._from(best.weights)
        elif generation % VERIFY_EVERY == 0 and self._strategy.finished:
            self._strategy = self._from(self._strategy.mean)
        self.generation, self._best, self._steps = generation, best, self._player.steps
        if watch is not None:
            mean = float(means[:, -1].mean())
            watch(Progress(generation, s.generations, horizons, mean, best.mean, self._steps))

    def _means(self, candidates: Floats, horizons: Sequence[float], generation: int) -> Floats:
        """Mean returns on the trials of a generation, the same for all; (candidates, horizons)."""
        part = Purpose.TUNING, self._settings.trials, generation
        return np.column_stack([self._player.returns(candidates, *part, horizon).mean(axis=1) for horizon in horizons])

    def _verify(self, candidates: Floats, scores: Floats) -> Verified:
        """The best so far, after the mean of the distribution and the best few candidates had their chance."""
        few = np.argsort(-scores, kind="stable")[:BEST_FEW]
        vectors = np.vstack([self._strategy.mean, candidates[few]])
        return self._best.or_better(vectors, self._player.verified(vectors))

    @property
    def _method(self) -> Arrays:
        return self._strategy.state

    def _restore_method(self, state: Arrays) -> None:
        self._strategy.restore(state)


class GradientDescent(Improvement):
    """Adam on the batches of a data set, its rate falling to 0; a generation is a batch."""

    def __init__(self, player: Player, settings: TuningSettings, start: Verified, task: DataTask) -> None:
        super().__init__(player, settings, start)
        self._task = task
        self._weights = start.weights.copy()
        self._adam = fresh_adam(start.weights.size)

    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        s, generation = self._settings, self.generation + 1
        samples = self._task.parts[Part.TRAINING]
        seed = int(trial_seeds(s.seed, Purpose.TUNING, 1, 1, generation)[0, 0])
        batch = self._task.batch_of(Part.TRAINING, seed)
        with interruption.allowed():
            loss, gradient = loss_gradient(self._player.networks, self._weights, Samples(*(a[batch] for a in samples)))
            rate = s.rate * (1.0 - self.generation / s.generations)
            adam, weights = self._adam.step(self._weights, np.nan_to_num(gradient), rate)
            best = self._best
            if self._due(generation):
                best = best.or_better(weights[None], self._player.verified(weights[None]))
        self._player.steps += len(batch)
        self._adam, self._weights = adam, weights
        self.generation, self._best, self._steps = generation, best, self._player.steps
        if watch is not None:
            watch(Progress(generation, s.generations, (1.0,), -loss, best.mean, self._steps))

    @property
    def _method(self) -> Arrays:
        return {"weights": self._weights, **{name: np.array(value) for name, value in self._adam._asdict().items()}}

    def _restore_method(self, state: Arrays) -> None:
        for name, array in self._method.items():
            if state[name].shape != array.shape or state[name].dtype != np.float64:
                raise ValueError(f"{name}: expected numbers, {array.shape}")
        self._weights = state["weights"]
        self._adam = Adam(float(state["taken"]), state["first"], state["second"])
