"""Data sets: examples to train on, to stop by, and to test on."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wann.compare.functions import Array
from wann.dataset import DataTask
from wann.errors import UserError
from wann.files import read_bytes
from wann.task import Part

LARGEST = 2**31
"""Bytes of a file with data."""
PARTS = ("train", "validation", "test")


class Examples(NamedTuple):
    """Inputs, (examples, inputs), and targets: classes, (examples,), or numbers, (examples, outputs)."""

    inputs: Array
    targets: Array

    def astype(self, dtype: np.dtype[np.floating]) -> Examples:
        """The same with inputs (and targets that are numbers) in another precision."""
        numbers = self.targets.dtype.kind == "f"
        targets = self.targets.astype(dtype, copy=False) if numbers else self.targets
        return Examples(self.inputs.astype(dtype, copy=False), targets)


class DataSet(NamedTuple):
    """Examples to train on, to stop training by, and to test on; classes are the targets."""

    name: str
    train: Examples
    validation: Examples
    test: Examples

    @property
    def n_inputs(self) -> int:
        """Numbers an example has."""
        return int(self.train.inputs.shape[1])

    @property
    def n_outputs(self) -> int:
        """Classes."""
        return 1 + int(max(part.targets.max() for part in self[1:] if isinstance(part, Examples)))


class FileTask(DataTask):
    """A data set of a file as a task that a search can have.

    Args:
        data: The data set.
    """

    def __init__(self, data: DataSet) -> None:
        self._data = data
        self.name = data.name  # type: ignore[misc]
        self.inputs = tuple(f"x{i}" for i in range(data.n_inputs))  # type: ignore[misc]
        self.outputs = tuple(f"class {i}" for i in range(data.n_outputs))  # type: ignore[misc]

    def load(self) -> list[Examples]:
        """The examples to train on, to verify by, and to test on."""
        return [self._data.train, self._data.validation, self._data.test]


def of_task(task: DataTask) -> DataSet:
    """The parts of a task's data set, as a search has them.

    Raises:
        UserError: Its targets are not classes.
    """
    if not task.classifies:
        raise UserError(f"the task {task.name!r} has no classes: dense networks are compared on classes alone")
    train, validation, test = (Examples(*task.parts[part]) for part in Part)
    return DataSet(task.name, train, validation, test)


def read_data(path: Path | str) -> DataSet:
    """A data set from an .npz file with ``x_train, y_train, x_validation, y_validation, x_test, y_test``.

    Raises:
        UserError: The file is missing or is not of that form: numbers, (examples, inputs), and classes, (examples,).
    """
    path = Path(path)
    content = io.BytesIO(read_bytes(path, "data set", LARGEST))
    try:
        with np.load(content, allow_pickle=False) as file:
            parts = [Examples(file[f"x_{part}"], file[f"y_{part}"]) for part in PARTS]
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise UserError(f"{path} is not an .npz with x_ and y_ of train, validation and test: {error}") from None
    for part, (inputs, targets) in zip(PARTS, parts, strict=True):
        _check(path, part, inputs, targets, parts[0].inputs.shape[-1])
    return DataSet(path.stem, *[Examples(_floats(x), y.astype(np.int64)) for x, y in parts])


def _floats(x: Array) -> Array:
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _check(path: Path, part: str, inputs: Array, targets: Array, width: int) -> None:
    if inputs.ndim != 2 or inputs.shape[1] != width or inputs.dtype.kind not in "fiu" or not len(inputs):
        raise UserError(f"{path}: x_{part} must be numbers, (examples, {width}), got {inputs.dtype}{inputs.shape}")
    if targets.shape != (len(inputs),) or targets.dtype.kind not in "iu" or targets.min() < 0:
        raise UserError(
            f"{path}: y_{part} must be classes from 0 on, ({len(inputs)},), got {targets.dtype}{targets.shape}"
        )
    if not np.isfinite(inputs).all():
        raise UserError(f"{path}: x_{part} has numbers that are not finite")
