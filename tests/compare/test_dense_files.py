"""Dense networks from elsewhere: what PyTorch wrote computes the same here; anything else is refused in one line."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dense import SIZES, as_torch, data_set, some_mlp

from wann.compare.comparison import compare_task
from wann.compare.dense_files import read_mlp
from wann.compare.mlp import MLP
from wann.errors import UserError

INPUTS = np.random.default_rng(0).normal(size=(9, SIZES[0]))
OPTIONS: dict[str, Any] = {"hidden": "tanh", "output": "linear", "dtype": np.float64}


def arrays(**change: Any) -> dict[str, Any]:
    mlp = some_mlp()
    found = {}
    for layer, (weights, biases) in enumerate(zip(mlp.weights, mlp.biases, strict=True)):
        found |= {f"layer{8 + layer}.weight": weights, f"layer{8 + layer}.bias": biases}  # 10 comes behind 9
    return {name: array for name, array in {**found, **change}.items() if array is not None}


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".safetensors"])
def test_what_was_written_elsewhere_computes_the_same(suffix: str, tmp_path: Path) -> None:
    mlp, path = some_mlp(hidden="tanh"), tmp_path / f"network{suffix}"
    if suffix == ".npz":
        np.savez(path, **arrays())
    elif suffix == ".pt":
        pytest.importorskip("torch").save(as_torch(mlp).state_dict(), path)
    else:
        pytest.importorskip("safetensors.numpy").save_file(arrays(), path)
    np.testing.assert_array_equal(read_mlp(path, **OPTIONS)(INPUTS), mlp(INPUTS))


def write_model(path: Path, tensors: dict[str, Any]) -> None:
    """A file as Stable-Baselines3 2 lays it out: tensors in policy.pth, pickled Python beside it."""
    content = io.BytesIO()
    torch = pytest.importorskip("torch")
    torch.save({name: torch.tensor(array) for name, array in tensors.items()}, content)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data", json.dumps({"policy_class": {":serialized:": "gASVOgAAAAAAAAA="}}))
        file.writestr("pytorch_variables.pth", pickle.dumps(Bomb()))
        file.writestr("policy.pth", content.getvalue())


def policy() -> tuple[MLP, dict[str, Any]]:
    mlp = some_mlp(hidden="tanh")
    names = "mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net"
    layers = zip(names, mlp.weights, mlp.biases, strict=True)
    tensors = {f"{name}.{kind}": part for name, w, b in layers for kind, part in (("weight", w), ("bias", b))}
    critic = {"mlp_extractor.value_net.0.weight": np.ones((4, 7)), "value_net.weight": np.ones((1, 4))}
    return mlp, {"log_std": np.zeros(3), **critic, **tensors}


def test_the_actor_of_a_stable_baselines_model_computes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mlp, tensors = policy()
    write_model(tmp_path / "model.zip", tensors)
    found = read_mlp(tmp_path / "model.zip", hidden="tanh", output="tanh", dtype=np.float64)
    assert found.output == "linear"
    np.testing.assert_array_equal(found(INPUTS), mlp(INPUTS))
    assert not (tmp_path / "exploded").exists()


def test_other_models_are_refused(tmp_path: Path) -> None:
    _, tensors = policy()
    write_model(tmp_path / "sac.zip", {"actor.mu.weight": np.ones((1, 2))})
    with pytest.raises(UserError, match=r"has no policy of linear layers: .* got \['actor.mu.weight'\]"):
        read_mlp(tmp_path / "sac.zip", **OPTIONS)
    write_model(tmp_path / "cnn.zip", {"features_extractor.cnn.0.weight": np.ones((1, 2)), **tensors})
    with pytest.raises(UserError, match="has no policy of linear layers"):
        read_mlp(tmp_path / "cnn.zip", **OPTIONS)
    (tmp_path / "odd.zip").write_bytes(b"odd")
    with pytest.raises(UserError, match=r"is not a Stable-Baselines3 model with a policy.pth"):
        read_mlp(tmp_path / "odd.zip", **OPTIONS)


def test_a_layer_may_have_no_biases(tmp_path: Path) -> None:
    np.savez(tmp_path / "network.npz", **arrays(**{"layer9.bias": None}))
    assert not read_mlp(tmp_path / "network.npz", **OPTIONS).biases[1].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"norm.running_mean": np.zeros(3)}, "has 'norm.running_mean': expected NAME.weight"),
        ({"layer8.weight": np.zeros((6, 3, 2, 2))}, "layer8.weight must be a matrix"),
        ({"layer8.weight": np.zeros((6, 7), dtype=int)}, "layer8.weight must be a matrix"),
        ({"layer8.weight": None}, "has layer8.bias, but no layer8.weight"),
        ({"layer8.bias": np.zeros(5)}, "layer8.bias has 5 numbers for 6 neurons"),
        ({"layer9.weight": np.zeros((5, 4))}, "layer 1 gives 6 numbers, but layer 2 takes 4"),
        ({"layer9.weight": np.full((5, 6), np.inf)}, "layer9.weight has numbers that are not finite"),
        ({"layer8.weight": np.array([{}])}, "is not an .npz of weights"),
        (dict.fromkeys(arrays()), "has no layer"),
    ],
)
def test_unexpected_layers_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "network.npz", **arrays(**change))
    with pytest.raises(UserError) as error:
        read_mlp(tmp_path / "network.npz", **OPTIONS)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


class Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".safetensors"])
def test_nothing_is_run_from_a_file(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if suffix == ".pt":
        pytest.importorskip("torch").save({"0.weight": Bomb()}, tmp_path / "network.pt")
    elif suffix == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"network{suffix}"
    if not path.exists():
        path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="is not a"):
        read_mlp(path, **OPTIONS)
    assert not (tmp_path / "exploded").exists()


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ends in '.h5'"):
        read_mlp(tmp_path / "network.h5", **OPTIONS)
    with pytest.raises(UserError, match="cannot read the network"):
        read_mlp(tmp_path / "nothing.npz", **OPTIONS)
    torch = pytest.importorskip("torch")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(UserError, match="is not a state dict"):
        read_mlp(tmp_path / "list.pt", **OPTIONS)


def test_a_given_network_is_pruned_instead_of_a_trained_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wann.compare import plots

    monkeypatch.setattr(plots, "figures", lambda comparison: {})
    data = data_set()
    parts = {f"{x}_{part}": getattr(data, part)[i] for part in data._fields[1:] for i, x in enumerate("xy")}
    np.savez(tmp_path / "toy.npz", **parts)
    np.savez(tmp_path / "network.npz", **arrays())
    options: dict[str, Any] = {"methods": ["magnitude"], "densities": [0.5], "seeds": [0], "budget": 2, "workers": 1}
    options |= {"dense": tmp_path / "network.npz", "activation": "tanh"}
    found = compare_task(str(tmp_path / "toy.npz"), **options, out=tmp_path / "out")
    dense = next(cell for cell in found.cells if cell.method == "dense")
    right = some_mlp(hidden="tanh")(data.test.inputs).argmax(axis=1) == data.test.targets
    assert dense.score == pytest.approx(right.mean(), abs=0.006)
    assert dense.price == 0
    assert found.settings.hidden == SIZES[1:-1]
    with pytest.raises(UserError, match="has 7 inputs and 3 outputs; 'swingup' has 5 inputs and 1 outputs"):
        compare_task("swingup", **options, out=tmp_path / "other")
    with pytest.raises(UserError, match="hidden: the file with the dense network says"):
        compare_task("swingup", **options, hidden=[4], out=tmp_path / "other")
