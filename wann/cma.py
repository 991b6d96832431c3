"""CMA-ES (Hansen 2016) between generations: its state as plain arrays, its chance from a seed a generation."""

from __future__ import annotations

from typing import Any

import numpy as np
from cmaes import CMA, SepCMA
from threadpoolctl import ThreadpoolController

from wann.population import Arrays, Floats

LARGEST_FULL = 200
"""Weights up to which the full covariance matrix is adapted; beyond, its diagonal (Ros & Hansen 2008)."""
LARGEST_WEIGHT = 1e9
"""Where no function climbs any more, as with neurons that all saturate, the distribution grows without end."""
_STREAM = "_rng"
"""The optimizer's random stream, seeded anew in each generation."""


class Strategy:
    """Maximises a function of a vector, a population at a time.

    A generation's chance comes from its seed alone, and all else from the numbers in ``state``: a strategy that was
    restored goes on as the one that was saved.

    Attributes:
        state: All numbers of the optimizer after the last ``tell``, by name.

    Example:
        >>> strategy = Strategy(np.zeros(8), sigma=0.5, population=16)
        >>> candidates = strategy.ask(seed=1)
        >>> strategy.tell(candidates, -(candidates**2).sum(axis=1))
    """

    def __init__(self, mean: Floats, *, sigma: float, population: int) -> None:
        kind: Any = CMA if mean.size <= LARGEST_FULL else SepCMA
        self._libraries: Any = ThreadpoolController()
        start = np.array(mean, dtype=np.float64)
        self._optimizer: Any = kind(mean=start, sigma=sigma, population_size=population)
        self.state: Arrays = _numbers(self._optimizer)

    @property
    def mean(self) -> Floats:
        """Where the search stands; (dimensions,)."""
        return np.array(self._optimizer.mean, dtype=np.float64)

    @property
    def finished(self) -> bool:
        """Whether the distribution has converged or diverged: further generations would change nothing."""
        with self._one_thread():
            return bool(self._optimizer.should_stop())

    @property
    def diverged(self) -> bool:
        """Whether it stands beyond all use; the library breaks off at 1e32."""
        return float(np.abs(self.mean).max()) > LARGEST_WEIGHT

    def ask(self, seed: int) -> Floats:
        """The candidates of a generation, (population, dimensions); ``seed``, in [0, 2**32), is all their chance."""
        optimizer = self._optimizer
        optimizer.reseed_rng(seed)
        with self._one_thread():
            return np.array([optimizer.ask() for _ in range(optimizer.population_size)], dtype=np.float64)

    def tell(self, candidates: Floats, scores: Floats) -> None:
        """Learn the candidates' scores, (population,): the higher the better, NaN worst of all."""
        losses = np.where(np.isnan(scores), np.inf, -scores).tolist()
        with self._one_thread():
            self._optimizer.tell(list(zip(candidates, losses, strict=True)))
        self.state = _numbers(self._optimizer)

    def restore(self, state: Arrays) -> None:
        """Go back to a state of a strategy with the same arguments.

        Raises:
            ValueError: It is of another one.
        """
        for name, known in self.state.items():
            given = state[name]
            if given.shape != known.shape or given.dtype != known.dtype:
                raise ValueError(f"{name}: expected {known.dtype}{known.shape}, got {given.dtype}{given.shape}")
        self.state = {name: state[name] for name in self.state}
        caches = {name for name in vars(self._optimizer) if name not in self.state and name != _STREAM}
        values = {name: array.item() if array.ndim == 0 else array.copy() for name, array in self.state.items()}
        vars(self._optimizer).update(values | dict.fromkeys(caches))

    def _one_thread(self) -> Any:
        """Linear algebra on one thread: the same bits on any number of cores, and for small matrices much faster."""
        return self._libraries.limit(limits=1, user_api="blas")


def _numbers(optimizer: Any) -> Arrays:
    """Copies of the attributes; caches that are not filled are None and left out, and so is the random stream."""
    return {name: np.array(value) for name, value in vars(optimizer).items() if value is not None and name != _STREAM}
