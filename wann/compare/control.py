"""A dense network on a control task: trained by CMA-ES on the rollouts of the search, scored by its return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np

from wann.cma import Strategy
from wann.compare.data import Examples
from wann.compare.functions import Array
from wann.compare.graph import expressed
from wann.compare.loss import SquaredError
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.compare.problem import LATE, Evidence, Problem, Score, Trained
from wann.environment import JittedEnv
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluator
from wann.network import Networks
from wann.population import Floats, Integers
from wann.seeds import Purpose, generator, trial_seeds
from wann.task import JittedTask

TEST_TRIALS, CHOICE_TRIALS = 100, 32
"""Episodes of the score, and of the choice between weights; the same for every network."""
VERIFY_EVERY, VERIFY_TRIALS, BEST_FEW = 10, 100, 3
STATES_EPISODES, STATES_EVERY = 4, 4
GRADIENT_PAIRS, GRADIENT_TRIALS, GRADIENT_SIGMA = 64, 8, 0.05


class EvolutionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to train for a control task: CMA-ES (Hansen 2016), separable above 200 weights (Ros & Hansen 2008)."""

    generations: Annotated[int, msgspec.Meta(ge=1)] = 300
    population: Annotated[int, msgspec.Meta(ge=4)] = 64
    """Candidates a generation."""
    trials: Annotated[int, msgspec.Meta(ge=1)] = 4
    """Episodes of each candidate, the same for all candidates of a generation."""
    sigma: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    """Standard deviation of the first candidates around untrained weights."""
    fine_sigma: Annotated[float, msgspec.Meta(gt=0)] = 0.1
    """The same where a training goes on after pruning."""


class _Policy(NamedTuple):
    """A network as the kernels play it."""

    networks: Networks
    order: Integers
    """Which parameter each of its sources carries."""
    evaluator: Evaluator

    def returns(self, vectors: Floats, seeds: Integers) -> tuple[Floats, int]:
        """The returns of vectors of weights, (vectors, trials), and the steps that they took."""
        found = self.evaluator.evaluate_weights(self.networks, vectors, seeds)
        return found.returns, found.steps


class ControlProblem(Problem):
    """A control task with jitted dynamics.

    Args:
        task: The task.
        evaluator: Plays it.
        hidden: Sizes of the hidden layers.
        settings: How a full training goes.
        activation: Of hidden neurons and outputs.
    """

    unit = "environment steps"
    score_name = "mean return"

    def __init__(
        self,
        task: JittedTask,
        evaluator: Evaluator,
        hidden: Sequence[int],
        settings: EvolutionSettings,
        *,
        activation: str = "tanh",
    ) -> None:
        self.task: JittedTask = task
        self.evaluator, self.settings = evaluator, settings
        self._sizes = (len(task.inputs), *hidden, len(task.outputs))
        self._activation = activation

    def __getstate__(self) -> dict[str, Any]:
        """Without the evaluator: in another process it plays on a thread of its own."""
        return {**vars(self), "evaluator": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, evaluator=ThreadEvaluator(state["task"], 1))

    def perceptron(self, seed: int, draw: int = 0) -> MLP:
        """An untrained policy, float64."""
        names = {"hidden": self._activation, "output": self._activation}
        return MLP.initialised(self._sizes, seed, draw, dtype=np.float64, **names)

    def _policy(self, network: Masked) -> _Policy:
        return _Policy(*expressed(network), self.evaluator)

    def train(self, network: Masked, seed: int, share: float = 1.0) -> Trained:
        """CMA-ES from the present weights: ``share`` of the generations, closer by where it is not a full training.

        Every few generations the mean of the distribution and the best few candidates are played on trials that
        selection does not see; the best of these, the start among them, is the result.
        """
        settings, policy = self.settings, self._policy(network)
        if not policy.order.size:
            return Trained(0, [], network.parameters.copy())
        generations = max(1, round(share * settings.generations))
        climb = _Climb(
            policy,
            settings,
            network.parameters[policy.order],
            seed,
            settings.sigma if share == 1.0 else settings.fine_sigma,
        )
        late = network.parameters.copy()
        for generation in range(1, generations + 1):
            climb.advance(generation, verify=generation % VERIFY_EVERY == 0 or generation == generations)
            if generation == max(1, round(LATE * generations)):
                late[policy.order] = climb.mean
        best = network.parameters.copy()
        best[policy.order] = climb.best
        network.set(best)
        return Trained(climb.steps, climb.curve, late)

    def evidence(self, dense: Masked, seed: int) -> Evidence:
        """States that the dense policy visits with its actions there; the gradient of minus the return."""
        states = self._visited(dense, seed)
        return Evidence(
            Examples(states, dense(states)), SquaredError(), lambda network: self._gradient(network, seed), returns=True
        )

    def _visited(self, network: Masked, seed: int) -> Array:
        """Every few observations of a few episodes; (states, inputs)."""
        env, states = JittedEnv(self.task), []
        for trial in trial_seeds(seed, Purpose.DENSE_STATES, 1, STATES_EPISODES)[0].tolist():
            observation, _ = env.reset(seed=trial)
            for step in range(self.task.max_steps):
                if step % STATES_EVERY == 0:
                    states.append(observation)
                observation, _, ended, _, _ = env.step(network(observation[None])[0])
                if ended:
                    break
        return np.array(states)

    def _gradient(self, network: Masked, seed: int) -> Array:
        """Minus the gradient of the expected return, by antithetic evolution strategies (Salimans 2017)."""
        policy = self._policy(network)
        noise = generator(seed, Purpose.PRUNING_TRIALS).normal(size=(GRADIENT_PAIRS, policy.order.size))
        centre = network.parameters[policy.order]
        vectors = np.vstack([centre + GRADIENT_SIGMA * noise, centre - GRADIENT_SIGMA * noise])
        seeds = trial_seeds(seed, Purpose.PRUNING_TRIALS, 1, GRADIENT_TRIALS)[0]
        means = policy.returns(vectors, seeds)[0].mean(axis=1)
        difference = means[:GRADIENT_PAIRS] - means[GRADIENT_PAIRS:]
        gradient = np.zeros_like(network.parameters)
        gradient[policy.order] = -(difference @ noise) / (2.0 * GRADIENT_SIGMA * GRADIENT_PAIRS)
        return gradient

    def score(self, network: Masked) -> Score:
        """The return over the test episodes."""
        policy = self._policy(network)
        returns, _ = policy.returns(network.parameters[None, policy.order], seeds_of_test())
        return Score(float(returns.mean()), float(returns.std()))

    def play(self, networks: Networks, vectors: Floats, final: bool) -> Floats:
        """The mean return over the test episodes or over those that choose."""
        found = self.evaluator.evaluate_weights(networks, vectors, seeds_of_test(final))
        return np.asarray(found.returns.mean(axis=1))


