"""Scores: each number is what a direct evaluation gives, on trials that a run never uses."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from strategies import grown

from tasks.swingup import SwingUp
from wann.champion import Champion, NetworkScores
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.network import express
from wann.population import Floats, Integers, Population
from wann.scoring import DEFAULT_WEIGHTS, RANDOM_WEIGHTS, SWEEP, OwnScore, Report, score
from wann.seeds import Purpose, trial_seeds

TASK = SwingUp()


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadEvaluator]:
    evaluator = ThreadEvaluator(TASK, 1)
    yield evaluator
    evaluator.close()


def champion(**kwargs: Any) -> Champion:
    genome = grown(1, steps=12, seed=3)[0]
    return Champion(
        task="swingup",
        inputs=TASK.inputs,
        outputs=TASK.outputs,
        nodes=genome.nodes,
        connections=genome.connections,
        **kwargs,
    )


def play(weight: float, seeds: Integers) -> Floats:
    """The returns of the champion, an episode at a time, in plain Python."""
    network, returns = champion().network, []
    for seed in seeds:
        state = tuple(TASK.start(np.random.default_rng(seed)))
        total, done, steps = 0.0, False, 0
        while not done and steps < TASK.max_steps:
            state, reward, done = TASK.step(state, tuple(network(TASK.observe(state), weight).tolist()))
            total, steps = total + reward, steps + 1
        returns.append(total)
    return np.array(returns)


def report(threads: ThreadEvaluator, **kwargs: Any) -> Report:
    return score(champion(), TASK, threads, **{"episodes": 4, "seed": 5, **kwargs})


def test_the_fixed_weights_agree_with_plain_python(threads: ThreadEvaluator) -> None:
    found = report(threads, weights=[-1.5, 0.5])
    seeds = trial_seeds(5, Purpose.TEST, 1, 4, 0)[0]
    assert len(found.weights) == 2
    for row, weight in zip(found.weights, [-1.5, 0.5], strict=True):
        returns = play(weight, seeds)
        assert row.weight == weight
        assert row.mean == pytest.approx(returns.mean(), rel=1e-6)
        assert row.std == pytest.approx(returns.std(), rel=1e-4, abs=1e-6)
    assert found.mean == pytest.approx(np.mean([row.mean for row in found.weights]))
    assert (found.task, found.episodes, found.seed) == ("swingup", 4, 5)
    assert found.connections == len(champion().genome.enabled)


def test_random_and_best_weights_agree_with_a_direct_evaluation(threads: ThreadEvaluator) -> None:
    found = report(threads)
    networks = express(Population.pack([champion().genome]))

    def returns(weights: Floats, part: int) -> Floats:
        seeds = np.tile(trial_seeds(5, Purpose.TEST, 1, 4, part), (weights.size, 1))
        return np.asarray(threads.evaluate(networks, weights.tolist(), seeds).returns[0])

    weights = np.random.default_rng([5, Purpose.TEST_WEIGHTS, 0]).uniform(-2, 2, RANDOM_WEIGHTS)
    random = returns(weights, 1)
    assert found.random.draws == RANDOM_WEIGHTS == 100
    assert found.random.mean == pytest.approx(random.mean())
    assert found.random.std_weights == pytest.approx(random.mean(axis=1).std())
    assert found.random.std_episodes == pytest.approx(np.sqrt((random.std(axis=1) ** 2).mean()))
    sweep = np.linspace(-2, 2, SWEEP)
    best = sweep[returns(sweep, 2).mean(axis=1).argmax()]
    again = returns(np.array([best]), 0)[0]
    assert found.best.weight == best
    assert found.best.mean == pytest.approx(again.mean())
    assert found.best.std == pytest.approx(again.std())


def test_random_individual_weights_agree_with_a_direct_evaluation(threads: ThreadEvaluator) -> None:
    found = report(threads, draws=6)
    networks, seeds = express(Population.pack([champion().genome])), trial_seeds(5, Purpose.TEST, 1, 4, 3)[0]
    shape = 6, len(champion().connections)
    weights = np.random.default_rng([5, Purpose.TEST_WEIGHTS, 1]).uniform(-2, 2, shape)
    returns = threads.evaluate_weights(networks, weights[:, networks.connection_genes], seeds).returns
    assert found.individual.draws == found.random.draws == 6
    assert found.individual.mean == pytest.approx(returns.mean())
    assert found.individual.std_weights == pytest.approx(returns.mean(axis=1).std())
    assert found.individual.std_episodes == pytest.approx(np.sqrt(returns.var(axis=1).mean()))


def test_tuned_weights_are_those_that_the_file_carries(threads: ThreadEvaluator) -> None:
    weights = np.random.default_rng(0).normal(size=len(champion().connections)).tolist()
    found = score(carrying(weights), TASK, threads, episodes=4, seed=5)
    networks, seeds = express(Population.pack([champion().genome])), trial_seeds(5, Purpose.TEST, 1, 4, 0)[0]
    vectors = np.array(weights)[None, networks.connection_genes]
    returns = threads.evaluate_weights(networks, vectors, seeds).returns[0]
    assert found.tuned == OwnScore(returns.mean(), returns.std())
    assert msgspec.structs.replace(found, tuned=None) == report(threads), "the other rows ignore the file's weights"


def carrying(weights: list[float]) -> Champion:
    found = champion()
    genes = [
        msgspec.structs.replace(gene, weight=weight) for gene, weight in zip(found.connections, weights, strict=True)
    ]
    return msgspec.structs.replace(found, connections=tuple(genes))


def test_equal_individual_weights_score_as_the_shared_weight(threads: ThreadEvaluator) -> None:
    found = score(carrying([0.5] * len(champion().connections)), TASK, threads, episodes=4, weights=[0.5])
    assert found.tuned is not None
    assert found.tuned.mean == pytest.approx(found.weights[0].mean, abs=1e-9)
    assert found.tuned.std == pytest.approx(found.weights[0].std, abs=1e-9)


def test_the_table_has_a_row_for_each_regime(threads: ThreadEvaluator) -> None:
    found = score(carrying([0.5] * len(champion().connections)), TASK, threads, episodes=3, weights=[-1, 1], draws=5)
    names = ["shared", "shared", "mean over these", "random individual", "random shared", "best shared"]
    assert [row.weights for row in found.rows] == [*names, "tuned individual"]
    assert [row.weights for row in msgspec.structs.replace(found, tuned=None).rows] == names
    mean = found.rows[2]
    assert (mean.mean, mean.draws) == (found.mean, 2)
    assert mean.std_weights == pytest.approx(np.std([row.mean for row in found.weights]))
    assert mean.std_episodes == pytest.approx(np.sqrt(np.mean([row.std**2 for row in found.weights])))


def test_every_format_shows_the_same_numbers(threads: ThreadEvaluator) -> None:
    found = report(threads, episodes=3, draws=5)
    rows = list(csv.DictReader(io.StringIO(found.table("csv"))))
    assert [float(row["mean"]) for row in rows] == [row.mean for row in found.rows]
    assert [row["std_weights"] for row in rows] == [
        "" if row.std_weights is None else repr(row.std_weights) for row in found.rows
    ]
    text, markdown = found.table().splitlines()[3:], found.table("md").splitlines()[4:]
    for plain, marked, row in zip(text, markdown, found.rows, strict=True):
        assert [cell.strip() for cell in marked.strip("|").split("|") if cell.strip()] == re.split(r" {2,}", plain)
        assert f" {row.mean:.1f} " in plain
    with pytest.raises(UserError, match="there is no format 'markdown': expected one of: csv, md, text"):
        found.table("markdown")


def test_the_spreads_differ_from_each_other(threads: ThreadEvaluator) -> None:
    found = report(threads, episodes=20)
    assert found.random.std_weights > 1
    assert found.random.std_episodes > 1
    assert found.random.std_weights != pytest.approx(found.random.std_episodes, rel=0.01)


def test_the_trials_are_those_of_no_search_and_no_verification() -> None:
    test = {int(s) for part in (0, 1, 2, 3) for s in trial_seeds(0, Purpose.TEST, 1, 100, part).ravel()}
    search = {int(s) for g in range(1024) for s in trial_seeds(0, Purpose.TRIALS, 6, 3, g).ravel()}
    verification = {int(s) for s in trial_seeds(0, Purpose.VERIFICATION, 6, 100).ravel()}
    assert len(test) == 400
    assert not test & search
    assert not test & verification
    assert not search & verification


def test_another_seed_gives_other_numbers_and_the_same_one_the_same(threads: ThreadEvaluator) -> None:
    assert report(threads) == report(threads)
    assert report(threads).weights != report(threads, seed=6).weights


def test_workers_do_not_matter(threads: ThreadEvaluator) -> None:
    three = ThreadEvaluator(TASK, 3)
    assert score(champion(), TASK, three, episodes=7, seed=5) == report(threads, episodes=7)
    three.close()


def test_weights_are_those_of_the_search_unless_given(threads: ThreadEvaluator) -> None:
    assert [row.weight for row in report(threads).weights] == list(DEFAULT_WEIGHTS)
    scores = NetworkScores(mean=1.0, weights=(0.25,), means=(1.0,), trials=4)
    searched = score(champion(scores=scores), TASK, threads, episodes=2)
    assert [row.weight for row in searched.weights] == [0.25]
    given = score(champion(scores=scores), TASK, threads, episodes=2, weights=np.array([1, -1]))  # type: ignore[arg-type]
    assert [row.weight for row in given.weights] == [1.0, -1.0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"episodes": 0}, "episodes: expected a whole number in .1, 100,000., got 0"),
        ({"episodes": 10**12}, "episodes: expected .*, got 1000000000000"),
        ({"episodes": "5"}, "episodes: expected .*, got '5'"),
        ({"draws": 0}, "draws: expected a whole number in .1, 10,000., got 0"),
        ({"draws": 1.0}, "draws: expected .*, got 1.0"),
        ({"seed": -1}, "seed: expected a whole number of 0 or more, got -1"),
        ({"seed": 1.5}, "seed: expected .*, got 1.5"),
        ({"weights": []}, r"weights: expected one or more finite numbers, got \[\]"),
        ({"weights": [float("nan")]}, "weights: expected one or more finite numbers"),
        ({"weights": 1.0}, "weights: expected one or more finite numbers, got 1.0"),
        ({"weights": ["a"]}, "weights: expected one or more finite numbers"),
    ],
)
def test_wrong_requests_are_refused(threads: ThreadEvaluator, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}"):
        report(threads, **wrong)
