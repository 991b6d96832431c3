"""The archive: the best networks seen, by what they do on fresh trials that selection never saw."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from wann.evaluation.work import Play
from wann.evolution import Scores
from wann.genome import Genome
from wann.population import Arrays, Floats, Integers, Population

SCREENING = 16
"""Trials a weight, or a quarter of all where that is less, after which a candidate that cannot enter is dropped."""
CANDIDATES = 4
"""Networks of a generation that are looked at, the best on its own trials."""


@dataclass(frozen=True, eq=False)
class Verified:
    """A member of the archive, and its returns on the verification trials."""

    genome: Genome
    generation: int
    """The generation in which it entered."""
    birth: int
    """Its name in the run's lineage."""
    returns: Floats
    """(weights, trials)"""

    @cached_property
    def connections(self) -> int:
        """Enabled connections."""
        return len(self.genome.enabled)

    @cached_property
    def means(self) -> Floats:
        """The mean return with each weight."""
        return np.asarray(self.returns.mean(axis=1))

    @cached_property
    def mean(self) -> float:
        """The mean return over weights and trials."""
        return float(self.means.mean())


@dataclass(frozen=True, eq=False)
class Crowned:
    """A network that became the champion: what is remembered of it when it is one no more."""

    genome: Genome
    generation: int
    """The generation in which it became the champion."""
    birth: int
    """Its name in the run's lineage."""
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
        champions: All champions that the run had, first to last.
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
        screened = yield from self._verify(list(chosen.values()), slice(0, self._screening), verify)
        first = [
            Verified(genome, generation, int(births[place]), returns)
            for (place, genome), returns in zip(chosen.items(), screened, strict=True)
        ]
        survivors = [new for new in first if not self._beaten(self._screened(new), new.connections, self._screened)]
        if self._trials > self._screening:
            rest = yield from self._verify(
                [new.genome for new in survivors], slice(self._screening, self._trials), verify
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
        if best is not None and (not self.champions or best.genome != self.champions[-1].genome):
            self.champions.append(Crowned(best.genome, best.generation, best.birth, best.means))

    def _candidates(self, population: Population, scores: Scores, seen: set[bytes]) -> dict[int, Genome]:
        """The new genomes of the generation's front, by place, that would enter if their own trials told the truth."""
        front = sorted(scores.front.tolist(), key=lambda i: (-scores.mean[i], scores.connections[i], i))
        chosen: dict[int, Genome] = {}
        for i in front:
            if len(chosen) == CANDIDATES:
                break
            if self._beaten(scores.mean[i], int(scores.connections[i]), lambda member: member.mean):
                continue
            genome = population[i]
            name = _fingerprint(genome)
            if name not in seen:
                seen.add(name)
                chosen[i] = genome
        return chosen

    def _verify(self, genomes: Sequence[Genome], trials: slice, verify: Verify) -> Play[list[Floats]]:
        """The returns of each genome on those trials; (weights, trials)."""
        if not genomes:
            return []
        return list((yield from verify(Population.pack(genomes), trials)))

    def _screened(self, member: Verified) -> float:
        """The mean return over the first trials of each weight."""
        return float(member.returns[:, : self._screening].mean())

    def _beaten(self, mean: float, connections: int, score: Callable[[Verified], float]) -> bool:
        return any(member.connections <= connections and score(member) >= mean for member in self.front)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays: members and champions as JSON, their returns, entries, fingerprints of all seen."""
        members = [(member.genome, member.generation, member.birth) for member in self.front]
        champions = [(champion.genome, champion.generation, champion.birth) for champion in self.champions]
        return {
            "archive": np.frombuffer(msgspec.json.encode(members), dtype=np.uint8),
            "archive_returns": np.array([member.returns for member in self.front], dtype=np.float64),
            "champions": np.frombuffer(msgspec.json.encode(champions), dtype=np.uint8),
            "champions_means": np.array([champion.means for champion in self.champions], dtype=np.float64),
            "archive_entries": np.array(self.entries, dtype=np.float64).reshape(-1, len(Entry._fields)),
            "archive_seen": np.frombuffer(b"".join(sorted(self._seen)), dtype=np.uint64),
        }

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state``.

        Raises:
            ValueError: It is not an archive's with as many trials.
        """
        members = msgspec.json.decode(state["archive"].tobytes(), type=list[tuple[Genome, int, int]])
        returns, seen = state["archive_returns"], state["archive_seen"]
        if members and (returns.dtype != np.float64 or returns.ndim != 3 or returns.shape[2] != self._trials):
            raise ValueError(f"archive_returns: expected numbers, (members, weights, {self._trials})")
        champions = msgspec.json.decode(state["champions"].tobytes(), type=list[tuple[Genome, int, int]])
        means = state["champions_means"]
        if champions and (means.dtype != np.float64 or means.ndim != 2):
            raise ValueError("champions_means: expected numbers, (champions, weights)")
        entries = state["archive_entries"]
        if entries.dtype != np.float64 or entries.ndim != 2 or entries.shape[1] != len(Entry._fields):
            raise ValueError("archive_entries: expected numbers, (entries, 3)")
        if seen.dtype != np.uint64:
            raise ValueError(f"archive_seen: expected uint64, got {seen.dtype}")
        self.front = [Verified(*member, rows) for member, rows in zip(members, returns, strict=True)]
        self.champions = [Crowned(*champion, row) for champion, row in zip(champions, means, strict=True)]
        self.entries = [Entry(int(generation), int(size), mean) for generation, size, mean in entries.tolist()]
        self._seen = {word.tobytes() for word in seen}


def _fingerprint(genome: Genome) -> bytes:
    """Eight bytes that tell what a genome expresses: two genomes with the same ones compute the same."""
    nodes = sorted((node.id, node.activation) for node in genome.nodes)
    edges = [(gene.source, gene.target) for gene in genome.enabled]
    return hashlib.blake2b(repr((nodes, edges)).encode(), digest_size=8).digest()
