"""Accuracy: every share is a count of samples, made one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score
from strategies import grown

import wann
from tasks.digits import Digits
from wann.champion import Champion, Network
from wann.classification import vote
from wann.errors import UserError
from wann.network import express
from wann.population import Population
from wann.scoring import own_weights
from wann.seeds import Purpose, generator
from wann.task import Part

TASK = Digits()
WEIGHTS = (-1.0, 0.5, 2.0)


def champion(weighted: bool = False) -> Champion:
    genome = grown(1, n_inputs=64, n_outputs=10, steps=20, seed=2)[0]
    connections = genome.connections
    if weighted:
        rng = np.random.default_rng(1)
        connections = tuple(
            wann.ConnectionGene(g.innovation, g.source, g.target, g.enabled, float(rng.normal())) for g in connections
        )
    return Champion(
        task="digits", inputs=TASK.inputs, outputs=TASK.outputs, nodes=genome.nodes, connections=connections
    )


def chosen(network: Network, weight: float | None) -> np.ndarray:
    return network(TASK.parts[Part.TEST].x, weight).argmax(axis=1)


def test_accuracy_agrees_with_scikit_learn(tmp_path) -> None:
    tuned = champion(weighted=True)
    tuned.save(tmp_path / "net.json")
    found = wann.test(tmp_path / "net.json", weights=WEIGHTS, draws=7).accuracy
    assert found is not None
    network, y = champion().network, TASK.parts[Part.TEST].y
    for weight, share, classes in zip(WEIGHTS, found.weights, found.classes, strict=True):
        assert share == pytest.approx(accuracy_score(y, chosen(network, weight)))
        assert classes == pytest.approx(recall_score(y, chosen(network, weight), average=None))
    drawn = generator(0, Purpose.TEST_WEIGHTS).uniform(-2, 2, 7)
    assert found.random == pytest.approx(np.mean([accuracy_score(y, chosen(network, w)) for w in drawn]))
    assert found.tuned == pytest.approx(accuracy_score(y, chosen(tuned.network, None)))
    votes = np.array([chosen(network, weight) for weight in WEIGHTS])
    clear = [k for k in range(len(y)) if len(set(votes[:, k])) < 3]
    majority = [np.bincount(votes[:, k]).argmax() for k in clear]
    assert len(clear) > 50
    assert abs(found.ensemble * len(y) - accuracy_score(y[clear], majority, normalize=False)) <= len(y) - len(clear)


def test_most_votes_win_and_ties_go_to_the_mean_probability() -> None:
    two_to_one = np.array([[[0.6, 0.4, 0.0]], [[0.6, 0.4, 0.0]], [[0.0, 1.0, 0.0]]])
    assert vote(two_to_one).tolist() == [0]
    tie = np.array([[[0.6, 0.4, 0.0]], [[0.1, 0.9, 0.0]]])
    assert vote(tie).tolist() == [1]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 5), st.integers(2, 5))
def test_the_vote_agrees_with_counting(seed: int, networks: int, samples: int, classes: int) -> None:
    found = np.random.default_rng(seed).dirichlet(np.ones(classes), (networks, samples))
    for sample, winner in enumerate(vote(found)):
        votes = [int(row.argmax()) for row in found[:, sample]]
        score = [(votes.count(k), found[:, sample, k].mean()) for k in range(classes)]
        assert winner == max(range(classes), key=lambda k: score[k])


def test_the_tables_hold_the_accuracy(tmp_path) -> None:
    champion().save(tmp_path / "net.json")
    report = wann.test(tmp_path / "net.json", weights=WEIGHTS, draws=3)
    assert report.episodes == 1
    text, markdown, table = (report.table(form) for form in ("text", "md", "csv"))
    for share in report.accuracy.weights:
        assert f"{share:.2%}" in text
        assert f"{share:.2%}" in markdown
        assert repr(share) in table
    assert "std over episodes" not in text
    assert f"by vote: {report.accuracy.ensemble:.2%}" in text
    assert report.classes == tuple("0123456789")
    assert len([line for line in markdown.splitlines() if line.startswith("|")]) == 2 + 7 + 2 + 3


def test_own_weights_are_those_of_the_test() -> None:
    tuned = champion(weighted=True)
    networks = express(Population.pack([tuned.genome]))
    assert own_weights(tuned.genome, networks).shape == (networks.sources.size,)


def test_a_network_of_another_task_is_refused(tmp_path) -> None:
    champion().save(tmp_path / "net.json")
    with pytest.raises(UserError, match="has 64 inputs and 10 outputs; the task 'swingup' has 5 and 1"):
        wann.test(tmp_path / "net.json", task="swingup")
