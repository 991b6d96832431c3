"""How good a network is: its returns in the paper's four regimes (Gaier & Ha 2019, section 4 and table 1)."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

import numpy as np

from wann.champion import Champion
from wann.classification import measure
from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.work import Evaluator
from wann.genome import Genome
from wann.network import Networks, express
from wann.population import Floats, Integers, Population
from wann.scores import OwnScore, RandomScore, Report, WeightScore
from wann.seeds import Purpose, generator, trial_seeds
from wann.task import Part, Task

DEFAULT_WEIGHTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
RANGE = 2.0
"""Random weights come from U(-2, 2), and the best one is looked for there."""
RANDOM_WEIGHTS = 100
EPISODES = 100
MOST_EPISODES, MOST_DRAWS = 100_000, 10_000
SWEEP = 101


def score(
    champion: Champion,
    task: Task,
    evaluator: Evaluator,
    *,
    episodes: int | None = None,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    draws: int = RANDOM_WEIGHTS,
) -> Report:
    """Play a network with fixed, random and best shared weights, with random individual ones and with its own.

    Args:
        champion: The network; the weights of its connections count in ``Report.tuned`` alone.
        task: Named in the report.
        evaluator: Plays it.
        episodes: Episodes for each weight; 100 unless given, or 1 for a data set, whose episode is all samples.
        seed: Of the test.
        weights: The fixed weights; those of the search that found the network unless given.
        draws: Random weights, and random vectors of individual weights.

    Raises:
        UserError: ``episodes``, ``seed``, ``weights`` or ``draws`` are of the wrong type or out of range.
    """
    if episodes is None:
        episodes = task.episodes(EPISODES)
    check_count("episodes", episodes, MOST_EPISODES)
    check_count("draws", draws, MOST_DRAWS)
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: expected a whole number of 0 or more, got {seed!r}")
    if weights is None:
        weights = (champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS
    weights = _checked(weights)
    networks = express(Population.pack([champion.genome]))
    fixed = _play(evaluator, networks, weights, _trials(seed, 0, episodes))
    random = generator(seed, Purpose.TEST_WEIGHTS).uniform(-RANGE, RANGE, draws).tolist()
    individual = _individual_weights(networks, champion.genome, seed, draws)
    own = own_weights(champion.genome, networks) if champion.genome.weighted else None
    best = _best(evaluator, networks, seed, episodes)
    right = None
    if isinstance(task, DataTask) and task.classifies:
        right = measure(
            networks,
            task.parts[Part.TEST],
            weights=weights,
            random=random,
            individual=individual,
            best=best.weight,
            tuned=own,
        )
    return Report(
        task=task.name,
        connections=len(champion.genome.enabled),
        episodes=episodes,
        seed=seed,
        mean=float(fixed.mean()),
        weights=tuple(_weight_score(weight, row) for weight, row in zip(weights, fixed, strict=True)),
        individual=_random_score(_play_each(evaluator, networks, individual, _trials(seed, 3, episodes))),
        random=_random_score(_play(evaluator, networks, random, _trials(seed, 1, episodes))),
        best=best,
        tuned=None if own is None else _own(_play_each(evaluator, networks, own[None], _trials(seed, 0, episodes))),
        accuracy=right,
        classes=task.outputs if right else (),
    )


def check_count(name: str, value: int, most: int) -> None:
    """Make sure that an argument is a whole number in [1, most].

    Raises:
        UserError: It is not.
    """
    if not isinstance(value, int) or not 1 <= value <= most:
        raise UserError(f"{name}: expected a whole number in [1, {most:,}], got {value!r}")


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
    return np.asarray(evaluator.evaluate(networks, weights, seeds, Part.TEST).returns[0])


def _play_each(evaluator: Evaluator, networks: Networks, vectors: Floats, trials: Integers) -> Floats:
    """Returns with each vector of individual weights on the same trials; (vectors, episodes)."""
    return evaluator.evaluate_weights(networks, vectors, trials, Part.TEST).returns


def _weight_score(weight: float, returns: Floats) -> WeightScore:
    return WeightScore(float(weight), float(returns.mean()), float(returns.std()))


def _random_score(returns: Floats) -> RandomScore:
    """``returns`` is (draws, episodes)."""
    spread = float(np.sqrt(returns.var(axis=1).mean()))
    return RandomScore(float(returns.mean()), spread, float(returns.mean(axis=1).std()), len(returns))


def _own(returns: Floats) -> OwnScore:
    return OwnScore(float(returns.mean()), float(returns.std()))


def _individual_weights(networks: Networks, genome: Genome, seed: int, draws: int) -> Floats:
    """Random weights for each source; (draws, sources)."""
    shape = draws, len(genome.connections)
    weights = generator(seed, Purpose.TEST_WEIGHTS, 1).uniform(-RANGE, RANGE, shape)
    return np.asarray(weights[:, networks.connection_genes])


def own_weights(genome: Genome, networks: Networks) -> Floats:
    """The weights that a genome's connections carry, in its network's evaluation order; (sources,)."""
    weights = np.array([gene.weight for gene in genome.connections], dtype=np.float64)
    return np.asarray(weights[networks.connection_genes])


def _best(evaluator: Evaluator, networks: Networks, seed: int, episodes: int) -> WeightScore:
    sweep = np.linspace(-RANGE, RANGE, SWEEP)
    means = _play(evaluator, networks, sweep.tolist(), _trials(seed, 2, episodes)).mean(axis=1)
    best = float(sweep[means.argmax()])
    return _weight_score(best, _play(evaluator, networks, [best], _trials(seed, 0, episodes))[0])
