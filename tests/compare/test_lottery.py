"""Lottery tickets and supermasks on a toy data set: survivors, controls, repetition."""

from __future__ import annotations

import numpy as np
import pytest
from dense import data_set, learnable, some_mlp

from wann.compare.data_problem import DataProblem
from wann.compare.graph import expressed
from wann.compare.method import find_method, methods
from wann.compare.methods.lottery import Lottery, prune_at_once, prune_round
from wann.compare.problem import Trial
from wann.compare.training import TrainingSettings

SETTINGS = TrainingSettings(epochs=5, rate=0.02)
PROBLEM = DataProblem(data_set(), (12, 8), SETTINGS)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(PROBLEM, 0)


@pytest.mark.parametrize("density", [0.7, 0.3])
def test_survivors_go_back_to_their_first_weights_bit_for_bit(trial: Trial, density: float) -> None:
    ticket = find_method("lottery").run(trial, density)
    alive = ticket.before.mask
    assert ticket.before.parameters[alive].tobytes() == trial.dense.initial.parameters[alive].tobytes()
    assert not ticket.before.parameters[~alive].any()
    assert not ticket.network.parameters[~alive].any()
    assert ticket.network.density == pytest.approx(density, abs=2 / ticket.network.size)


def test_rounds_prune_a_fifth_of_the_survivors_and_a_tenth_of_the_output_layer() -> None:
    mlp = some_mlp(sizes=(7, 50, 40, 3))
    for _ in range(3):
        counts = [int(mask.sum()) for mask in mlp.masks]
        prune_round(mlp)
        gone = [before - int(mask.sum()) for before, mask in zip(counts, mlp.masks, strict=True)]
        assert gone == [round(0.2 * counts[0]), round(0.2 * counts[1]), round(0.1 * counts[2])]


def test_the_last_few_weights_go_at_once_where_a_fifth_of_them_is_none() -> None:
    few = Trial(DataProblem(data_set(), (2,), TrainingSettings(epochs=1)), 0)
    ticket = find_method("lottery").run(few, 0.06)
    assert ticket.network.kept == round(0.06 * ticket.network.size)


def test_one_shot_leaves_what_as_many_rounds_would() -> None:
    rounds, at_once = some_mlp(sizes=(7, 50, 40, 3)), some_mlp(sizes=(7, 50, 40, 3))
    for _ in range(10):
        prune_round(rounds)
    prune_at_once(at_once, rounds.density)
    for one, other in zip(rounds.masks, at_once.masks, strict=True):
        assert abs(int(one.sum()) - int(other.sum())) <= 5


def test_tickets_of_smaller_density_are_nested_and_dearer(trial: Trial) -> None:
    large, small = (find_method("lottery").run(trial, density) for density in (0.7, 0.2))
    assert not (small.network.mask & ~large.network.mask).any()
    assert small.price > large.price > trial.dense.how.price


def test_the_memo_changes_nothing(trial: Trial) -> None:
    find_method("lottery").run(trial, 0.2)
    again, fresh = find_method("lottery").run(trial, 0.3), find_method("lottery").run(Trial(PROBLEM, 0), 0.3)
    assert again.network.parameters.tobytes() == fresh.network.parameters.tobytes()
    assert again.price == fresh.price


@pytest.mark.parametrize(
    "name", [name for name in methods() if name not in ("lottery-reinit", "lottery-late", "supermask")]
)
def test_at_density_1_every_method_is_the_dense_network_bit_for_bit(trial: Trial, name: str) -> None:
    outcome = find_method(name).run(trial, 1.0)
    assert outcome.network.parameters.tobytes() == trial.dense.trained.parameters.tobytes()
    assert outcome.curve == trial.dense.how.curve
    assert outcome.price == trial.dense.how.price


def test_an_early_ticket_costs_a_tenth_of_a_training_and_goes_back_to_the_start(trial: Trial) -> None:
    ticket = find_method("lottery-early").run(trial, 0.5)
    alive = ticket.before.mask
    assert ticket.before.parameters[alive].tobytes() == trial.dense.initial.parameters[alive].tobytes()
    assert ticket.price == round(1.1 * trial.dense.how.price)
    late = [np.abs(w) for w in trial.dense.initial.views(trial.dense.how.late)[0]]
    for size, mask in zip(late, ticket.before.masks, strict=True):
        assert size[mask].min() >= size[~mask].max()


