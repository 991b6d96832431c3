"""Handwritten digits of 8 x 8 pixels: scikit-learn's embedded data set, which needs no download."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from wann.dataset import DataTask
from wann.errors import UserError

TEST, VALIDATION = 360, 240  # of 1,797 samples

Pair = tuple[NDArray[np.float64], NDArray[np.int64]]


class Digits(DataTask):
    """1,797 images with grey levels from 0 to 1; 360 for the test and 240 for validation are drawn once and for all."""

    name = "digits"
    needs = "datasets"
    inputs = tuple(f"{row},{column}" for row in range(8) for column in range(8))
    outputs = tuple(str(digit) for digit in range(10))
    preset: ClassVar[dict[str, Any]] = {**DataTask.preset, "initial_enabled": 0.05, "population": 192}

    def load(self) -> tuple[Pair, Pair, Pair]:
        """The samples for training, for validation and for the test.

        Raises:
            UserError: scikit-learn is missing.
        """
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise UserError("the task digits needs scikit-learn: pip install 'wann[datasets]'") from None
        x, y = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(x))
        x, y = x[order] / 16.0, y[order]
        edge = TEST + VALIDATION
        return (x[edge:], y[edge:]), (x[TEST:edge], y[TEST:edge]), (x[:TEST], y[:TEST])
