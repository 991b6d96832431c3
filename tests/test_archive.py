"""The archive: a Pareto front of verified means, that a lucky score cannot enter."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from strategies import grown

from wann import archive as module
from wann.archive import CANDIDATES, SCREENING, Archive, Findings, Verified
from wann.evaluation.work import Play
from wann.evolution import Scores
from wann.genome import Genome
from wann.population import Floats, Integers, Population

WEIGHTS = 3


class Trials:
    """Returns that depend on a genome and a trial alone, and a list of who was played on what."""

    def __init__(self, trials: int, truth: dict[Genome, float] | None = None, noise: float = 10.0) -> None:
        self.trials, self.truth, self.noise = trials, truth or {}, noise
        self.played: list[tuple[Genome, int, int]] = []

    def returns(self, genome: Genome) -> Floats:
        """(weights, trials)"""
        rng = np.random.default_rng(zlib.crc32(repr(genome).encode()))
        mean = self.truth.get(genome, 5 * len(genome.enabled) + 60 * float(rng.random()))
        noise = rng.normal(size=(WEIGHTS, self.trials))
        return np.asarray(mean + self.noise * (noise - noise.mean()))

    def __call__(self, population: Population, trials: slice) -> Play[Floats]:
        start, stop, _ = trials.indices(self.trials)
        assert start < stop, "nobody is played on no trial"
        self.played += [(genome, start, stop) for genome in population]
        return np.stack([self.returns(genome)[:, trials] for genome in population])
        yield


def distinct(n: int, seed: int = 0) -> list[Genome]:
    """Genomes that differ in what they express and in size."""
    by_size: dict[int, Genome] = {}
    for genome in [*grown(150, steps=8, seed=seed), *grown(150, steps=25, seed=seed), *grown(150, steps=60, seed=seed)]:
        by_size.setdefault(len(genome.enabled), genome)
    assert len(by_size) >= n
    return [by_size[size] for size in sorted(by_size)[:n]]


def scores_of(genomes: Sequence[Genome], means: Sequence[float]) -> Scores:
    connections: Integers = np.array([len(genome.enabled) for genome in genomes])
    return Scores(np.array(means, dtype=np.float64), np.array(means, dtype=np.float64), connections)


def feed(
    archive: Archive, genomes: Sequence[Genome], means: Sequence[float], trials: Trials, generation: int = 0
) -> None:
    births = np.arange(len(genomes)) + 100 * generation
    archive.update(examine(archive, Population.pack(genomes), births, scores_of(genomes, means), generation, trials))


def examine(archive: Archive, *arguments: Any) -> Findings:
    """What the archive finds, with trials that need no evaluation."""
    with pytest.raises(StopIteration) as end:
        next(archive.examine(*arguments))
    assert isinstance(end.value.value, Findings)
    return end.value.value


def assert_front(members: list[Verified]) -> None:
    sizes, means = [m.connections for m in members], [m.mean for m in members]
    assert sizes == sorted(set(sizes))
    assert means == sorted(set(means))


@pytest.mark.parametrize("n_trials", [1, 4, SCREENING - 1, SCREENING, SCREENING + 1, 40])
def test_members_form_a_front_and_have_all_their_trials(n_trials: int) -> None:
    genomes, archive, trials = distinct(12), Archive(n_trials), Trials(n_trials)
    rng = np.random.default_rng(1)
    for generation in range(12):
        chosen = [genomes[i] for i in rng.permutation(12)[:6]]
        feed(archive, chosen, rng.uniform(0, 200, 6).tolist(), trials, generation)
        assert_front(archive.front)
    assert len(archive.front) >= 2
    for member in archive.front:
        np.testing.assert_array_equal(member.returns, trials.returns(member.genome))
        assert member.means.tolist() == np.array(member.returns).mean(axis=1).tolist()
    assert archive.champion is archive.front[-1]


def test_what_a_brute_force_front_of_all_verified_holds() -> None:
    genomes, archive, trials = distinct(15), Archive(20), Trials(20, noise=0.0)
    order = np.random.default_rng(3).permutation(15)
    for i in order:
        feed(archive, [genomes[i]], [1e9], trials)
    truth = [(float(trials.returns(g).mean()), len(g.enabled), g) for g in genomes]
    best = [g for m, c, g in truth if not any(m2 >= m and c2 <= c and g2 is not g for m2, c2, g2 in truth)]
    assert [member.genome for member in archive.front] == sorted(best, key=lambda g: len(g.enabled))


def test_an_empty_archive_has_no_champion() -> None:
    assert Archive(4).champion is None


def test_the_champion_has_the_highest_verified_mean_not_the_highest_score() -> None:
    small, large = distinct(2)
    archive, trials = Archive(20), Trials(20, {small: 50.0, large: 60.0})
    feed(archive, [small, large], [900.0, 950.0], trials)
    assert archive.champion is not None
    assert archive.champion.genome == large
    assert archive.champion.mean == pytest.approx(60.0)


def test_a_lucky_score_does_not_enter_and_blocks_nobody() -> None:
    lucky, honest = distinct(2)
    archive, trials = Archive(20), Trials(20, {lucky: 10.0, honest: 300.0}, noise=1.0)
    feed(archive, [lucky], [1000.0], trials)
    assert [round(member.mean) for member in archive.front] == [10]
    feed(archive, [honest], [305.0], trials)
    assert [round(member.mean) for member in archive.front] == [10, 300]


@pytest.mark.parametrize(("n_trials", "screening"), [(100, SCREENING), (20, 5), (10, 3), (2, 1)])
def test_who_cannot_enter_is_dropped_after_screening(n_trials: int, screening: int) -> None:
    good, worse = distinct(2)
    archive, trials = Archive(n_trials), Trials(n_trials, {good: 100.0, worse: 20.0}, noise=0.0)
    feed(archive, [good], [100.0], trials)
    feed(archive, [worse], [500.0], trials)
    assert trials.played == [(good, 0, screening), (good, screening, n_trials), (worse, 0, screening)]
    assert [member.genome for member in archive.front] == [good]


def test_who_passes_screening_but_is_a_little_worse_in_the_end_does_not_enter() -> None:
    class Late(Trials):
        def returns(self, genome: Genome) -> Floats:
            last = {good: 100.0, late: 98.0}[genome]
            returns = np.full((WEIGHTS, 80), last)
            returns[:, :SCREENING] = {good: 100.0, late: 107.0}[genome]
            return returns

    good, late = distinct(2)
    archive, trials = Archive(80), Late(80)
    feed(archive, [good], [100.0], trials)
    feed(archive, [late], [500.0], trials)
    assert trials.played[-1] == (late, SCREENING, 80)
    assert 99 < trials.returns(late).mean() < 100
    assert [member.genome for member in archive.front] == [good]


def test_who_looks_no_better_than_a_member_is_not_played_at_all() -> None:
    good, other = distinct(2)
    archive, trials = Archive(20), Trials(20, {good: 100.0, other: 500.0}, noise=0.0)
    feed(archive, [good], [100.0], trials)
    feed(archive, [other], [99.0], trials)
    assert {genome for genome, _, _ in trials.played} == {good}


def test_nobody_is_played_twice_on_a_trial() -> None:
    genomes, archive, trials = distinct(8), Archive(20), Trials(20)
    rng = np.random.default_rng(5)
    for generation in range(15):
        feed(archive, genomes, rng.uniform(0, 300, 8).tolist(), trials, generation)
    assert len(set(trials.played)) == len(trials.played)


def test_a_genome_that_expresses_the_same_is_not_played_again() -> None:
    population = grown(1, steps=30)
    genome = population[0]
    disabled = next(gene for gene in genome.connections if not gene.enabled)
    twin = Genome(genome.nodes, tuple(gene for gene in genome.connections if gene != disabled))
    archive, trials = Archive(4), Trials(4)
    feed(archive, [genome], [100.0], trials)
    feed(archive, [twin], [1e6], trials)
    assert {played for played, _, _ in trials.played} == {genome}


def test_a_genome_that_expresses_something_else_is_played() -> None:
    genome = grown(1, steps=30)[0]
    k = next(k for k, gene in enumerate(genome.connections) if gene.enabled)
    flipped = msgspec.structs.replace(genome.connections[k], enabled=False)
    fewer = Genome(genome.nodes, (*genome.connections[:k], flipped, *genome.connections[k + 1 :]))
    node = genome.hidden[-1]
    other = msgspec.structs.replace(node, activation="tanh" if node.activation != "tanh" else "relu")
    renamed = Genome(tuple(other if one is node else one for one in genome.nodes), genome.connections)
    archive, trials = Archive(4), Trials(4)
    for generation, one in enumerate((genome, fewer, renamed)):
        feed(archive, [one], [1e6 + generation], trials, generation)
    assert [played for played, first, _ in trials.played if first == 0] == [genome, fewer, renamed]


def test_few_of_a_generation_are_looked_at_the_best_first() -> None:
    genomes, archive = distinct(CANDIDATES + 3), Archive(4)
    trials = Trials(4)
    feed(archive, genomes, [float(i) for i in range(len(genomes))], trials)
    assert [genome for genome, first, _ in trials.played if first == 0] == genomes[::-1][:CANDIDATES]


def plain(members: Sequence[Verified]) -> list[tuple[Genome, int, object]]:
    return [(member.genome, member.generation, member.returns.tolist()) for member in members]


def test_examining_changes_nothing_before_the_update() -> None:
    genomes, archive, trials = distinct(6), Archive(20), Trials(20)
    feed(archive, genomes[:3], [50.0, 60.0, 70.0], trials)
    before, front = archive.state, list(archive.front)
    population, scores = Population.pack(genomes[3:]), scores_of(genomes[3:], [500.0, 600.0, 700.0])
    first = examine(archive, population, np.arange(3), scores, 1, trials)
    second = examine(archive, population, np.arange(3), scores, 1, trials)
    assert plain(first.verified) == plain(second.verified)
    assert first.seen == second.seen
    assert plain(archive.front) == plain(front)
    assert {name: array.tobytes() for name, array in archive.state.items()} == {
        name: array.tobytes() for name, array in before.items()
    }
    archive.update(first)
    assert {name: array.tobytes() for name, array in archive.state.items()} != {
        name: array.tobytes() for name, array in before.items()
    }


@pytest.mark.parametrize("n_trials", [4, 20])
def test_a_restored_archive_is_the_same_and_goes_on_the_same(n_trials: int) -> None:
    genomes, archive, trials = distinct(10), Archive(n_trials), Trials(n_trials)
    feed(archive, genomes[:5], [100.0, 110.0, 120.0, 130.0, 140.0], trials)
    other = Archive(n_trials)
    other.restore(archive.state)
    assert plain(other.front) == plain(archive.front)
    for one in (archive, other):
        feed(one, genomes, np.linspace(100, 400, 10).tolist(), Trials(n_trials), 1)
    assert plain(other.front) == plain(archive.front)
    states = [{name: array.tobytes() for name, array in one.state.items()} for one in (archive, other)]
    assert states[0] == states[1]


def test_infinite_returns_survive_the_state() -> None:
    genome, archive = distinct(1)[0], Archive(4)
    feed(archive, [genome], [1.0], Trials(4, {genome: -np.inf}, noise=0.0))
    assert archive.front[0].mean == -np.inf
    other = Archive(4)
    other.restore(archive.state)
    assert plain(other.front) == plain(archive.front)


def test_an_empty_archive_is_restored() -> None:
    archive = Archive(4)
    archive.restore(Archive(4).state)
    assert archive.front == []


def test_a_state_with_other_trials_is_refused() -> None:
    archive = Archive(4)
    feed(archive, distinct(2), [1.0, 2.0], Trials(4))
    with pytest.raises(ValueError, match="archive_returns"):
        Archive(5).restore(archive.state)


def test_all_champions_are_remembered_in_turn() -> None:
    genomes, archive, trials = distinct(12), Archive(20), Trials(20)
    seen = []
    for generation, genome in enumerate(genomes):
        before = archive.champion
        feed(archive, [genome], [1e6], trials, generation)
        if (now := archive.champion) is not before and now is not None:
            seen.append((now.genome, generation, now.means.tolist(), now.mean))
    assert len(seen) >= 3
    assert [(c.genome, c.generation, c.means.tolist(), c.mean) for c in archive.champions] == seen
    other = Archive(20)
    other.restore(archive.state)
    assert [(c.genome, c.generation, c.means.tolist(), c.mean) for c in other.champions] == seen
    feed(other, genomes, [1e6 + i for i in range(12)], trials, 99)
    assert [champion.genome for champion in other.champions[: len(seen)]] == [genome for genome, *_ in seen]


@pytest.mark.parametrize("most", [2, 3, 5])
def test_of_many_champions_some_are_forgotten_the_first_and_the_last_never(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    genomes = distinct(12)
    archives = []
    for limit in (len(genomes), most):
        monkeypatch.setattr(module, "MOST_CHAMPIONS", limit)
        archives.append(Archive(4))
        truth = {genome: 10.0 * i for i, genome in enumerate(genomes)}
        for generation, genome in enumerate(genomes):
            feed(archives[-1], [genome], [1e6], Trials(4, truth, noise=0.0), generation)
            assert len(archives[-1].champions) <= limit
    whole, thinned = ([champion.generation for champion in archive.champions] for archive in archives)
    assert whole == list(range(12))
    assert set(thinned) <= set(whole)
    assert thinned == sorted(thinned)
    assert (thinned[0], thinned[-1], len(thinned) > most // 2) == (0, 11, True)
