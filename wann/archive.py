"""The archive: the best networks seen, by what they do on fresh trials that selection never saw."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wann.evaluation.work import Play
from wann.evolution import Scores
from wann.genome import Genome
from wann.population import Arrays, Floats, Genes, Integers, Population

SCREENING = 16
"""Trials a weight, or a quarter of all where that is less, after which a candidate that cannot enter is dropped."""
CANDIDATES = 4
"""Networks of a generation that are looked at, the best on its own trials."""
MOST_CHAMPIONS = 200
"""Champions that are remembered."""


@dataclass(frozen=True, eq=False)
class Kept:
    """An individual that a run remembers."""

    individual: Population
    """Alone, and packed: its genome as objects takes ten times the room."""
    generation: int
    """The generation in which it entered the archive, or became the champion."""
    birth: int
    """Its name in the run's lineage."""

    @property
    def genome(self) -> Genome:
        """Its genotype."""
        return self.individual[0]

    @cached_property
    def connections(self) -> int:
        """Enabled connections."""
        return int(self.individual.connections[0])


@dataclass(frozen=True, eq=False)
class Verified(Kept):
    """A member of the archive, and its returns on the verification trials."""

    returns: Floats
    """(weights, trials)"""
    screening: int
    """How many of the trials are the screening."""

    @cached_property
    def screened(self) -> float:
        """The mean return over the first trials of each weight."""
        return float(self.returns[:, : self.screening].mean())

    @cached_property
    def means(self) -> Floats:
        """The mean return with each weight."""
        return np.asarray(self.returns.mean(axis=1))

    @cached_property
    def mean(self) -> float:
        """The mean return over weights and trials."""
        return float(self.means.mean())


@dataclass(frozen=True, eq=False)
class Crowned(Kept):
    """A network that became the champion: what is remembered of it when it is one no more."""

    means: Floats
    """The mean return with each weight on the verification trials; (weights,)."""

    @cached_property
    def mean(self) -> float:
        """The mean return over weights and trials."""
        return float(self.means.mean())


class Entry(NamedTuple):
    """What is remembered of everyone who entered the archive."""

    generation: int
    """In which it entered, counted from 0."""
    connections: int
    mean: float


Verify = Callable[[Population, slice], Play[Floats]]
"""Plays a population on a part of the verification trials, for its returns; (population, weights, trials)."""


class Findings(NamedTuple):
    """What examining a generation found."""

    verified: list[Verified]
    seen: set[bytes]
    """Fingerprints of all networks that were ever looked at."""


