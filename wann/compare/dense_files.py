"""Dense networks from elsewhere: .npz files, PyTorch state dicts, safetensors, Stable-Baselines3 policies."""

from __future__ import annotations

import io
import pickle
import re
import reprlib
import zipfile
import zlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from wann.compare.functions import Array
from wann.compare.mlp import MLP
from wann.errors import UserError, suggestion
from wann.files import read_bytes

LARGEST = 2**30
"""Bytes of a file with weights."""

SB3_WEIGHTS = "policy.pth"
PARTS = "weight", "bias"

Arrays = Mapping[str, Array]


def read_mlp(path: Path | str, *, hidden: str, output: str, dtype: type[np.floating[Any]]) -> MLP:
    """A perceptron from a file of weights.

    The file has, for each layer, a matrix ``NAME.weight``, (out, in), and perhaps a vector ``NAME.bias``, (out,), as
    ``torch.nn.Linear`` names them; layers are in the order of the numbers in their names. Weights that are zero count
    as weights, not as pruned.

    Args:
        path: A .npz file; .pt or .pth, a state dict, which is loaded with ``weights_only=True``; .safetensors; or the
            .zip of a Stable-Baselines3 PPO or A2C model with ``MlpPolicy``, of which the actor is taken.
        hidden: The activation of hidden neurons, which such files do not tell.
        output: The activation of the outputs; a Stable-Baselines3 policy's are linear, whatever is given.
        dtype: The precision to work in.

    Raises:
        UserError: The file cannot be read, needs a package that is missing, or holds something else than such layers.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise UserError(f"{path} ends in {path.suffix!r}: {suggestion(path.suffix, READERS)}")
    layers = _layers(path, READERS[path.suffix](path))
    output = "linear" if path.suffix == ".zip" else output
    mlp = MLP([layers[0][0].shape[1], *(w.shape[0] for w, _ in layers)], hidden=hidden, output=output, dtype=dtype)
    for own_weights, own_biases, (weights, biases) in zip(mlp.weights, mlp.biases, layers, strict=True):
        own_weights[:], own_biases[:] = weights, biases
    return mlp


def _npz(path: Path) -> Arrays:
    try:
        with np.load(io.BytesIO(read_bytes(path, "network", LARGEST)), allow_pickle=False) as file:
            return dict(file)
    except (ValueError, OSError, EOFError, AttributeError) as error:
        raise UserError(f"{path} is not an .npz of weights: {error}") from None


def _state_dict(path: Path) -> Arrays:
    return _tensors(path, read_bytes(path, "network", LARGEST))


def _tensors(path: Path, data: bytes) -> Arrays:
    _need("torch", "torch")
    import torch

    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a state dict of plain tensors: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise UserError(f"{path} is not a state dict: expected names with tensors, as torch.save(model.state_dict())")
    return {str(name): tensor.detach().numpy() for name, tensor in found.items()}


def _stable_baselines(path: Path) -> Arrays:
    """The actor of a PPO or A2C model; of the file's other parts, which are pickled, nothing is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path, "network", LARGEST))) as file:
            if (size := file.getinfo(SB3_WEIGHTS).file_size) > LARGEST:
                raise UserError(f"{path}: {SB3_WEIGHTS} has {size:,} bytes: too large for a network")
            data = file.read(SB3_WEIGHTS)
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise UserError(f"{path} is not a Stable-Baselines3 model with a {SB3_WEIGHTS}: {error}") from None
    arrays = _tensors(path, data)
    hidden = {name: array for name, array in arrays.items() if name.startswith("mlp_extractor.policy_net.")}
    output = {f"output.{name}": arrays[f"action_net.{name}"] for name in PARTS if f"action_net.{name}" in arrays}
    if not output or any("features_extractor" in name for name in arrays):
        raise UserError(
            f"{path} has no policy of linear layers: expected mlp_extractor.policy_net.N and action_net, as PPO and "
            f"A2C with MlpPolicy have them, got {reprlib.repr(sorted(arrays))}"
        )
    return {**hidden, **output}


def _safetensors(path: Path) -> Arrays:
    _need("safetensors", "safetensors")
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found: Arrays = load(read_bytes(path, "network", LARGEST))
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(f"{path} is not a safetensors file: {error}") from None
    return found


READERS: dict[str, Callable[[Path], Arrays]] = {
    ".npz": _npz,
    ".pt": _state_dict,
    ".pth": _state_dict,
    ".safetensors": _safetensors,
    ".zip": _stable_baselines,
}


def _need(module: str, extra: str) -> None:
    if find_spec(module) is None:
        raise UserError(f"reading such a file needs the package {module}: pip install 'wann[{extra}]'")


def _layers(path: Path, arrays: Arrays) -> list[tuple[Array, Array]]:
    """Matrix and vector of each layer, checked."""
    for name, array in arrays.items():
        if not re.fullmatch(r"(.*\.)?(weight|bias)", name):
            raise UserError(f"{path} has {name!r}: expected NAME.weight and NAME.bias of linear layers alone")
        if array.ndim != (2 if name.endswith("weight") else 1) or array.dtype.kind != "f" or 0 in array.shape:
            expected = "a matrix, (out, in)," if name.endswith("weight") else "a vector, (out,),"
            raise UserError(f"{path}: {name} must be {expected} of floats, got {array.dtype}{array.shape}")
        if not np.isfinite(array).all():
            raise UserError(f"{path}: {name} has numbers that are not finite")
    prefixes = sorted({name.rpartition(".")[0] for name in arrays}, key=_natural)
    layers = [_layer(path, arrays, f"{prefix}." if prefix else "") for prefix in prefixes]
    if not layers:
        raise UserError(f"{path} has no layer: expected NAME.weight and NAME.bias of linear layers")
    for number, ((before, _), (after, _)) in enumerate(pairwise(layers), start=1):
        if before.shape[0] != after.shape[1]:
            raise UserError(
                f"{path}: layer {number} gives {before.shape[0]} numbers, but layer {number + 1} takes {after.shape[1]}"
            )
    return layers


def _layer(path: Path, arrays: Arrays, prefix: str) -> tuple[Array, Array]:
    weights = arrays.get(f"{prefix}weight")
    if weights is None:
        raise UserError(f"{path} has {prefix}bias, but no {prefix}weight")
    biases = arrays.get(f"{prefix}bias", np.zeros(len(weights)))
    if len(biases) != len(weights):
        raise UserError(f"{path}: {prefix}bias has {len(biases)} numbers for {len(weights)} neurons")
    return weights, biases


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts "layer10" behind "layer9"."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
