"""Racing: who plays which trials, by a plain repetition of the rule, and the same result however it is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome

import wann
from tasks.swingup import SwingUp
from wann.evaluation.rollout import RolloutPlayer
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation
from wann.evolution import Scores, Search
from wann.network import express
from wann.racing import play_generation
from wann.settings import Settings

SETTINGS: dict[str, Any] = {"population": 15, "generations": 8, "trials": 3, "verify_trials": 12, "seed": 5}


class Counting(ThreadEvaluator):
    """Remembers how many networks met which trials."""

    def __init__(self) -> None:
        super().__init__(SwingUp(), 1)
        self.asked: list[tuple[int, Any]] = []

    def evaluate(self, networks: Any, weights: Any, seeds: Any, *rest: Any) -> Evaluation:
        self.asked.append((networks.first_node.size - 1, seeds.tolist()))
        return super().evaluate(networks, weights, seeds, *rest)


@pytest.mark.parametrize("racing", [1, 2])
def test_the_better_half_plays_all_trials_and_the_others_the_first_ones(racing: int) -> None:
    search = Search(5, 1, Settings(task="swingup", population=15, racing=racing))
    evaluator = Counting()
    for _ in range(4):
        networks, trials = express(search.ask()), search.trials()
        everything = ThreadEvaluator(SwingUp(), 1).evaluate(networks, search.settings.weights, trials).returns
        evaluator.asked.clear()
        found = evaluator.follow(play_generation(search, networks))
        assert evaluator.asked == [(15, trials[:, :racing].tolist()), (8, trials[:, racing:].tolist())]
        finalists = search.finalists(everything[:, :, :racing])
        assert len(set(finalists.tolist())) == 8
        np.testing.assert_array_equal(found.returns[finalists], everything[finalists])
        for i in set(range(15)) - set(finalists.tolist()):
            np.testing.assert_array_equal(found.returns[i, :, :racing], everything[i, :, :racing])
            np.testing.assert_allclose(
                found.returns[i].mean(axis=1), everything[i, :, :racing].mean(axis=1), rtol=1e-12, atol=1e-12
            )
        search.tell(found.returns)


def test_steps_are_those_of_the_episodes_that_were_played() -> None:
    search = Search(5, 1, Settings(task="swingup", population=15, racing=1))
    evaluator, networks = ThreadEvaluator(SwingUp(), 1), express(search.ask())
    found = evaluator.follow(play_generation(search, networks))
    first = evaluator.evaluate(networks, search.settings.weights, search.trials()[:, :1])
    chosen = express(search.ask().take(search.finalists(first.returns)))
    rest = evaluator.evaluate(chosen, search.settings.weights, search.trials()[:, 1:])
    assert found.steps == first.steps + rest.steps


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_nobody_of_the_first_front_drops_out_before_anybody_behind_it(seed: int, population: int) -> None:
    search = Search(3, 1, Settings(task="swingup", population=population, racing=1, rank_connections=1.0))
    returns = np.random.default_rng(seed).normal(size=(population, 6, 1)).round(1)
    front = set(Scores.of(returns, search.ask().connections).front.tolist())
    finalists = set(search.finalists(returns).tolist())
    assert front <= finalists or finalists <= front
    assert len(finalists) == -(-population // 2)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    folder = tmp_path_factory.mktemp("racing") / "run"
    wann.search("swingup", out=folder, workers=1, racing=1, **SETTINGS)
    return outcome(folder)


@pytest.mark.parametrize("how", [{"workers": 3}, {"workers": 1, "ray": "local"}, {"workers": 2, "ray": "local"}])
def test_threads_and_ray_workers_do_not_matter(reference: tuple[Any, ...], how: dict[str, Any], tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", racing=1, **how, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_chunking_does_not_matter(reference: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RolloutPlayer, "pieces_per_thread", 5)
    wann.search("swingup", out=tmp_path / "run", workers=2, racing=1, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_stopping_and_resuming_does_not_matter(reference: tuple[Any, ...], tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", workers=1, racing=1, **{**SETTINGS, "generations": 3})
    wann.resume(tmp_path / "run", generations=SETTINGS["generations"], workers=2)
    assert outcome(tmp_path / "run") == reference


def test_racing_changes_the_search_and_saves_steps(reference: tuple[Any, ...], tmp_path: Path) -> None:
    run = wann.search("swingup", out=tmp_path / "run", workers=1, **SETTINGS)
    assert outcome(run.folder) != reference
    raced = wann.search("swingup", out=tmp_path / "raced", workers=1, racing=1, **{**SETTINGS, "generations": 1})
    whole = wann.search("swingup", out=tmp_path / "whole", workers=1, **{**SETTINGS, "generations": 1})
    assert raced.history["steps"][0] < whole.history["steps"][0]
