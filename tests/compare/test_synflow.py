"""SynFlow: conservation laws, automatic differentiation, and where layers collapse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from dense import evidence, rng, some_mlp

from wann.compare.method import find_method
from wann.compare.methods.synflow import synaptic_flow
from wann.compare.mlp import MLP

LENET = (784, 300, 100, 10)


def test_flow_is_conserved_by_layer_and_by_neuron() -> None:
    scores = synaptic_flow(some_mlp(alive=0.7))
    flow = np.ones(7)
    for weights in some_mlp(alive=0.7).weights:
        flow = abs(weights) @ flow
    np.testing.assert_allclose([score.sum() for score in scores], flow.sum(), rtol=1e-12)
    for before, after in pairwise(scores):
        np.testing.assert_allclose(before.sum(axis=1), after.sum(axis=0), rtol=1e-12)


def test_flow_does_not_see_signs_or_biases() -> None:
    mlp = some_mlp()
    flipped = mlp.copy()
    flipped.set(mlp.parameters * np.random.default_rng(0).choice([-1.0, 1.0], mlp.parameters.size))
    for biases in flipped.biases:
        biases += 1.0
    for one, other in zip(synaptic_flow(mlp), synaptic_flow(flipped), strict=True):
        np.testing.assert_array_equal(one, other)


def test_flow_equals_automatic_differentiation() -> None:
    torch = pytest.importorskip("torch")
    mlp = some_mlp(alive=0.8)
    weights = [torch.tensor(np.abs(w), requires_grad=True) for w in mlp.weights]
    x = torch.ones(7, dtype=torch.float64)
    for w in weights:
        x = w @ x
    x.sum().backward()
    for score, w in zip(synaptic_flow(mlp), weights, strict=True):
        np.testing.assert_allclose(score, (w.grad * w).detach().numpy(), rtol=1e-12)


def collapsed(name: str, kept: int) -> bool:
    """Whether some layer of LeNet-300-100 has no weight left."""
    mlp = MLP.initialised(LENET, 0)
    find_method(name).prune(mlp, kept / mlp.size, evidence(), rng())
    assert mlp.kept == kept
    return not all(mask.any() for mask in mlp.masks)


def test_synflow_reaches_the_largest_compression_where_others_collapse_orders_of_magnitude_earlier() -> None:
    mlp = MLP.initialised(LENET, 0)
    find_method("synflow").prune(mlp, 3 / mlp.size, evidence(), rng())
    assert [int(mask.sum()) for mask in mlp.masks] == [1, 1, 1]
    assert synaptic_flow(mlp)[0].sum() > 0.0, "the three lie on one path"
    assert collapsed("synflow-oneshot", 3000)
    assert collapsed("magnitude", 100)
    assert collapsed("random", 30)
