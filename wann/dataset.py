"""Data sets as tasks: the network answers samples, and the return is minus its mean loss."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wann.errors import UserError
from wann.population import Floats, Integers, sealed
from wann.task import Part, Task


class Samples(NamedTuple):
    """Some samples of a data set."""

    x: Floats
    """(samples, inputs)"""
    y: NDArray[Any]
    """The class of each, a number from 0 on, (samples,); or the wanted outputs, (samples, outputs)."""


class DataTask(Task):
    """A data set: one output for each class, or one for each number that is to be predicted.

    The return of a trial is minus the mean loss on a batch: the cross-entropy behind softmax for classes (Gaier & Ha
    2019, section 4), the squared error for numbers. Selection sees batches of the training samples but for those held
    out for validation, which verify networks; a test plays all test samples.
    """

    batch: ClassVar[int] = 1000
    """Samples in a training batch; all training samples where there are fewer."""
    validation: ClassVar[float] = 0.2
    """Share of the training samples that is held out for validation."""
    reward_range = (-np.inf, 0.0)
    preset: ClassVar[dict[str, Any]] = {"trials": 1}
    exhaustive = True

    @abstractmethod
    def load(self) -> Sequence[tuple[ArrayLike, ArrayLike]]:
        """The samples for training and for the test, (x, y) each, as in ``Samples``.

        Where there are three pairs, the second one is for validation, and nothing else is held out.
        """

    @cached_property
    def parts(self) -> dict[Part, Samples]:
        """The samples of each part.

        Raises:
            UserError: They cannot be loaded, have the wrong shape, or are no numbers.
        """
        pairs = self._pairs()
        names = ("training", "validation", "test") if len(pairs) == 3 else ("training", "test")
        training, *validation, test = (self._checked(name, *pair) for name, pair in zip(names, pairs, strict=True))
        if training.y.ndim == 1 and (training.y == training.y[0]).all():
            only = f"all {len(training.y)} are of class {training.y[0]}"
            raise UserError(f"the task {self.name!r}, training samples: {only}, expected two classes or more")
        if not validation:
            training, held_out = self._split(training)
            validation = [held_out]
        return {Part.TRAINING: training, Part.VALIDATION: validation[0], Part.TEST: test}

    def _pairs(self) -> list[tuple[Any, Any]]:
        try:
            pairs = [(x, y) for x, y in self.load()]
        except UserError:
            raise
        except Exception as error:  # whatever a file or a library may do
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"the task {self.name!r} cannot load its samples as pairs (x, y): {what}") from error
        if len(pairs) not in (2, 3):
            raise UserError(
                f"the task {self.name!r}: expected two pairs (x, y), for training and for the test, or three with one "
                f"for validation between them, got {len(pairs)}"
            )
        return pairs

    def __getstate__(self) -> dict[str, Any]:
        """Ray workers load the samples themselves."""
        return {name: value for name, value in vars(self).items() if name != "parts"}

    def _split(self, training: Samples) -> tuple[Samples, Samples]:
        """What is left for training, and what is held out."""
        order = np.random.default_rng(0).permutation(len(training.x))
        edge = round(len(order) * self.validation)
        if not 0 < edge < len(order):
            raise UserError(f"the task {self.name!r}: {len(order)} training samples are too few to hold some out")
        return _taken(training, order[edge:]), _taken(training, order[:edge])

    def trial(self, seed: int, part: Part) -> Sequence[float]:
        """The part, and the seed of the batch."""
        return float(part), float(seed)

    def batch_of(self, part: Part, seed: int) -> Integers:
        """Which samples of a part the trial of that seed has: a batch for training, or else all."""
        n = len(self.parts[part].x)
        if part != Part.TRAINING or n <= self.batch:
            return np.arange(n)
        return np.random.default_rng(seed).choice(n, self.batch, replace=False)

    @property
    def classifies(self) -> bool:
        """Whether the outputs stand for classes."""
        return self.parts[Part.TEST].y.ndim == 1

    def _checked(self, name: str, x: ArrayLike, y: ArrayLike) -> Samples:
        what = f"the task {self.name!r}, {name} samples"
        inputs = _table(what, "x", x, len(self.inputs))
        targets = _array(what, "y", y, None)
        n = len(self.outputs)
        samples = Samples(inputs, _classes(what, targets, n) if targets.ndim == 1 else _table(what, "y", y, n))
        if len(samples.x) != len(samples.y):
            raise UserError(f"{what}: {len(samples.x)} of x, {len(samples.y)} of y")
        sealed(*samples)
        return samples


def _array(what: str, name: str, values: ArrayLike, dtype: type | None) -> NDArray[Any]:
    if np.ma.is_masked(values):
        raise UserError(f"{what}: {name} has masked values: fill in or drop missing values")
    try:
        return np.array(values, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{what}: {name} is no table ({reason}): expected as many numbers in every row") from None


def _table(what: str, name: str, values: ArrayLike, columns: int) -> Floats:
    """Finite numbers; (samples, columns)."""
    table = _array(what, name, values, np.float64)
    if table.ndim != 2 or table.shape[1] != columns or not len(table):
        raise UserError(f"{what}: expected {name} as (samples, {columns}), got {table.shape}")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise UserError(f"{what}: {name}[{row}, {column}] is {table[row, column]}: fill in or drop missing values")
    return table


def _classes(what: str, y: NDArray[Any], n: int) -> Integers:
    if y.dtype.kind not in "iu":
        numbered = "number them, as numpy.unique(y, return_inverse=True) does"
        mend = f"numbers to predict stand in columns, (samples, {n})" if y.dtype.kind == "f" else numbered
        raise UserError(f"{what}: expected classes as whole numbers from 0 to {n - 1}, got {y.dtype}: {mend}")
    classes = y.astype(np.int64)
    if not len(classes) or classes.min() < 0 or classes.max() >= n:
        raise UserError(f"{what}: expected classes from 0 to {n - 1}, got {classes.min()} to {classes.max()}")
    return classes


def _taken(samples: Samples, index: Integers) -> Samples:
    found = Samples(samples.x[index], samples.y[index])
    sealed(*found)
    return found
