"""Scores of single weights against their definitions, by finite differences where there are gradients."""

from __future__ import annotations

import numpy as np
import pytest
from dense import data_set, evidence, rng, some_examples, some_mlp

from wann.champion import Champion
from wann.compare.data_problem import DataProblem
from wann.compare.loss import find_loss
from wann.compare.method import WeightMethod, find_method
from wann.compare.methods.lottery import Lottery, prune_round
from wann.compare.methods.neurons import Neurons
from wann.compare.mlp import MLP
from wann.compare.problem import Trial
from wann.compare.regimes import regimes
from wann.compare.training import TrainingSettings
from wann.genome import ConnectionGene, NodeGene

LOSS, EXAMPLES = find_loss("cross-entropy"), some_examples()


def loss_with(mlp: MLP, layer: int, at: tuple[int, int], weight: float) -> float:
    other = mlp.copy()
    other.weights[layer][at] = weight
    return LOSS.value(other(EXAMPLES.inputs), EXAMPLES.targets)


def scores(name: str, mlp: MLP) -> list[np.ndarray]:
    method = find_method(name)
    assert isinstance(method, WeightMethod)
    return list(method.scores(mlp, evidence(), rng()))


@pytest.mark.parametrize("name", ["snip", "gradient"])
def test_sensitivities_are_those_of_finite_differences(name: str) -> None:
    mlp, step = some_mlp(hidden="tanh"), 1e-6
    found = scores(name, mlp)
    for layer, at in ((0, (2, 3)), (1, (4, 0)), (2, (1, 2))):
        w = float(mlp.weights[layer][at])
        slope = (loss_with(mlp, layer, at, w + step) - loss_with(mlp, layer, at, w - step)) / (2.0 * step)
        assert found[layer][at] == pytest.approx(abs(slope * w) if name == "snip" else abs(slope), rel=1e-5)


@pytest.mark.parametrize("quality", [0.3, 0.8, 1.5])
def test_to_cut_the_threshold_order_at_a_quality_is_hans_rule(quality: float) -> None:
    mlp = some_mlp(alive=0.8)
    for weights, mask, score in zip(mlp.weights, mlp.masks, scores("magnitude-threshold", mlp), strict=True):
        expected = np.abs(weights[mask]) < quality * weights[mask].std()
        np.testing.assert_array_equal(score[mask] < quality, expected)


def test_both_norms_count_what_goes_out_of_a_neuron() -> None:
    mlp = some_mlp()
    (first, _), outgoing = Neurons("n", outgoing=True).scores(mlp, evidence()), mlp.weights[1][:, 2]
    assert first[2] == pytest.approx(np.linalg.norm([*mlp.weights[0][2], *outgoing]))


def test_survivors_are_reset_between_the_rounds_of_a_lottery() -> None:
    problem = DataProblem(data_set(), (12, 8), TrainingSettings(epochs=3, rate=0.02))
    trial = Trial(problem, 0)
    mlp = trial.dense.trained.copy()
    for _ in range(2):  # by hand: prune, reset, train
        prune_round(mlp)
        mlp.set(trial.dense.initial.parameters)
        problem.train(mlp, 0)
    prune_round(mlp)
    masks, _ = Lottery("l", "ticket").find(trial, mlp.density)
    for mask, expected in zip(masks, mlp.masks, strict=True):
        np.testing.assert_array_equal(mask, expected)


def test_regimes_find_the_best_shared_weight_and_play_random_ones() -> None:
    """Class 0 where x0 is negative: a negative weight is right on all, a positive one on none."""
    inputs = tuple(f"x{i}" for i in range(7))
    nodes = [
        NodeGene(0, "bias"),
        *(NodeGene(1 + i, "input") for i in range(7)),
        NodeGene(8, "output"),
        NodeGene(9, "output"),
    ]
    data = data_set()
    parts = [part._replace(targets=(part.inputs[:, 0] > 0.0).astype(int)) for part in data[1:]]
    problem = DataProblem(data._replace(train=parts[0], validation=parts[1], test=parts[2]), (4,), TrainingSettings())
    for weight, tuned in ((None, None), (-0.1, 1.0), (0.1, 0.0)):
        genes = (ConnectionGene(0, 1, 8, weight=weight),)
        champion = Champion(inputs=inputs, outputs=("0", "1"), nodes=tuple(nodes), connections=genes)
        found = regimes(problem, champion, 0)
        assert found.weight < 0.0
        assert found.best == 1.0
        assert found.tuned == tuned
        assert 0.2 < found.shared < 0.8
        assert 0.2 < found.individual < 0.8
