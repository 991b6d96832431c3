"""Data sets: each return is minus the mean loss that NumPy and scikit-learn find, sample by sample."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, mean_squared_error
from strategies import DRAWS, grown, mutate, numbered, record_of

import wann
from wann.champion import Network
from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.samples import LARGEST_LOSS, log
from wann.evaluation.threads import ThreadEvaluator
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.network import express
from wann.population import Population
from wann.task import Part

WEIGHTS = (-2.0, -0.5, 1.0)
SEEDS = np.arange(6).reshape(3, 2)


def blobs(n: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return rng.normal(size=(n, 5)) + y[:, None], y


class Blobs(DataTask):
    name = "blobs"
    inputs = ("a", "b", "c", "d", "e")
    outputs = ("0", "1", "2")
    batch = 37

    def load(self) -> Any:
        return blobs(200), blobs(80, 1)


class Line(Blobs):
    outputs = ("p", "q")

    def load(self) -> Any:
        pairs = [blobs(100), blobs(45, 1)]
        return [(x, np.stack([x.sum(axis=1), x[:, 0] * x[:, 1]], axis=1)) for x, _ in pairs]


def played(task: DataTask, population: Population, part: Part, workers: int = 1) -> Any:
    evaluator = ThreadEvaluator(task, workers)
    try:
        return evaluator.evaluate(express(population), WEIGHTS, SEEDS, part)
    finally:
        evaluator.close()


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("kind", [Blobs, Line])
def test_returns_are_minus_the_mean_loss_of_the_batch(kind: type[DataTask], part: Part) -> None:
    task, genomes = kind(), grown(4, steps=14, seed=3, n_outputs=len(kind.outputs))
    returns, steps = played(task, genomes, part)
    samples, count = task.parts[part], 0
    for i, genome in enumerate(genomes):
        for w, weight in enumerate(WEIGHTS):
            for t in range(2):
                index = task.batch_of(part, SEEDS[w, t])
                outputs = Network(genome)(samples.x[index], weight)
                count += len(index)
                if task.classifies:
                    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
                    share = powers / powers.sum(axis=1, keepdims=True)
                    loss = log_loss(samples.y[index], share, labels=[0, 1, 2])
                else:
                    loss = mean_squared_error(samples.y[index], outputs)
                assert returns[i, w, t] == pytest.approx(-loss, rel=1e-9, abs=1e-12)
    assert steps == count


def test_workers_do_not_matter() -> None:
    genomes = grown(20, steps=6, n_outputs=3)
    one, three = played(Blobs(), genomes, Part.TRAINING), played(Blobs(), genomes, Part.TRAINING, workers=3)
    np.testing.assert_array_equal(one.returns, three.returns)
    assert one.steps == three.steps


def test_relatives_do_not_matter() -> None:
    parent = grown(1, steps=40, n_outputs=3)
    children = mutate(parent, np.random.default_rng(0).random((20, DRAWS)), parents=[0] * 20)
    family = numbered(parent, children, record_of(parent))
    together = played(Blobs(), family, Part.TRAINING).returns
    for i, returns in enumerate(together):
        np.testing.assert_array_equal(played(Blobs(), family.take(np.array([i])), Part.TRAINING).returns[0], returns)


def test_individual_weights_are_those_of_the_connections() -> None:
    genome = grown(1, steps=9, seed=1, n_outputs=3)[0]
    task, networks = Blobs(), express(Population.pack([genome]))
    drawn = np.random.default_rng(0).normal(size=(4, len(genome.connections)))
    evaluator = ThreadEvaluator(task, 1)
    found = evaluator.evaluate_weights(networks, drawn[:, networks.connection_genes], np.array([0]), Part.TEST)
    x, y = task.parts[Part.TEST]
    for vector, (value,) in zip(drawn, found.returns, strict=True):
        genes = [
            ConnectionGene(g.innovation, g.source, g.target, g.enabled, float(weight))
            for g, weight in zip(genome.connections, vector, strict=True)
        ]
        outputs = Network(Genome(genome.nodes, tuple(genes)))(x)
        share = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        expected = -np.log(np.maximum(share[np.arange(len(y)), y], 2.0**-52)).mean()
        assert value == pytest.approx(-expected, rel=1e-9)


def test_an_infinite_output_costs_the_largest_loss() -> None:
    nodes = [NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "output")]
    hidden = [NodeGene(4 + i, "hidden", "square") for i in range(12)]
    chain = [1, *(node.id for node in hidden), 2]
    genes = tuple(ConnectionGene(i, a, b) for i, (a, b) in enumerate(pairwise(chain)))

    class Wide(Blobs):
        inputs = ("a",)
        outputs = ("0", "1")

        def load(self) -> Any:
            x = np.full((10, 1), 1e9)
            return (x, np.arange(10) % 2), (x, np.zeros(10, dtype=int))

    returns, _ = played(Wide(), Population.pack([Genome((*nodes, *hidden), genes)]), Part.TEST)
    np.testing.assert_allclose(returns, -LARGEST_LOSS, rtol=1e-14)


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_the_logarithm_is_the_logarithm(x: float) -> None:
    assert log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-15)


def test_validation_and_training_share_no_sample() -> None:
    task = Blobs()
    training, validation = ({row.tobytes() for row in task.parts[part].x} for part in (Part.TRAINING, Part.VALIDATION))
    assert len(training) == 160
    assert len(validation) == 40
    assert not training & validation


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((4, 4)), [0, 1, 2, 0], "expected x as (samples, 5), got (4, 4)"),
        (np.zeros((0, 5)), [], "expected x as (samples, 5), got (0, 5)"),
        (np.full((4, 5), np.nan), [0, 1, 2, 0], "x[0, 0] is nan: fill in or drop missing values"),
        (
            np.ma.array(np.zeros((4, 5)), mask=np.eye(4, 5)),
            [0, 1, 2, 0],
            "x has masked values: fill in or drop missing values",
        ),
        (
            [["a"] * 5] * 4,
            [0, 1, 2, 0],
            "could not convert string to float: 'a'): expected as many numbers in every row",
        ),
        ([[1.0], [1.0, 2.0]], [0, 1], "): expected as many numbers in every row"),
        (np.zeros((4, 5)), [[1], [1, 2]], "): expected as many numbers in every row"),
        (
            np.zeros((4, 5)),
            ["a", "b", "c", "a"],
            "from 0 to 2, got <U1: number them, as numpy.unique(y, return_inverse=True) does",
        ),
        (
            np.zeros((4, 5)),
            [0.0, 1.0, np.nan, 0.0],
            "from 0 to 2, got float64: numbers to predict stand in columns, (samples, 3)",
        ),
        (np.zeros((4, 5)), [0, 1, 2, 3], "expected classes from 0 to 2, got 0 to 3"),
        (np.zeros((4, 5)), [0, 1, -1, 2], "expected classes from 0 to 2, got -1 to 2"),
        (np.zeros((4, 5)), [1, 1, 1, 1], "all 4 are of class 1, expected two classes or more"),
        (np.zeros((4, 5)), [0, 1, 2], "4 of x, 3 of y"),
        (np.zeros((4, 5)), np.zeros((4, 2)), "expected y as (samples, 3), got (4, 2)"),
        (np.zeros((4, 5)), np.full((4, 3), np.inf), "y[0, 0] is inf: fill in or drop missing values"),
        (np.zeros((2, 5)), [0, 1], "2 training samples are too few to hold some out"),
    ],
)
def test_wrong_samples_are_refused(x: Any, y: Any, message: str) -> None:
    class Wrong(Blobs):
        def load(self) -> Any:
            return (x, y), blobs(10)

    with pytest.raises(UserError) as error:
        played(Wrong(), grown(1, n_outputs=3), Part.TRAINING)
    assert str(error.value).startswith("the task 'blobs'")
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(message)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (lambda: 1 / 0, "cannot load its samples as pairs (x, y): ZeroDivisionError: division by zero"),
        (lambda: None, "cannot load its samples as pairs (x, y): TypeError: 'NoneType' object is not iterable"),
        (
            lambda: blobs(10),
            "cannot load its samples as pairs (x, y): ValueError: too many values to unpack (expected 2)",
        ),
        (lambda: [blobs(10)], "expected two pairs (x, y), for training and for the test, or three with one for "),
    ],
)
def test_samples_that_cannot_be_loaded_are_told_before_there_is_a_folder(
    load: Any, message: str, tmp_path: Any
) -> None:
    class Wrong(Blobs):
        def load(self) -> Any:
            return load()

    with pytest.raises(UserError) as error:
        wann.search(Wrong(), out=tmp_path / "run")
    assert message in str(error.value)
    assert str(error.value).startswith("the task 'blobs'")
    assert not (tmp_path / "run").exists()


def test_ray_workers_load_the_samples_themselves() -> None:
    task = Blobs()
    before = len(pickle.dumps(task))
    assert len(task.parts) == 3
    assert len(pickle.dumps(task)) == before
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(task)).parts[Part.TEST].x, task.parts[Part.TEST].x)


def test_a_search_improves_and_verifies_on_held_out_samples(tmp_path: Any) -> None:
    run = wann.search(Blobs(), generations=15, population=32, trials=1, verify_trials=1, out=tmp_path / "run")
    history = run.history["champion_mean"]
    assert history[-1] > history[0]
    scores, task = run.champion.scores, Blobs()
    assert scores is not None
    x, y = task.parts[Part.VALIDATION]
    for weight, mean in zip(scores.weights, scores.means, strict=True):
        outputs = run.champion.network(x, weight)
        share = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        assert mean == pytest.approx(-log_loss(y, share, labels=[0, 1, 2]), rel=1e-9)
