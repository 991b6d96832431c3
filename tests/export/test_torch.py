from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Call, assert_all_agree, champion_of, grown_genome, single, weighted

from wann.champion import Champion
from wann.export import write
from wann.export.torch import module

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")


def caller(champion: Champion, dtype: Any) -> Call:
    network = module(champion, dtype=dtype)

    def call(x: Any, weight: float | None) -> Any:
        rows = torch.tensor(x, dtype=getattr(torch, dtype))
        result = network(rows) if weight is None else network(rows, weight)
        return np.array(result.tolist(), dtype=dtype)

    return call


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True])
def test_it_agrees_with_the_kernel(own: bool, dtype: str) -> None:
    assert_all_agree(lambda champion: caller(champion, dtype), own=own, dtype=dtype)


def test_the_shared_weight_is_a_parameter() -> None:
    network = module(champion_of(grown_genome(3, steps=12)), weight=0.5)
    assert {name: value.shape for name, value in network.named_parameters()} == {"weight": ()}
    assert network.weight.item() == 0.5
    x = torch.ones(4, 5)
    assert torch.equal(network(x), network(x, 0.5))
    assert not torch.equal(network(x), network(x, 0.25))


def test_own_weights_are_parameters() -> None:
    champion = champion_of(weighted(grown_genome(3, steps=12), 0))
    ((name, weights),) = module(champion, dtype="float64").named_parameters()
    own = {gene.weight for gene in champion.genome.enabled}
    assert name == "weights"
    assert set(weights.tolist()) <= own


@pytest.mark.parametrize("own", [False, True])
def test_gradients_are_those_of_finite_differences(own: bool) -> None:
    genome = grown_genome(4, steps=16)
    network = module(champion_of(weighted(genome, 0) if own else genome), dtype="float64")
    x = torch.tensor(np.random.default_rng(0).normal(size=(6, len(genome.inputs))), requires_grad=True)
    parameters = dict(network.named_parameters())
    assert torch.autograd.gradcheck(
        lambda x, *p: torch.func.functional_call(network, dict(zip(parameters, p, strict=True)), (x,)),
        (x, *parameters.values()),
    )


def test_one_observation_is_a_row_of_a_batch() -> None:
    network = module(champion_of(grown_genome(6, steps=20)))
    x = torch.randn(5, len(network.forward.__globals__["INPUTS"]), generator=torch.Generator().manual_seed(0))
    assert torch.equal(network(x), torch.stack([network(row) for row in x]))


def test_observations_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x must be \(1,\) or \(batch, 1\), got \(3, 2\)"):
        module(champion_of(single("tanh")))(torch.zeros(3, 2))


def test_the_file_needs_torch_alone(tmp_path: Path) -> None:
    champion = champion_of(grown_genome(5, steps=20))
    write(champion, "torch", out=tmp_path / "net.py", dtype="float64")
    code = f"""import sys, torch, net
print(net.Network()(torch.full(({len(champion.inputs)},), 0.5, dtype=torch.float64)).tolist())
assert "wann" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    np.testing.assert_allclose(eval(done.stdout), champion.network([0.5] * len(champion.inputs), 1.0), rtol=1e-12)
