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
    preset: ClassVar[dict[str, Any]] = {"trials": 1, "verify_trials": 1}
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
            UserError: They have the wrong shape, or are no numbers.
        """
        pairs = self.load()
        names = ("training", "validation", "test") if len(pairs) == 3 else ("training", "test")
        training, *validation, test = (self._checked(name, *pair) for name, pair in zip(names, pairs, strict=True))
        if not validation:
            training, held_out = self._split(training)
            validation = [held_out]
        return {Part.TRAINING: training, Part.VALIDATION: validation[0], Part.TEST: test}

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
        inputs, targets = np.array(x, dtype=np.float64, order="C"), np.array(y)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.inputs) or not len(inputs):
            raise UserError(f"{what}: expected x as (samples, {len(self.inputs)}), got {inputs.shape}")
        if not np.isfinite(inputs).all():
            row, column = np.argwhere(~np.isfinite(inputs))[0]
            raise UserError(f"{what}: x[{row}, {column}] is {inputs[row, column]}: fill in or drop missing values")
        samples = Samples(inputs, _classes(what, targets, len(self.outputs)) if targets.ndim == 1 else targets)
        if samples.y.ndim != 1:
            samples = Samples(inputs, np.array(targets, dtype=np.float64, order="C"))
            if samples.y.shape[1:] != (len(self.outputs),) or not np.isfinite(samples.y).all():
                raise UserError(
                    f"{what}: expected y as finite numbers, (samples, {len(self.outputs)}), got {targets.shape}"
                )
        if len(samples.x) != len(samples.y):
            raise UserError(f"{what}: {len(samples.x)} of x, {len(samples.y)} of y")
        sealed(*samples)
        return samples


def _classes(what: str, y: NDArray[Any], n: int) -> Integers:
    if y.dtype.kind not in "iu":
        raise UserError(f"{what}: expected classes as whole numbers from 0 to {n - 1}, got {y.dtype}")
    classes = y.astype(np.int64)
    if not len(classes) or classes.min() < 0 or classes.max() >= n:
        raise UserError(f"{what}: expected classes from 0 to {n - 1}, got {classes.min()} to {classes.max()}")
    return classes


def _numbers(what: str, y: NDArray[Any], n: int) -> Floats:
    targets = np.array(y, dtype=np.float64, order="C")
    if targets.shape[1:] != (n,) or not np.isfinite(targets).all():
        raise UserError(f"{what}: expected y as finite numbers, (samples, {n}), got {targets.shape}")
    return targets


def _taken(samples: Samples, index: Integers) -> Samples:
    found = Samples(samples.x[index], samples.y[index])
    sealed(*found)
    return found
