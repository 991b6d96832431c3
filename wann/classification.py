"""How many samples a classifier gets right, with each weight and with several weights together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wann.dataset import Samples
from wann.evaluation.forward import respond, rows
from wann.network import Networks
from wann.population import Floats, Integers


class Accuracy(msgspec.Struct, frozen=True):
    """Shares of the test samples that are classified rightly."""

    weights: tuple[float, ...]
    """With each of the fixed shared weights."""
    classes: tuple[tuple[float, ...], ...]
    """The same for each class: a row for each weight."""
    ensemble: float
    """Where the fixed weights vote, a network each: the most votes win, ties go to the larger mean probability."""
    individual: float
    """With random individual weights, over all draws."""
    random: float
    """With random shared weights, over all draws."""
    best: float
    """With the best shared weight."""
    tuned: float | None = None
    """With the weights that the file carries."""


def softmax(outputs: NDArray[Any], axis: int) -> NDArray[Any]:
    """Probabilities from outputs, in their precision; they sum to 1 along the axis."""
    powers = np.exp(outputs - outputs.max(axis=axis, keepdims=True))
    powers /= powers.sum(axis=axis, keepdims=True)
    return np.asarray(powers)


def probabilities(networks: Networks, x: Floats, weights: Floats) -> Floats:
    """Softmax over the outputs of the first network.

    Args:
        networks: The network.
        x: (samples, inputs)
        weights: The shared weight, (1,), or one for each source, (sources, 1).

    Returns:
        (samples, outputs); all alike where the outputs are no numbers.
    """
    values = np.empty((len(x), rows(networks, 0)))
    respond(networks, 0, x, weights, values)
    return softmax(np.nan_to_num(values[:, networks.outputs[0]]), axis=1)


def shared(networks: Networks, x: Floats, weights: Sequence[float]) -> Floats:
    """The probabilities with each shared weight; (weights, samples, outputs)."""
    return np.array([probabilities(networks, x, np.array([weight])) for weight in weights])


def vote(found: Floats) -> Integers:
    """The class that most of several networks choose, ties by their mean probability.

    Args:
        found: Probabilities; (networks, samples, classes).

    Returns:
        (samples,)
    """
    n = found.shape[2]
    votes = (found.argmax(axis=2)[..., None] == np.arange(n)).sum(axis=0)
    return np.asarray((votes + found.mean(axis=0) / 2).argmax(axis=1))


def measure(
    networks: Networks,
    samples: Samples,
    *,
    weights: Sequence[float],
    random: Sequence[float],
    individual: Floats,
    best: float,
    tuned: Floats | None,
) -> Accuracy:
    """The accuracy in each regime.

    Args:
        networks: The network.
        samples: Those of the test.
        weights: Fixed shared weights.
        random: Random shared weights.
        individual: Random individual weights; (draws, sources).
        best: The best shared weight.
        tuned: The weights that the file carries, (sources,), if any.
    """
    x, y = samples
    fixed = shared(networks, x, weights)
    right = fixed.argmax(axis=2) == y
    classes = [[float(row[y == k].mean()) for k in range(fixed.shape[2])] for row in right]

    def accuracy(vectors: Floats) -> float:
        return float(np.mean([(probabilities(networks, x, v[:, None]).argmax(axis=1) == y).mean() for v in vectors]))

    return Accuracy(
        weights=tuple(right.mean(axis=1).tolist()),
        classes=tuple(map(tuple, classes)),
        ensemble=float((vote(fixed) == y).mean()),
        individual=accuracy(individual),
        random=float(np.mean([(shared(networks, x, [w])[0].argmax(axis=1) == y).mean() for w in random])),
        best=float((shared(networks, x, [best])[0].argmax(axis=1) == y).mean()),
        tuned=None if tuned is None else accuracy(tuned[None]),
    )
