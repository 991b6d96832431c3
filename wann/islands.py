"""Islands: populations that evolve by themselves and exchange their best now and then.

The island model, with migration along a ring or a random graph (Whitley, Rana & Heckendorn 1999). Which migrants come
does not depend on where or in what order the islands evolve.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.archive import Archive, Crowned, Entry, Findings, Verified, Verify
from wann.evaluation.work import Play
from wann.evolution import Scores, Search
from wann.lineage import Individual
from wann.population import Arrays, Floats, Integers, Population
from wann.seeds import Purpose, generator
from wann.settings import Settings

MIGRANTS = 0.05
"""Part of a population that migrates, rounded up; never more than its elites."""


def senders(settings: Settings, generation: int) -> list[int]:
    """The island from which migrants come to each: the one before it on the ring, or any other one."""
    count = settings.islands
    shifts = np.ones(count, dtype=np.int64)
    if settings.migration == "random":
        shifts = generator(settings.seed, Purpose.MIGRATION, generation).integers(1, count, count)
    return [int(number) for number in (np.arange(count) - shifts) % count]


def welcome(island: Search, sender: Search) -> None:
    """Let the best of another island come, in place of the last children.

    Breeding puts elites first, the best before the others, and has left out the worst already: children that nobody
    has evaluated yet make room. So those who go on to a third island do not depend on who has come first.
    """
    count = min(sender.settings.elites, ceil(MIGRANTS * sender.settings.population))
    island.receive(sender.ask().take(np.arange(count)), sender)


class Archipelago:
    """Several searches side by side, asked and told as one: all individuals of an island, then those of the next.

    All islands play the same trials in a generation; all other chance is an island's own.

    Attributes:
        settings: What it was made with.
        islands: The searches.
        generation: How many generations have been told.
        lineage: Who is in the present generation, and their ancestors.
    """

    def __init__(self, n_inputs: int, n_outputs: int, settings: Settings) -> None:
        self.settings = settings
        self.generation = 0
        self.islands = [Search(n_inputs, n_outputs, settings, island) for island in range(settings.islands)]
        self.lineage = Lineages(self.islands)

    def ask(self) -> Population:
        """The individuals of the present generation; the same until ``tell``."""
        return Population.join([island.ask() for island in self.islands])

    def trials(self) -> Integers:
        """The seeds of the present generation's episodes, the same for every individual; (weights, trials)."""
        return self.islands[0].trials()

    def finalists(self, returns: Floats) -> Integers:
        """Who is worth more trials of the present generation, on each island by itself."""
        parts = zip(self.islands, np.array_split(returns, len(self.islands)), strict=True)
        found = [island.finalists(part) + n * self.settings.population for n, (island, part) in enumerate(parts)]
        return np.concatenate(found)

    def tell(self, returns: Floats, keep: Collection[int] = ()) -> Scores:
        """Rank and breed on each island, then migrate where it is time to.

        Args:
            returns: The return of each episode; (islands * population, weights, trials).
            keep: Births of others whose ancestors shall not be forgotten.

        Raises:
            ValueError: The shape is wrong, or a return is NaN.
        """
        parts = zip(self.islands, np.array_split(returns, len(self.islands)), strict=True)
        scores = [island.tell(part, self.lineage.on(n, keep)) for n, (island, part) in enumerate(parts)]
        self.generation += 1
        self._migrate()
        return Scores.join(scores)

    def copy(self) -> Archipelago:
        """An archipelago that goes on from here by itself."""
        other = copy(self)
        other.islands = [island.copy() for island in self.islands]
        other.lineage = Lineages(other.islands)
        return other

    def _migrate(self) -> None:
        """Where it is time to, the best of each island come to another one."""
        if self.generation % self.settings.migrate_every:
            return
        for island, sender in zip(self.islands, senders(self.settings, self.generation), strict=True):
            welcome(island, self.islands[sender])

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that the rest of the search depends on, as arrays."""
        return {"generation": np.array(self.generation), **together([island.state for island in self.islands])}

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state`` of an archipelago with the same shape and settings.

        Raises:
            ValueError: An island has another number of genomes.
        """
        for island, part in zip(self.islands, apart(state, len(self.islands)), strict=True):
            island.restore(part)
            if len(island.ask()) != self.settings.population:
                raise ValueError(f"{len(island.ask())} genomes on an island, expected {self.settings.population}")
        self.generation = int(state["generation"])

    def arrive(self, state: Arrays) -> None:
        """Take the state in which the islands are at the end of a generation, and migrate where it is time to."""
        self.restore(state)
        self._migrate()


