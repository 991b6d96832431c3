"""How good a network is: its returns in the paper's four regimes (Gaier & Ha 2019, section 4 and table 1)."""

from __future__ import annotations

import csv
import io
import reprlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from wann.champion import Champion
from wann.errors import UserError, suggestion
from wann.evaluation.work import Evaluator
from wann.genome import Genome
from wann.network import Networks, express
from wann.population import Floats, Integers, Population
from wann.seeds import Purpose, generator, trial_seeds
from wann.task import Task

DEFAULT_WEIGHTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
RANGE = 2.0
"""Random weights come from U(-2, 2), and the best one is looked for there."""
RANDOM_WEIGHTS = 100
MOST_EPISODES, MOST_DRAWS = 100_000, 10_000
SWEEP = 101
FORMATS = ("text", "md", "csv")


class OwnScore(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the return over episodes, with the network's own weights."""

    mean: float
    std: float


class WeightScore(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the return over episodes, with one shared weight."""

    weight: float
    mean: float
    std: float


class RandomScore(msgspec.Struct, frozen=True):
    """The return with weights from U(-2, 2)."""

    mean: float
    std_episodes: float
    """Standard deviation over episodes, at one draw, averaged over the draws (root mean square)."""
    std_weights: float
    """Standard deviation over weight draws of the mean over episodes."""
    draws: int


class Row(NamedTuple):
    """A line of the table; what a regime does not have is None."""

    weights: str
    weight: float | None
    mean: float
    std_episodes: float
    std_weights: float | None
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
    individual: RandomScore
    """Every connection with a weight of its own from U(-2, 2)."""
    random: RandomScore
    """All connections with the same weight from U(-2, 2)."""
    best: WeightScore
    """The best of a sweep over U(-2, 2)'s range, scored on other episodes than it was chosen on."""
    tuned: OwnScore | None = None
    """With the weights that the file carries, on the episodes of ``best``; None where it carries none."""

    @property
    def rows(self) -> list[Row]:
        """The fixed shared weights, their mean, then the paper's regimes from no tuning to most."""
        fixed = [Row("shared", row.weight, row.mean, row.std, None, 1) for row in self.weights]
        means, stds = np.array([[row.mean, row.std] for row in self.weights]).T
        spread = float(np.sqrt((stds**2).mean()))
        fixed.append(Row("mean over these", None, self.mean, spread, float(means.std()), len(fixed)))
        own = [Row("tuned individual", None, self.tuned.mean, self.tuned.std, None, 1)] if self.tuned else []
        return [
            *fixed,
            Row("random individual", None, *msgspec.structs.astuple(self.individual)),
            Row("random shared", None, *msgspec.structs.astuple(self.random)),
            Row("best shared", self.best.weight, self.best.mean, self.best.std, None, 1),
            *own,
        ]

    def table(self, format: str = "text") -> str:
        """The rows as a table.

        Args:
            format: "text", "md" for Markdown, or "csv" with all digits.

        Raises:
            UserError: There is no such format.
        """
        check_format(format)
        if format == "csv":
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([Row._fields, *self.rows])
            return text.getvalue()
        return self._markdown() if format == "md" else self._text()

    @property
    def _title(self) -> str:
        return f"{self.task}, {self.connections} connections, {self.episodes} episodes for each weight"

    def _markdown(self) -> str:
        head = (
            f"{self._title}:\n\n| weights | mean return | std over episodes | std over weights |\n|:--|--:|--:|--:|\n"
        )
        return head + "".join(f"| {' | '.join(cells(row))} |\n" for row in self.rows)

    def _text(self) -> str:
        head = ("shared weight", "mean return", "std over episodes", "std over weights")
        texts = [head, *(cells(row) for row in self.rows)]
        lines = [f"{name:<28}{mean:>12}{episodes:>20}{weights:>20}".rstrip() for name, mean, episodes, weights in texts]
        return f"{self._title}\n\n" + "".join(f"{line}\n" for line in lines)


def check_format(format: str) -> None:
    """Make sure that there is such a format.

    Raises:
        UserError: There is none.
    """
    if format not in FORMATS:
        raise UserError(f"there is no format {format!r}: {suggestion(format, FORMATS)}")


def cells(row: Row) -> tuple[str, str, str, str]:
    """Name, mean and spreads of a row, as people read them."""
    name = row.weights
    if row.weight is not None:
        name = f"{row.weight:g}" if name == "shared" else f"{name}, {row.weight:.2f}"
    elif name.startswith("random"):
        name += ", U(-2, 2)"
    spread = "" if row.std_weights is None else f"{row.std_weights:.1f}"
    return name, f"{row.mean:.1f}", f"{row.std_episodes:.1f}", spread


def score(
    champion: Champion,
    task: Task,
    evaluator: Evaluator,
    *,
    episodes: int = 100,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    draws: int = RANDOM_WEIGHTS,
) -> Report:
    """Play a network with fixed, random and best shared weights, with random individual ones and with its own.

    Args:
        champion: The network; the weights of its connections count in ``Report.tuned`` alone.
        task: Named in the report.
        evaluator: Plays it.
        episodes: Episodes for each weight.
        seed: Of the test.
        weights: The fixed weights; those of the search that found the network unless given.
        draws: Random weights, and random vectors of individual weights.

    Raises:
        UserError: ``episodes``, ``seed``, ``weights`` or ``draws`` are of the wrong type or out of range.
    """
    for name, value, most in (("episodes", episodes, MOST_EPISODES), ("draws", draws, MOST_DRAWS)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise UserError(f"{name}: expected a whole number in [1, {most:,}], got {value!r}")
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: expected a whole number of 0 or more, got {seed!r}")
    if weights is None:
        weights = (champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS
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
        individual=_individual(evaluator, networks, champion.genome, seed, episodes, draws),
        random=_random(evaluator, networks, seed, episodes, draws),
        best=_best(evaluator, networks, seed, episodes),
        tuned=_tuned(evaluator, networks, champion.genome, seed, episodes),
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


def _random_score(returns: Floats) -> RandomScore:
    """``returns`` is (draws, episodes)."""
    spread = float(np.sqrt(returns.var(axis=1).mean()))
    return RandomScore(float(returns.mean()), spread, float(returns.mean(axis=1).std()), len(returns))


def _random(evaluator: Evaluator, networks: Networks, seed: int, episodes: int, draws: int) -> RandomScore:
    weights = generator(seed, Purpose.TEST_WEIGHTS).uniform(-RANGE, RANGE, draws)
    return _random_score(_play(evaluator, networks, weights.tolist(), _trials(seed, 1, episodes)))


def _individual(
    evaluator: Evaluator, networks: Networks, genome: Genome, seed: int, episodes: int, draws: int
) -> RandomScore:
    shape = draws, len(genome.connections)
    weights = generator(seed, Purpose.TEST_WEIGHTS, 1).uniform(-RANGE, RANGE, shape)
    vectors = weights[:, networks.connection_genes]
    return _random_score(evaluator.evaluate_weights(networks, vectors, _trials(seed, 3, episodes)).returns)


def _tuned(evaluator: Evaluator, networks: Networks, genome: Genome, seed: int, episodes: int) -> OwnScore | None:
    if not genome.weighted:
        return None
    vectors = own_weights(genome, networks)[None]
    returns = evaluator.evaluate_weights(networks, vectors, _trials(seed, 0, episodes)).returns
    return OwnScore(float(returns.mean()), float(returns.std()))


def own_weights(genome: Genome, networks: Networks) -> Floats:
    """The weights that a genome's connections carry, in its network's evaluation order; (sources,)."""
    weights = np.array([gene.weight for gene in genome.connections], dtype=np.float64)
    return np.asarray(weights[networks.connection_genes])


def _best(evaluator: Evaluator, networks: Networks, seed: int, episodes: int) -> WeightScore:
    sweep = np.linspace(-RANGE, RANGE, SWEEP)
    means = _play(evaluator, networks, sweep.tolist(), _trials(seed, 2, episodes)).mean(axis=1)
    best = float(sweep[means.argmax()])
    return _weight_score(best, _play(evaluator, networks, [best], _trials(seed, 0, episodes))[0])
