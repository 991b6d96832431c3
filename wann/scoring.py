"""How good a network is: its returns with fixed, random and best shared weights (Gaier & Ha 2019, section 4)."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

import msgspec
import numpy as np

from wann.champion import Champion
from wann.errors import UserError
from wann.evaluation.work import Evaluator
from wann.network import Networks, express
from wann.population import Floats, Integers, Population
from wann.seeds import Purpose, generator, trial_seeds
from wann.task import Task

DEFAULT_WEIGHTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
RANGE = 2.0
"""Random weights come from U(-2, 2), and the best one is looked for there."""
RANDOM_WEIGHTS = 100
MOST_EPISODES = 100_000
SWEEP = 101


class WeightScore(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the return over episodes, with one shared weight."""

    weight: float
    mean: float
    std: float


class RandomScore(msgspec.Struct, frozen=True):
    """The return with a shared weight from U(-2, 2)."""

    mean: float
    std_episodes: float
    """Standard deviation over episodes, at one weight, averaged over the weights (root mean square)."""
    std_weights: float
    """Standard deviation over weight draws of the mean over episodes."""
    draws: int


class Report(msgspec.Struct, frozen=True):
    """What ``wann test`` found."""

    task: str
    connections: int
    episodes: int
    """For each weight."""
    seed: int
    mean: float
    """Over all of ``weights``."""
    weights: tuple[WeightScore, ...]
    random: RandomScore
    best: WeightScore
    """The best of a sweep over U(-2, 2)'s range, scored on other episodes than it was chosen on."""


def score(
    champion: Champion,
    task: Task,
    evaluator: Evaluator,
    *,
    episodes: int = 100,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Report:
    """Play a network with fixed, random and best shared weights.

    Args:
        champion: The network; weights of its connections are not used.
        task: Named in the report.
        evaluator: Plays it.
        episodes: Episodes for each weight.
        seed: Of the test.
        weights: The fixed weights; those of the search that found the network unless given.

    Raises:
        UserError: ``episodes``, ``seed`` or ``weights`` are of the wrong type or out of range.
    """
    if not isinstance(episodes, int) or not 1 <= episodes <= MOST_EPISODES:
        raise UserError(f"episodes: expected a whole number in [1, {MOST_EPISODES:,}], got {episodes!r}")
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: expected a whole number of 0 or more, got {seed!r}")
    if weights is None:
        weights = champion.scores.weights if champion.scores else DEFAULT_WEIGHTS
    weights = _checked(weights)
    networks = express(Population.pack([champion.genome]))
    fixed = _play(evaluator, networks, weights, _trials(seed, 0, episodes))
    return Report(
        task=task.name,
        connections=len(champion.genome.enabled),
        episodes=episodes,
        seed=seed,
        mean=float(fixed.mean()),
        weights=tuple(_weight_score(weight, row) for weight, row in zip(weights, fixed, strict=True)),
        random=_random(evaluator, networks, seed, episodes),
        best=_best(evaluator, networks, seed, episodes),
    )


def _checked(weights: Sequence[float]) -> list[float]:
    try:
        numbers = [float(weight) for weight in weights]
    except (TypeError, ValueError):
        numbers = []
    if not numbers or not np.all(np.isfinite(numbers)):
        raise UserError(f"weights: expected one or more finite numbers, got {reprlib.repr(weights)}")
    return numbers


def _trials(seed: int, part: int, episodes: int) -> Integers:
    """The trials of one part of a test; (episodes,)."""
    return trial_seeds(seed, Purpose.TEST, 1, episodes, part).ravel()


def _play(evaluator: Evaluator, networks: Networks, weights: Sequence[float], trials: Integers) -> Floats:
    """Returns with each weight on the same trials; (weights, episodes)."""
    seeds = np.tile(trials, (len(weights), 1))
    return np.asarray(evaluator.evaluate(networks, weights, seeds).returns[0])


def _weight_score(weight: float, returns: Floats) -> WeightScore:
    return WeightScore(float(weight), float(returns.mean()), float(returns.std()))


def _random(evaluator: Evaluator, networks: Networks, seed: int, episodes: int) -> RandomScore:
    weights = generator(seed, Purpose.TEST_WEIGHTS).uniform(-RANGE, RANGE, RANDOM_WEIGHTS)
    returns = _play(evaluator, networks, weights.tolist(), _trials(seed, 1, episodes))
    spread = float(np.sqrt(returns.var(axis=1).mean()))
    return RandomScore(float(returns.mean()), spread, float(returns.mean(axis=1).std()), RANDOM_WEIGHTS)


def _best(evaluator: Evaluator, networks: Networks, seed: int, episodes: int) -> WeightScore:
    sweep = np.linspace(-RANGE, RANGE, SWEEP)
    means = _play(evaluator, networks, sweep.tolist(), _trials(seed, 2, episodes)).mean(axis=1)
    best = float(sweep[means.argmax()])
    return _weight_score(best, _play(evaluator, networks, [best], _trials(seed, 0, episodes))[0])
