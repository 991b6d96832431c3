"""Neurons that no path from an input to an output passes, and networks without them that compute the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wann.compare.functions import FUNCTIONS, Array, Mask
from wann.compare.graph_network import GraphNetwork
from wann.compare.masked import Masked
from wann.compare.mlp import MLP


class Reach(NamedTuple):
    """Hidden neurons, a mask for each layer."""

    fed: list[Mask]
    """A path leads here from an input."""
    used: list[Mask]
    """A path leads from here to an output."""

    @property
    def live(self) -> list[Mask]:
        """On a path from an input to an output."""
        return [fed & used for fed, used in zip(self.fed, self.used, strict=True)]


def reach(mlp: MLP) -> Reach:
    """Which hidden neurons lie on paths of weights that are not pruned."""
    fed: list[Mask] = [np.ones(mlp.sizes[0], dtype=np.bool_)]
    for mask in mlp.masks[:-1]:
        fed.append(np.asarray((mask & fed[-1]).any(axis=1)))
    used: list[Mask] = [np.ones(mlp.sizes[-1], dtype=np.bool_)]
    for mask in reversed(mlp.masks[1:]):
        used.append(np.asarray((mask & used[-1][:, None]).any(axis=0)))
    return Reach(fed[1:], used[:0:-1])


def without_path(network: Masked) -> int:
    """How many hidden neurons lie on no path from an input to an output."""
    if isinstance(network, GraphNetwork):
        return network.without_path
    assert isinstance(network, MLP)
    return sum(int((~live).sum()) for live in reach(network).live)


def effective(mlp: MLP) -> int:
    """Weights on a path from an input to an output."""
    ends = _ends(mlp, reach(mlp).live)
    return sum(int((mask & row[:, None] & column).sum()) for mask, column, row in zip(mlp.masks, *ends, strict=True))


def _ends(mlp: MLP, live: Sequence[Mask]) -> tuple[list[Mask], list[Mask]]:
    """For each layer, which of its inputs and which of its neurons count: all inputs and outputs, live neurons."""
    every = [np.ones(mlp.sizes[0], dtype=np.bool_), *live, np.ones(mlp.sizes[-1], dtype=np.bool_)]
    return every[:-1], every[1:]


def shrink(mlp: MLP) -> MLP:
    """A network without the neurons that lie on no path; it computes the same function.

    A neuron that no input reaches is constant, and goes into the biases of the next layer. A layer keeps at least one
    neuron, cut off where none is live. Sums have fewer terms, so that outputs may differ in the last digits.
    """
    live = [_at_least_one(mask) for mask in reach(mlp).live]
    columns, rows = _ends(mlp, live)
    biases = _folded(mlp)
    sizes = (mlp.sizes[0], *(int(mask.sum()) for mask in live), mlp.sizes[-1])
    small = MLP(sizes, hidden=mlp.hidden, output=mlp.output, dtype=mlp.parameters.dtype)
    for layer, (column, row) in enumerate(zip(columns, rows, strict=True)):
        small.weights[layer][:] = mlp.weights[layer][np.ix_(row, column)]
        small.biases[layer][:] = biases[layer][row]
        small.masks[layer][:] = mlp.masks[layer][np.ix_(row, column)]
        small.bias_masks[layer][:] = mlp.bias_masks[layer][row]
    for layer, mask in enumerate(reach(mlp).live):
        if not mask.any():
            small.prune_neuron(layer, 0)
    return small


def _folded(mlp: MLP) -> list[Array]:
    """The biases, constant neurons of the layer before counted in."""
    biases = [mlp.biases[0].copy()]
    for layer, fed in enumerate(reach(mlp).fed):
        values = FUNCTIONS[mlp.hidden].apply(biases[layer].copy())
        biases.append(mlp.biases[layer + 1] + mlp.weights[layer + 1][:, ~fed] @ values[~fed])
    return biases


def _at_least_one(mask: Mask) -> Mask:
    if mask.any():
        return mask
    first = np.zeros_like(mask)
    first[0] = True
    return first
