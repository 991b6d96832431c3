"""Islands on Ray: each evolves on a node by itself from one meeting to the next, without traffic in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from wann.archive import Findings
from wann.evaluation.jobs import Jobs, jobs
from wann.evaluation.threads import ThreadEvaluator
from wann.evolution import Scores, Search
from wann.islands import apart, together
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
        self._search = Search(len(task.inputs), len(task.outputs), settings, island)
        self._outcomes: list[Outcome] = []

    def travel(self, evaluator: ThreadEvaluator, state: Arrays, last: int) -> Voyage:
        """Go from a state up to a generation."""
        self._search.restore(state)
        self._archive.restore(state)
        self.generation = self._search.generation
        while self.generation < last:
            self._play(evaluator, last)
        return Voyage(self._outcomes, {**self._search.state, **self._archive.state})

    def _conclude(self, outcome: Outcome) -> None:
        self.generation += 1
        self._outcomes.append(outcome._replace(findings=Findings(outcome.findings.verified, set())))


class Fleet:
    """Ray workers for the islands of a run.

    A voyage is a call that depends on its arguments alone: Ray repeats it on another node where one dies.
    """

    def __init__(self, task: Task, settings: Settings, cluster: Jobs) -> None:
        self._settings = settings
        self._cluster = cluster
        self._cores = 1 if task.python else cluster.share(settings.islands)
        self._task = cluster.put(task)

    def evolve(self, state: Arrays, generation: int, last: int) -> list[Outcome]:
        """Let the islands go from their state at a generation up to the next meeting, or to the last generation."""
        s, start = self._settings, time.perf_counter()
        meeting = min(last, (generation // s.migrate_every + 1) * s.migrate_every)
        calls = [
            (self._task, s, island, part, meeting, self._cores) for island, part in enumerate(apart(state, s.islands))
        ]
        voyages: dict[int, Voyage] = dict(self._cluster.each(_travel, calls, self._cores))
        ordered = [voyages[island] for island in range(s.islands)]
        generations = list(zip(*(voyage.outcomes for voyage in ordered), strict=True))
        each = (time.perf_counter() - start) / len(generations)
        joined = [_join(outcomes, each) for outcomes in generations]
        arrival = {"generation": ordered[0].state["generation"], **together([voyage.state for voyage in ordered])}
        return [*joined[:-1], joined[-1]._replace(arrival=arrival)]


def _travel(task: Task, settings: Settings, island: int, state: Arrays, last: int, cores: int) -> Voyage:
    """A voyage on a worker of Ray."""
    evaluator = ThreadEvaluator(task, cores)
    try:
        return Island(task, settings, island).travel(evaluator, state, last)
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
