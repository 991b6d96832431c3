"""Which weights go: exactly so many, the lowest scores first, ties by index, and never one that is gone already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from wann.compare.functions import Array, Mask
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.errors import UserError

Scope = Literal["global", "layer"]
"""Whether weights are ranked together, or each layer's by themselves."""


def check_density(density: float) -> float:
    """The density, kept / all.

    Raises:
        UserError: It is not in (0, 1].
    """
    if not 0.0 < density <= 1.0:
        raise UserError(f"density: expected the share of weights to keep, in (0, 1], got {density:g}")
    return density


def keep_highest(scores: Array, alive: Mask, count: int) -> Mask:
    """What is left of ``alive`` after the ``count`` lowest scores among it are gone; ties go by index.

    Args:
        scores: A number for each weight, of any shape.
        alive: Which weights there still are, of the same shape.
        count: How many to prune; 0 or less prunes none.
    """
    kept = alive.copy()
    at = np.flatnonzero(alive)
    count = min(count, at.size)
    if count <= 0:
        return kept
    values = scores.ravel()[at]
    threshold = np.partition(values, count - 1)[count - 1]
    below = values < threshold
    ties = np.flatnonzero(values == threshold)[: count - int(below.sum())]
    kept.ravel()[at[below]] = False
    kept.ravel()[at[ties]] = False
    return kept


def prune_share(network: Masked, scores: Sequence[Array], shares: Sequence[float]) -> None:
    """Prune round(p N) weights of each layer, p its share and N how many are still alive in it."""
    counts = [round(share * int(mask.sum())) for share, mask in zip(shares, network.masks, strict=True)]
    network.prune([keep_highest(*parts) for parts in zip(scores, network.masks, counts, strict=True)])


def prune_to(network: Masked, scores: Sequence[Array], density: float, scope: Scope = "global") -> None:
    """Prune until round((1 - density) N) of all N weights, or of each layer's, are gone.

    Args:
        network: The network.
        scores: One for each weight, in the shapes of ``network.weights``; the lowest go first.
        density: What to keep, of all weights that there ever were.
        scope: What is ranked together.
    """
    if scope == "layer":
        counts = [round((1.0 - density) * mask.size) - int((~mask).sum()) for mask in network.masks]
        network.prune([keep_highest(*parts) for parts in zip(scores, network.masks, counts, strict=True)])
        return
    count = round((1.0 - density) * network.size) - (network.size - network.kept)
    together = np.concatenate([score.ravel() for score in scores])
    kept = keep_highest(together, np.concatenate([mask.ravel() for mask in network.masks]), count)
    edges = np.cumsum([mask.size for mask in network.masks])[:-1]
    network.prune([part.reshape(mask.shape) for part, mask in zip(np.split(kept, edges), network.masks, strict=True)])


def prune_neurons_to(mlp: MLP, scores: Sequence[Array], density: float, scope: Scope = "global") -> None:
    """Prune hidden neurons, the lowest scores first, until at most round(density N) of all N weights are left.

    The last neuron of a layer stays: without it there is no path.

    Args:
        mlp: The network.
        scores: One for each hidden neuron; [(neurons,), ...].
        density: What to keep, of all weights that there ever were.
        scope: "layer" prunes the same share of every layer; its neurons are ranked by themselves.
    """
    target = round(density * mlp.size)
    for _, layer, neuron in sorted(_ranks(mlp, scores, scope)):
        if mlp.kept <= target:
            return
        if mlp.bias_masks[layer].sum() > 1:
            mlp.prune_neuron(layer, neuron)


def _ranks(mlp: MLP, scores: Sequence[Array], scope: Scope) -> list[tuple[float, int, int]]:
    """(rank, layer, neuron) of the hidden neurons that are alive; the lowest goes first."""
    ranks = []
    for layer, values in enumerate(scores):
        alive = np.flatnonzero(mlp.bias_masks[layer])
        order = alive[np.argsort(values[alive], kind="stable")].tolist()
        for place, neuron in enumerate(order):
            rank = (place + 1) / values.size if scope == "layer" else float(values[neuron])
            ranks.append((rank, layer, neuron))
    return ranks
