"""Weights for a topology that is done: first one that all connections share, then one for each (Gaier & Ha 2019, 4)."""

from __future__ import annotations

import hashlib
import reprlib
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np

from wann.champion import Champion, versions
from wann.cma import Strategy
from wann.errors import UserError, suggestion
from wann.evaluation.work import Evaluator
from wann.interruption import Interruption
from wann.network import Networks, express
from wann.population import Arrays, Floats, Integers, Population
from wann.scoring import DEFAULT_WEIGHTS, own_weights
from wann.seeds import Purpose, trial_seeds
from wann.settings import Natural
from wann.task import Part, Task
from wann.text import number
from wann.unfinished import Unfinished

CHECKPOINT_SECONDS = 10.0
LINE_SECONDS = 5.0
RANGE, SWEEP, SWEEP_TRIALS = 3.0, 601, 100
"""Shared weights are looked for in [-3, 3]: the paper's range of (-2, 2), and some room beyond it."""
FINALISTS = 5
GOLDEN_STEPS = 12
"""They narrow a bracket of two steps of the sweep to a 300th of it."""
VERIFY_EVERY = 10
"""Generations between two verifications."""
PREFIX = "strategy_"
VERIFY_TRIALS = 400
"""Fresh episodes that decide between the best candidates, and as many others for the final score."""
BEST_FEW = 3
"""Candidates of a generation that are verified beside the mean of the distribution."""


class TuningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything, but for the network, that the result of tuning depends on."""

    mode: Literal["shared", "individual"] = "individual"
    """Whether connections keep sharing a weight."""
    seed: Natural = 0
    """All chance of the tuning comes from it."""
    generations: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1500
    """Generations of CMA-ES."""
    population: Annotated[int, msgspec.Meta(ge=4, le=10_000)] = 64
    """Candidates a generation."""
    trials: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 32
    """Episodes of each candidate, the same for all candidates of a generation."""
    sigma: Annotated[float, msgspec.Meta(ge=1e-6, le=100)] = 0.1
    """Standard deviation of the first candidates around the start."""


MODES = ("individual", "shared")


def make_tuning_settings(**given: Any) -> TuningSettings:
    """Tuning settings, strictly checked.

    Raises:
        UserError: A value has the wrong type or range.
    """
    if (mode := given.get("mode", MODES[0])) not in MODES:
        raise UserError(f"mode: there is no {mode!r}: {suggestion(str(mode), MODES)}")
    try:
        return msgspec.convert(given, TuningSettings)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$.")
        name, expected = place.rstrip("`"), text.partition(", got ")[0].replace("`", "")
        raise UserError(f"{name}: {expected[0].lower()}{expected[1:]}, got {reprlib.repr(given[name])}") from None


class WeightsScore(msgspec.Struct, frozen=True):
    """Returns of a network with certain weights."""

    verified: float
    """Mean on the trials that chose between candidates."""
    mean: float
    """Mean on trials that chose nothing."""
    std: float
    """Standard deviation over these."""
    trials: int
    """How many there are of either kind."""


class Tuning(msgspec.Struct, frozen=True):
    """How a tuning went."""

    task: str
    connections: int
    """That take part in the network."""
    settings: TuningSettings
    generations: int
    """That CMA-ES took; fewer than the settings say where it had converged."""
    steps: int
    """Environment steps taken."""
    shared_weight: float
    """The best shared weight."""
    start: WeightsScore
    """With what came first: the best shared weight, or the file's own weights where they are better."""
    result: WeightsScore


class Progress(NamedTuple):
    """One generation, told to whoever watches."""

    generation: int
    generations: int
    mean: float
    """Of the generation's candidates on its trials."""
    verified: float
    """The best verified mean so far."""
    steps: int


Watch = Callable[[Progress], None]


