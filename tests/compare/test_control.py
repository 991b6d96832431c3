"""Dense policies: CMA-ES on the search's own rollouts, and every pruning method on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tasks.swingup import SwingUp
from wann.compare.control import ControlProblem, EvolutionSettings, seeds_of_test
from wann.compare.method import WeightMethod, find_method, methods
from wann.compare.problem import Trial
from wann.environment import JittedEnv
from wann.evaluation.threads import ThreadEvaluator

TASK = SwingUp()
SETTINGS = EvolutionSettings(generations=12, population=8, trials=2)


@pytest.fixture(scope="module")
def problem() -> Iterator[ControlProblem]:
    evaluator = ThreadEvaluator(TASK, 1)
    yield ControlProblem(TASK, evaluator, (6,), SETTINGS)
    evaluator.close()


@pytest.fixture(scope="module")
def trial(problem: ControlProblem) -> Trial:
    return Trial(problem, 0)


def test_the_score_is_the_return_of_the_perceptron_in_the_environment(problem: ControlProblem, trial: Trial) -> None:
    mlp, env, returns = trial.dense.trained, JittedEnv(TASK), []
    for seed in seeds_of_test()[:3].tolist():
        observation, _ = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            observation, reward, ended, cut, _ = env.step(mlp(observation[None])[0])
            total, over = total + reward, ended or cut
        returns.append(total)
    networks, order = problem._policy(mlp)[:2]
    found = problem.evaluator.evaluate_weights(networks, mlp.parameters[None, order], seeds_of_test()[:3]).returns
    np.testing.assert_allclose(found[0], returns, rtol=1e-3)  # rounding differs, and the dynamics amplify it
    assert problem.score(mlp).mean == pytest.approx(float(problem.play(networks, mlp.parameters[None, order], True)[0]))


def test_training_improves_and_repeats_on_any_number_of_threads(problem: ControlProblem, trial: Trial) -> None:
    evaluator = ThreadEvaluator(TASK, 3)
    again = Trial(ControlProblem(TASK, evaluator, (6,), SETTINGS), 0)
    assert again.dense.trained.parameters.tobytes() == trial.dense.trained.parameters.tobytes()
    assert again.dense.how.curve == trial.dense.how.curve
    evaluator.close()
    assert problem.score(trial.dense.trained).mean > problem.score(trial.dense.initial).mean + 50.0
    assert trial.dense.how.price > 12 * 8 * 2 * 10


@pytest.mark.parametrize("name", list(methods()))
def test_every_method_prunes_a_policy(problem: ControlProblem, trial: Trial, name: str) -> None:
    outcome = find_method(name).run(trial, 0.5)
    assert 0.2 < outcome.network.density <= 0.52
    assert not outcome.network.parameters[~outcome.network.mask].any()
    assert outcome.price >= trial.dense.how.price or (find_method(name).start == "initial" and outcome.price > 0)
    assert np.isfinite(problem.score(outcome.network).mean)


def test_fine_tuning_never_verifies_below_its_start(problem: ControlProblem, trial: Trial) -> None:
    mlp = trial.dense.trained.copy()
    first = problem.train(mlp, 5, 0.2)
    assert first.price > 0
    assert problem.score(mlp).mean > problem.score(trial.dense.trained).mean - 30.0


def test_gradients_come_from_the_return_which_a_step_along_them_improves(problem: ControlProblem, trial: Trial) -> None:
    mlp = trial.dense.initial.copy()
    gradient = problem._gradient(mlp, 0)
    mlp.set(mlp.parameters - 0.2 * gradient / np.linalg.norm(gradient))
    assert problem.score(mlp).mean > problem.score(trial.dense.initial).mean
    assert trial.evidence.returns


def test_evidence_is_the_dense_policy_on_states_that_it_visits(trial: Trial) -> None:
    examples = trial.evidence.examples
    assert examples is not None
    assert examples.inputs.shape[1] == 5
    np.testing.assert_allclose(np.hypot(examples.inputs[:, 2], examples.inputs[:, 3]), 1.0)
    np.testing.assert_array_equal(examples.targets, trial.dense.trained(examples.inputs))


def test_the_damage_to_a_policy_is_to_what_it_does_itself(problem: ControlProblem, trial: Trial) -> None:
    mlp = trial.dense.trained.copy()
    mlp.set(mlp.parameters * 1.5)  # no longer the dense policy
    method = find_method("obd")
    assert isinstance(method, WeightMethod)
    scores = method.scores(mlp, trial.evidence, trial.rng())
    assert all((score >= 0.0).all() for score in scores)
    states, own = trial.evidence.examples.inputs, mlp.copy()  # type: ignore[union-attr]
    own.weights[1][0, 2] = 0.999 * mlp.weights[1][0, 2]
    lost = np.square(own(states) - mlp(states)).sum(axis=1).mean()
    assert lost == pytest.approx(1e-6 * scores[1][0, 2], rel=1e-2)
