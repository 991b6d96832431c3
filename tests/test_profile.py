"""Returns over shared weights."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import grown

from tasks.swingup import SwingUp
from wann.champion import Champion, NetworkScores
from wann.environment import JittedEnv
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.profile import play_profile
from wann.scoring import DEFAULT_WEIGHTS
from wann.seeds import Purpose, trial_seeds


def champion(scores: NetworkScores | None = None) -> Champion:
    genome = grown(1, steps=40)[0]
    return Champion(
        inputs=SwingUp.inputs,
        outputs=SwingUp.outputs,
        nodes=genome.nodes,
        connections=genome.connections,
        scores=scores,
    )


@pytest.fixture(scope="module")
def evaluator() -> ThreadEvaluator:
    return ThreadEvaluator(SwingUp(), 1)


def played(network: Champion, weight: float, seed: int) -> float:
    env = JittedEnv(SwingUp())
    observation, _ = env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        observation, reward, ended, cut, _ = env.step(network.network(observation, weight))
        total, over = total + reward, ended or cut
    return total


def test_every_return_is_the_one_of_the_environment(evaluator: ThreadEvaluator) -> None:
    profile = play_profile(champion(), evaluator, episodes=3, seed=5)
    seeds = trial_seeds(5, Purpose.TEST, 1, 3, 4).ravel()
    assert profile.returns.shape == (profile.weights.size, 3)
    for index in (0, 47, profile.weights.size - 1):
        wanted = [played(champion(), float(profile.weights[index]), int(seed)) for seed in seeds]
        np.testing.assert_allclose(profile.returns[index], wanted, rtol=1e-9)


def test_the_weights_cover_the_range_and_hold_those_of_the_search(evaluator: ThreadEvaluator) -> None:
    profile = play_profile(champion(), evaluator, episodes=1)
    assert (profile.weights[0], profile.weights[-1]) == (-3.0, 3.0)
    assert (np.diff(profile.weights) > 0).all()
    assert profile.searched.tolist() == sorted(DEFAULT_WEIGHTS)
    own = play_profile(champion(NetworkScores(1.0, (-4.0, 0.33), (1.0, 1.0), 1)), evaluator, episodes=1)
    assert own.searched.tolist() == [-4.0, 0.33]
    assert {-4.0, -3.0, 0.33, 3.0} <= set(own.weights.tolist())


@pytest.mark.parametrize(("name", "value"), [("episodes", 0), ("episodes", 1.5), ("seed", -1), ("seed", None)])
def test_numbers_that_will_not_do(evaluator: ThreadEvaluator, name: str, value: object) -> None:
    with pytest.raises(UserError, match=f"{name}: expected a whole number"):
        play_profile(champion(), evaluator, **{name: value})  # type: ignore[arg-type]
