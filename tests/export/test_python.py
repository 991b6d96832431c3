from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Call, assert_all_agree, champion_of, grown_genome, single, weighted

from wann.champion import Champion
from wann.errors import UserError
from wann.export import write
from wann.export.python import source


def names_of(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "network", "exec"), names)
    return names


def caller(champion: Champion, dtype: Any) -> Call:
    network = names_of(source(champion, dtype=dtype))["network"]
    return lambda x, weight: network(x) if weight is None else network(x, weight)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True])
def test_it_agrees_with_the_kernel(own: bool, dtype: str) -> None:
    assert_all_agree(lambda champion: caller(champion, dtype), own=own, dtype=dtype)


@pytest.mark.parametrize("own", [False, True])
def test_one_observation_is_a_row_of_a_batch(own: bool) -> None:
    genome = grown_genome(3, steps=12)
    champion = champion_of(weighted(genome, 0) if own else genome)
    network = names_of(source(champion))["network"]
    x = np.random.default_rng(0).normal(size=(5, len(champion.inputs)))
    np.testing.assert_array_equal(network(x), [network(row) for row in x])
    np.testing.assert_array_equal(network(x.tolist()), network(x))


@pytest.mark.parametrize("shape", [(), (2,), (3, 2), (1, 3, 1)])
def test_observations_of_the_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x must be \(1,\) or \(batch, 1\), got"):
        names_of(source(champion_of(single("tanh"))))["network"](np.zeros(shape))


def test_huge_arguments_and_infinities_follow_the_kernel() -> None:
    x = np.array([[1e300], [-1e200], [2.0**53 + 2], [1e15 + 0.5], [np.inf], [-np.inf], [np.nan], [37.7], [-40.0]])
    for name in ("linear", "step", "sin", "gaussian", "tanh", "sigmoid", "inverse", "abs", "relu", "cos", "square"):
        champion = champion_of(single(name))
        expected = champion.network(x, 1.0)
        np.testing.assert_allclose(names_of(source(champion))["network"](x), expected, rtol=1e-12, atol=1e-14)


def test_the_default_weight_is_the_one_asked_for() -> None:
    champion = champion_of(single("linear"))
    assert names_of(source(champion, weight=-0.25))["network"]([8.0]).tolist() == [-2.0]
    assert names_of(source(champion))["network"]([8.0]).tolist() == [8.0]


def test_the_file_needs_numpy_alone(tmp_path: Path) -> None:
    champion = champion_of(weighted(grown_genome(5, steps=20), 1))
    write(champion, "python", out=tmp_path / "net.py")
    code = (
        f"import sys, net; print(net.network([0.5] * {len(champion.inputs)}).tolist()); 'wann' in sys.modules and 1 / 0"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    np.testing.assert_allclose(eval(done.stdout), champion.network([0.5] * len(champion.inputs)), rtol=1e-12)
    assert names_of((tmp_path / "net.py").read_text())["INPUTS"] == champion.inputs


def test_a_weight_for_a_network_with_its_own_is_refused() -> None:
    with pytest.raises(UserError, match=r"connections have weights of their own, got 2.0: leave it out"):
        source(champion_of(single("tanh", own=1.5)), weight=2.0)


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_weight_must_be_finite(weight: float) -> None:
    with pytest.raises(UserError, match="weight: expected a finite number"):
        source(champion_of(single("tanh")), weight=weight)


@pytest.mark.parametrize(("own", "weight"), [(1e300, None), (None, -1e300)])
def test_a_weight_too_large_for_the_precision_is_refused(own: float | None, weight: float | None) -> None:
    champion = champion_of(single("tanh", own=own))
    with pytest.raises(UserError, match=r"the weight 1e.300 cannot be expressed in float32: choose float64"):
        source(champion, dtype="float32", weight=weight)
    assert "1e+300" in source(champion, weight=weight)
