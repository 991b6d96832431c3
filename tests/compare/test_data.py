"""The digits: the same parts in every run, and a dense network that learns them."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.digits import Digits
from wann.compare.data import of_task
from wann.compare.data_problem import DataProblem
from wann.compare.problem import Trial
from wann.compare.training import TrainingSettings


def test_digits_are_split_without_overlap_and_can_be_learned() -> None:
    pytest.importorskip("sklearn")
    data = of_task(Digits())
    parts = (data.train, data.validation, data.test)
    assert [len(part.inputs) for part in parts] == [1197, 240, 360]
    assert (data.n_inputs, data.n_outputs) == (64, 10)
    rows = np.vstack([part.inputs for part in parts])
    assert (rows.min(), rows.max()) == (0.0, 1.0)
    assert len(np.unique(rows, axis=0)) == 1797
    problem = DataProblem(data, (30,), TrainingSettings(epochs=15, rate=5e-3))
    assert problem.score(Trial(problem, 0).dense.trained).mean > 0.94
    np.testing.assert_array_equal(of_task(Digits()).test.inputs, data.test.inputs)
