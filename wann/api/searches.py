"""Starting, continuing and watching searches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.api.pictures import REPORT, show
from wann.api.tasks import check_workers, chosen_task, evaluator, task_or_function
from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.players import make_player
from wann.evaluation.work import Evaluator
from wann.runs import CONFIG, Progress, Run, Watch, create_run, open_run, read_settings, remove_if_new
from wann.settings import NAMES_OF_SETTINGS, Settings, first_difference, make_settings, read_config, task_settings
from wann.task import JittedTask, Task, load_task

if TYPE_CHECKING:
    from wann.fleet import Fleet

log = logging.getLogger("wann")

RUNS = Path("runs")


def search(
    task: str | Task | None = None,
    *,
    fitness: Callable[..., Any] | None = None,
    inputs: int | Sequence[str] | None = None,
    outputs: int | Sequence[str] | None = None,
    config: Path | str | None = None,
    preset: str = "default",
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
    **settings: Any,
) -> Run:
    """Evolve networks for a task, in a new run folder.

    Args:
        task: A task, or the name of an installed one.
        fitness: In place of a task a function that scores a network, as for ``wann.FitnessTask``.
        inputs: Labels of the inputs that ``fitness`` gives to a network, or how many there are.
        outputs: Labels of the outputs that it takes, or how many there are.
        config: A TOML file with settings, such as the ``config.toml`` of another run.
        preset: "default", or "paper" for the settings of Gaier & Ha 2019.
        out: The run folder; a new one under ``runs/`` unless given.
        workers: Threads or Ray workers; one for each core unless given. It does not change the result.
        ray: "local" or a cluster's address to evaluate on Ray workers; threads unless given.
        tensorboard: Write event files for TensorBoard into the folder, too; needs the extra ``tensorboard``.
        watch: Called after each generation.
        **settings: Any of ``wann.Settings``; they go before those of ``config``, and those before the task's own.

    Returns:
        The finished run.

    Raises:
        UserError: A name, a setting, a file or the folder is wrong.
        KeyboardInterrupt: The run was interrupted; it is saved and can be resumed.
    """
    meant = task_or_function(task, fitness, inputs, outputs)
    chosen = prepare(meant, config=config, preset=preset, out=out, tensorboard=tensorboard, **settings)
    return finish(chosen, workers=workers, ray=ray, tensorboard=tensorboard, watch=watch)


def prepare(
    task: str | Task,
    *,
    config: Path | str | None = None,
    preset: str = "default",
    out: Path | str | None = None,
    tensorboard: bool = False,
    **settings: Any,
) -> Run:
    """The run that ``search`` would do, with its folder made and nothing evaluated yet."""
    _check_extra(tensorboard)
    loaded = chosen_task(task)
    if isinstance(loaded, DataTask):
        _ = loaded.parts  # wrong samples are told before there is a folder
    if isinstance(loaded, JittedTask):
        make_player(loaded)  # and what cannot be compiled
    final = chosen_settings(loaded, config, preset, settings)
    return create_run(Path(out) if out is not None else _new_folder(final), loaded, final)


def chosen_settings(loaded: Task, config: Path | str | None, preset: str, settings: dict[str, Any]) -> Settings:
    """The settings of a run on a task: what is given, before a file's, before the preset's.

    Raises:
        UserError: A name or a value is wrong, or the file is.
    """
    given = read_config(Path(config)) if config is not None else {}
    if given.get("task", loaded.name) != loaded.name:
        raise UserError(f"{config} is for the task {given['task']!r}, not for {loaded.name!r}")
    complete = task_settings(loaded, given, str(config)) if config is not None else None
    if complete is not None:
        given = {name: getattr(complete, name) for name in given}
    return task_settings(loaded, {**given, **settings}, preset=preset)


def short_name(task: str) -> str:
    """The name of a task as a part of a folder's; the class for a file's task."""
    return task.rpartition(".py:")[2].replace("/", "-")


def _new_folder(settings: Settings) -> Path:
    """The first of runs/TASK-SEED, runs/TASK-SEED-2, ... that does not exist."""
    name, count = f"{short_name(settings.task)}-{settings.seed}", 1
    while (folder := RUNS / (name if count == 1 else f"{name}-{count}")).exists():
        count += 1
    return folder


def resume(
    folder: Path | str,
    *,
    task: Task | None = None,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
    **settings: Any,
) -> Run:
    """Continue a run exactly where it was saved.

    Args:
        folder: The run folder.
        task: What the run searches on; looked up by its name unless given.
        workers: As for ``search``.
        ray: As for ``search``.
        tensorboard: As for ``search``.
        watch: As for ``search``.
        **settings: ``generations`` extends the run; any other that differs from the run's own is refused.

    Raises:
        UserError: The folder holds no run that can be continued, or a setting would change its result.
        KeyboardInterrupt: The run was interrupted again.
    """
    run = reopen(folder, task=task, tensorboard=tensorboard, **settings)
    return finish(run, workers=workers, ray=ray, tensorboard=tensorboard, watch=watch)


def reopen(folder: Path | str, *, task: Task | None = None, tensorboard: bool = False, **settings: Any) -> Run:
    """The run that ``resume`` would continue, at its latest checkpoint."""
    _check_extra(tensorboard)
    folder = Path(folder)
    old = read_settings(folder)
    loaded = task or load_task(old.task)
    given = {"task": loaded.name, **settings}
    new = make_settings({**{name: getattr(old, name) for name in NAMES_OF_SETTINGS}, **given})
    if name := first_difference(old, new):
        raise UserError(
            f"{name} cannot change within a run: {folder / CONFIG} has {getattr(old, name)}, got {getattr(new, name)}"
        )
    run = open_run(folder, loaded, new)
    if new.generations < run.generation:
        raise UserError(
            f"generations: {folder} has {run.generation} already: expected as many or more, got {new.generations}"
        )
    return run


def _check_extra(tensorboard: bool) -> None:
    if tensorboard:
        from wann.tensorboard import check_installed

        check_installed()


def finish(
    run: Run,
    *,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
) -> Run:
    """Run up to the last generation, draw the champion and write the report."""
    with ExitStack() as stack:
        try:
            chosen = stack.enter_context(_players(run, workers, ray))
        except UserError:
            remove_if_new(run)
            raise
        watches = [] if watch is None else [watch]
        if tensorboard:
            from wann.tensorboard import recording

            watches.append(stack.enter_context(recording(run)))

        def tell(progress: Progress) -> None:
            for each in watches:
                each(progress)

        run.advance(chosen, tell)
    for what in ("topology", "curves"):
        try:
            show(run.folder, what=what)
        except Exception as error:  # a figure is never worth a run
            log.warning("the figure of the %s could not be drawn: %s", what, error)
    try:
        from wann.report.write import write_report

        write_report(run.folder, run.folder / REPORT, task=run.task, workers=workers)
    except Exception as error:
        log.warning("the report could not be written: %s", error)
    return run


def _players(run: Run, workers: int | None, ray: str | None) -> AbstractContextManager[Evaluator | Fleet]:
    """Who plays the generations of a run: threads, Ray workers, or Ray workers that evolve an island each."""
    if ray is None or run.settings.islands == 1:
        return evaluator(run.task, workers, ray)
    from wann.fleet import fleet

    check_workers(workers)
    return fleet(run.task, run.settings, workers, ray)


def watch(run: Path | str, *, once: bool = False) -> None:
    """Show a run as it goes on, from its folder alone; ends when the run has all its generations.

    Args:
        run: The run folder; another process may be at work in it.
        once: Show the present state, and end.

    Raises:
        UserError: The folder holds no run, or its files are damaged.
    """
    from wann.follow import follow

    follow(Path(run), once=once)
