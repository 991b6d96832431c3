"""Greedy removal: each step against all networks that lack one connection, and what is left against plain scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from strategies import grown

import wann
from tasks.swingup import SwingUp
from wann.champion import Champion, Network
from wann.cli import main
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.genome import ConnectionGene, Genome
from wann.seeds import Purpose, trial_seeds
from wann.simplify import simplify
from wann.thinning import thin

WEIGHTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
EPISODES = 3


class Short(SwingUp):
    max_steps: ClassVar[int] = 60


TASK = Short()


def champion(weighted: bool = False) -> Champion:
    genome = grown(1, steps=14, seed=4)[0]
    genes = genome.connections
    if weighted:
        rng = np.random.default_rng(0)
        genes = tuple(ConnectionGene(g.innovation, g.source, g.target, g.enabled, float(rng.normal())) for g in genes)
    return Champion(task="swingup", inputs=TASK.inputs, outputs=TASK.outputs, nodes=genome.nodes, connections=genes)


def mean(genome: Genome, purpose: Purpose) -> float:
    """The mean return, an episode at a time."""
    weights = (None,) if genome.weighted else WEIGHTS
    network, returns = Network(genome), []
    for weight, seeds in zip(weights, trial_seeds(0, purpose, len(weights), EPISODES), strict=True):
        for seed in seeds:
            state, total, done = tuple(TASK.start(np.random.default_rng(seed))), 0.0, False
            for _ in range(TASK.max_steps):
                state, reward, done = TASK.step(state, tuple(network(TASK.observe(state), weight).tolist()))
                total += reward
                if done:
                    break
            returns.append(total)
    return float(np.mean(returns))


@pytest.mark.parametrize("weighted", [False, True])
def test_each_step_takes_the_connection_that_is_missed_least(weighted: bool) -> None:
    whole = champion(weighted)
    evaluator = ThreadEvaluator(TASK, 1)
    start = mean(simplify(whole)[0].genome, Purpose.THINNING)
    loss = 0.4 * start
    thinner, report = thin(whole, TASK, evaluator, loss=loss, episodes=EPISODES)
    assert report.verified[0] == pytest.approx(start, rel=1e-9)
    assert report.removed
    genome, last = simplify(whole)[0], start
    for innovation in report.removed:
        means = {
            gene.innovation: mean(
                Genome(genome.nodes, tuple(g for g in genome.connections if g is not gene)), Purpose.THINNING
            )
            for gene in genome.connections
        }
        assert means[innovation] == pytest.approx(max(means.values()), rel=1e-9)
        last = means[innovation]
        assert last >= start - loss
        left = tuple(g for g in genome.connections if g.innovation != innovation)
        genome = simplify(Champion(inputs=TASK.inputs, outputs=TASK.outputs, nodes=genome.nodes, connections=left))[0]
    assert (genome.nodes, genome.connections) == (thinner.nodes, thinner.connections)
    assert report.verified[1] == pytest.approx(last, rel=1e-9)
    assert report.fresh[1] == pytest.approx(mean(thinner.genome, Purpose.THINNING_TEST), rel=1e-9)
    if len(genome.connections) > 1:
        others = [Genome(genome.nodes, tuple(g for g in genome.connections if g is not x)) for x in genome.connections]
        assert max(mean(other, Purpose.THINNING) for other in others) < start - loss


def test_no_loss_allowed_takes_only_what_does_not_help(tmp_path: Path) -> None:
    champion().save(tmp_path / "net.json")
    report = wann.thin(tmp_path / "net.json", out=tmp_path / "thin.json", loss=0, episodes=5)
    assert report.verified[1] >= report.verified[0]
    left = wann.load(tmp_path / "thin.json")
    assert left.scores is None
    assert left.provenance["thinned"]["removed"] == list(report.removed)


def test_the_command_reports_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    champion().save(tmp_path / "net.json")
    arguments: list[Any] = ["simplify", tmp_path / "net.json", "--out", tmp_path / "thin.json", "--loss", "50"]
    with pytest.raises(SystemExit) as end:
        main([str(part) for part in [*arguments, "--episodes", "4"]])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("connections         ")
    assert "on fresh episodes" in text


@pytest.mark.parametrize("given", [{"loss": -1.0}, {"loss": float("nan")}, {"loss": 1.0, "episodes": 0}])
def test_wrong_arguments_are_refused(given: dict[str, Any], tmp_path: Path) -> None:
    champion().save(tmp_path / "net.json")
    with pytest.raises(UserError, match=r"^(loss|episodes): expected "):
        wann.thin(tmp_path / "net.json", out=tmp_path / "thin.json", **given)
    assert not (tmp_path / "thin.json").exists()
