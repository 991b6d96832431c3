"""Time of a training step of LeNet-300-100, here and in PyTorch, on one thread, in turns.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python tests/benchmarks/dense_training.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from wann.compare.backpropagation import Backpropagation
from wann.compare.loss import find_loss
from wann.compare.mlp import MLP
from wann.compare.optimizer import make_optimizer

SIZES, BATCH, STEPS, REPEATS = (784, 300, 100, 10), 60, 200, 7

Data = tuple[np.ndarray, np.ndarray]


def ours(optimizer: str, data: Data) -> Callable[[], None]:
    mlp = MLP.initialised(SIZES, 0)
    backward = Backpropagation(mlp, find_loss("cross-entropy"), BATCH)
    chosen = make_optimizer(optimizer, mlp, momentum=0.9, decay=0.0)

    def step() -> None:
        backward(*data)
        chosen.step(backward.gradient, 1e-3)

    return step


def theirs(optimizer: str, data: Data) -> Callable[[], None]:
    torch.set_num_threads(1)
    layers = [torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(100, 10))
    parameters = model.parameters()
    adam = optimizer == "adam"
    chosen = torch.optim.Adam(parameters, 1e-3) if adam else torch.optim.SGD(parameters, 1e-3, momentum=0.9)
    inputs, targets = map(torch.tensor, data)

    def step() -> None:
        chosen.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        chosen.step()
        loss.item()

    return step


def seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - start) / STEPS


def main() -> None:
    rng = np.random.default_rng(0)
    data = rng.random((BATCH, 784), dtype=np.float32), rng.integers(0, 10, BATCH)
    for optimizer in ("sgd", "adam"):
        pair = ours(optimizer, data), theirs(optimizer, data)
        times = np.array([[seconds(step) for step in pair] for _ in range(REPEATS + 1)])[1:].min(axis=0) * 1e6
        print(f"{optimizer}: {times[0]:.0f} us a step, PyTorch {times[1]:.0f} us, ratio {times[0] / times[1]:.2f}")


if __name__ == "__main__":
    main()