class Lines:
    """Watches a tuning: a line on standard error every few seconds and at the end."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        """Print what a generation found."""
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS or progress.generation == progress.generations:
            self._last = now
            counts = f"generation {progress.generation}/{progress.generations}"
            print(
                f"{counts}  mean {number(progress.mean)}  verified {number(progress.verified)}",
                file=sys.stderr,
                flush=True,
            )


class _Verified(NamedTuple):
    """Weights, and their mean on the verification trials."""

    weights: Floats
    mean: float

    def or_better(self, vectors: Floats, means: Floats) -> _Verified:
        """This, or the best of ``vectors`` where that is better."""
        best = int(np.nan_to_num(means, nan=-np.inf).argmax())
        return _Verified(vectors[best].copy(), float(means[best])) if means[best] > self.mean else self


_PARTS = {
    Purpose.TUNING: Part.TRAINING,
    Purpose.TUNING_VERIFICATION: Part.VALIDATION,
    Purpose.TUNING_TEST: Part.TEST,
}


class _Player:
    """Plays one network with many vectors of weights, and counts the steps."""

    def __init__(self, evaluator: Evaluator, networks: Networks, settings: TuningSettings) -> None:
        self.steps = 0
        self._evaluator = evaluator
        self._networks = networks
        self.settings = settings

    def returns(self, vectors: Floats, purpose: Purpose, trials: int, generation: int = 0) -> Floats:
        """On the trials of a purpose and generation; (vectors, trials)."""
        seeds: Integers = trial_seeds(self.settings.seed, purpose, 1, trials, generation)[0]
        found = self._evaluator.evaluate_weights(self._networks, vectors, seeds, _PARTS[purpose])
        self.steps += found.steps
        return found.returns

    def verified(self, vectors: Floats) -> Floats:
        """Means on the verification trials; (vectors,)."""
        return np.asarray(self.returns(vectors, Purpose.TUNING_VERIFICATION, VERIFY_TRIALS).mean(axis=1))

    def shared(self, weights: Floats) -> Floats:
        """The vectors that stand for shared weights; (weights, sources)."""
        return np.repeat(weights[:, None], self._networks.sources.size, axis=1)

    def best(self, vectors: Floats) -> _Verified:
        """The best of them on the verification trials."""
        means = self.verified(vectors)
        return _Verified(vectors[0], float(means[0])).or_better(vectors, means)

    def score(self, found: _Verified) -> WeightsScore:
        """The final score, on trials of its own."""
        returns = self.returns(found.weights[None], Purpose.TUNING_TEST, VERIFY_TRIALS)
        return WeightsScore(found.mean, float(returns.mean()), float(returns.std()), returns.size)


def tune(
    champion: Champion,
    task: Task,
    evaluator: Evaluator,
    settings: TuningSettings,
    *,
    store: Unfinished | None = None,
    watch: Watch | None = None,
) -> tuple[Champion, Tuning]:
    """Find weights for a network.

    The best shared weight comes from a sweep, refined by golden section on common trials, and is verified on fresh
    ones. From there, or from the weights that the file carries where they are better, CMA-ES goes on with a weight
    for each connection. Every few generations the mean of its distribution and the best few candidates are verified:
    the result is the best verified, whatever a candidate was lucky to score before, and so never below the start.

    Args:
        champion: The network.
        task: Named in the result.
        evaluator: Plays it.
        settings: What to do.
        store: Where to keep checkpoints, and to go on from one.
        watch: Called after each generation.

    Returns:
        The network with weights on its connections, and how it went. Connections that are not part of the network,
        disabled or dead ends, carry the best shared weight.

    Raises:
        UserError: The network has no connections, or the checkpoint is of another tuning.
        KeyboardInterrupt: Ctrl-C or SIGTERM; all but the present generation is saved.
    """
    networks = express(Population.pack([champion.genome]))
    if not networks.sources.size:
        raise UserError("the network has no connection that leads to an output: there is no weight to tune")
    interruption = Interruption()
    player = _Player(evaluator, networks, settings)
    with interruption.handled():
        with interruption.allowed():
            shared = _best_shared(player)
            start = _start(champion, networks, player, shared)
        if settings.mode == "shared":
            found, generations = start.or_better(shared.weights[None], np.array([shared.mean])), 0
        else:
            descent = _Descent(player, settings, start)
            found, generations = descent.run(interruption, store, watch), descent.generation
        with interruption.allowed():
            scores = player.score(start), player.score(found)
    weight = float(shared.weights[0])
    sizes = networks.sources.size, settings, generations, player.steps, weight
    tuning = Tuning(task.name, *sizes, *scores)
    return _weighted(champion, networks, found.weights, tuning), tuning


def _best_shared(player: _Player) -> _Verified:
    """The best shared weight: a sweep, refined on the same trials, then the best few on fresh ones."""
    sweep = np.linspace(-RANGE, RANGE, SWEEP)

    def means(weights: Floats) -> Floats:
        return np.asarray(player.returns(player.shared(weights), Purpose.TUNING, SWEEP_TRIALS).mean(axis=1))

    order = np.argsort(-means(sweep), kind="stable")
    best, step = float(sweep[order[0]]), float(sweep[1] - sweep[0])
    refined = golden_section(lambda weight: float(means(np.array([weight]))[0]), best - step, best + step)
    return player.best(player.shared(np.array([refined, *sweep[order[:FINALISTS]]])))


def golden_section(function: Callable[[float], float], low: float, high: float, steps: int = GOLDEN_STEPS) -> float:
    """Where a function that rises, then falls between ``low`` and ``high`` has its maximum (Kiefer 1953)."""
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(steps):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return float(left if at_left >= at_right else right)


def _start(champion: Champion, networks: Networks, player: _Player, shared: _Verified) -> _Verified:
    """What the tuning must beat.

    For a shared weight it is the best that the search tried; for individual ones the best shared weight, or the
    weights that the file carries where they are better.
    """
    if player.settings.mode == "shared":
        tried = (champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS
        return player.best(player.shared(np.array(tried)))
    if not champion.genome.weighted:
        return shared
    own = own_weights(champion.genome, networks)[None]
    return shared.or_better(own, player.verified(own))


class _Descent:
    """CMA-ES from a start; between generations its state is plain arrays."""

    def __init__(self, player: _Player, settings: TuningSettings, start: _Verified) -> None:
        self.generation = 0
        self._player = player
        self._settings = settings
        self._best = start
        self._strategy = Strategy(start.weights, sigma=settings.sigma, population=settings.population)
        self._steps = player.steps
        self._finished = False

    def run(self, interruption: Interruption, store: Unfinished | None, watch: Watch | None) -> _Verified:
        """All generations that are left, saving as it goes; gives the best verified weights."""
        if store is not None:
            store.load(self.restore)
        saved = time.monotonic()
        try:
            while self.generation < self._settings.generations and not self._finished:
                self._advance(interruption, watch)
                if store is not None and time.monotonic() - saved >= CHECKPOINT_SECONDS:
                    store.save(self.state)
                    saved = time.monotonic()
        except BaseException:
            if store is not None:
                store.save(self.state)
            raise
        return self._best

    def _advance(self, interruption: Interruption, watch: Watch | None) -> None:
        """One generation. Nothing changes before all evaluations are done: it may be broken off until then."""
        s, generation = self._settings, self.generation + 1
        with interruption.allowed():
            candidates = self._strategy.ask(int(trial_seeds(s.seed, Purpose.TUNING_CANDIDATES, 1, 1, generation)[0, 0]))
            means = self._player.returns(candidates, Purpose.TUNING, s.trials, generation).mean(axis=1)
            best = self._verify(candidates, means) if self._due(generation) else self._best
        self._strategy.tell(candidates, means)
        self.generation, self._best, self._steps = generation, best, self._player.steps
        self._finished = self._due(generation) and self._strategy.finished
        if watch is not None:
            watch(Progress(generation, s.generations, float(means.mean()), best.mean, self._steps))

    def _due(self, generation: int) -> bool:
        return generation % VERIFY_EVERY == 0 or generation == self._settings.generations

    def _verify(self, candidates: Floats, means: Floats) -> _Verified:
        """The best so far, after the mean of the distribution and the best few candidates had their chance."""
        few = np.argsort(-means, kind="stable")[:BEST_FEW]
        vectors = np.vstack([self._strategy.mean, candidates[few]])
        return self._best.or_better(vectors, self._player.verified(vectors))

    @property
    def state(self) -> Arrays:
        """Everything that later generations depend on."""
        strategy = {f"{PREFIX}{name}": array for name, array in self._strategy.state.items()}
        counts = {"generation": np.array(self.generation), "steps": np.array(self._steps)}
        best = {"best_weights": self._best.weights, "best_mean": np.array(self._best.mean)}
        return {**strategy, **counts, **best, "finished": np.array(self._finished)}

    def restore(self, state: Arrays) -> None:
        """Go back to a state.

        Raises:
            ValueError: It does not fit.
        """
        known = self.state
        for name in ("generation", "steps", "best_weights", "best_mean", "finished"):
            if state[name].shape != known[name].shape or state[name].dtype != known[name].dtype:
                raise ValueError(f"{name}: expected {known[name].dtype}{known[name].shape}")
        self._strategy.restore({name.removeprefix(PREFIX): a for name, a in state.items() if name.startswith(PREFIX)})
        self.generation, self._steps = int(state["generation"]), int(state["steps"])
        self._best = _Verified(state["best_weights"], float(state["best_mean"]))
        self._finished = bool(state["finished"])
        self._player.steps = self._steps


def identity(champion: Champion, task: Task, settings: TuningSettings) -> Arrays:
    """What the result of tuning depends on: the settings and, as a digest, task and network."""
    network = msgspec.json.encode((task.name, champion.nodes, champion.connections))
    return {
        "settings": np.frombuffer(msgspec.json.encode(settings), dtype=np.uint8),
        "network": np.frombuffer(hashlib.sha256(network).digest(), dtype=np.uint8),
    }


def _weighted(champion: Champion, networks: Networks, weights: Floats, tuning: Tuning) -> Champion:
    """The network with weights on its connections."""
    own = np.full(len(champion.connections), tuning.shared_weight)
    own[networks.connection_genes] = weights
    genes = zip(champion.connections, own.tolist(), strict=True)
    made = {**versions(), "cmaes": version("cmaes")}
    return msgspec.structs.replace(
        champion,
        connections=tuple(msgspec.structs.replace(gene, weight=weight) for gene, weight in genes),
        provenance={**champion.provenance, "tuning": {**msgspec.to_builtins(tuning), "versions": made}},
    )
