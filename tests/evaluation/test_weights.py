"""One network with many vectors of weights: each return is that of a plain simulation, whoever computes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from strategies import grown

from tasks.swingup import SwingUp
from wann.champion import Champion
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.rollout import RolloutPlayer
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation, Evaluator
from wann.genome import ConnectionGene, Genome
from wann.network import Networks, express
from wann.population import Floats, Integers, Population
from wann.seeds import Purpose, trial_seeds

SEEDS = trial_seeds(3, Purpose.TEST, 1, 7)[0]


class Short(SwingUp):
    """A swing-up that is over soon."""

    max_steps = 40


def genome(seed: int = 11) -> Genome:
    return grown(1, steps=40, seed=seed)[0]


def express_one(of: Genome) -> Networks:
    return express(Population.pack([of]))


def drawn(networks: Networks, n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(-2.0, 2.0, (n, networks.sources.size))


def evaluate(evaluator: Evaluator, networks: Networks, vectors: Floats, seeds: Integers = SEEDS) -> Evaluation:
    try:
        return evaluator.evaluate_weights(networks, vectors, seeds)
    finally:
        evaluator.close()


@pytest.fixture(scope="module")
def one() -> Iterator[ThreadEvaluator]:
    evaluator = ThreadEvaluator(SwingUp(), 1)
    yield evaluator
    evaluator.close()


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_equal_weights_give_the_returns_of_the_shared_weight(one: ThreadEvaluator, seed: int) -> None:
    networks, weights = express_one(genome(seed)), np.array([-2.0, -0.5, 0.0, 0.7, 2.0])
    vectors = np.repeat(weights[:, None], networks.sources.size, axis=1)
    own, steps = one.evaluate_weights(networks, vectors, SEEDS)
    shared = one.evaluate(networks, weights.tolist(), np.tile(SEEDS, (5, 1)))
    assert own.shape == (5, 7)
    np.testing.assert_allclose(own, shared.returns[0], rtol=0, atol=1e-9)
    assert steps == shared.steps


def test_returns_are_those_of_a_plain_simulation() -> None:
    topology, task = genome(), Short()
    networks = express_one(topology)
    own = np.random.default_rng(1).normal(size=(3, len(topology.connections)))
    found = evaluate(ThreadEvaluator(task, 1), networks, own[:, networks.connection_genes])
    expected = [[simulated(weighted(topology, row), task, seed) for seed in SEEDS] for row in own.tolist()]
    np.testing.assert_allclose(found.returns, expected, rtol=0, atol=1e-9)


def test_a_horizon_ends_episodes_early(one: ThreadEvaluator) -> None:
    networks = express_one(genome())
    vectors = drawn(networks, 5)
    early = one.evaluate_weights(networks, vectors, SEEDS, horizon=0.04)
    expected = evaluate(ThreadEvaluator(Short(), 1), networks, vectors)
    np.testing.assert_array_equal(early.returns, expected.returns)
    assert early.steps == expected.steps
    assert one.evaluate_weights(networks, vectors, SEEDS, horizon=1e-9).steps == 5 * len(SEEDS)


def weighted(of: Genome, weights: Sequence[float]) -> Genome:
    genes = [
        ConnectionGene(gene.innovation, gene.source, gene.target, gene.enabled, weight)
        for gene, weight in zip(of.connections, weights, strict=True)
    ]
    return Genome(of.nodes, tuple(genes))


def simulated(of: Genome, task: SwingUp, seed: int) -> float:
    champion = Champion(inputs=task.inputs, outputs=task.outputs, nodes=of.nodes, connections=of.connections)
    state, total = tuple(task.start(np.random.default_rng(seed))), 0.0
    for _ in range(task.max_steps):
        state, reward, done = task.step(state, tuple(champion.network(task.observe(state)).tolist()))
        total += reward
        if done:
            break
    return total


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_do_not_matter(one: ThreadEvaluator, workers: int) -> None:
    networks = express_one(genome())
    vectors = drawn(networks, 40)
    found, expected = evaluate(ThreadEvaluator(SwingUp(), workers), networks, vectors), evaluate_again(one, vectors)
    np.testing.assert_array_equal(found.returns, expected.returns)
    assert found.steps == expected.steps


def evaluate_again(one: ThreadEvaluator, vectors: Floats) -> Evaluation:
    return one.evaluate_weights(express_one(genome()), vectors, SEEDS)


@pytest.mark.parametrize("pieces", [1, 5, 100])
def test_chunking_does_not_matter(one: ThreadEvaluator, monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    networks = express_one(genome())
    vectors = drawn(networks, 40)
    expected = evaluate_again(one, vectors)
    monkeypatch.setattr(RolloutPlayer, "pieces_per_thread", pieces)
    np.testing.assert_array_equal(evaluate_again(one, vectors).returns, expected.returns)


def test_ray_workers_do_not_matter(one: ThreadEvaluator) -> None:
    networks = express_one(genome())
    vectors = drawn(networks, 40)
    found, expected = evaluate(RayEvaluator(SwingUp(), "local", 2), networks, vectors), evaluate_again(one, vectors)
    np.testing.assert_array_equal(found.returns, expected.returns)
    assert found.steps == expected.steps


def test_a_candidate_does_not_know_its_neighbours(one: ThreadEvaluator) -> None:
    vectors = drawn(express_one(genome()), 9)
    together = evaluate_again(one, vectors).returns
    for vector, returns in zip(vectors, together, strict=True):
        np.testing.assert_array_equal(evaluate_again(one, vector[None]).returns[0], returns)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 1), (1, 2, 3)])
def test_vectors_of_the_wrong_shape_are_refused(one: ThreadEvaluator, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^vectors must be "):
        one.evaluate_weights(express_one(genome()), np.zeros(shape), SEEDS)


def test_more_than_one_network_is_refused(one: ThreadEvaluator) -> None:
    networks = express(grown(2, steps=10, seed=1))
    with pytest.raises(ValueError, match=r"^vectors must be .* for 1 network, got .* for 2"):
        one.evaluate_weights(networks, drawn(networks, 3), SEEDS)
