"""What every command needs first: the task that is meant, and who plays it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wann.champion import Champion
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator, cores
from wann.evaluation.work import Evaluator
from wann.fitness import FitnessTask
from wann.task import Task, load_kind, load_task, task_names

log = logging.getLogger("wann")


def tasks() -> list[type[Task]]:
    """All installed tasks; of those that cannot be loaded a warning says why."""
    found = []
    for name in task_names():
        try:
            found.append(load_kind(name))
        except UserError as error:
            log.warning("%s", error)
    return found


def chosen_task(task: str | Task) -> Task:
    """The task itself, or that of the name.

    Raises:
        UserError: It is neither, or there is none of that name.
    """
    if not isinstance(task, str | Task):
        raise UserError(f"task: expected a task or the name of one, got {task!r}")
    return load_task(task) if isinstance(task, str) else task


def task_or_function(
    task: str | Task | None,
    fitness: Callable[..., Any] | None,
    inputs: int | Sequence[str] | None,
    outputs: int | Sequence[str] | None,
) -> str | Task:
    """The task, or one of the function.

    Raises:
        UserError: Both or neither are given, or not all that the function needs.
    """
    if (task is None) == (fitness is None):
        raise UserError(f"expected either a task or fitness=..., got {'neither' if task is None else 'both'}")
    if fitness is not None:
        if inputs is None or outputs is None:
            raise UserError("fitness: say what the network sees and does, with inputs=... and outputs=...")
        return FitnessTask(fitness, inputs=inputs, outputs=outputs)
    if task is None or inputs is not None or outputs is not None:
        raise UserError("inputs and outputs go with fitness=...: a task has its own")
    return task


def task_for(champion: Champion, path: Path | str, task: str | Task | None) -> Task:
    """The given task, or the network's own where none is given.

    Raises:
        UserError: There is no such task, or the network does not fit it.
    """
    given = task if task is not None else champion.task
    if given is None:
        raise UserError(f"{path} does not say which task it is for: name one with --task")
    loaded = chosen_task(given)
    check_fits(champion, path, loaded.name, (len(loaded.inputs), len(loaded.outputs)))
    return loaded


def check_fits(champion: Champion, path: Path | str, task: str, expected: tuple[int, int]) -> None:
    """Make sure that a network has as many inputs and outputs as a task.

    Raises:
        UserError: It has not.
    """
    inputs, outputs = len(champion.inputs), len(champion.outputs)
    if (inputs, outputs) != expected:
        raise UserError(
            f"{path} has {inputs} inputs and {outputs} outputs; the task {task!r} has {expected[0]} and {expected[1]}"
        )


def check_workers(workers: int | None) -> None:
    """Make sure that there can be so many.

    Raises:
        UserError: There cannot.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise UserError(f"workers: expected a whole number of 1 or more, got {workers!r}")


@contextmanager
def evaluator(task: Task, workers: int | None, ray: str | None) -> Iterator[Evaluator]:
    """Threads, or Ray where an address is given or Python environments are to use several cores; closed at the end.

    A plain function stays in this process unless told otherwise: it need not be picklable.
    """
    check_workers(workers)
    if ray is None and task.python and not isinstance(task, FitnessTask) and (workers or cores()) > 1:
        ray = "local"
    if ray is None:
        chosen: Evaluator = ThreadEvaluator(task, workers)
    else:
        from wann.evaluation.ray import RayEvaluator

        _check_travels(task)
        chosen = RayEvaluator(task, ray, workers)
    try:
        yield chosen
    finally:
        chosen.close()


def _check_travels(task: Task) -> None:
    """Make sure that a task can be sent to Ray workers.

    Raises:
        UserError: It cannot.
    """
    from ray import cloudpickle

    try:
        cloudpickle.dumps(task)
    except Exception as error:  # whatever a part of it may do
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(
            f"the task {task.name!r} cannot be sent to Ray workers ({what}): keep locks, files and running simulators "
            "out of it, or play it in this process, with workers=1 and without ray"
        ) from error
