"""What pruning left, drawn: the masks of weight matrices, and networks that are small enough to be seen."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from wann.champion import Champion, read_champion
from wann.compare.cells import DENSE, NETWORKS, Cell, read_masks
from wann.compare.functions import Array, Mask
from wann.compare.parent import KEPT, inside, relatives
from wann.figures import topology
from wann.text import number

if TYPE_CHECKING:
    from wann.compare.comparison import Comparison

COLUMNS, PANEL = 3, (3.6, 1.55)
"""Methods side by side, and the width and height of each in inches."""
MOST_IN_PARENT = 400
"""Connections of a parent architecture that is drawn."""
FINEST = 150
"""Squares along an edge of a picture; of a larger matrix, a square is the share that is kept."""
MOST_INPUTS, MOST_CONNECTIONS, MOST_DRAWN = 64, 120, 6
"""Inputs and connections of a network that is drawn, and networks that are."""


def masks(comparison: Comparison) -> Figure | None:
    """Every method's masks at the middle density from the first seed; None where none were kept."""
    pruned = [cell for cell in comparison.cells if cell.method != DENSE and cell.seed == comparison.cells[0].seed]
    densities = sorted({cell.asked for cell in pruned}, reverse=True)
    chosen = [cell for cell in pruned if cell.asked == densities[len(densities) // 2]]
    found = [(cell, kept) for cell in chosen if (kept := read_masks(comparison.folder, cell.key)) is not None]
    if not found:
        return None
    lines = -(-len(found) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL[0], lines * PANEL[1] + 0.1), facecolor="white")
    grid = figure.add_gridspec(lines, COLUMNS, left=0.01, right=0.99, bottom=0.2 / lines, top=1.0 - 0.25 / lines)
    grid.update(hspace=0.65, wspace=0.06)
    for place, (cell, kept) in enumerate(found):
        _method(figure, grid, divmod(place, COLUMNS), cell, kept)
    return figure


def _method(figure: Figure, grid: GridSpec, place: tuple[int, int], cell: Cell, kept: list[Mask]) -> None:
    """A method's matrices, one beside the other; large ones get more room."""
    parts = grid[place].subgridspec(1, len(kept), width_ratios=[mask.shape[1] ** 0.5 for mask in kept], wspace=0.06)
    for layer, mask in enumerate(kept):
        axis = figure.add_subplot(parts[0, layer])
        axis.imshow(reduced(mask), cmap="Blues", vmin=0.0, aspect="auto", interpolation="none")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_color("#9aa3ad")
        axis.set_xlabel(f"{mask.shape[0]} x {mask.shape[1]}: {mask.sum():,}", fontsize=6, labelpad=2)
        if layer == 0:
            axis.set_title(f"{cell.method}, {cell.density:.3g}", fontsize=8, loc="left", pad=3)


def reduced(mask: Mask) -> Array:
    """The share of weights kept in each square of a picture with at most ``FINEST`` squares along an edge."""
    shares = mask.astype(np.float64)
    for axis, size in enumerate(mask.shape):
        edges = np.linspace(0, size, min(size, FINEST) + 1).astype(np.int64)
        lengths = np.diff(edges)
        shares = np.add.reduceat(shares, edges[:-1], axis=axis) / (lengths[:, None] if axis == 0 else lengths)
    return shares


def topologies(comparison: Comparison) -> dict[str, tuple[str, Figure]]:
    """Small networks of the first seed, the best of each density, and the best that evolved: titles and figures."""
    found: dict[str, tuple[str, Figure]] = {}
    if comparison.n_inputs > MOST_INPUTS:
        return found
    small = [cell for cell in comparison.cells if cell.costs.connections <= MOST_CONNECTIONS and cell.seed == 0]
    ordered = sorted(small, key=lambda cell: (-cell.asked, -cell.score))
    best = [next(group) for _, group in groupby(ordered, key=lambda cell: cell.asked)][: MOST_DRAWN - 1]
    for cell in best:
        path = comparison.folder / NETWORKS / f"{cell.key.name}.json"
        if path.exists() and cell.costs.connections:
            found[f"topology-{cell.key.name}"] = _network(
                read_champion(path), f"{cell.method}, {cell.asked:g}", cell.score
            )
    evolved = zip(comparison.evolved, comparison.champions, strict=True)
    if able := [pair for pair in evolved if pair[0].costs.connections <= MOST_CONNECTIONS]:
        measured, champion = max(able, key=lambda pair: pair[0].score)
        found["topology-evolved"] = _network(champion, "evolved", measured.score)
    return found


def _network(champion: Champion, name: str, score: float) -> tuple[str, Figure]:
    title = f"{name}: {len(champion.genome.enabled)} connections, {number(score)}"
    return title, topology.draw(champion.genome, champion.inputs, champion.outputs)


def parents(comparison: Comparison) -> dict[str, tuple[str, Figure]]:
    """The champions of runs within all connections of their archives and champions, where that is not too large."""
    found: dict[str, tuple[str, Figure]] = {}
    for place, parent in enumerate(comparison.parents, start=1):
        networks = relatives(Path(parent.run))
        genome = inside(networks)
        if len(genome.connections) <= MOST_IN_PARENT and comparison.n_inputs <= MOST_INPUTS:
            title = f"The champion of {parent.run} inside its parent, the connections of {KEPT}"
            drawn = topology.draw(genome, networks[-1].inputs, networks[-1].outputs, disabled=True)
            found[f"parent-{place}"] = title, drawn
    return found
