"""Weight agnostic networks as scikit-learn estimators."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wann.errors import UserError

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError:
    raise UserError("wann.estimators needs scikit-learn: pip install 'wann[datasets]'") from None

from wann.champion import Champion
from wann.classification import shared
from wann.dataset import DataTask
from wann.evaluation.threads import ThreadEvaluator
from wann.network import express
from wann.population import Floats, Population
from wann.runs import create_run
from wann.scoring import DEFAULT_WEIGHTS
from wann.settings import task_settings


class _Memory(DataTask):
    """A data set that is in memory already; the test samples are not used."""

    name = "memory"

    def __init__(self, x: Floats, y: NDArray[Any], outputs: tuple[str, ...]) -> None:
        self.inputs = tuple(f"x{i}" for i in range(x.shape[1]))  # type: ignore[misc]
        self.outputs = outputs  # type: ignore[misc]
        self._pair = x, y

    def load(self) -> tuple[tuple[Floats, NDArray[Any]], tuple[Floats, NDArray[Any]]]:
        """The same samples twice."""
        return self._pair, self._pair


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    def __init__(
        self,
        *,
        population: int = 192,
        generations: int = 200,
        weights: tuple[float, ...] = DEFAULT_WEIGHTS,
        initial_enabled: float = 0.5,
        ensemble: bool = True,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.population = population
        self.generations = generations
        self.weights = weights
        self.initial_enabled = initial_enabled
        self.ensemble = ensemble
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _evolve(self, x: Floats, y: NDArray[Any], outputs: tuple[str, ...]) -> None:
        """Search, and keep the champion and its best shared weight."""
        if len(x) < 2:
            raise ValueError(
                f"expected two samples or more, since some are held out for validation, got {len(x)} sample"
            )
        task = _Memory(x, y, outputs)
        settings = task_settings(
            task,
            {
                "population": self.population,
                "generations": self.generations,
                "weights": list(self.weights),
                "initial_enabled": self.initial_enabled,
                "seed": self.random_state,
            },
        )
        with tempfile.TemporaryDirectory() as folder:
            run = create_run(Path(folder) / "run", task, settings)
            evaluator = ThreadEvaluator(task, self.n_jobs)
            try:
                run.advance(evaluator)
            finally:
                evaluator.close()
            self.champion_: Champion = run.champion
        scores = self.champion_.scores
        assert scores is not None
        self.weight_: float = scores.weights[int(np.argmax(scores.means))]

    def _chosen_weights(self) -> tuple[float, ...]:
        return tuple(self.weights) if self.ensemble else (self.weight_,)

    def _checked(self, x: ArrayLike) -> Floats:
        check_is_fitted(self)
        return np.ascontiguousarray(validate_data(self, x, reset=False, dtype=np.float64))


class WANNClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A classifier whose connections all share one weight, which is never trained (Gaier & Ha 2019).

    Inputs are taken as they come: put a scaler in front of it.

    Args:
        population: Networks in a generation.
        generations: Generations of the search.
        weights: The shared weights that networks are ranked with.
        initial_enabled: Probability of a connection in the first generation.
        ensemble: Predict by the mean probability over all of ``weights``, instead of with the best one alone.
        random_state: The seed of the search.
        n_jobs: Threads; one for each core unless given. It does not change the result.

    Attributes:
        champion_: The network, as in a network file.
        weight_: The best of ``weights``.
        classes_: The classes; (classes,).
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Evolve a network.

        Args:
            X: (samples, features)
            y: A class for each sample; (samples,).
        """
        x, targets = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(targets)
        self.classes_, classes = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"expected two classes or more, got one class, {str(self.classes_[0])!r}")
        self._evolve(x, classes, tuple(str(label) for label in self.classes_))
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The probability of each class; (samples, classes)."""
        x = self._checked(X)
        networks = express(Population.pack([self.champion_.genome]))
        return np.asarray(shared(networks, x, self._chosen_weights()).mean(axis=0))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of each sample; (samples,)."""
        chosen = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])


class WANNRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A regression with a network whose connections all share one weight, which is never trained.

    Arguments and attributes are those of ``WANNClassifier``; an ensemble predicts the mean.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Evolve a network.

        Args:
            X: (samples, features)
            y: A number for each sample, (samples,), or several, (samples, outputs).
        """
        x, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = column_or_1d(targets, warn=True)
        self._single = targets.ndim == 1
        columns = targets.reshape(len(x), -1).astype(np.float64)
        self._evolve(x, columns, tuple(f"y{i}" for i in range(columns.shape[1])))
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """The numbers for each sample; (samples,) or (samples, outputs)."""
        x = self._checked(X)
        found = np.mean([self.champion_.network(x, weight) for weight in self._chosen_weights()], axis=0)
        return np.asarray(found[:, 0] if self._single else found)