class Archive:
    """The Pareto front of (verified mean, connections) over a whole run.

    Every candidate meets the same trials, so that two of them are compared on equal starts; these trials are never
    used to select parents.

    Attributes:
        front: The members, smallest first.
        champions: The champions that the run had, first to last. When they get more than ``MOST_CHAMPIONS``, every
            other one is forgotten.
        entries: All members that it had, first to last: the front of any generation follows from them.
    """

    def __init__(self, trials: int) -> None:
        self.front: list[Verified] = []
        self.champions: list[Crowned] = []
        self.entries: list[Entry] = []
        self._trials = trials
        self._screening = min(SCREENING, -(-trials // 4))
        self._seen: set[bytes] = set()

    @property
    def champion(self) -> Verified | None:
        """The member with the highest verified mean."""
        return max(self.front, key=lambda member: member.mean, default=None)

    @property
    def births(self) -> list[int]:
        """Who the members are."""
        return [member.birth for member in self.front]

    def examine(
        self, population: Population, births: Integers, scores: Scores, generation: int, verify: Verify
    ) -> Play[Findings]:
        """Verify those of a generation that look good enough to enter; changes nothing yet.

        A candidate is first screened on few trials, which the members have played too, then verified on all of them.
        """
        seen = set(self._seen)
        chosen = self._candidates(population, scores, seen)
        candidates = [population.take(np.array([place])) for place in chosen]
        screened = yield from self._verify(candidates, slice(0, self._screening), verify)
        first = [
            Verified(candidate, generation, int(births[place]), returns, self._screening)
            for place, candidate, returns in zip(chosen, candidates, screened, strict=True)
        ]
        survivors = [new for new in first if not self._beaten(new.screened, new.connections, lambda m: m.screened)]
        if self._trials > self._screening:
            rest = yield from self._verify(
                [new.individual for new in survivors], slice(self._screening, self._trials), verify
            )
            survivors = [
                replace(new, returns=np.hstack([new.returns, returns]))
                for new, returns in zip(survivors, rest, strict=True)
            ]
        return Findings(survivors, seen)

    def update(self, findings: Findings) -> None:
        """Let in those that were verified and belong to the front."""
        for new in findings.verified:
            if not self._beaten(new.mean, new.connections, lambda member: member.mean):
                kept = [m for m in self.front if m.connections < new.connections or m.mean > new.mean]
                self.front = sorted([*kept, new], key=lambda member: member.connections)
                self.entries.append(Entry(new.generation, new.connections, new.mean))
        self._seen = findings.seen
        best = self.champion
        if best is not None and (not self.champions or best.birth != self.champions[-1].birth):
            self.champions.append(Crowned(best.individual, best.generation, best.birth, best.means))
        if len(self.champions) > MOST_CHAMPIONS:
            self.champions = [*self.champions[:-1:2], self.champions[-1]]

    def _candidates(self, population: Population, scores: Scores, seen: set[bytes]) -> list[int]:
        """The places of the new genomes of the generation's front that would enter if their trials told the truth."""
        front = sorted(scores.front.tolist(), key=lambda i: (-scores.mean[i], scores.connections[i], i))
        chosen: list[int] = []
        for i in front:
            if len(chosen) == CANDIDATES:
                break
            if self._beaten(scores.mean[i], int(scores.connections[i]), lambda member: member.mean):
                continue
            name = _fingerprint(population, i)
            if name not in seen:
                seen.add(name)
                chosen.append(i)
        return chosen

    def _verify(self, candidates: Sequence[Population], trials: slice, verify: Verify) -> Play[list[Floats]]:
        """The returns of each candidate on those trials; (weights, trials)."""
        if not candidates:
            return []
        return list((yield from verify(Population.join(candidates), trials)))

    def _beaten(self, mean: float, connections: int, score: Callable[[Verified], float]) -> bool:
        return any(member.connections <= connections and score(member) >= mean for member in self.front)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays: members and champions, their returns, entries, fingerprints of all seen."""
        return {
            **_arrays("archive_", self.front),
            "archive_returns": np.array([member.returns for member in self.front], dtype=np.float64),
            **_arrays("champions_", self.champions),
            "champions_means": np.array([champion.means for champion in self.champions], dtype=np.float64),
            "archive_entries": np.array(self.entries, dtype=np.float64).reshape(-1, len(Entry._fields)),
            "archive_seen": np.frombuffer(b"".join(sorted(self._seen)), dtype=np.uint64),
        }

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``, whose genes have been checked.

        Raises:
            ValueError: It is not an archive's with as many trials.
        """
        members, champions = _kept("archive_", state), _kept("champions_", state)
        returns, means = state["archive_returns"], state["champions_means"]
        if members and (returns.dtype != np.float64 or returns.ndim != 3 or returns.shape[2] != self._trials):
            raise ValueError(f"archive_returns: expected numbers, (members, weights, {self._trials})")
        if champions and (means.dtype != np.float64 or means.ndim != 2):
            raise ValueError("champions_means: expected numbers, (champions, weights)")
        entries, seen = state["archive_entries"], state["archive_seen"]
        if entries.dtype != np.float64 or entries.ndim != 2 or entries.shape[1] != len(Entry._fields):
            raise ValueError("archive_entries: expected numbers, (entries, 3)")
        if seen.dtype != np.uint64:
            raise ValueError(f"archive_seen: expected uint64, got {seen.dtype}")
        self.front = [Verified(*member, rows, self._screening) for member, rows in zip(members, returns, strict=True)]
        self.champions = [Crowned(*champion, row) for champion, row in zip(champions, means, strict=True)]
        self.entries = [Entry(int(generation), int(size), mean) for generation, size, mean in entries.tolist()]
        self._seen = {word.tobytes() for word in seen}


def _arrays(prefix: str, kept: Sequence[Kept]) -> dict[str, NDArray[Any]]:
    """Individuals as arrays; without genes where there is nobody."""
    names = np.array([(one.generation, one.birth) for one in kept], dtype=np.int64).reshape(-1, 2)
    if not kept:
        return {f"{prefix}names": names, f"{prefix}shape": np.zeros(2, dtype=np.int64)}
    together = Population.join([one.individual for one in kept])
    shape = np.array([together.n_inputs, together.n_outputs], dtype=np.int64)
    genes = {prefix + name: column for name, column in together.genes._asdict().items()}
    return {f"{prefix}names": names, f"{prefix}shape": shape, **genes}


def _kept(prefix: str, state: Arrays) -> list[tuple[Population, int, int]]:
    """The individuals, their generations and births, from their arrays."""
    names, shape = state[f"{prefix}names"], state[f"{prefix}shape"]
    if any(part.dtype != np.int64 for part in (names, shape)) or names.shape[1:] != (2,) or shape.shape != (2,):
        raise ValueError(f"{prefix}names: expected generation and birth of each individual")
    if not len(names):
        return []
    n_inputs, n_outputs = shape.tolist()
    together = Population(n_inputs, n_outputs, Genes(*(state[prefix + name] for name in Genes._fields)))
    if len(together) != len(names):
        raise ValueError(f"{prefix}names: {len(names)} names for {len(together)} individuals")
    return [(together.take(np.array([i])), *pair) for i, pair in enumerate(names.tolist())]


def _fingerprint(population: Population, i: int) -> bytes:
    """Eight bytes that tell what genome ``i`` expresses: two genomes with the same ones compute the same."""
    genes = population.genes
    nodes = slice(genes.first_node[i], genes.first_node[i + 1])
    connections = slice(genes.first_connection[i], genes.first_connection[i + 1])
    ids, enabled = genes.node_ids[nodes], genes.enabled[connections]
    order = np.argsort(ids)
    ends = (ids[part[connections][enabled]] for part in (genes.sources, genes.targets))
    parts = (np.array([ids.size]), ids[order], genes.activations[nodes][order], *ends)
    return hashlib.blake2b(b"".join(part.tobytes() for part in parts), digest_size=8).digest()
