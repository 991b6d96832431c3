"""What evolved: the fronts of finished runs and single network files, scored like the pruned networks."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wann.api.tasks import check_fits
from wann.champion import Champion
from wann.compare.costs import Costs, costs
from wann.compare.problem import Problem
from wann.compare.regimes import Regimes, regimes
from wann.errors import UserError
from wann.files import read_bytes
from wann.runs import HISTORY, load, read_front


class Evolved(msgspec.Struct, frozen=True):
    """An evolved network on the axes of the comparison."""

    run: str
    """The run folder or network file."""
    costs: Costs
    regimes: Regimes
    price: int | None
    """Environment steps of the whole run, verification included; None where a file does not tell."""

    @property
    def score(self) -> float:
        """With its own weights where it has some, else with the best shared weight."""
        return self.regimes.best if self.regimes.tuned is None else self.regimes.tuned


def read_networks(paths: Sequence[Path | str], problem: Problem) -> list[tuple[str, Champion]]:
    """The archives of run folders, and network files, in the given order; networks without a connection are left out.

    Raises:
        UserError: One cannot be read, or is not for this task.
    """
    found = []
    for path in map(Path, paths):
        for champion in read_front(path) if path.is_dir() else [load(path)]:
            _check(path, champion, problem)
            if costs(champion).connections:
                found.append((str(path), champion))
    return found


def _check(path: Path, champion: Champion, problem: Problem) -> None:
    if champion.task is not None and champion.task != problem.task.name:
        raise UserError(f"{path} is for the task {champion.task!r}, not for {problem.task.name!r}")
    check_fits(champion, path, problem.task.name, (len(problem.task.inputs), len(problem.task.outputs)))


def measure(networks: Sequence[tuple[str, Champion]], problem: Problem) -> list[Evolved]:
    """Score each network, and count what it costs."""
    return [
        Evolved(run, costs(champion), regimes(problem, champion, 0), _price(Path(run))) for run, champion in networks
    ]


def _price(path: Path) -> int | None:
    """The steps in the last row of a run's history."""
    if not (path / HISTORY).is_file():
        return None
    rows = list(csv.DictReader(read_bytes(path / HISTORY, "history").decode().splitlines()))
    try:
        return int(rows[-1]["steps"])
    except (IndexError, KeyError, ValueError):
        raise UserError(f"{path / HISTORY} is not the history of a run: expected a column 'steps'") from None
