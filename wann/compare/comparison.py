"""One command's work: train, prune and fine-tune cell by cell, put what evolved beside it, write the report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import NamedTuple

import msgspec

from wann.api.tasks import evaluator
from wann.champion import Champion
from wann.compare.cells import CELLS, MASKS, NETWORKS, Cell, Key, done, read_cell, run_cell, save_cell
from wann.compare.data_problem import DataProblem
from wann.compare.evolved import Evolved, measure, read_networks
from wann.compare.parent import Parent, architecture, parent
from wann.compare.plan import DENSITIES, SEEDS, CompareSettings, make_keys, make_settings, of_parent, open_problem
from wann.compare.problem import Problem, Trial
from wann.compare.searching import SEARCH, curve_price, search
from wann.errors import UserError
from wann.evaluation.threads import cores
from wann.files import LOCK, decode_json, locked, read_bytes, write_atomically, writing
from wann.genome import Genome
from wann.interruption import Interruption

SETTINGS = "settings.json"
PARTS = CELLS, MASKS, NETWORKS
"""Folders within that of a comparison."""
POLL_SECONDS = 0.5


class Progress(NamedTuple):
    """How far a comparison is."""

    done: int
    cells: int


Watch = Callable[[Progress], None]


class Comparison(NamedTuple):
    """What a comparison found, as written to its folder."""

    folder: Path
    settings: CompareSettings
    cells: list[Cell]
    evolved: list[Evolved]
    champions: list[Champion]
    """The networks of ``evolved``."""
    parents: list[Parent]
    """Of the runs that are folders, with what methods made of them."""
    n_inputs: int
    unit: str
    score_name: str

    @property
    def on_data(self) -> bool:
        """Whether the task is a data set: scores are accuracies, and curves are validation losses."""
        return self.unit == DataProblem.unit


def run_cells(
    folder: Path,
    settings: CompareSettings,
    problem: Problem,
    keys: Sequence[Key],
    *,
    workers: int | None,
    ray: str | None,
    watch: Watch,
) -> None:
    """Compute the cells that are not done yet.

    With Ray, cells go to its workers. Without it, a data set's seeds go to processes, a control task's episodes to
    threads. A cell is the same whatever computes it.
    """
    left = [key for key in keys if key.name not in done(folder)]
    groups = [[key for key in left if key.seed == seed] for seed in dict.fromkeys(key.seed for key in left)]
    number, finished = min(workers or cores(), len(groups)), len(keys) - len(left)
    watch(Progress(finished, len(keys)))
    if ray is None and isinstance(problem, DataProblem) and number > 1:
        compute = partial(_compute, folder, settings, problem.parent)
        _spread(folder, compute, groups, number, watch, {key.name for key in keys})
        return
    made = _on_ray(folder, problem, left, ray, workers) if ray is not None else _in_turn(folder, problem, groups)
    for count, _ in enumerate(made, start=finished + 1):
        watch(Progress(count, len(keys)))


def _in_turn(folder: Path, problem: Problem, groups: list[list[Key]]) -> Iterator[None]:
    """Compute cells in this process, one after the other."""
    for group in groups:
        trial = Trial(problem, group[0].seed)
        for key in group:
            run_cell(folder, trial, key)
            yield


def _on_ray(folder: Path, problem: Problem, keys: Sequence[Key], ray: str, workers: int | None) -> Iterator[None]:
    from wann.compare.crew import compute_on_ray

    for made in compute_on_ray(problem, keys, ray, workers) if keys else ():
        save_cell(folder, made)
        yield


def _spread(
    folder: Path,
    compute: Callable[[list[Key]], None],
    groups: list[list[Key]],
    workers: int,
    watch: Watch,
    names: set[str],
) -> None:
    """Compute groups of cells in processes, which save the cells themselves."""
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        jobs = {pool.submit(compute, group) for group in groups}
        while jobs:
            finished, jobs = wait(jobs, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
            for job in finished:
                job.result()
            watch(Progress(len(done(folder) & names), len(names)))
    finally:
        for process in set(active_children()) - before:
            process.terminate()
        pool.shutdown(cancel_futures=True)


def _compute(folder: Path, settings: CompareSettings, parent: Genome | None, keys: Sequence[Key]) -> None:
    with open_problem(settings, 1, parent) as problem:
        trial = Trial(problem, keys[0].seed)
        for key in keys:
            run_cell(folder, trial, key)


@contextmanager
def claimed(folder: Path, settings: CompareSettings) -> Iterator[None]:
    """Keep the folder of a comparison while it is worked in.

    Raises:
        UserError: It belongs to a comparison with other settings, holds other files, cannot be written, or another
            process is at work in it.
    """
    with ExitStack() as stack:
        with writing(f"to {folder}"):
            _make(folder)
            stack.enter_context(locked(folder, f"working in {folder}"))
        _claim(folder, settings)
        for stray in folder.rglob(".*.tmp"):  # left over from a kill
            stray.unlink()
        yield


def _make(folder: Path) -> None:
    for name in PARTS:
        (folder / name).mkdir(parents=True, exist_ok=True)


def _claim(folder: Path, settings: CompareSettings) -> None:
    path = folder / SETTINGS
    if path.exists():
        before = decode_json(read_bytes(path, "settings"), CompareSettings, str(path))
        for name in CompareSettings.__struct_fields__:
            if getattr(before, name) != getattr(settings, name):
                raise UserError(
                    f"{name} cannot change within a comparison: {path} has {getattr(before, name)}, got "
                    f"{getattr(settings, name)}; name another folder with --out"
                )
    elif any(path.name not in (*PARTS, LOCK) for path in folder.iterdir()):
        raise UserError(f"{folder} holds files of something else: name another folder with --out")
    else:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(settings)) + b"\n")


def compare_task(
    task: str,
    *,
    methods: Sequence[str] | None = None,
    densities: Sequence[float] = DENSITIES,
    seeds: Sequence[int] = SEEDS,
    hidden: Sequence[int] | None = None,
    budget: int | None = None,
    dense: Path | str | None = None,
    activation: str | None = None,
    runs: Sequence[Path | str] = (),
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    watch: Watch | None = None,
) -> Comparison:
    """Prune dense networks by every method, and put them side by side with what evolved.

    A comparison that was interrupted goes on when it is repeated in the same folder; so does one with more methods,
    densities or seeds.

    Args:
        task: "digits", an .npz file with a data set, or a jitted control task.
        methods: Names of pruning methods; all of them unless given. Random masks are always among them.
        densities: Weights to keep, of all.
        seeds: Of the dense networks.
        hidden: Sizes of the hidden layers; 100, 50 for a data set and 10 for a control task unless given.
        budget: Of a full training: epochs, 40 unless given, or generations of CMA-ES, 300.
        dense: A trained dense network, .npz, .pt, .safetensors or .zip, to prune instead of training one.
        activation: Of hidden neurons, and of a policy's outputs; relu for a data set, tanh for a control task.
        runs: Run folders, for their archives, and network files. Without any, a search spends what the first seed's
            dearest curve cost, over all densities. The parents of run folders are pruned, too.
        out: The folder; ``runs/compare-TASK`` unless given.
        workers: Processes on a data set, threads on a control task, or Ray workers. They do not change the result.
        ray: "local" or a cluster's address, to compute cells on Ray workers.
        watch: Called as cells are done.

    Returns:
        All cells and evolved networks, as written.

    Raises:
        UserError: A name, a number or a file is wrong, or the folder belongs to another comparison.
        KeyboardInterrupt: It was interrupted; all cells that were done are saved.
    """
    settings = make_settings(task, hidden=hidden, budget=budget, dense=dense, activation=activation)
    keys = make_keys(methods, densities, seeds)
    folder = Path(out) if out is not None else Path("runs") / f"compare-{Path(task).stem}"
    interruption = Interruption()
    with open_problem(settings, workers) as problem:
        read_networks(runs, problem)  # an error in these comes before all work
        with claimed(folder, settings), interruption.handled(), interruption.allowed():
            inner, parents_to_come = of_parent(keys), sum(Path(run).is_dir() for run in runs) if runs else 1
            how = _How(settings, workers, ray, watch or _silent, len(keys) + parents_to_come * len(inner))
            cells = _cells(folder, problem, keys, how, 0)
            chosen = [*map(Path, runs)] or _searched(folder, problem, cells, workers, ray)
            folders = [run for run in chosen if run.is_dir()]
            parents = [
                _parent(folder, run, inner, how, len(keys) + place * len(inner)) for place, run in enumerate(folders)
            ]
            networks = read_networks(chosen, problem)
            evolved, champions = measure(networks, problem), [champion for _, champion in networks]
            told = len(problem.task.inputs), problem.unit, problem.score_name
            found = Comparison(folder, settings, cells, evolved, champions, parents, *told)
            from wann.compare.report import write

            write(found)
    return found


class _How(NamedTuple):
    """What all cells of a command share."""

    settings: CompareSettings
    workers: int | None
    ray: str | None
    watch: Watch
    total: int
    """How many there are, those of parents included."""


def _cells(folder: Path, problem: Problem, keys: Sequence[Key], how: _How, before: int) -> list[Cell]:
    """The cells, computed where they are not done yet; ``before`` are those of other folders, which are."""

    def watch(progress: Progress) -> None:
        how.watch(Progress(before + progress.done, how.total))

    run_cells(folder, how.settings, problem, keys, workers=how.workers, ray=how.ray, watch=watch)
    return [cell for key in keys if (cell := read_cell(folder, key)) is not None]


def _parent(folder: Path, run: Path, keys: Sequence[Key], how: _How, before: int) -> Parent:
    """The parent of a run, and what methods make of it; its cells have a folder of their own, named after its genes."""
    genome = architecture(run)
    home = folder / f"parent-{hashlib.sha256(msgspec.json.encode(genome)).hexdigest()[:12]}"
    _make(home)
    with open_problem(how.settings, how.workers, genome) as problem:
        return parent(run, genome, _cells(home, problem, keys, how, before))


def _searched(folder: Path, problem: Problem, cells: list[Cell], workers: int | None, ray: str | None) -> list[Path]:
    """The run folder of a search as dear as the first seed's dearest curve; none where nothing was trained."""
    with evaluator(task := problem.task, workers, ray) as player:
        budget = curve_price([cell for cell in cells if cell.seed == cells[0].seed], task)
        return [search(folder / SEARCH, task, player, budget)] if budget else []


def _silent(progress: Progress) -> None:
    """Watches, and says nothing."""
