"""A pruned perceptron as a network file: same outputs, and everything that other networks can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dense import SIZES, some_mlp

import wann
from wann.champion import Champion, read_champion
from wann.compare.costs import costs, seconds
from wann.compare.graph import expressed, to_champion
from wann.compare.mlp import MLP
from wann.compare.removal import effective, reach
from wann.evaluation.forward import respond
from wann.export import write

INPUTS = np.random.default_rng(0).normal(size=(40, SIZES[0]))


def champion_of(mlp: MLP) -> Champion:
    labels = [tuple(f"{name}{i}" for i in range(size)) for name, size in (("x", mlp.sizes[0]), ("y", mlp.sizes[-1]))]
    return to_champion(mlp, task=None, inputs=labels[0], outputs=labels[1], provenance={"method": "some"})


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid", "linear"])
@pytest.mark.parametrize("alive", [1.0, 0.4, 0.1, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_network_computes_what_the_perceptron_does(hidden: str, alive: float, dtype: type, tmp_path: Path) -> None:
    for seed in range(3):
        mlp = some_mlp(seed, alive=alive, hidden=hidden, dtype=dtype)
        champion_of(mlp).save(tmp_path / "network.json")
        network = read_champion(tmp_path / "network.json").network
        np.testing.assert_allclose(network(INPUTS), mlp.copy(np.float64)(INPUTS), atol=1e-12)


def test_the_kernel_takes_any_parameters_in_its_own_order() -> None:
    mlp = some_mlp(alive=0.5, hidden="tanh")
    networks, order = expressed(mlp)
    other = np.random.default_rng(1).normal(size=mlp.parameters.size)
    mlp.set(other)
    values = np.empty((len(INPUTS), 1 + SIZES[0] + networks.activations.size))
    respond(networks, 0, INPUTS, other[order][:, None], values)
    np.testing.assert_allclose(values[:, networks.outputs[0]], mlp(INPUTS), atol=1e-12)
    assert mlp.mask[order].all()


def test_it_can_be_drawn_and_exported(tmp_path: Path) -> None:
    champion = champion_of(some_mlp(alive=0.5))
    champion.save(tmp_path / "network.json")
    assert wann.show(tmp_path / "network.json").stat().st_size > 1000
    write(champion, "python", out=tmp_path / "network.py")
    space: dict[str, object] = {}
    exec((tmp_path / "network.py").read_text(), space)
    assert any(callable(value) for value in space.values())


def test_costs_are_those_of_what_is_on_a_path() -> None:
    mlp = some_mlp(2, alive=0.3)
    found = costs(champion_of(mlp))
    assert found.weights == effective(mlp) == found.multiplications
    live = sum(int(mask.sum()) for mask in reach(mlp).live)
    assert found.neurons == live
    assert found.connections == found.weights + live + SIZES[-1] == found.additions
    assert found.operations == found.weights + found.connections
    assert found.bytes == len(champion_of(mlp).encode())


def test_a_shared_weight_multiplies_once_a_node(tmp_path: Path) -> None:
    run = wann.search("swingup", out=tmp_path / "run", population=8, generations=2, trials=1, verify_trials=2)
    found = costs(run.champion)
    assert found.additions == found.connections == len(run.champion.genome.enabled)
    assert found.multiplications == found.neurons + 1


def test_time_is_measured_three_ways() -> None:
    mlp = some_mlp(alive=0.5)
    found = seconds(champion_of(mlp), mlp)
    assert found.dense is not None
    assert found.shrunk is not None
    assert min(found.graph, found.dense, found.shrunk) > 0.0
