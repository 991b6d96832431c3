"""Islands: each is a search of its own, migrants stay what they were, and the archive is that of all together."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from numpy.typing import NDArray

from wann.archive import Archive
from wann.errors import UserError
from wann.evaluation.work import Play
from wann.evolution import Scores, Search
from wann.genome import Genome
from wann.islands import Archipelago, Archives, apart, senders
from wann.population import Genes, Population
from wann.settings import Settings, make_settings

State = Mapping[str, NDArray[Any]]


def settings(**changes: Any) -> Settings:
    given = {"task": "none", "population": 30, "trials": 2, "tournament": 4, "islands": 3, "migrate_every": 5}
    return Settings(**{**given, **changes})


def returns_of(population: Population, chosen: Settings, generation: int) -> NDArray[np.float64]:
    """Returns that reward hidden nodes, with noise: something to climb."""
    hidden = np.array([len(genome.hidden) for genome in population], dtype=float)
    noise = np.random.default_rng(generation).random((len(population), len(chosen.weights), chosen.trials))
    return hidden[:, None, None] + noise


def run(search: Search | Archipelago, generations: int) -> None:
    for _ in range(generations):
        search.tell(returns_of(search.ask(), search.settings, search.generation))


def structure(state: State, genome: Genome) -> tuple[frozenset[Any], frozenset[Any]]:
    """What a genome is, without any number: each node by what it split, each connection by what it joins.

    An independent definition of what numbers stand for, by recursion over what the record's arrays say.
    """
    pairs, splits = state["innovation_pairs"].tolist(), state["innovation_splits"].tolist()
    first = len(genome.nodes) - len(genome.hidden)

    def node(id_: int) -> Any:
        if id_ < first:
            return id_
        split = splits[id_ - first]
        return tuple(map(node, pairs[split])), splits[: id_ - first].count(split)

    nodes = frozenset((node(gene.id), gene.activation) for gene in genome.nodes)
    assert all(tuple(pairs[gene.innovation]) == (gene.source, gene.target) for gene in genome.connections)
    return nodes, frozenset((node(c.source), node(c.target), c.enabled) for c in genome.connections)


def structures(search: Search) -> list[Any]:
    return [structure(search.state, genome) for genome in search.ask()]


def test_the_first_island_is_the_search_itself_until_migrants_come() -> None:
    alone, archipelago = Search(3, 1, settings()), Archipelago(3, 1, settings(migrate_every=1000))
    for _ in range(7):
        np.testing.assert_array_equal(alone.trials(), archipelago.trials())
        returns = returns_of(archipelago.ask(), archipelago.settings, archipelago.generation)
        archipelago.tell(returns)
        alone.tell(returns[:30])
    assert list(alone.ask()) == list(archipelago.ask())[:30]


def test_islands_differ() -> None:
    archipelago = Archipelago(3, 1, settings())
    starts = [tuple(island.ask()) for island in archipelago.islands]
    assert len(set(starts)) == 3
    run(archipelago, 4)
    assert len({tuple(island.ask()) for island in archipelago.islands}) == 3


@profile(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 30))
def test_genes_of_another_record_stay_what_they_were(seed: int, here: int, there: int) -> None:
    sender, receiver = (Search(2, 2, settings(population=8, seed=seed + i, add_node=1.0)) for i in (0, 1))
    run(sender, there)
    run(receiver, here)
    expected = structures(sender)
    before = structures(receiver)
    adopted = receiver._record.adopt(sender.ask().genes, sender._record)
    population = Population(2, 2, adopted)
    assert [structure(receiver.state, genome) for genome in population] == expected
    assert structures(receiver) == before, "what was numbered before has changed"
    np.testing.assert_array_equal(
        sender._record.adopt(adopted, receiver._record).node_ids, sender.ask().genes.node_ids, "not the same way back"
    )
    again = receiver._record.adopt(sender.ask().genes, sender._record)
    for name in Genes._fields:
        np.testing.assert_array_equal(getattr(again, name), getattr(adopted, name))


def test_who_sends_on_a_ring_and_at_random() -> None:
    assert senders(settings(islands=5), 16) == [4, 0, 1, 2, 3]
    chosen = settings(islands=5, migration="random", seed=3)
    drawn = [senders(chosen, generation) for generation in range(300)]
    assert drawn == [senders(chosen, generation) for generation in range(300)]
    pairs = Counter((sender, island) for meeting in drawn for island, sender in enumerate(meeting))
    assert pairs.keys() == set(permutations(range(5), 2)), "anyone may send to anyone else"
    assert min(pairs.values()) > 40
    assert senders(settings(islands=2, migration="random"), 7) == [1, 0]


@pytest.mark.parametrize("migration", ["ring", "random"])
def test_the_best_of_an_island_come_to_another_one_at_fixed_generations(migration: str) -> None:
    met = Archipelago(3, 1, settings(migration=migration))
    apart_ = Archipelago(3, 1, settings(migrate_every=1000))
    run(met, 4)
    run(apart_, 4)
    assert [structures(island) for island in met.islands] == [structures(island) for island in apart_.islands]
    returns = returns_of(met.ask(), met.settings, 4)
    scores = [
        Scores.of(part, island.ask().connections)
        for part, island in zip(np.split(returns, 3), met.islands, strict=True)
    ]
    ranked = [island._rank(score) for island, score in zip(met.islands, scores, strict=True)]
    best = [structures(island)[order[0]] for island, order in zip(met.islands, ranked, strict=True)]
    met.tell(returns)
    apart_.tell(returns)
    sending = senders(met.settings, 5)
    for k in range(3):
        here, alone, before = (structures(a.islands[j]) for a, j in ((met, k), (apart_, k), (apart_, sending[k])))
        assert here[:-2] == alone[:-2]
        assert here[-2:] == before[:2], "5 % of 30 individuals, rounded up"
        assert here[-2] == best[sending[k]], "the best of its island's ranking comes first"


@pytest.mark.parametrize("changes", [{}, {"crossover": 0.5, "species_distance": 0.4}])
def test_a_restored_archipelago_goes_on_as_the_original(changes: dict[str, Any]) -> None:
    archipelago = Archipelago(3, 2, settings(**changes))
    run(archipelago, 7)
    state = {name: array.copy() for name, array in archipelago.state.items()}
    run(archipelago, 9)
    again = Archipelago(3, 2, settings(**changes))
    again.restore(state)
    assert again.generation == 7
    run(again, 9)
    assert list(again.ask()) == list(archipelago.ask())
    assert all(np.array_equal(array, again.state[name]) for name, array in archipelago.state.items())


def test_a_copy_stays_where_it_was_and_goes_on_the_same() -> None:
    archipelago = Archipelago(3, 2, settings())
    run(archipelago, 4)
    before = {name: array.tobytes() for name, array in archipelago.state.items()}
    copied = archipelago.copy()
    run(archipelago, 3)
    assert {name: array.tobytes() for name, array in copied.state.items()} == before
    run(copied, 3)
    assert copied.lineage.births.tolist() == archipelago.lineage.births.tolist()
    assert list(copied.ask()) == list(archipelago.ask())


def test_an_island_of_another_size_is_refused() -> None:
    state = Archipelago(3, 1, settings()).state
    with pytest.raises(ValueError, match="births: expected individuals that the lineage knows"):
        Archipelago(3, 1, settings(population=20)).restore(state)


def conclusion(play: Play[Any]) -> Any:
    """Where a play ends that needs no evaluation."""
    with pytest.raises(StopIteration) as end:
        next(play)
    return end.value.value


def test_the_archive_is_that_of_all_islands_together() -> None:
    archipelago, archives = Archipelago(3, 1, settings()), Archives(4, 3)
    apart_ = [Archive(4) for _ in range(3)]

    def verify(population: Population, trials: slice) -> Play[NDArray[np.float64]]:
        luck = np.array([zlib.crc32(repr(genome).encode()) % 3 for genome in population])
        truth = (luck + population.connections // 4).astype(float)  # many are equally good
        return np.broadcast_to(truth[:, None, None], (len(population), 6, 4))[..., trials]
        yield

    for generation in range(25):
        population, returns = archipelago.ask(), returns_of(archipelago.ask(), archipelago.settings, generation)
        scores, births = Scores.of(returns, population.connections), archipelago.lineage.births
        archives.update(conclusion(archives.examine(population, births, scores, generation, verify)))
        for k, archive in enumerate(apart_):
            own = np.arange(30 * k, 30 * k + 30)
            asked = population.take(own), births[own], scores.take(own), generation
            archive.update(conclusion(archive.examine(*asked, verify)))
        archipelago.tell(returns, keep=archives.births)
        champion = archives.champion
        assert champion is archives.front[-1]
        assert archives.champions[-1].genome == champion.genome
    members = [(m.connections, m.mean) for archive in apart_ for m in archive.front]
    front = {(c, m) for c, m in members if not any(a <= c and b >= m and (a, b) != (c, m) for a, b in members)}
    assert [(m.connections, m.mean) for m in archives.front] == sorted(front)
    for former, later in pairwise(archives.champions):
        assert later.generation > former.generation
        assert later.mean >= former.mean
    again = Archives(4, 3)
    again.restore({**archives.state, "generation": np.array(25)})
    assert [m.genome for m in again.front] == [m.genome for m in archives.front]
    assert [c.genome for c in again.champions] == [c.genome for c in archives.champions]


def test_states_of_many_islands_are_told_apart() -> None:
    archipelago = Archipelago(2, 1, settings(islands=12, population=8))
    for island, state in zip(archipelago.islands, apart(archipelago.state, 12), strict=True):
        assert set(state) == set(island.state)
        assert all(np.array_equal(state[name], array) for name, array in island.state.items())


def test_islands_without_elites_are_refused() -> None:
    with pytest.raises(UserError, match="islands: expected an elite to migrate: raise elite_fraction or population"):
        make_settings({"task": "none", "islands": 2, "elite_fraction": 0.0})
    with pytest.raises(UserError, match="islands: expected int >= 1, got 0"):
        make_settings({"task": "none", "islands": 0})
    with pytest.raises(UserError, match="migrate_every: expected int >= 1, got 0"):
        make_settings({"task": "none", "migrate_every": 0})