def seeds_of_test(final: bool = True) -> Integers:
    """The seeds of the episodes that score, or of those that choose a weight."""
    trials = TEST_TRIALS if final else CHOICE_TRIALS
    return np.asarray(trial_seeds(0, Purpose.DENSE_TEST, 1, trials, 0 if final else 1)[0])


class _Climb:
    """CMA-ES on one policy's weights, in the order of its sources."""

    def __init__(self, policy: _Policy, settings: EvolutionSettings, start: Floats, seed: int, sigma: float) -> None:
        self.steps, self.curve = 0, list[float]()
        self._policy, self._settings, self._seed = policy, settings, seed
        self._sigma = sigma
        self._strategy = self._from(start)
        self.best, self._mean = start.copy(), -np.inf
        self._verify(start[None])

    def _from(self, start: Floats) -> Strategy:
        return Strategy(start, sigma=self._sigma, population=self._settings.population)

    @property
    def mean(self) -> Floats:
        """Where the search stands."""
        return self._strategy.mean

    def advance(self, generation: int, *, verify: bool) -> None:
        """One generation."""
        settings = self._settings
        chance = trial_seeds(self._seed, Purpose.DENSE_CANDIDATES, 1, 1, generation)[0, 0]
        candidates = self._strategy.ask(int(chance))
        trials = trial_seeds(self._seed, Purpose.DENSE_TRIALS, 1, settings.trials, generation)[0]
        means = self._returns(candidates, trials)
        self._strategy.tell(candidates, means)
        if self._strategy.diverged:
            self._strategy = self._from(self.best)
        self.curve.append(float(means.mean()))
        if verify:
            few = np.argsort(-means, kind="stable")[:BEST_FEW]
            self._verify(np.vstack([self.mean, candidates[few]]))

    def _verify(self, vectors: Floats) -> None:
        means = self._returns(vectors, trial_seeds(self._seed, Purpose.DENSE_VERIFICATION, 1, VERIFY_TRIALS)[0])
        if means.max() > self._mean:
            self.best, self._mean = vectors[int(means.argmax())].copy(), float(means.max())

    def _returns(self, vectors: Floats, seeds: Integers) -> Floats:
        returns, steps = self._policy.returns(vectors, seeds)
        self.steps += steps
        return np.asarray(returns.mean(axis=1))
