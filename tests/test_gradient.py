"""Gradients agree with finite differences; gradient descent agrees with PyTorch's Adam and betters a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import genomes, grown

import wann
from tasks.digits import Digits
from wann.champion import Champion, Network
from wann.dataset import Samples
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome
from wann.gradient import fresh_adam, loss_gradient
from wann.network import express
from wann.population import Population
from wann.scoring import own_weights
from wann.task import Part

KINKED = {"step", "abs", "relu"}


def loss(genome: Genome, weights: Any, genes: Any, samples: Samples) -> float:
    """The loss by calling the network, whose connections carry the weights."""
    own = dict(zip(genes.tolist(), weights.tolist(), strict=True))
    connections = tuple(
        ConnectionGene(g.innovation, g.source, g.target, g.enabled, own.get(i, 1.0))
        for i, g in enumerate(genome.connections)
    )
    outputs = Network(Genome(genome.nodes, connections))(samples.x, None if connections else 1.0)
    if samples.y.ndim == 2:
        return float(((outputs - samples.y) ** 2).mean())
    outputs = outputs - outputs.max(axis=1, keepdims=True)
    return float((np.log(np.exp(outputs).sum(axis=1)) - outputs[np.arange(len(outputs)), samples.y]).mean())


@given(genomes(), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_gradient_agrees_with_finite_differences(genome: Genome, classes: bool, seed: int) -> None:
    networks, rng = express(Population.pack([genome])), np.random.default_rng(seed)
    n_outputs = sum(node.kind == "output" for node in genome.nodes)
    x = rng.normal(size=(5, networks.n_inputs))
    y = rng.integers(0, n_outputs, 5) if classes else rng.normal(size=(5, n_outputs))
    weights, samples = 0.3 * rng.normal(size=networks.sources.size), Samples(x, y)
    found, gradient = loss_gradient(networks, weights, samples)
    genes = networks.connection_genes
    assert found == pytest.approx(loss(genome, weights, genes, samples), rel=1e-9, abs=1e-12)
    if KINKED & {node.activation for node in genome.nodes}:
        return  # a difference may reach across a kink
    for i in range(weights.size):
        step = 1e-6 * np.eye(weights.size)[i]
        ahead, behind = (loss(genome, weights + sign * step, genes, samples) for sign in (1, -1))
        assert gradient[i] == pytest.approx((ahead - behind) / 2e-6, rel=1e-4, abs=1e-6 * max(1.0, abs(ahead)))


@pytest.mark.parametrize(("name", "slope"), [("relu", 1.0), ("abs", 1.0), ("step", 0.0)])
def test_activations_with_a_kink_have_the_slope_beside_it(name: str, slope: float) -> None:
    nodes = [wann.NodeGene(0, "bias"), wann.NodeGene(1, "input"), wann.NodeGene(2, "output", name)]
    networks = express(Population.pack([Genome(tuple(nodes), (ConnectionGene(0, 1, 2),))]))
    for x in (2.0, -2.0):
        samples = Samples(np.array([[x]]), np.array([[0.0]]))
        value = {"relu": max(x, 0.0), "abs": abs(x), "step": float(x > 0)}[name]
        side = slope if x > 0 else {"relu": 0.0, "abs": -1.0, "step": 0.0}[name]
        _, gradient = loss_gradient(networks, np.ones(1), samples)
        assert gradient[0] == pytest.approx(2.0 * value * side * x)


def test_adam_takes_the_steps_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    rng = np.random.default_rng(0)
    weights, adam = rng.normal(size=7), fresh_adam(7)
    other = torch.tensor(weights, requires_grad=True)
    optimizer = torch.optim.Adam([other], lr=0.03)
    for _ in range(50):
        gradient = rng.normal(size=7)
        adam, weights = adam.step(weights, gradient, 0.03)
        other.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(weights, other.detach().numpy(), rtol=1e-12)


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    task, genome = Digits(), grown(1, n_inputs=64, n_outputs=10, steps=10)[0]
    path = tmp_path / "net.json"
    Champion(
        task="digits", inputs=task.inputs, outputs=task.outputs, nodes=genome.nodes, connections=genome.connections
    ).save(path)
    return path


def test_gradient_descent_betters_a_classifier(digits: Path) -> None:
    tuned = wann.tune(digits, mode="gradient", generations=120, rate=0.03)
    found = tuned.provenance["tuning"]
    networks, samples = express(Population.pack([tuned.genome])), Digits().parts[Part.TEST]
    final, _ = loss_gradient(networks, own_weights(tuned.genome, networks), samples)
    assert found["result"]["mean"] == pytest.approx(-final)
    assert found["result"]["mean"] > found["start"]["mean"] + 0.5
    assert found["result"]["trials"] == 1


def test_an_interrupted_descent_goes_on_to_the_same_weights(digits: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"mode": "gradient", "generations": 40, "workers": 1}
    whole = wann.tune(digits, out=tmp_path / "whole.json", **options)

    def stop(progress: Any) -> None:
        if progress.generation == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wann.tune(digits, out=tmp_path / "other.json", watch=stop, **options)
    seen: list[int] = []
    wann.tune(digits, out=tmp_path / "other.json", watch=lambda p: seen.append(p.generation), **options)
    assert seen[0] == 18
    assert (tmp_path / "other.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert whole.genome.weighted


def test_a_control_task_has_no_gradient(tmp_path: Path) -> None:
    genome = grown(1)[0]
    Champion(
        task="swingup", inputs=tuple("abcde"), outputs=("u",), nodes=genome.nodes, connections=genome.connections
    ).save(tmp_path / "net.json")
    with pytest.raises(UserError, match="mode: 'gradient' needs a data set, and swingup is none"):
        wann.tune(tmp_path / "net.json", mode="gradient")
