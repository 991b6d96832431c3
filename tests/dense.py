"""Small networks and a small data set that tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wann.compare.backpropagation import mean_gradient
from wann.compare.data import DataSet, Examples
from wann.compare.loss import find_loss
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence

SIZES = (7, 6, 5, 3)


def some_mlp(seed: int = 0, sizes: tuple[int, ...] = SIZES, *, alive: float = 1.0, **options: Any) -> MLP:
    """Random weights and biases; each weight is alive with a probability."""
    mlp = MLP.initialised(sizes, seed, **{"dtype": np.float64, **options})
    rng = np.random.default_rng(seed)
    for biases in mlp.biases:
        biases[:] = rng.normal(size=biases.size)
    mlp.prune([rng.random(mask.shape) < alive for mask in mlp.masks])
    return mlp


def some_examples(n: int = 40, loss: str = "cross-entropy", seed: int = 1, sizes: tuple[int, ...] = SIZES) -> Examples:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, sizes[-1], n) if loss == "cross-entropy" else rng.normal(size=(n, sizes[-1]))
    return Examples(rng.normal(size=(n, sizes[0])), targets)


def learnable(n: int, seed: int) -> Examples:
    """Which of the first three inputs is the largest."""
    inputs = np.random.default_rng(seed).normal(size=(n, SIZES[0]))
    return Examples(inputs, inputs[:, :3].argmax(axis=1))


def data_set() -> DataSet:
    return DataSet("toy", learnable(400, 0), learnable(100, 1), learnable(200, 2))


def evidence(loss: str = "cross-entropy", n: int = 40) -> Evidence:
    examples = some_examples(n, loss)
    return Evidence(examples, find_loss(loss), lambda mlp: mean_gradient(mlp, find_loss(loss), *examples))


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def as_torch(mlp: MLP) -> Any:
    torch = pytest.importorskip("torch")
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "linear": torch.nn.Identity}
    modules = []
    for weights, biases, name in zip(mlp.weights, mlp.biases, mlp.activations, strict=True):
        layer = torch.nn.Linear(*weights.shape[::-1], dtype=torch.float64)
        layer.weight.data = torch.tensor(weights.astype(np.float64))
        layer.bias.data = torch.tensor(biases.astype(np.float64))
        modules += [layer, kinds[name]()]
    return torch.nn.Sequential(*modules)
