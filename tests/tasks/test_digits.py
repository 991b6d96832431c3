"""The digits are scikit-learn's, each once."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from tasks.digits import Digits
from wann.task import Part


def test_every_sample_is_there_once_with_its_label() -> None:
    parts = Digits().parts
    assert [len(parts[part].x) for part in Part] == [1197, 240, 360]
    found = sorted((x.tobytes(), int(y)) for part in Part for x, y in zip(*parts[part], strict=True))
    images, labels = load_digits(return_X_y=True)
    assert found == sorted((row.tobytes(), int(label)) for row, label in zip(images / 16, labels, strict=True))


def test_each_digit_is_in_each_part() -> None:
    for samples in Digits().parts.values():
        assert np.bincount(samples.y).min() > 15
        assert 0 <= samples.x.min() < samples.x.max() <= 1
