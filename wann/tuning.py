"""Weights for a topology that is done: first one that all connections share, then one for each (Gaier & Ha 2019, 4)."""

from __future__ import annotations

import hashlib
import reprlib
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from wann.champion import Champion, versions
from wann.dataset import DataTask
from wann.descent import EvolutionStrategy, GradientDescent, Improvement, Player, Progress, Verified, Watch
from wann.errors import UserError, suggestion
from wann.evaluation.work import Evaluator
from wann.interruption import Interruption
from wann.network import Networks, express
from wann.population import Arrays, Floats, Population
from wann.scoring import DEFAULT_WEIGHTS, own_weights
from wann.seeds import Purpose
from wann.settings import Natural
from wann.task import Task
from wann.text import number
from wann.unfinished import Unfinished

LINE_SECONDS = 5.0
RANGE, SWEEP, SWEEP_TRIALS = 3.0, 601, 100
"""Shared weights are looked for in [-3, 3]: the paper's range of (-2, 2), and some room beyond it."""
FINALISTS = 5
GOLDEN_STEPS = 12
"""They narrow a bracket of two steps of the sweep to a 300th of it."""


Horizon = Annotated[float, msgspec.Meta(gt=0, le=1)]


class TuningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything, but for the network, that the result of tuning depends on."""

    mode: Literal["individual", "gradient", "shared"] = "individual"
    """A weight for each connection, by CMA-ES or by gradient descent, or one that all share."""
    seed: Natural = 0
    """All chance of the tuning comes from it."""
    generations: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 2000
    """Generations of CMA-ES."""
    population: Annotated[int, msgspec.Meta(ge=4, le=10_000)] = 64
    """Candidates a generation."""
    trials: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 16
    """Episodes of each candidate on each horizon, the same for all of a generation."""
    sigma: Annotated[float, msgspec.Meta(ge=1e-6, le=100)] = 0.1
    """Standard deviation of the first candidates around the start."""
    rate: Annotated[float, msgspec.Meta(gt=0, le=100)] = 0.01
    """Learning rate of gradient descent at first; it falls to 0."""
    horizons: Annotated[tuple[Horizon, ...], msgspec.Meta(min_length=1, max_length=100)] = (1.0,)
    """Shares of an episode that candidates are ranked on, rising; (0.15, 0.3, 0.6, 1) for swing-up.

    On the beginnings of episodes a bad habit early on, such as a slow swing-up, costs a larger part of the return.
    On whole episodes alone it stays hidden behind what comes later, and CMA-ES settles with it.
    """

    def __post_init__(self) -> None:
        if self.horizons[-1] != 1.0:
            raise ValueError("horizons: the last one must be 1, whole episodes")
        if list(self.horizons) != sorted(set(self.horizons)):
            raise ValueError(f"horizons: expected rising shares of an episode, got {list(self.horizons)}")


MODES = ("individual", "gradient", "shared")


def make_tuning_settings(task: Task, **given: Any) -> TuningSettings:
    """Tuning settings, strictly checked: the task's own, changed by what is ``given``.

    Raises:
        UserError: A value has the wrong type or range.
    """
    if (mode := given.get("mode", MODES[0])) not in MODES:
        raise UserError(f"mode: there is no {mode!r}: {suggestion(str(mode), MODES)}")
    try:
        return msgspec.convert({**task.tuning, **given}, TuningSettings)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$.")
        name, expected = place.rstrip("`").partition("[")[0], text.partition(", got ")[0].replace("`", "")
        if name not in given:
            raise UserError(text) from None
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
    steps: int
    """Environment steps taken."""
    shared_weight: float
    """The best shared weight."""
    start: WeightsScore
    """With what came first: the best shared weight, or the file's own weights where they are better."""
    result: WeightsScore


class Lines:
    """Watches a tuning: a line on standard error every few seconds and at the end."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        """Print what a generation found."""
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS or progress.generation == progress.generations:
            self._last = now
            shares = "+".join(f"{100.0 * horizon:g}" for horizon in progress.horizons)
            part = "" if progress.horizons == (1.0,) else f"  on {shares} % of episodes"
            counts = f"generation {progress.generation}/{progress.generations}{part}"
            found = f"mean {number(progress.mean)}  verified {number(progress.verified)}"
            print(f"{counts}  {found}", file=sys.stderr, flush=True)


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
    for each connection: once with the horizons in turn, once with all at a time. Where whole episodes alone count, the
    mean of its distribution and the best few candidates are verified every few generations: the result is the best
    verified of both, whatever a candidate was lucky to score before, and so never below the start.

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
    if settings.mode == "gradient" and not isinstance(task, DataTask):
        raise UserError(f"mode: 'gradient' needs a data set, and {task.name} is none: take 'individual'")
    networks = express(Population.pack([champion.genome]))
    if not networks.sources.size:
        raise UserError("the network has no connection that leads to an output: there is no weight to tune")
    interruption = Interruption()
    player = Player(evaluator, networks, settings, task)
    with interruption.handled():
        with interruption.allowed():
            shared = _best_shared(player)
            start = _start(champion, networks, player, shared)
        if settings.mode == "shared":
            found = start.or_better(shared.weights[None], np.array([shared.mean]))
        else:
            found = _method(task, player, settings, start).run(interruption, store, watch)
        with interruption.allowed():
            scores = _score(player, start), _score(player, found)
    weight = float(shared.weights[0])
    sizes = networks.sources.size, settings, player.steps, weight
    tuning = Tuning(task.name, *sizes, *scores)
    return _weighted(champion, networks, found.weights, tuning), tuning


def _method(task: Task, player: Player, settings: TuningSettings, start: Verified) -> Improvement:
    if settings.mode == "gradient" and isinstance(task, DataTask):
        return GradientDescent(player, settings, start, task)
    return EvolutionStrategy(player, settings, start)


def _score(player: Player, found: Verified) -> WeightsScore:
    """The final score, on trials of its own."""
    returns = player.returns(found.weights[None], Purpose.TUNING_TEST, player.verify_trials)
    return WeightsScore(found.mean, float(returns.mean()), float(returns.std()), returns.size)


def _best_shared(player: Player) -> Verified:
    """The best shared weight: a sweep, refined on the same trials, then the best few on fresh ones."""
    sweep = np.linspace(-RANGE, RANGE, SWEEP)

    trials = min(SWEEP_TRIALS, player.verify_trials)

    def means(weights: Floats) -> Floats:
        return np.asarray(player.returns(player.shared(weights), Purpose.TUNING, trials).mean(axis=1))

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


def _start(champion: Champion, networks: Networks, player: Player, shared: Verified) -> Verified:
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
    plain = msgspec.json.decode(msgspec.json.encode(tuning))  # as it will be read from the file
    made = {**versions(), "cmaes": version("cmaes")}
    return msgspec.structs.replace(
        champion,
        connections=tuple(msgspec.structs.replace(gene, weight=weight) for gene, weight in genes),
        provenance={**champion.provenance, "tuning": {**plain, "versions": made}},
    )
