"""What a comparison consists of: its settings, its problem, its cells."""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from wann.compare.cells import DENSE, Key
from wann.compare.control import ControlProblem, EvolutionSettings
from wann.compare.data import LARGEST, DataSet, digits, read_data
from wann.compare.data_problem import DataProblem
from wann.compare.masks import check_density
from wann.compare.method import find_method, methods
from wann.compare.problem import Problem
from wann.compare.training import TrainingSettings
from wann.errors import UserError, suggestion
from wann.evaluation.threads import ThreadEvaluator
from wann.files import read_bytes
from wann.task import JittedTask, load_task, task_names

DATA_SETS: dict[str, Callable[[], DataSet]] = {"digits": digits}
DENSITIES = (0.5, 0.2, 0.1, 0.05, 0.02)
SEEDS = (0, 1, 2, 3, 4)
CONTROL = "random"
"""The control that is always drawn."""
Size = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class CompareSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every cell of a comparison depends on; it cannot change within a folder."""

    task: str
    """A data set, an .npz file with one, or a control task."""
    hidden: tuple[Size, ...]
    """Sizes of the hidden layers of the dense network."""
    budget: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """Of a full training: epochs on a data set, generations of CMA-ES on a control task."""
    data: str = ""
    """A digest of the .npz file."""


def is_data(task: str) -> bool:
    """Whether a task is a data set, not a control task."""
    return task in DATA_SETS or task.endswith(".npz")


def make_settings(task: str, hidden: Sequence[int] | None, budget: int | None) -> CompareSettings:
    """Settings, with defaults for the kind of task.

    Raises:
        UserError: There is no such task, or a number is out of range.
    """
    known = [*task_names(), *DATA_SETS]
    if not is_data(task) and task not in known:
        raise UserError(f"there is no task {task!r} to compare on: {suggestion(task, known)}, or an .npz file")
    own = ((100, 50), 40) if is_data(task) else ((10,), 300)
    given = {
        "task": task,
        "hidden": own[0] if hidden is None else hidden,
        "budget": own[1] if budget is None else budget,
        "data": hashlib.sha256(read_bytes(Path(task), "data set", LARGEST)).hexdigest()
        if task.endswith(".npz")
        else "",
    }
    try:
        return msgspec.convert(given, CompareSettings)
    except msgspec.ValidationError as error:
        place = "hidden" if "hidden" in str(error) else "budget"
        raise UserError(f"{place}: expected whole numbers of 1 or more, got {reprlib.repr(given[place])}") from None


@contextmanager
def open_problem(settings: CompareSettings, workers: int) -> Iterator[Problem]:
    """The problem of a comparison; threads that it plays on end with it.

    Raises:
        UserError: The data cannot be read, or the task is of a kind that dense networks are not trained for.
    """
    if is_data(settings.task):
        data = DATA_SETS[settings.task]() if settings.task in DATA_SETS else read_data(settings.task)
        yield DataProblem(data, settings.hidden, TrainingSettings(epochs=settings.budget))
        return
    task = load_task(settings.task)
    if not isinstance(task, JittedTask):
        raise UserError(f"the task {task.name!r} is a {type(task).__name__}: only jitted tasks can be compared on")
    evaluator = ThreadEvaluator(task, workers)
    try:
        yield ControlProblem(task, evaluator, settings.hidden, EvolutionSettings(generations=settings.budget))
    finally:
        evaluator.close()


def make_keys(names: Sequence[str] | None, densities: Sequence[float], seeds: Sequence[int]) -> list[Key]:
    """All cells, those of a seed together: they share its dense network.

    The dense network and random masks are always among them.

    Raises:
        UserError: A method is unknown, a density out of range, or a seed negative.
    """
    chosen = [CONTROL, *(name for name in (methods() if names is None else names) if name != CONTROL)]
    for name in chosen:
        find_method(name)
    for seed in seeds:
        if not isinstance(seed, int) or seed < 0:
            raise UserError(f"seeds: expected whole numbers of 0 or more, got {seed!r}")
    shares = sorted({check_density(density) for density in densities}, reverse=True)
    grid = [(name, density) for name in dict.fromkeys(chosen) for density in shares if density < 1.0]
    if not seeds or not shares:
        raise UserError(f"{'densities' if seeds else 'seeds'}: expected at least one")
    return [Key(name, density, seed) for seed in dict.fromkeys(seeds) for name, density in [(DENSE, 1.0), *grid]]
