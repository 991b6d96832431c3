"""Dense networks against PyTorch: the same outputs, gradients and steps; pruned weights are zero throughout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dense import as_torch, learnable, some_examples, some_mlp

from wann.compare.backpropagation import Backpropagation, mean_gradient
from wann.compare.loss import find_loss
from wann.compare.mlp import MLP
from wann.compare.optimizer import OPTIMIZERS, make_optimizer
from wann.compare.training import TrainingSettings, rate_at, train
from wann.errors import UserError


def torch_loss(name: str, outputs: Any, targets: np.ndarray) -> Any:
    torch = pytest.importorskip("torch")
    if name == "cross-entropy":
        return torch.nn.functional.cross_entropy(outputs, torch.tensor(targets))
    return (outputs - torch.tensor(targets)).square().sum(dim=1).mean()


CASES = [
    ("relu", "linear", "cross-entropy"),
    ("tanh", "linear", "cross-entropy"),
    ("sigmoid", "sigmoid", "squared"),
    ("tanh", "tanh", "squared"),
    ("linear", "relu", "squared"),
]


@pytest.mark.parametrize(("hidden", "output", "loss"), CASES)
def test_outputs_loss_and_gradient_are_those_of_pytorch(hidden: str, output: str, loss: str) -> None:
    torch = pytest.importorskip("torch")
    mlp, data = some_mlp(alive=0.67, hidden=hidden, output=output), some_examples(loss=loss)
    model = as_torch(mlp)
    outputs = model(torch.tensor(data.inputs))
    expected = torch_loss(loss, outputs, data.targets)
    expected.backward()
    gradients = [p.grad.numpy().ravel() for p in model.parameters()]

    backward = Backpropagation(mlp, find_loss(loss), 64)  # larger than the batch
    assert backward(data.inputs, data.targets) == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(mlp(data.inputs), outputs.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(backward.gradient, np.concatenate(gradients), atol=1e-12)
    np.testing.assert_allclose(mean_gradient(mlp, find_loss(loss), *data), backward.gradient, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_those_of_pytorch_on_what_is_alive(name: str, decay: float) -> None:
    torch = pytest.importorskip("torch")
    mlp, rng = some_mlp(alive=0.67), np.random.default_rng(2)
    parameter = torch.nn.Parameter(torch.tensor(mlp.parameters))
    reference = (
        torch.optim.SGD([parameter], lr=0.03, momentum=0.8, weight_decay=decay)
        if name == "sgd"
        else torch.optim.Adam([parameter], lr=0.03, weight_decay=decay)
    )
    optimizer = make_optimizer(name, mlp, momentum=0.8, decay=decay)
    for _ in range(7):
        gradient = rng.normal(size=mlp.parameters.size)
        parameter.grad = torch.tensor(gradient)
        reference.step()
        optimizer.step(gradient, 0.03)
        assert not mlp.parameters[~mlp.mask].any()
    np.testing.assert_allclose(mlp.parameters[mlp.mask], parameter.detach().numpy()[mlp.mask], rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_momentum_of_before_does_not_bring_a_pruned_weight_back(name: str) -> None:
    mlp = some_mlp(alive=0.67, dtype=np.float32)
    optimizer = make_optimizer(name, mlp, momentum=0.9, decay=0.0)
    optimizer.step(np.ones_like(mlp.parameters), 0.1)
    mlp.prune([np.zeros_like(mask) if layer == 1 else np.ones_like(mask) for layer, mask in enumerate(mlp.masks)])
    for _ in range(3):
        optimizer.step(np.zeros_like(mlp.parameters), 0.1)
        assert not mlp.weights[1].any()
    assert mlp.weights[0].any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "step"])
def test_training_learns_and_repeats_bit_for_bit(optimizer: str, schedule: str) -> None:
    settings = TrainingSettings(
        epochs=12,
        batch=32,
        optimizer=optimizer,
        rate=0.02 if optimizer == "adam" else 0.1,
        schedule=schedule,  # type: ignore[arg-type]
    )
    runs = []
    for _ in range(2):
        mlp = some_mlp(alive=0.67, dtype=np.float32)
        training = train(mlp, learnable(500, 0), learnable(200, 1), settings, seed=3)
        runs.append((mlp.parameters.tobytes(), training.losses))
    assert runs[0] == runs[1]
    assert training.losses[-1] < 0.5 * training.losses[0]
    assert training.examples == 12 * 500
    assert not mlp.parameters[~mlp.mask].any()
    other = some_mlp(alive=0.67, dtype=np.float32)
    train(other, learnable(500, 0), learnable(200, 1), settings, seed=4)
    assert other.parameters.tobytes() != runs[0][0]


def test_early_stopping_goes_back_to_the_lowest_validation_loss() -> None:
    settings = TrainingSettings(epochs=200, rate=0.02, patience=5)
    mlp, validation = some_mlp(alive=0.67), learnable(60, 1)
    training = train(mlp, learnable(60, 0), validation, settings, seed=0)
    assert len(training.losses) == training.best + 5 < 200
    assert training.losses[training.best - 1] == min(training.losses)
    assert find_loss("cross-entropy").value(mlp(validation.inputs), validation.targets) == min(training.losses)


def test_schedules() -> None:
    def rates(schedule: str) -> list[float]:
        settings = TrainingSettings(epochs=4, rate=1.0, schedule=schedule)  # type: ignore[arg-type]
        return [rate_at(settings, epoch) for epoch in range(4)]

    assert rates("constant") == [1.0] * 4
    assert rates("step") == [1.0, 1.0, 0.1, 0.01]
    np.testing.assert_allclose(rates("cosine"), [(1 + np.cos(np.pi * t / 4)) / 2 for t in range(4)])


def test_pruning_a_neuron_takes_its_row_bias_and_column() -> None:
    mlp = some_mlp(alive=0.67)
    mlp.prune_neuron(1, 2)
    assert not mlp.weights[1][2].any()
    assert mlp.biases[1][2] == 0.0
    assert not mlp.weights[2][:, 2].any()
    before = mlp.kept
    mlp.prune([np.ones_like(mask) for mask in mlp.masks])
    assert mlp.kept == before
    mlp.set(np.ones_like(mlp.parameters))
    assert (mlp.parameters == mlp.mask).all()


def test_wrong_shapes_and_names_are_refused() -> None:
    with pytest.raises(UserError, match="sizes: expected"):
        MLP((3,))
    with pytest.raises(UserError, match="did you mean 'tanh'"):
        MLP((3, 2), hidden="tan")
    with pytest.raises(UserError, match="cross-entropy needs linear outputs"):
        Backpropagation(some_mlp(alive=0.67, output="tanh"), find_loss("cross-entropy"), 40)(*some_examples())
    with pytest.raises(UserError, match="there is no loss"):
        find_loss("hinge")
