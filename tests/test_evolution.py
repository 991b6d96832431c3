"""The search: ask, tell, state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wann.evolution import Scores, Search
from wann.population import Population
from wann.seeds import Purpose, generator, trial_seeds
from wann.settings import Settings


def settings(**changes: Any) -> Settings:
    return Settings(**{"task": "none", "population": 30, "trials": 2, "tournament": 4, **changes})


def returns_of(population: Population, chosen: Settings, generation: int) -> np.ndarray:
    """Returns that reward hidden nodes, with noise: something to climb."""
    hidden = np.array([len(genome.hidden) for genome in population], dtype=float)
    noise = np.random.default_rng(generation).random((len(population), len(chosen.weights), chosen.trials))
    return hidden[:, None, None] + noise


def run(search: Search, generations: int) -> list[Scores]:
    return [search.tell(returns_of(search.ask(), search.settings, search.generation)) for _ in range(generations)]


def genes(search: Search) -> list[tuple[Any, ...]]:
    return [array.tobytes() for array in search.ask().genes]


def test_the_start_is_minimal_and_partly_enabled() -> None:
    population = Search(5, 2, settings(population=2000, initial_enabled=0.3)).ask()
    assert all(not genome.hidden for genome in population)
    assert {(c.source, c.target) for c in population[0].connections} == {(s, t) for s in range(6) for t in (6, 7)}
    assert population.genes.enabled.mean() == pytest.approx(0.3, abs=0.01)


def test_ask_does_not_change_anything() -> None:
    search = Search(3, 1, settings())
    first = search.ask()
    assert search.ask() is first
    assert (search.trials() == search.trials()).all()


def test_a_search_climbs() -> None:
    scores = run(Search(3, 1, settings()), 20)
    assert scores[-1].mean.max() > scores[0].mean.max() + 3


@pytest.mark.parametrize(
    "changes", [{}, {"crossover": 0.7}, {"species_distance": 0.4}, {"crossover": 0.5, "species_distance": 0.4}]
)
def test_state_restores_exactly(changes: dict[str, Any]) -> None:
    search = Search(4, 2, settings(**changes))
    run(search, 6)
    state = {name: array.copy() for name, array in search.state.items()}
    run(search, 6)
    again = Search(4, 2, settings(**changes))
    again.restore(state)
    assert again.generation == 6
    run(again, 6)
    assert genes(again) == genes(search)
    assert all(np.array_equal(search.state[name], array) for name, array in again.state.items())


def test_a_copy_stays_where_it_was_and_goes_on_the_same() -> None:
    search = Search(4, 2, settings(crossover=0.5, species_distance=0.4))
    run(search, 6)
    before = {name: array.tobytes() for name, array in search.state.items()}
    copied = search.copy()
    run(search, 5)
    assert {name: array.tobytes() for name, array in copied.state.items()} == before
    run(copied, 5)
    assert {name: array.tobytes() for name, array in copied.state.items()} == {
        name: array.tobytes() for name, array in search.state.items()
    }


@pytest.mark.parametrize("changes", [{"crossover": 1.0}, {"species_distance": 0.4}])
def test_options_stay_valid_and_make_a_difference(changes: dict[str, Any]) -> None:
    plain, other = Search(4, 2, settings()), Search(4, 2, settings(**changes))
    run(plain, 12)
    run(other, 12)
    assert genes(plain) != genes(other)
    assert len(list(other.ask())) == 30  # every genome is checked when it is unpacked


def test_scores_are_means_over_weights_and_trials() -> None:
    returns = np.arange(24.0).reshape(2, 3, 4)
    scores = Scores.of(returns, np.array([5, 3]))
    np.testing.assert_allclose(scores.mean, [np.mean(range(12)), np.mean(range(12, 24))])
    np.testing.assert_allclose(scores.best_weight, [np.mean([8, 9, 10, 11]), np.mean([20, 21, 22, 23])])


def test_elites_survive_unchanged_and_are_evaluated_again() -> None:
    search = Search(3, 1, settings(rank_connections=0.0, elite_fraction=0.25, cull_fraction=0.2))
    run(search, 5)
    before = search.ask()
    returns = returns_of(before, search.settings, 99)
    scores = search.tell(returns)
    best = int(scores.mean.argmax())
    after = search.ask()
    assert len(after) == 30
    assert before[best] in [after[i] for i in range(6)]  # 25% of the 24 that are left


def test_the_worst_never_have_children() -> None:
    """With tournaments of one, everyone in the pool may be a parent, and nobody else."""
    chosen = settings(population=40, tournament=1, cull_fraction=0.5, elite_fraction=0.0, rank_connections=0.0)
    search = Search(15, 1, chosen)
    before = search.ask()
    rank = np.arange(40.0)[::-1].copy()  # the first half is better
    search.tell(np.repeat(rank, 6 * 2).reshape(40, 6, 2))
    flags = before.genes.enabled.reshape(40, 16)
    for genome in search.ask():
        inherited = np.array([c.enabled for c in genome.connections[:16]])
        nearest = (flags != inherited).sum(axis=1).argmin()  # a mutation changes one flag at most
        assert nearest < 20


def test_one_draw_decides_the_objectives_of_a_generation() -> None:
    """Always on connections: the smallest of equal means wins. Never: size does not count."""
    for probability, smallest_wins in ((1.0, True), (0.0, False)):
        search = Search(3, 1, settings(population=200, rank_connections=probability, elite_fraction=0.5))
        sizes = search.ask().connections
        search.tell(np.ones((200, 6, 2)))
        kept = search.ask().connections[:80]
        assert (kept.mean() < sizes.mean() - 0.5) == smallest_wins


def test_new_trials_in_each_generation_the_same_for_all_and_no_two_weights_share_one() -> None:
    search = Search(3, 1, settings(trials=3))
    first = search.trials()
    assert first.shape == (6, 3)
    assert np.unique(first).size == 18
    run_settings = settings(trials=3)
    search.tell(np.zeros((30, len(run_settings.weights), 3)))
    assert np.intersect1d(first, search.trials()).size == 0


def test_verification_and_test_trials_are_never_those_of_selection() -> None:
    selection = np.concatenate([trial_seeds(0, Purpose.TRIALS, 6, 3, g).ravel() for g in range(200)])
    for purpose in (Purpose.VERIFICATION, Purpose.TEST):
        others = trial_seeds(0, purpose, 6, 100)
        assert np.intersect1d(selection, others).size <= 2  # 3,600 and 600 draws of 31 bits: a chance of 1 in 1,000


def test_purposes_and_generations_have_their_own_numbers() -> None:
    streams = [generator(s, p, g).random(4).tobytes() for s in (0, 1) for p in Purpose for g in (0, 1, 2)]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        (np.zeros((30, 6, 3)), r"must have the shape \(population, weights, trials\) = \(30, 6, 2\)"),
        (np.full((30, 6, 2), np.nan), "NaN"),
    ],
)
def test_wrong_returns_are_refused_and_nothing_changes(returns: np.ndarray, message: str) -> None:
    search = Search(3, 1, settings())
    before = genes(search)
    with pytest.raises(ValueError, match=message):
        search.tell(returns)
    assert genes(search) == before
    assert search.generation == 0


def test_a_failed_episode_ranks_last() -> None:
    search = Search(3, 1, settings(elite_fraction=0.5, rank_connections=0.0))
    before = search.ask()
    returns = np.ones((30, 6, 2))
    returns[7] = -np.inf
    search.tell(returns)
    kept = [search.ask()[i] for i in range(12)]
    assert before[7] not in kept or before[7] in [before[i] for i in range(30) if i != 7]
