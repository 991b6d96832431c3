"""A plain Python function that scores a network, as a task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wann.errors import UserError
from wann.task import FITNESS, Part, Task


class FitnessTask(Task):
    """A function ``score(network)`` or ``score(network, seed)`` that gives a number, higher for better.

    It is called once for each shared weight, with the weight in the network: ``network(observation)`` gives the
    outputs for an observation, (inputs,), or for a batch. A function with a parameter ``seed`` is also called once for
    each trial, with the trial's seed; all its chance must come from there. What it gives must depend on nothing else.

    Example:
        >>> def score(network):
        ...     x = np.linspace(-1, 1, 50)
        ...     return -np.mean((network(x[:, None])[:, 0] - np.sin(3 * x)) ** 2)
        >>> wann.search(fitness=score, inputs=["x"], outputs=["y"])

    Args:
        score: The function.
        inputs: Labels of the inputs, or how many there are.
        outputs: Labels of the outputs, or how many there are.

    Raises:
        UserError: ``score`` is no function, or ``inputs`` or ``outputs`` are neither labels nor a number.
    """

    reward_range = (-np.inf, np.inf)
    python = True

    def __init__(self, score: Callable[..., Any], *, inputs: int | Sequence[str], outputs: int | Sequence[str]) -> None:
        if not callable(score):
            raise UserError(f"fitness: expected a function that takes a network and gives a number, got {score!r}")
        self.score = score
        self.seeded = _takes_seed(score)
        self.name = f"{FITNESS}:{getattr(score, '__name__', type(score).__name__).strip('<>')}"  # type: ignore[misc]
        self.inputs = _labels("inputs", "x", inputs)  # type: ignore[misc]
        self.outputs = _labels("outputs", "y", outputs)  # type: ignore[misc]
        if not self.seeded:  # another trial would be the same
            self.exhaustive = True  # type: ignore[misc]
            self.preset = {"trials": 1}  # type: ignore[misc]

    def trial(self, seed: int, part: Part) -> Sequence[float]:
        """The seed that the function gets, if it takes one."""
        return (float(seed),)


def _takes_seed(score: Callable[..., Any]) -> bool:
    try:
        return "seed" in inspect.signature(score).parameters
    except (TypeError, ValueError):  # some functions written in C do not tell
        return False


def _labels(name: str, letter: str, given: int | Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return tuple(f"{letter}{i}" for i in range(given))
    if isinstance(given, list | tuple) and given and all(isinstance(label, str) for label in given):
        return tuple(given)
    raise UserError(f"{name}: expected how many there are, 1 or more, or a list of their labels, got {given!r}")
