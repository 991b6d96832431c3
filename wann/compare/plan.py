"""What a comparison consists of: its settings, its problem, its cells."""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from wann.api.tasks import evaluator
from wann.compare.cells import DENSE, Key
from wann.compare.control import ControlProblem, EvolutionSettings
from wann.compare.data import LARGEST, of_task, read_data
from wann.compare.data_problem import DataProblem
from wann.compare.dense_files import read_mlp
from wann.compare.functions import check_function
from wann.compare.masks import check_density
from wann.compare.method import find_method, methods
from wann.compare.problem import Problem
from wann.compare.training import TrainingSettings
from wann.dataset import DataTask
from wann.errors import UserError
from wann.files import read_bytes
from wann.genome import Genome
from wann.task import JittedTask, load_task

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
    activation: str
    """Of hidden neurons, and of the outputs of a policy."""
    dense: str = ""
    """A file with a trained dense network; none to train one."""
    files: str = ""
    """A digest of the files that are named above."""


def is_data(task: str) -> bool:
    """Whether a task is a data set, not a control task."""
    return task.endswith(".npz") or isinstance(load_task(task), DataTask)


def make_settings(
    task: str,
    *,
    hidden: Sequence[int] | None = None,
    budget: int | None = None,
    dense: Path | str | None = None,
    activation: str | None = None,
) -> CompareSettings:
    """Settings, with defaults for the kind of task.

    Raises:
        UserError: There is no such task or file, or a value is wrong.
    """
    if dense is not None and hidden is not None:
        raise UserError("hidden: the file with the dense network says how large its layers are; leave one of them out")
    layers, amount, function = ((100, 50), 40, "relu") if is_data(task) else ((10,), 300, "tanh")
    given = {
        "task": task,
        "hidden": _hidden(dense) if dense is not None else layers if hidden is None else hidden,
        "budget": amount if budget is None else budget,
        "activation": check_function(function if activation is None else activation),
        "dense": "" if dense is None else str(dense),
        "files": _digest([*([task] if task.endswith(".npz") else []), *([] if dense is None else [dense])]),
    }
    try:
        return msgspec.convert(given, CompareSettings)
    except msgspec.ValidationError as error:
        place = "hidden" if "hidden" in str(error) else "budget"
        raise UserError(f"{place}: expected whole numbers of 1 or more, got {reprlib.repr(given[place])}") from None


def _hidden(dense: Path | str) -> tuple[int, ...]:
    return read_mlp(dense, hidden="linear", output="linear", dtype=np.float32).sizes[1:-1]


def _digest(paths: Sequence[Path | str]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(read_bytes(Path(path), "file", LARGEST))
    return found.hexdigest() if paths else ""


@contextmanager
def open_problem(settings: CompareSettings, workers: int | None, parent: Genome | None = None) -> Iterator[Problem]:
    """The problem of a comparison; threads that it plays on end with it.

    Args:
        settings: Of the comparison.
        workers: Threads on a control task.
        parent: The architecture to train; perceptrons unless given.

    Raises:
        UserError: The data cannot be read, or the task is of a kind that dense networks are not trained for.
    """
    task = None if settings.task.endswith(".npz") else load_task(settings.task)
    if task is None or isinstance(task, DataTask):
        data = read_data(settings.task) if task is None else of_task(task)
        training = TrainingSettings(epochs=settings.budget)
        problem = DataProblem(data, settings.hidden, training, activation=settings.activation, task=task)
        yield _given(problem, settings, parent)
    elif isinstance(task, JittedTask):
        with evaluator(task, workers, None) as player:
            evolution = EvolutionSettings(generations=settings.budget)
            control = ControlProblem(task, player, settings.hidden, evolution, activation=settings.activation)
            yield _given(control, settings, parent)
    else:
        raise UserError(f"dense networks are trained on data sets and jitted tasks; {settings.task!r} is neither")


def _given(problem: Problem, settings: CompareSettings, parent: Genome | None) -> Problem:
    """The problem with the parent, or the dense network of the settings' file, where there is one."""
    problem.parent = parent
    if settings.dense and parent is None:
        like = problem.perceptron(0)
        dtype = like.parameters.dtype.type
        problem.given = read_mlp(settings.dense, hidden=like.hidden, output=like.output, dtype=dtype)
        if problem.given.sizes != like.sizes:
            found, expected = [
                f"{sizes[0]} inputs and {sizes[-1]} outputs" for sizes in (problem.given.sizes, like.sizes)
            ]
            raise UserError(f"{settings.dense} has {found}; {problem.task.name!r} has {expected}")
    return problem


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


def of_parent(keys: Sequence[Key]) -> list[Key]:
    """The cells of a parent architecture, which has no layers: those of the methods that need none."""
    return [key for key in keys if key.method == DENSE or "layers" not in find_method(key.method).needs]
