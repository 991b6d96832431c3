"""One command's work: train, prune and fine-tune cell by cell, put what evolved beside it, write the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import NamedTuple

import msgspec

from wann.api.tasks import evaluator
from wann.champion import Champion
from wann.compare.cells import CELLS, MASKS, NETWORKS, Cell, Key, done, read_cell, run_cell, save_cell
from wann.compare.data_problem import DataProblem
from wann.compare.evolved import Evolved, measure, read_networks
from wann.compare.parent import Parent, parent
from wann.compare.plan import DENSITIES, SEEDS, CompareSettings, make_keys, make_settings, open_problem
from wann.compare.problem import Problem, Trial
from wann.compare.searching import SEARCH, search
from wann.errors import UserError
from wann.evaluation.threads import cores
from wann.files import LOCK, decode_json, locked, read_bytes, write_atomically, writing
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
    """Of the runs that are folders."""
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
        _spread(folder, settings, groups, number, watch, {key.name for key in keys})
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
    folder: Path, settings: CompareSettings, groups: list[list[Key]], workers: int, watch: Watch, names: set[str]
) -> None:
    """Compute groups of cells in processes, which save the cells themselves."""
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        jobs = {pool.submit(_compute, folder, settings, group) for group in groups}
        while jobs:
            finished, jobs = wait(jobs, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
            for job in finished:
                job.result()
            watch(Progress(len(done(folder) & names), len(names)))
    finally:
        for process in set(active_children()) - before:
            process.terminate()
        pool.shutdown(cancel_futures=True)


def _compute(folder: Path, settings: CompareSettings, keys: Sequence[Key]) -> None:
    with open_problem(settings, 1) as problem:
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
            for name in ("", *PARTS):
                (folder / name).mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder, f"working in {folder}"))
        _claim(folder, settings)
        for stray in folder.glob("*/.*.tmp"):  # left over from a kill
            stray.unlink()
        yield


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
            dense network cost.
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
            run_cells(folder, settings, problem, keys, workers=workers, ray=ray, watch=watch or _silent)
            chosen = runs or _searched(folder, problem, keys[0], workers, ray)
            networks = read_networks(chosen, problem)
            parents = [parent(path) for path in map(Path, chosen) if path.is_dir()]
            cells = [cell for key in keys if (cell := read_cell(folder, key)) is not None]
            evolved, champions = measure(networks, problem), [champion for _, champion in networks]
            told = len(problem.task.inputs), problem.unit, problem.score_name
            found = Comparison(folder, settings, cells, evolved, champions, parents, *told)
            from wann.compare.report import write

            write(found)
    return found


def _searched(folder: Path, problem: Problem, dense: Key, workers: int | None, ray: str | None) -> list[Path]:
    """The run folder of a search as dear as the dense network was; none where that was trained elsewhere."""
    cell = read_cell(folder, dense)
    if cell is None or not cell.price:
        return []
    with evaluator(task := problem.task, workers, ray) as player:
        return [search(folder / SEARCH, task, player, cell.price)]


def _silent(progress: Progress) -> None:
    """Watches, and says nothing."""
