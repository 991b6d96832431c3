"""Islands on Ray: each evolves on a node by itself from one meeting to the next, without traffic in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from wann.archive import Findings
from wann.evaluation.jobs import Jobs, jobs
from wann.evaluation.threads import ThreadEvaluator
from wann.evolution import Scores, Search
from wann.islands import apart, senders, together, welcome
from wann.population import Arrays
from wann.runs import Outcome, Run
from wann.settings import Settings
from wann.task import Task


class Voyage(NamedTuple):
    """What an island did by itself."""

    outcomes: list[Outcome]
    """Of each generation, without what the end state says."""
    state: Arrays


class Island(Run):
    """One of several islands, as a run that has no folder."""

    def __init__(self, task: Task, settings: Settings, island: int) -> None:
        super().__init__(Path(), task, msgspec.structs.replace(settings, islands=1))
        self._search = self._island = Search(len(task.inputs), len(task.outputs), settings, island)
        self._outcomes: list[Outcome] = []

    def travel(self, evaluator: ThreadEvaluator, state: Arrays, sender: Arrays | None, last: int) -> Voyage:
        """Go from a state up to a generation; the best of another island come first, where there is one."""
        self._island.restore(state)
        self._archive.restore(state)
        self.generation = self._island.generation
        if sender is not None:
            other = self._island.copy()
            other.restore(sender)
            welcome(self._island, other)
        while self.generation < last:
            self._play(evaluator, last)
        return Voyage(self._outcomes, {**self._island.state, **self._archive.state})

    def _conclude(self, outcome: Outcome) -> None:
        self.generation += 1
        self._outcomes.append(outcome._replace(findings=Findings(outcome.findings.verified, set())))


class Fleet:
    """Ray workers for the islands of a run.

    A voyage is a call that depends on its arguments alone: Ray repeats it on another node where one dies. An island
    leaves for the next meeting as soon as it is back and the one is, too, whose best come to it: the others may take
    longer, and what they all have found is looked at while they are on their way again.
    """

    def __init__(self, task: Task, settings: Settings, cluster: Jobs) -> None:
        self._settings = settings
        self._cluster = cluster
        self._cores = 1 if task.python else cluster.share(settings.islands)
        self._task = cluster.put(task)
        self._travel = cluster.starter(_travel, self._cores)
        self._under_way: tuple[int, list[Any]] = 0, []
        """The generation that they have left, and the calls."""

    def evolve(self, state: Arrays, generation: int, last: int) -> list[Outcome]:
        """Let the islands go from their state at a generation up to the next meeting, or to the last generation."""
        start, meeting = time.perf_counter(), self._meeting(generation, last)
        (left, calls), self._under_way = self._under_way, (0, [])
        if not calls or left != generation:
            parts = apart(state, self._settings.islands)
            calls = [self._leave(island, part, None, meeting) for island, part in enumerate(parts)]
        ordered = self._arrivals(calls, meeting, last)
        generations = list(zip(*(voyage.outcomes for voyage in ordered), strict=True))
        each = (time.perf_counter() - start) / len(generations)
        joined = [_join(outcomes, each) for outcomes in generations]
        arrival = {"generation": ordered[0].state["generation"], **together([voyage.state for voyage in ordered])}
        return [*joined[:-1], joined[-1]._replace(arrival=arrival)]

    def _arrivals(self, calls: list[Any], meeting: int, last: int) -> list[Voyage]:
        """Where all islands are at a meeting; those that have met leave for the next one, if there is one."""
        voyages: dict[int, Voyage] = {}
        leaving: dict[int, Any] = {}
        islands, following = range(len(calls)), self._meeting(meeting, last)
        sending = senders(self._settings, meeting)
        try:
            for island, voyage in self._cluster.ended(calls):
                voyages[island] = voyage
                for one in islands if meeting < last else ():
                    if one not in leaving and one in voyages and (other := sending[one]) in voyages:
                        leaving[one] = self._leave(one, voyages[one].state, voyages[other].state, following)
        except BaseException:
            self._cluster.cancel(list(leaving.values()))
            raise
        self._under_way = meeting, [leaving[island] for island in islands if leaving]
        return [voyages[island] for island in islands]

    def _leave(self, island: int, state: Arrays, sender: Arrays | None, meeting: int) -> Any:
        return self._travel(self._task, self._settings, island, state, sender, meeting, self._cores)

    def _meeting(self, generation: int, last: int) -> int:
        """The generation of the next meeting, or the last one."""
        every = self._settings.migrate_every
        return min(last, (generation // every + 1) * every)


def _travel(
    task: Task, settings: Settings, island: int, state: Arrays, sender: Arrays | None, last: int, cores: int
) -> Voyage:
    """A voyage on a worker of Ray."""
    evaluator = ThreadEvaluator(task, cores)
    try:
        return Island(task, settings, island).travel(evaluator, state, sender, last)
    finally:
        evaluator.close()


def _join(outcomes: tuple[Outcome, ...], seconds: float) -> Outcome:
    """What several islands did in a generation, which took so many seconds."""
    return outcomes[0]._replace(
        scores=Scores.join([outcome.scores for outcome in outcomes]),
        findings=[outcome.findings for outcome in outcomes],
        steps=sum(outcome.steps for outcome in outcomes),
        seconds=seconds,
        evolving=max(outcome.evolving for outcome in outcomes),
    )


@contextmanager
def fleet(task: Task, settings: Settings, workers: int | None, address: str) -> Iterator[Fleet]:
    """A fleet on the cluster at ``address``, dissolved at the end."""
    with jobs(address, workers) as cluster:
        yield Fleet(task, settings, cluster)
