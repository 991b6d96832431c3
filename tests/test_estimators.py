"""The scikit-learn estimators: scikit-learn's own checks, and predictions by the champion's own outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from wann.estimators import WANNClassifier, WANNRegressor


@pytest.mark.parametrize("kind", [WANNClassifier, WANNRegressor])
def test_scikit_learn_accepts_it(kind: Any) -> None:
    check_estimator(kind(population=64, generations=60, n_jobs=1), on_skip=None)


def test_iris_is_learned() -> None:
    x, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), WANNClassifier(population=96, generations=60))
    assert cross_val_score(model, x, y, cv=3).mean() > 0.85


def test_probabilities_are_the_mean_of_softmax_over_the_weights() -> None:
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = WANNClassifier(population=32, generations=8).fit(x, names)
    expected = []
    for weight in model.weights:
        powers = np.exp(model.champion_.network(x, weight))
        expected.append(powers / powers.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict_proba(x), np.mean(expected, axis=0), atol=1e-12)
    assert set(model.predict(x)) <= set(names)
    single = WANNClassifier(population=32, generations=8, ensemble=False).fit(x, names)
    np.testing.assert_allclose(single.predict_proba(x), expected[model.weights.index(single.weight_)], atol=1e-12)


def test_a_regression_predicts_the_mean_output() -> None:
    x, y = make_regression(80, 4, n_targets=2, random_state=0)
    model = WANNRegressor(population=32, generations=8).fit(x, y / 100)
    expected = np.mean([model.champion_.network(x, weight) for weight in model.weights], axis=0)
    np.testing.assert_allclose(model.predict(x), expected)
    assert model.predict(x).shape == (80, 2)


def test_the_same_seed_gives_the_same_model_on_any_number_of_threads() -> None:
    x, y = load_iris(return_X_y=True)
    one, two = (WANNClassifier(population=32, generations=8, n_jobs=n).fit(x, y) for n in (1, 2))
    np.testing.assert_array_equal(one.predict_proba(x), two.predict_proba(x))


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="expected two classes or more, got one class, 'a'"):
        WANNClassifier().fit(np.zeros((4, 2)), ["a"] * 4)
