"""Many runs as one: a grid of settings and seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from wann.api import searches
from wann.api.pictures import REPORT
from wann.api.tasks import check_workers, chosen_task
from wann.errors import UserError
from wann.files import write_atomically
from wann.follow import read_state
from wann.grid import CURVES, MANIFEST, SHEET, TABLE, Cell, Grid, SweepProgress, claim, make_grid
from wann.interruption import Interruption
from wann.runs import CONFIG, Progress, Run, Watch, create_run
from wann.settings import Settings
from wann.summary import Summary, summarise
from wann.task import Task

SweepWatch = Callable[[SweepProgress], None]


def sweep(
    task: str | Task,
    *,
    seeds: Sequence[int],
    set: Mapping[str, Sequence[Any]] | None = None,
    config: Path | str | None = None,
    preset: str = "default",
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    watch: SweepWatch | None = None,
) -> Summary:
    """Search with every combination of some settings and seeds; a sweep that was interrupted goes on when repeated.

    Each run is what ``search`` would give, in ``OUT/NAME=VALUE,.../seed-N``. More seeds or generations may be asked
    for later: what is done already is kept.

    Args:
        task: A task, or the name of an installed one.
        seeds: Of the runs.
        set: A list of values for each setting that is not to have its default.
        config: As for ``search``.
        preset: As for ``search``.
        out: The folder; ``runs/sweep-TASK`` unless given.
        workers: Cores of each run. Unless given all, one run after the other; on Ray an equal share of the cluster,
            and one for tasks that step Python environments.
        ray: "local" or a cluster's address to have the runs side by side on Ray; ``out`` must lie on a file system
            that all nodes share.
        watch: Called as the sweep goes on.

    Returns:
        The summary; ``summary.md``, ``summary.csv`` and ``curves.svg`` in the folder show it, too.

    Raises:
        UserError: A name, a value, a file or the folder is wrong.
        KeyboardInterrupt: The sweep was interrupted; its runs are saved.
    """
    check_workers(workers)
    chosen = chosen_task(task)

    def make(given: dict[str, Any]) -> Settings:
        return searches.chosen_settings(chosen, config, preset, given)

    folder = searches.RUNS / f"sweep-{searches.short_name(chosen.name)}" if out is None else Path(out)
    grid = make_grid(folder, seeds, set or {}, make)
    claim(grid)
    ledger = _Ledger(grid, watch)
    if ray is None:
        _run_here(grid, chosen, workers, ledger)
    else:
        _run_on_ray(grid, chosen, ray, workers, ledger)
    return _conclude(grid)


@dataclass
class _Ledger:
    """What is done of each run, told to whoever watches."""

    grid: Grid
    watch: SweepWatch | None
    generations: dict[Path, float] = field(default_factory=dict)
    finished: set[Path] = field(default_factory=set)

    def note(self, cell: Cell, progress: Progress) -> None:
        self.generations[cell.folder] = progress.row["generation"]
        self.tell()

    def finish(self, cell: Cell) -> None:
        self.finished.add(cell.folder)
        self.generations[cell.folder] = cell.settings.generations
        self.tell()

    def tell(self) -> None:
        if self.watch is not None:
            total = sum(_work(cell.settings) * cell.settings.generations for cell in self.grid.cells)
            done = sum(_work(cell.settings) * self.generations.get(cell.folder, 0) for cell in self.grid.cells)
            self.watch(SweepProgress(len(self.finished), len(self.grid.cells), done / total))

    def look(self) -> None:
        """Read from the run folders how far the runs are."""
        for cell in self.grid.cells:
            if cell.folder not in self.finished and (cell.folder / CONFIG).exists():
                state = read_state(cell.folder)
                self.generations[cell.folder] = 0 if state is None else state.progress.row["generation"]
        self.tell()


def _work(s: Settings) -> int:
    """Episodes of a generation."""
    return s.islands * s.population * s.trials * len(s.weights)


def _run_here(grid: Grid, task: Task, workers: int | None, ledger: _Ledger) -> None:
    for cell in grid.cells:
        _play(task, cell, workers, partial(ledger.note, cell))
        ledger.finish(cell)


def _run_on_ray(grid: Grid, task: Task, address: str, workers: int | None, ledger: _Ledger) -> None:
    from wann.evaluation.jobs import jobs

    interruption = Interruption()
    with jobs(address) as cluster, interruption.handled(), interruption.allowed():
        cores = 1 if task.python else cluster.share(len(grid.cells), workers)
        sent, folder = cluster.put(task), grid.folder.resolve()
        calls = [(sent, cell._replace(folder=cell.folder.resolve()), cores, folder) for cell in grid.cells]
        for number, _ in cluster.each(_play_there, calls, cores, ledger.look):
            ledger.finish(grid.cells[number])


def _play_there(task: Task, cell: Cell, cores: int, folder: Path) -> None:
    """A run on a worker of Ray."""
    if not (folder / MANIFEST).exists():
        raise UserError(f"a node of the cluster does not see {folder}: name a folder that all nodes share with --out")
    _play(task, cell, cores)


def _play(task: Task, cell: Cell, workers: int | None, watch: Watch | None = None) -> None:
    """Do a run from wherever it is."""
    run = _begin(task, cell)
    if run.generation < run.settings.generations or not (run.folder / REPORT).exists():
        searches.finish(run, workers=workers, watch=watch)


def _begin(task: Task, cell: Cell) -> Run:
    config = cell.folder / CONFIG
    if config.exists() and config.stat().st_size == 0:  # killed before its settings were written
        config.unlink()
    if not config.exists():
        return create_run(cell.folder, task, cell.settings)
    given = msgspec.structs.asdict(cell.settings)
    del given["task"]
    return searches.reopen(cell.folder, task=task, **given)


def _conclude(grid: Grid) -> Summary:
    """Write the summary and the curves."""
    from wann.figures import sweep as figure
    from wann.figures.output import save
    from wann.records import read_history

    summary = summarise(grid)
    write_atomically(grid.folder / TABLE, summary.table("md").encode())
    write_atomically(grid.folder / SHEET, summary.table("csv").encode())
    groups = {name: [read_history(cell.folder) for cell in cells] for name, cells in grid.configurations}
    save(figure.draw(groups, title=summary.task), grid.folder / CURVES)
    return summary