def test_a_ticket_can_be_trained_on_other_data(trial: Trial) -> None:
    masks, _ = Lottery("l", "ticket").find(trial, 0.4)
    other = DataProblem(data_set()._replace(train=learnable(300, 9)), (12, 8), SETTINGS)
    mlp = other.initial(0)
    mlp.prune(masks)
    other.train(mlp, 0)
    np.testing.assert_array_equal(
        np.concatenate([m.ravel() for m in mlp.masks]), np.concatenate([m.ravel() for m in masks])
    )
    assert other.score(mlp).mean > 0.7


def test_late_rewinding_goes_back_to_early_weights(trial: Trial) -> None:
    ticket = find_method("lottery-late").run(trial, 0.5)
    alive = ticket.before.mask
    late = trial.dense.how.late
    assert ticket.before.parameters[alive].tobytes() == late[alive].tobytes()
    assert late.tobytes() not in (trial.dense.initial.parameters.tobytes(), trial.dense.trained.parameters.tobytes())


def test_the_reinitialised_control_shares_the_mask_and_no_weight(trial: Trial) -> None:
    ticket, control = (find_method(name).run(trial, 0.4) for name in ("lottery", "lottery-reinit"))
    np.testing.assert_array_equal(ticket.network.mask, control.network.mask)
    for ours, theirs, mask in zip(ticket.before.weights, control.before.weights, ticket.before.masks, strict=True):
        assert (ours[mask] != theirs[mask]).all()


def test_the_shuffled_control_keeps_layer_counts_and_initial_weights(trial: Trial) -> None:
    ticket, control = (find_method(name).run(trial, 0.4) for name in ("lottery", "lottery-shuffled"))
    assert [int(m.sum()) for m in ticket.network.masks] == [int(m.sum()) for m in control.network.masks]
    assert (ticket.network.mask != control.network.mask).any()
    alive = control.before.mask
    assert control.before.parameters[alive].tobytes() == trial.dense.initial.parameters[alive].tobytes()


def test_a_supermask_is_better_than_chance_and_trains_no_weight() -> None:
    trial = Trial(DataProblem(data_set(), (64, 64), SETTINGS), 0)
    outcome = find_method("supermask").run(trial, 0.5)
    for weights, mask in zip(outcome.network.weights, outcome.network.masks, strict=True):
        assert len(np.unique(np.abs(weights[mask]))) == 1
        assert int((~mask).sum()) == round(0.5 * mask.size)
    for biases in outcome.network.biases:
        assert not biases.any()
    assert PROBLEM.score(outcome.network).mean > 0.6 > PROBLEM.score(find_method("random").run(trial, 0.5).before).mean


@pytest.mark.parametrize("name", ["magnitude-gradual", "lottery", "synflow", "taylor", "redundancy", "supermask"])
def test_the_same_seed_gives_the_same_network_and_another_seed_another(name: str) -> None:
    runs = [find_method(name).run(Trial(PROBLEM, seed), 0.4) for seed in (1, 1, 2)]
    states = [run.network.parameters.tobytes() for run in runs]
    assert states[0] == states[1] != states[2]
    assert runs[0].curve == runs[1].curve


def test_schedules_end_at_the_density() -> None:
    cubic, geometric = find_method("magnitude-gradual"), find_method("magnitude-iterative")
    assert cubic.densities(0.1)[-1] == pytest.approx(0.1)
    assert cubic.densities(0.1)[4] == pytest.approx(1.0 - 0.9 * (1.0 - 0.5**3))
    assert geometric.densities(0.1) == pytest.approx([0.1 ** (k / 5) for k in range(1, 6)])


def test_trained_networks_keep_their_score_where_random_masks_lose_it(trial: Trial) -> None:
    dense = PROBLEM.score(trial.dense.trained).mean
    pruned, chance = (
        PROBLEM.score(find_method(name).run(trial, 0.3).before).mean for name in ("magnitude", "random-trained")
    )
    assert dense > 0.85
    assert pruned > chance + 0.1
    assert PROBLEM.score(find_method("magnitude").run(trial, 0.3).network).mean > dense - 0.05


def test_networks_are_scored_with_other_weights() -> None:
    mlp = Trial(PROBLEM, 0).dense.trained
    networks, order = expressed(mlp)
    vectors = np.vstack([mlp.parameters[order], np.zeros(order.size)])
    found = PROBLEM.play(networks, vectors, True)
    assert found[0] == pytest.approx(PROBLEM.score(mlp).mean, abs=0.006)  # float32 may turn an example
    assert found[1] == pytest.approx(np.mean(PROBLEM.data.test.targets == 0))
    assert PROBLEM.play(networks, vectors, False)[1] == pytest.approx(np.mean(PROBLEM.data.train.targets == 0))
