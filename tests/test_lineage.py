"""Who descends from whom, against parents followed by hand through every generation."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from strategies import difference

from wann import evolution
from wann.api.searches import finish, prepare
from wann.errors import UserError
from wann.evolution import Search
from wann.figures.front import Found
from wann.genome import Genome
from wann.lineage import Individual, ancestors, line
from wann.population import Integers
from wann.records import read_entries, read_line
from wann.runs import Progress, load, read_front
from wann.settings import Settings

POPULATION = 30


class Witness:
    """A search, with everyone who ever lived and the place of everyone's parent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, keep: Callable[[int], list[int]] = lambda _: [], **s: Any):
        self.parents: list[Integers] = []
        self._note(monkeypatch, "reproduce", 1)
        if s.get("crossover"):
            self._note(monkeypatch, "cross", 1)
        chosen = Settings(**{"task": "none", "population": POPULATION, "trials": 1, "tournament": 3, **s})
        self.search = Search(4, 2, chosen)
        self.alive = [list(self.search.ask())]
        self.births = [self.search.lineage.births.tolist()]
        for generation in range(25):
            hidden = np.array([len(genome.hidden) for genome in self.alive[-1]], dtype=float)
            noise = np.random.default_rng(generation).random((POPULATION, len(chosen.weights), 1))
            before = len(self.parents)
            self.search.tell(hidden[:, None, None] + noise, keep=keep(generation))
            del self.parents[before + 1 :]  # with crossover, the kernel of mutation only sees who was crossed
            self.alive.append(list(self.search.ask()))
            self.births.append(self.search.lineage.births.tolist())

    def _note(self, monkeypatch: pytest.MonkeyPatch, kernel: str, argument: int) -> None:
        original = getattr(evolution, kernel)

        def noted(*arguments: Any) -> Any:
            self.parents.append(arguments[argument].copy())
            return original(*arguments)

        monkeypatch.setattr(evolution, kernel, noted)

    def line(self, place: int) -> list[tuple[int, Genome]]:
        """Generation and genome of each ancestor of one who lives now, copies left out."""
        found = []
        for generation in range(len(self.parents), -1, -1):
            found.append((generation, self.alive[generation][place]))
            if generation:
                place = int(self.parents[generation - 1][place])
        found.reverse()
        return [found[0], *(now for before, now in pairwise(found) if now[1] != before[1])]


def recalled(search: Search, birth: int, genome: Genome) -> list[tuple[int, Genome]]:
    found = line({one.birth: one for one in search.lineage.of([birth])}, birth)
    genomes = ancestors(genome, found, range(len(found)))
    return [(one.generation, genome) for one, genome in zip(found, genomes, strict=True)]


@pytest.mark.parametrize(
    "changes", [{}, {"add_node": 1.0, "change_activation": 0.0}, {"species_distance": 0.4}, {"crossover": 0.6}]
)
def test_everyones_ancestors_are_those_that_were_there(
    changes: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = Witness(monkeypatch, **changes)
    for place, (birth, genome) in enumerate(zip(witness.births[-1], witness.alive[-1], strict=True)):
        found = recalled(witness.search, birth, genome)
        assert found == witness.line(place)
        assert not found[0][1].hidden
        assert found[-1][1] == genome
        if "crossover" not in changes:
            assert None not in [difference(one, other) for (_, one), (_, other) in pairwise(found)]
    assert len(found) > 5


def test_a_birth_names_one_genome_for_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    witness = Witness(monkeypatch)
    names: dict[int, Genome] = {}
    for births, alive in zip(witness.births, witness.alive, strict=True):
        for birth, genome in zip(births, alive, strict=True):
            assert names.setdefault(birth, genome) == genome


def test_lines_that_died_out_are_forgotten_unless_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [3, 7]
    for keep, extra in ((lambda _: [], []), (lambda _: kept, kept)):
        search = Witness(monkeypatch, keep).search
        living = {one.birth for one in search.lineage.of(search.lineage.births.tolist())}
        remembered = set(search.state["lineage_births"].tolist())
        assert remembered == living | set(extra)
        assert len(remembered) < 4 * POPULATION
    with pytest.raises(ValueError, match="are births that are remembered"):
        search.lineage.of([10**6])


def test_a_restored_lineage_goes_on_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Witness(monkeypatch).search
    other = Search(4, 2, search.settings)
    other.restore(search.state)
    for one in (search, other):
        one.tell(np.zeros((POPULATION, len(search.settings.weights), 1)))
    assert {name: part.tobytes() for name, part in search.lineage.state.items()} == {
        name: part.tobytes() for name, part in other.lineage.state.items()
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[tuple[int, float]]]]:
    """A run, and the front of its archive after each generation."""
    folder, fronts = tmp_path_factory.mktemp("lineage") / "run", []
    run = prepare("swingup", out=folder, population=40, generations=30, trials=1, verify_trials=4)

    def watch(_: Progress) -> None:
        fronts.append([(len(c.genome.enabled), c.scores.mean) for c in run.front if c.scores])

    finish(run, workers=1, watch=watch)
    return folder, fronts


def test_a_run_keeps_the_ancestors_of_all_its_networks(seen: tuple[Path, Any]) -> None:
    folder, _ = seen
    front = read_front(folder)
    assert load(folder) in front
    for network in front:
        descent = read_line(folder, network)
        genomes = ancestors(network.genome, descent, range(len(descent)))
        assert genomes[-1] == network.genome
        assert not genomes[0].hidden
        assert None not in [difference(one, other) for one, other in pairwise(genomes)]
        times = [one.generation for one in descent]
        assert times == sorted(set(times))
        assert times[0] == 0
        assert times[-1] <= network.provenance["generation"]
    assert len(descent) > 3
    known = {one["birth"] for one in json.loads((folder / "lineage.json").read_text())}
    assert known == {one.birth for network in front for one in read_line(folder, network)}


def test_the_front_of_every_generation_follows_from_who_entered(seen: tuple[Path, Any]) -> None:
    folder, fronts = seen
    generations, connections, means = read_entries(folder).values()
    found = Found(generations.astype(int), connections.astype(int), means)
    assert len(generations) > len(fronts[-1]) > 2
    for generation, front in enumerate(fronts, 1):
        sizes, returns = found.front(generation)
        assert list(zip(sizes.tolist(), returns.tolist(), strict=True)) == front


def test_some_ancestors_are_given_alone(seen: tuple[Path, Any]) -> None:
    champion = load(seen[0])
    descent = read_line(seen[0], champion)
    whole = ancestors(champion.genome, descent, range(len(descent)))
    assert ancestors(champion.genome, descent, [0, 2]) == [whole[0], whole[2]]


FOUNDER, CHILD = Individual(birth=1, parent=None, generation=0), Individual(birth=9, parent=1, generation=1)


@pytest.mark.parametrize(
    ("individuals", "message"),
    [
        ([CHILD], "the individual 1 is not there"),
        ([FOUNDER], "the individual 9 is not there"),
        ([msgspec.structs.replace(CHILD, parent=9)], "the individual 9 is not there, or was born after its child"),
    ],
)
def test_a_lineage_with_gaps_or_circles_is_refused(individuals: list[Individual], message: str) -> None:
    with pytest.raises(UserError, match=message):
        line({one.birth: one for one in individuals}, 9)


def test_a_lineage_that_does_not_lead_to_the_network_is_refused(seen: tuple[Path, Any]) -> None:
    with pytest.raises(UserError, match="nodes must be one bias"):
        ancestors(load(seen[0]).genome, [FOUNDER, CHILD], [0])
