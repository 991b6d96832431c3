"""Optimal Brain Damage against finite differences, automatic differentiation and what deletion costs."""

from __future__ import annotations

import numpy as np
import pytest
from dense import as_torch, some_examples, some_mlp

from wann.compare.data import Examples
from wann.compare.loss import find_loss
from wann.compare.methods.obd import OptimalBrainDamage, second_derivatives
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence


def by_differences(mlp: MLP, examples: Examples, loss: str, layer: int, step: float = 1e-4) -> np.ndarray:
    """The diagonal second derivatives of a layer, by central differences."""
    weights = mlp.weights[layer]
    found = np.empty_like(weights)
    for at in np.ndindex(weights.shape):
        own, values = weights[at], []
        for shift in (-step, 0.0, step):
            weights[at] = own + shift
            values.append(find_loss(loss).value(mlp(examples.inputs), examples.targets))
        weights[at] = own
        found[at] = (values[0] - 2.0 * values[1] + values[2]) / step**2
    return found


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "relu", "linear"])
def test_the_last_layer_is_exact(hidden: str, loss: str) -> None:
    mlp, examples = some_mlp(hidden=hidden), some_examples(loss=loss)
    h = second_derivatives(mlp, examples, find_loss(loss))
    np.testing.assert_allclose(h[2], by_differences(mlp, examples, loss, 2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "linear"])
def test_the_layer_before_a_linear_output_with_squared_error_is_exact(hidden: str) -> None:
    mlp, examples = some_mlp(hidden=hidden), some_examples(loss="squared")
    h = second_derivatives(mlp, examples, find_loss("squared"))
    np.testing.assert_allclose(h[1], by_differences(mlp, examples, "squared", 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
def test_the_output_curvature_equals_automatic_differentiation(output: str) -> None:
    torch = pytest.importorskip("torch")
    mlp, examples = some_mlp(output=output, hidden="tanh"), some_examples(loss="squared")
    model, x = as_torch(mlp), torch.tensor(examples.inputs)

    def loss(weights: object) -> object:
        parameters = {"4.weight": weights}
        outputs = torch.func.functional_call(model, parameters, x)
        return (outputs - torch.tensor(examples.targets)).square().sum(dim=1).mean()

    hessian = torch.autograd.functional.hessian(loss, torch.tensor(mlp.weights[2]))
    expected = hessian.reshape(15, 15).diagonal().reshape(3, 5)
    np.testing.assert_allclose(second_derivatives(mlp, examples, find_loss("squared"))[2], expected, atol=1e-12)


def test_the_levenberg_marquardt_form_is_never_negative_and_drops_only_curvature() -> None:
    mlp, examples, loss = some_mlp(hidden="tanh"), some_examples(), find_loss("cross-entropy")
    full, positive = second_derivatives(mlp, examples, loss), second_derivatives(mlp, examples, loss, positive=True)
    assert any((h < 0.0).any() for h in full)
    assert all((h >= 0.0).all() for h in positive)
    np.testing.assert_array_equal(full[2], positive[2])
    relu = some_mlp()
    for one, other in zip(
        second_derivatives(relu, examples, loss), second_derivatives(relu, examples, loss, positive=True), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_linear_network_at_its_minimum_loses_exactly_the_saliency() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 4))
    targets = inputs @ rng.normal(size=(4, 2)) + rng.normal(size=(60, 2))
    mlp = MLP((4, 2), dtype=np.float64)
    with_bias = np.hstack([inputs, np.ones((60, 1))])
    solution = np.linalg.lstsq(with_bias, targets)[0].T
    mlp.weights[0][:], mlp.biases[0][:] = solution[:, :4], solution[:, 4]
    loss = find_loss("squared")
    evidence = Evidence(Examples(inputs, targets), loss)
    (saliency,) = OptimalBrainDamage("obd").scores(mlp, evidence, rng)
    best = loss.value(mlp(inputs), targets)
    for at in np.ndindex(2, 4):
        damaged = mlp.copy()
        damaged.weights[0][at] = 0.0
        assert loss.value(damaged(inputs), targets) - best == pytest.approx(saliency[at], rel=1e-9)
