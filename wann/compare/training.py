"""Training on a data set by back-propagation: seeded, and the same bit for bit each time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec
import numpy as np
from threadpoolctl import ThreadpoolController

from wann.compare.backpropagation import make_backpropagation
from wann.compare.data import Examples
from wann.compare.functions import Array
from wann.compare.loss import Loss, find_loss
from wann.compare.masked import Masked
from wann.compare.optimizer import make_optimizer
from wann.seeds import Purpose, generator

Positive = Annotated[int, msgspec.Meta(ge=1)]


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to train on a data set."""

    loss: Literal["cross-entropy", "squared"] = "cross-entropy"
    epochs: Positive = 40
    batch: Positive = 32
    optimizer: Literal["adam", "sgd"] = "adam"
    rate: Annotated[float, msgspec.Meta(gt=0)] = 2e-3
    """The learning rate at the start."""
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.9
    """Of SGD."""
    decay: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Of the weights."""
    schedule: Literal["constant", "cosine", "step"] = "constant"
    """The learning rate over the epochs: as it is, to zero along half a cosine, or a tenth from half of the epochs on
    and a hundredth from three quarters on."""
    patience: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Epochs without a lower validation loss after which training stops, and goes back to the lowest; 0 for never."""


@dataclass
class Training:
    """How a training went."""

    losses: list[float] = field(default_factory=list)
    """The validation loss after each epoch."""
    examples: int = 0
    """Presented, each epoch's counted again."""
    best: int = 0
    """The epoch (from 1) with the lowest validation loss: where early stopping would stop."""


Step = Callable[[int], None]


def rate_at(settings: TrainingSettings, epoch: int) -> float:
    """The learning rate of an epoch, from 0 on."""
    progress = epoch / settings.epochs
    if settings.schedule == "cosine":
        return settings.rate * 0.5 * (1.0 + math.cos(math.pi * progress))
    if settings.schedule == "step":
        return settings.rate * (1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01)
    return settings.rate


def train(
    network: Masked,
    data: Examples,
    validation: Examples,
    settings: TrainingSettings,
    *,
    seed: int,
    after_step: Step | None = None,
) -> Training:
    """Train ``network`` in place.

    Args:
        network: The network; a pruned weight stays zero.
        data: What to train on.
        validation: What tells when to stop.
        settings: How.
        seed: Of the order of the examples.
        after_step: Called with the number of steps taken, after each.
    """
    dtype = network.parameters.dtype
    data, validation = data.astype(dtype), validation.astype(dtype)
    loss = find_loss(settings.loss)
    epoch = _Epoch(network, data, settings, loss, after_step)
    training, lowest, best = Training(), math.inf, network.parameters.copy()
    with ThreadpoolController().limit(limits=1, user_api="blas"):  # the same bits on any number of cores
        for number in range(settings.epochs):
            epoch.run(generator(seed, Purpose.DENSE_ORDER, number), rate_at(settings, number))
            training.examples += len(data.inputs)
            training.losses.append(current := loss.value(network(validation.inputs), validation.targets))
            if current < lowest:
                lowest, training.best = current, number + 1
                best[:] = network.parameters
            elif settings.patience and number + 1 - training.best >= settings.patience:
                break
    if settings.patience:
        network.set(best)
    return training


class _Epoch:
    """All batches once; buffers and the optimizer's moments last from one epoch to the next."""

    def __init__(
        self, network: Masked, data: Examples, settings: TrainingSettings, loss: Loss, after: Step | None
    ) -> None:
        self._data, self._batch, self._after = data, min(settings.batch, len(data.inputs)), after
        self._backward = make_backpropagation(network, loss, self._batch)
        self._optimizer = make_optimizer(settings.optimizer, network, momentum=settings.momentum, decay=settings.decay)
        self._inputs: Array = np.empty((self._batch, data.inputs.shape[1]), dtype=data.inputs.dtype)
        self._steps = 0

    def run(self, rng: np.random.Generator, rate: float) -> None:
        order = rng.permutation(len(self._data.inputs))
        for first in range(0, order.size, self._batch):
            at = order[first : first + self._batch]
            inputs = np.take(self._data.inputs, at, axis=0, out=self._inputs[: at.size], mode="clip")
            self._backward(inputs, self._data.targets[at])
            self._optimizer.step(self._backward.gradient, rate)
            self._steps += 1
            if self._after is not None:
                self._after(self._steps)
