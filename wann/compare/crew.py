"""Cells on Ray workers, one at a time each; what they find is saved by whoever asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from wann.compare.cells import Key, Made, compute_cell
from wann.compare.problem import Problem, Trial
from wann.evaluation.ray import connect

LATE_SECONDS = 1.0
"""For which the driver waits at most before it looks for an interruption."""


class _Worker:
    """Computes cells on one core; it keeps the dense network of the last seed."""

    def __init__(self) -> None:
        self._trial: Trial | None = None

    def compute(self, problem: Problem, key: Key) -> Made:
        """A cell."""
        if self._trial is None or self._trial.seed != key.seed:
            self._trial = Trial(problem, key.seed)
        return compute_cell(self._trial, key)


def compute_on_ray(problem: Problem, keys: Sequence[Key], address: str, workers: int | None) -> Iterator[Made]:
    """Compute cells, and give each as it is done; Ray computes the cell of a worker that dies again.

    Args:
        problem: Travels to the workers; they need neither its files nor this folder.
        keys: Which cells.
        address: "local", or a cluster's address.
        workers: How many cores to use; all that there are unless given.

    Raises:
        UserError: No Ray cluster answers, or a cell cannot be computed.
    """
    ray = connect(address, workers)
    try:
        count = min(workers or int(ray.cluster_resources()["CPU"]), len(keys))
        options = {"num_cpus": 1, "max_restarts": -1, "max_task_retries": -1}
        crew = [ray.remote(_Worker).options(**options).remote() for _ in range(count)]
        yield from _dispatch(ray, crew, ray.put(problem), keys)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    finally:
        ray.shutdown()


def _dispatch(ray: Any, crew: list[Any], problem: Any, keys: Sequence[Key]) -> Iterator[Made]:
    """Each worker gets another cell when it has done one, of the same seed while there are any."""
    left = {seed: list(group) for seed, group in groupby(keys, key=lambda key: key.seed)}
    at_work: dict[Any, tuple[Any, int]] = {}
    idle: list[tuple[Any, int | None]] = [(worker, None) for worker in crew]
    while left or at_work:
        while idle and left:
            worker, last = idle.pop()
            seed = last if last is not None and last in left else max(left, key=lambda each: len(left[each]))
            at_work[worker.compute.remote(problem, left[seed].pop(0))] = worker, seed
            if not left[seed]:
                del left[seed]
        for reference in ray.wait(list(at_work), timeout=LATE_SECONDS)[0]:
            idle.append(at_work.pop(reference))
            yield ray.get(reference)
