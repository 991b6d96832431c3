"""Dense networks from elsewhere: .npz files, PyTorch state dicts, safetensors."""

from __future__ import annotations

import io
import pickle
import re
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

Arrays = Mapping[str, Array]


def read_mlp(path: Path | str, *, hidden: str, output: str, dtype: type[np.floating[Any]]) -> MLP:
    """A perceptron from a file of weights.

    The file has, for each layer, a matrix ``NAME.weight``, (out, in), and perhaps a vector ``NAME.bias``, (out,), as
    ``torch.nn.Linear`` names them; layers are in the order of the numbers in their names. Weights that are zero count
    as weights, not as pruned.

    Args:
        path: A .npz file; .pt or .pth, a state dict, which is loaded with ``weights_only=True``; or .safetensors.
        hidden: The activation of hidden neurons, which such files do not tell.
        output: The activation of the outputs.
        dtype: The precision to work in.

    Raises:
        UserError: The file cannot be read, needs a package that is missing, or holds something else than such layers.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise UserError(f"{path} ends in {path.suffix!r}: {suggestion(path.suffix, READERS)}")
    layers = _layers(path, READERS[path.suffix](path))
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
    _need("torch", "torch")
    import torch

    data = read_bytes(path, "network", LARGEST)
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a state dict of plain tensors: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise UserError(f"{path} is not a state dict: expected names with tensors, as torch.save(model.state_dict())")
    return {str(name): tensor.detach().numpy() for name, tensor in found.items()}


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