class Lineages:
    """The lineages of several islands, seen as one."""

    def __init__(self, islands: list[Search]) -> None:
        self._islands = islands

    @property
    def births(self) -> Integers:
        """Who is in the present population; (islands * population,)."""
        return np.concatenate([island.lineage.births for island in self._islands])

    def on(self, island: int, births: Collection[int]) -> list[int]:
        """Those who were born, or received, on an island."""
        population = self._islands[island].settings.population
        return [birth for birth in births if birth // population % len(self._islands) == island]

    def of(self, births: Collection[int]) -> list[Individual]:
        """These individuals and all their ancestors on their islands, by birth."""
        found = [one for n, island in enumerate(self._islands) for one in island.lineage.of(self.on(n, births))]
        return sorted(found, key=lambda individual: individual.birth)

    def forget(self, keep: Collection[int]) -> None:
        """Forget everyone but the present population, those to keep, and the ancestors of both."""
        for n, island in enumerate(self._islands):
            island.lineage.forget(self.on(n, keep))


class Archives:
    """The archives of several islands, seen as one.

    Attributes:
        islands: The archives; each looks at its own island's networks alone.
    """

    def __init__(self, trials: int, islands: int) -> None:
        self.islands = [Archive(trials) for _ in range(islands)]
        self._trials = trials

    @property
    def front(self) -> list[Verified]:
        """The members, smallest first; of equals the earlier."""
        whole = Archive(self._trials)
        for member in sorted((m for archive in self.islands for m in archive.front), key=lambda m: m.generation):
            whole.update(Findings([member], set()))
        return whole.front

    @property
    def champion(self) -> Verified | None:
        """The member with the highest verified mean."""
        best = [archive.champion for archive in self.islands]
        return min(filter(None, best), key=lambda one: (-one.mean, one.connections, one.generation), default=None)

    @property
    def champions(self) -> list[Crowned]:
        """All champions that the islands had together, first to last."""
        return _succession(champion for archive in self.islands for champion in archive.champions)

    @property
    def births(self) -> list[int]:
        """Who the members of all archives are."""
        return [birth for archive in self.islands for birth in archive.births]

    @property
    def entries(self) -> list[Entry]:
        """All members that the archives had, first to last."""
        return sorted((entry for archive in self.islands for entry in archive.entries), key=lambda e: e.generation)

    def examine(
        self, population: Population, births: Integers, scores: Scores, generation: int, verify: Verify
    ) -> Play[list[Findings]]:
        """Verify those of a generation that look good enough to enter their island's archive; changes nothing yet."""
        found = []
        parts = np.array_split(np.arange(len(population)), len(self.islands))
        for archive, part in zip(self.islands, parts, strict=True):
            own = population.take(part), births[part], scores.take(part)
            found.append((yield from archive.examine(*own, generation, verify)))
        return found

    def update(self, findings: list[Findings]) -> None:
        """Let in those that were verified and belong to the front of their island."""
        for archive, found in zip(self.islands, findings, strict=True):
            archive.update(found)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        return together([archive.state for archive in self.islands])

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``.

        Raises:
            ValueError: It is not that of archives with as many trials.
        """
        for archive, part in zip(self.islands, apart(state, len(self.islands)), strict=True):
            archive.restore(part)


def _succession(champions: Iterable[Crowned]) -> list[Crowned]:
    """Those that were better than all before, or as good and smaller; at most one a generation."""

    def merit(champion: Crowned) -> tuple[float, int]:
        return champion.mean, -champion.connections

    best: list[Crowned] = []
    for champion in sorted(champions, key=lambda c: (c.generation, *(-number for number in merit(c)))):
        if not best or merit(champion) > merit(best[-1]):
            best.append(champion)
    return best


def together(states: list[Arrays]) -> dict[str, NDArray[Any]]:
    """The states of all islands as one; what they have in common, the generation, is left out."""
    return {
        f"island_{island}_{name}": array
        for island, state in enumerate(states)
        for name, array in state.items()
        if name != "generation"
    }


def apart(state: Arrays, islands: int) -> list[Arrays]:
    """The state of each island; the whole state where there is only one."""
    if islands == 1:
        return [state]
    generation = {"generation": state["generation"]}
    parts: list[Arrays] = []
    for island in range(islands):
        prefix = f"island_{island}_"
        own = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
        parts.append({**own, **generation})
    return parts
