"""Masks: exact counts, ties by index, nested rounds; equal to those of torch.nn.utils.prune."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from dense import as_torch, evidence, rng, some_mlp

from wann.compare.masks import check_density, keep_highest, prune_neurons_to, prune_share, prune_to
from wann.compare.method import find_method, methods, prune
from wann.compare.methods.neurons import Neurons
from wann.errors import UserError


def test_exactly_so_many_go_and_ties_go_by_index() -> None:
    alive = np.array([True, True, False, True, True, True])
    scores = np.array([1.0, 0.0, -9.0, 1.0, 1.0, 2.0])
    assert keep_highest(scores, alive, 3).tolist() == [False, False, False, False, True, True]
    assert keep_highest(scores, alive, 0).tolist() == alive.tolist()
    assert not keep_highest(scores, alive, 99).any()
    generator = np.random.default_rng(0)
    for count in range(25):  # against a stable sort
        scores, alive = generator.integers(0, 4, 24).astype(float), generator.random(24) < 0.8
        order = [i for i in np.argsort(scores, kind="stable") if alive[i]][:count]
        expected = alive.copy()
        expected[order] = False
        assert (keep_highest(scores.reshape(4, 6), alive.reshape(4, 6), count).ravel() == expected).all()


def torch_masks(model: object) -> list[np.ndarray]:
    return [layer.weight_mask.numpy() > 0 for layer in model if hasattr(layer, "weight_mask")]  # type: ignore[attr-defined]


def test_global_masks_are_those_of_pytorch_round_after_round() -> None:
    prune = pytest.importorskip("torch.nn.utils.prune")
    mlp, model = some_mlp(), as_torch(some_mlp())
    layers = [(layer, "weight") for layer in model if hasattr(layer, "weight")]
    for amount in (0.31, 0.5, 0.27):
        prune.global_unstructured(layers, pruning_method=prune.L1Unstructured, amount=amount)
        prune_to(mlp, [abs(w) for w in mlp.weights], (mlp.kept - round(amount * mlp.kept)) / mlp.size)
        for mask, expected in zip(mlp.masks, torch_masks(model), strict=True):
            np.testing.assert_array_equal(mask, expected)


def test_layer_masks_are_those_of_pytorch_round_after_round() -> None:
    prune = pytest.importorskip("torch.nn.utils.prune")
    mlp, model = some_mlp(), as_torch(some_mlp())
    for amount in (0.31, 0.5, 0.27):
        for layer in model:
            if hasattr(layer, "weight"):
                prune.l1_unstructured(layer, "weight", amount=amount)
        prune_share(mlp, [abs(w) for w in mlp.weights], [amount] * 3)
        for mask, expected in zip(mlp.masks, torch_masks(model), strict=True):
            np.testing.assert_array_equal(mask, expected)


def test_neurons_are_those_of_pytorch() -> None:
    prune = pytest.importorskip("torch.nn.utils.prune")
    mlp, model = some_mlp(), as_torch(some_mlp())
    prune.ln_structured(model[0], "weight", amount=3, n=2, dim=0)
    prune.ln_structured(model[2], "weight", amount=2, n=2, dim=0)
    (first, second), (norms_1, norms_2) = torch_masks(model), Neurons("n").scores(mlp, evidence())
    assert set(np.flatnonzero(~first.any(axis=1))) == set(norms_1.argsort()[:3])
    assert set(np.flatnonzero(~second.any(axis=1))) == set(norms_2.argsort()[:2])
    kept = 3 * 7 + 3 * 3 + 3 * 3  # what is left when 3 of 6 and 2 of 5 are gone
    Neurons("n").prune(mlp, kept / mlp.size, evidence(), rng())
    np.testing.assert_array_equal(mlp.bias_masks[0], first.any(axis=1))
    np.testing.assert_array_equal(mlp.bias_masks[1], second.any(axis=1))


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_density_is_exact_and_masks_nest(scope: str) -> None:
    mlp = some_mlp()
    for density in (1.0, 0.7, 0.33, 0.1):
        before = mlp.mask.copy()
        prune_to(mlp, [abs(w) for w in mlp.weights], density, scope)  # type: ignore[arg-type]
        assert not (mlp.mask & ~before).any()
        assert not mlp.parameters[~mlp.mask].any()
        assert mlp.mask.sum() - mlp.kept == 6 + 5 + 3, "biases stay"
        gone = [round((1.0 - density) * mask.size) for mask in mlp.masks]
        if scope == "layer":
            assert [int((~mask).sum()) for mask in mlp.masks] == gone
        else:
            assert mlp.size - mlp.kept == round((1.0 - density) * mlp.size)


def test_a_layer_keeps_its_last_neuron() -> None:
    mlp = some_mlp()
    prune_neurons_to(mlp, [np.zeros(6), np.zeros(5)], 0.001)
    assert [int(mask.sum()) for mask in mlp.bias_masks] == [1, 1, 3]


@pytest.mark.parametrize("density", [0.0, -0.1, 1.01, float("nan")])
def test_a_wrong_density_is_refused(density: float) -> None:
    with pytest.raises(UserError, match=r"density: expected .* in \(0, 1\]"):
        check_density(density)


WEIGHT_METHODS = ("gradient", "magnitude", "magnitude-threshold", "obd", "obd-lm", "random", "snip", "synflow")
NEURON_METHODS = ("activity", "activity-outliers", "neurons", "neurons-both", "redundancy", "taylor")


@pytest.mark.parametrize("name", WEIGHT_METHODS)
def test_every_method_for_weights_lands_exactly_and_nests(name: str) -> None:
    mlp, chance = some_mlp(), rng()
    for density in (0.6, 0.25):
        before = mlp.mask.copy()
        find_method(name).prune(mlp, density, evidence(), chance)
        assert mlp.size - mlp.kept == round((1.0 - density) * mlp.size)
        assert not (mlp.mask & ~before).any()
        assert all(mask.all() for mask in mlp.bias_masks)


@pytest.mark.parametrize("name", NEURON_METHODS)
def test_every_method_for_neurons_prunes_whole_neurons(name: str) -> None:
    mlp = some_mlp(hidden="tanh")
    find_method(name).prune(mlp, 0.5, evidence(), rng())
    assert 0.25 * mlp.size < mlp.kept <= round(0.5 * mlp.size)
    for layer, alive in enumerate(mlp.bias_masks[:-1]):
        np.testing.assert_array_equal(mlp.masks[layer].any(axis=1), alive)
        np.testing.assert_array_equal(mlp.masks[layer + 1].any(axis=0), alive)
    assert mlp.bias_masks[-1].all()


def test_what_a_method_needs_is_asked_for() -> None:
    nothing, mlp = evidence()._replace(examples=None, gradient=None), some_mlp()
    for method in methods().values():
        if {"data", "gradients"} & set(method.needs):
            with pytest.raises(UserError, match=f"{method.name!r} needs "):
                method.check(mlp, 0.5, nothing)
        else:
            method.check(mlp, 0.5, nothing)
    with pytest.raises(UserError, match="did you mean 'synflow'"):
        find_method("synflo")


def test_a_network_is_pruned_by_name() -> None:
    one, other = some_mlp(), some_mlp()
    prune(one, "magnitude", 0.3)
    prune_to(other, [abs(w) for w in other.weights], 0.3)
    np.testing.assert_array_equal(one.mask, other.mask)
    with pytest.raises(UserError, match="'snip' needs gradients"):
        prune(one, "snip", 0.3)
    with pytest.raises(UserError, match="density"):
        prune(one, "magnitude", 1.3)


def test_methods_are_found_and_name_their_source() -> None:
    assert {*WEIGHT_METHODS, *NEURON_METHODS, "lottery", "supermask"} <= set(methods())
    assert all(method.source for method in methods().values())
    assert copy.copy(methods()) == dict(sorted(methods().items()))
