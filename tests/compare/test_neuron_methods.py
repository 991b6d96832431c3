"""Activity, redundancy and Taylor: planted neurons, and automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
from dense import as_torch, evidence, rng, some_examples, some_mlp

from wann.compare.backpropagation import mean_gradient
from wann.compare.loss import find_loss
from wann.compare.method import find_method
from wann.compare.methods.activity import Activity, apoz
from wann.compare.methods.redundancy import Redundancy, apply, best_merge
from wann.compare.methods.taylor import gate_effects, mean_effects
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence

INPUTS = some_examples(200).inputs


@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_a_dead_neuron_scores_1_and_one_that_always_fires_0(hidden: str) -> None:
    mlp = some_mlp(hidden=hidden)
    mlp.weights[0][2] = 0.0
    mlp.biases[0][2] = -1.0 if hidden == "relu" else 0.01
    mlp.weights[0][4] = 0.0
    mlp.biases[0][4] = 1.0
    silent = apoz(mlp, INPUTS)[0]
    assert silent[2] == 1.0
    assert silent[4] == 0.0
    assert ((silent > 0.0) & (silent < 1.0)).any()


def test_apoz_counts_zeros() -> None:
    mlp = some_mlp()
    values = np.maximum(INPUTS @ mlp.weights[0].T + mlp.biases[0], 0.0)
    np.testing.assert_allclose(apoz(mlp, INPUTS)[0], [np.mean([h == 0.0 for h in column]) for column in values.T])


def test_to_cut_the_standardised_order_at_1_is_hus_rule() -> None:
    mlp, given = some_mlp(), Evidence(some_examples(200), find_loss("cross-entropy"))
    for silent, score in zip(apoz(mlp, INPUTS), Activity("a", standardised=True).scores(mlp, given), strict=True):
        np.testing.assert_array_equal(-score > 1.0, silent > silent.mean() + silent.std())


@pytest.mark.parametrize(("a", "b"), [(2.0, 3.0), (-1.0, 0.0), (-0.5, 0.25)])
def test_a_planted_copy_is_merged_first_and_nothing_changes(a: float, b: float) -> None:
    mlp = some_mlp(hidden="linear")
    mlp.weights[0][4] = a * mlp.weights[0][1]
    mlp.biases[0][4] = a * mlp.biases[0][1] + b
    for weights in mlp.weights[1:]:  # linear neurons of a layer this narrow would correlate by themselves
        weights *= np.random.default_rng(0).normal(size=weights.shape)
    before = mlp(INPUTS)
    merge = best_merge(mlp, INPUTS)
    assert merge is not None
    assert (merge.layer, merge.kept, merge.dropped) == (0, 1, 4)
    assert merge.correlation == pytest.approx(1.0)
    assert merge.a == pytest.approx(a)
    assert merge.b == pytest.approx(b)
    apply(mlp, merge)
    assert not mlp.bias_masks[0][4]
    np.testing.assert_allclose(mlp(INPUTS), before, atol=1e-10)


def test_a_constant_neuron_folds_into_the_biases_first() -> None:
    mlp = some_mlp(hidden="tanh")
    mlp.weights[1][3] = 0.0
    before = mlp(INPUTS)
    merge = best_merge(mlp, INPUTS)
    assert merge is not None
    assert (merge.layer, merge.dropped, merge.a) == (1, 3, 0.0)
    apply(mlp, merge)
    np.testing.assert_allclose(mlp(INPUTS), before, atol=1e-10)


def test_redundancy_merges_down_to_one_neuron_a_layer() -> None:
    mlp = some_mlp()
    Redundancy("r").prune(mlp, 0.01, evidence(), rng())
    assert [int(mask.sum()) for mask in mlp.bias_masks] == [1, 1, 3]


def test_the_merge_is_the_best_linear_fit_of_the_strongest_pair() -> None:
    mlp = some_mlp(hidden="tanh")
    merge = best_merge(mlp, INPUTS)
    assert merge is not None
    strongest = 0.0
    for values in mlp.layers(INPUTS)[:-1]:
        strongest = max(strongest, np.abs(np.triu(np.corrcoef(values.T), 1)).max())
    assert merge.correlation == pytest.approx(strongest)
    values = mlp.layers(INPUTS)[merge.layer]
    slope, offset = np.polyfit(values[:, merge.kept], values[:, merge.dropped], 1)
    assert (merge.a, merge.b) == (pytest.approx(slope), pytest.approx(offset))


@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_taylor_equals_automatic_differentiation(hidden: str) -> None:
    torch = pytest.importorskip("torch")
    mlp, examples = some_mlp(hidden=hidden), some_examples()
    model, x, hidden_values = as_torch(mlp), torch.tensor(examples.inputs), []
    for module in model:
        x = module(x)
        x.retain_grad()
        hidden_values.append(x)
    torch.nn.functional.cross_entropy(x, torch.tensor(examples.targets), reduction="sum").backward()
    expected = [(h * h.grad).abs().mean(dim=0).detach().numpy() for h in (hidden_values[1], hidden_values[3])]
    for found, one in zip(mean_effects(mlp, examples, find_loss("cross-entropy")), expected, strict=True):
        np.testing.assert_allclose(found, one, atol=1e-12)
    scores = find_method("taylor").scores(mlp, evidence())  # type: ignore[attr-defined]
    assert [np.linalg.norm(score) for score in scores] == pytest.approx([1.0, 1.0])


def scaled(mlp: MLP, layer: int, neuron: int, gate: float) -> MLP:
    other = mlp.copy()
    other.weights[layer + 1][:, neuron] *= gate
    return other


def test_the_effect_of_a_gate_is_the_slope_by_the_gate() -> None:
    mlp, examples, loss = some_mlp(hidden="tanh"), some_examples(), find_loss("cross-entropy")
    effects = gate_effects(mlp, mean_gradient(mlp, loss, *examples))
    for layer, neuron in ((0, 1), (1, 3)):
        high, low = (
            loss.value(scaled(mlp, layer, neuron, gate)(examples.inputs), examples.targets)
            for gate in (1.0 + 1e-5, 1.0 - 1e-5)
        )
        assert effects[layer][neuron] == pytest.approx(abs(high - low) / 2e-5, rel=1e-6)
