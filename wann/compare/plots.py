"""The figures of a comparison, ready for a paper: score against size, weight agnosticism, collapse, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.compare import drawings
from wann.compare.cells import DENSE, Cell
from wann.compare.functions import Array
from wann.compare.method import find_method
from wann.compare.report import SHARED, TUNED, Row, rows, stop

if TYPE_CHECKING:
    from wann.compare.comparison import Comparison

COLOURS = ("#332288", "#cc6677", "#117733", "#88ccee", "#ddcc77", "#aa4499", "#44aa99", "#882255", "#999933")
"""Paul Tol's "muted" scheme."""
REGIME_COLOURS = ("#88ccee", "#ddcc77", "#117733", "#332288")
GREY, INK = "#9aa3ad", "#1f2a37"
CONTROL = "random"
SIZES: dict[str, tuple[str, Callable[[Row], float]]] = {
    "connections": ("connections", lambda row: row.connections),
    "operations": ("multiplications and additions a forward pass", lambda row: row.operations),
    "bytes": ("bytes of the network file", lambda row: row.bytes),
}
TITLES = {
    "connections": "Score against connections",
    "operations": "Score against multiplications and additions",
    "bytes": "Score against bytes",
}


class Drawing(NamedTuple):
    """A figure and what it shows."""

    title: str
    figure: Figure


def figures(comparison: Comparison) -> dict[str, Drawing]:
    """All figures, by the names of their files."""
    table = rows(comparison)
    found = {f"score-{name}": Drawing(TITLES[name], _score(comparison, table, *what)) for name, what in SIZES.items()}
    found["agnosticism"] = Drawing("Score under the four regimes of weights", _agnosticism(comparison, table))
    label = "weights in the emptiest layer (0: collapse)"
    found["layers"] = Drawing("Collapse of layers", _by_compression(comparison, label, _emptiest, symlog=True))
    if comparison.on_data:
        label = "epoch with the lowest validation loss"
        found["stopping"] = Drawing("Early stopping", _by_compression(comparison, label, stop))
    if (masks := drawings.masks(comparison)) is not None:
        found["masks"] = Drawing("Masks of the weight matrices: kept weights are dark", masks)
    for name, (title, figure) in {**drawings.topologies(comparison), **drawings.parents(comparison)}.items():
        found[name] = Drawing(title, figure)
    return found


def _panels(titles: Sequence[str], y_label: str, x_label: str) -> tuple[Figure, list[Axes]]:
    columns = min(2, len(titles))
    lines = -(-len(titles) // columns)
    figure = Figure(figsize=(5.2 * columns, 3.6 * lines), layout="constrained", facecolor="white")
    axes: list[Axes] = list(figure.subplots(lines, columns, sharey=True, squeeze=False).ravel())
    for axis, title in zip(axes, titles, strict=False):
        axis.set_title(title, fontsize=10, loc="left")
        axis.set(xlabel=x_label, ylabel=y_label)
        _plain(axis)
    for axis in axes[len(titles) :]:
        axis.set_axis_off()
    return figure, axes


def _plain(axis: Axes) -> None:
    """No box, and a grid behind everything."""
    axis.grid(color="#eceff2")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """Methods by the panel that they are drawn in; the control is in every one."""
    pairs = sorted((find_method(name).family, name) for name in set(names) - {DENSE, CONTROL})
    found = {family: [name for _, name in group] for family, group in groupby(pairs, key=lambda pair: pair[0])}
    return found or {"": []}


def _score(comparison: Comparison, table: list[Row], label: str, size: Callable[[Row], float]) -> Figure:
    """Score against a size, a curve a method from dense to where it breaks; what evolved in every panel."""
    curves: dict[tuple[int | None, str], list[Row]] = {}
    for row in table:
        if row.asked is not None:
            curves.setdefault((row.parent, row.method), []).append(row)
    panels = _score_panels(comparison)
    figure, axes = _panels([title for title, _, _ in panels], comparison.score_name, label)
    for axis, (_, parent, names) in zip(axes, panels, strict=False):
        axis.axhline(curves[None, DENSE][0].score, color=GREY, linewidth=0.8, linestyle=":", label="dense")
        for style, name in _styled(names):
            _curve(axis, [*curves[parent, DENSE], *curves.get((parent, name), [])], size, style, name)
        _points(axis, [row for row in table if row.asked is None], size)
        axis.set_xscale("symlog", linthresh=1.0)  # a network may have lost all connections
        axis.set_xlim(left=0.9 * min(size(row) for row in table))
        axis.legend(fontsize=7, frameon=False, ncols=1 + len(names) // 9)
    return figure


def _score_panels(comparison: Comparison) -> list[tuple[str, int | None, list[str]]]:
    """Title, parent and methods of each panel: a family of methods, or all that were put to a parent."""
    families = _families([cell.method for cell in comparison.cells])
    found: list[tuple[str, int | None, list[str]]] = [(title, None, names) for title, names in families.items()]
    for number, parent in enumerate(comparison.parents, start=1):
        names = sorted({cell.method for cell in parent.cells} - {DENSE, CONTROL})
        found.append((f"parent {number}: {parent.pruned:,} connections of {parent.run}", number, names))
    return found


def _styled(names: Sequence[str]) -> list[tuple[dict[str, str], str]]:
    """Line styles for the control and for methods; dashes where there are more than colours."""
    styles = [{"color": colour, "linestyle": dashes} for dashes in ("-", "--") for colour in COLOURS]
    return [({"color": GREY}, CONTROL), *zip(styles, names, strict=False)]


def _curve(axis: Axes, points: list[Row], size: Callable[[Row], float], style: dict[str, str], name: str) -> None:
    x, y, spread = np.array([(size(row), row.score, row.score_std) for row in points]).T
    axis.plot(x, y, **style, marker="o", markersize=3, linewidth=1.2, label=name)  # type: ignore[arg-type]
    axis.fill_between(x, y - spread, y + spread, color=style["color"], alpha=0.15, linewidth=0)


def _points(axis: Axes, evolved: list[Row], size: Callable[[Row], float]) -> None:
    for marker, kind in (("*", SHARED), ("P", TUNED)):
        chosen = [row for row in evolved if row.method == kind]
        if chosen:
            x, y = [size(row) for row in chosen], [row.score for row in chosen]
            axis.scatter(x, y, marker=marker, s=40, color=INK, linewidth=0, label=kind, zorder=3)


def _agnosticism(comparison: Comparison, table: list[Row]) -> Figure:
    """Score under the four regimes: the dense network, each method at its highest density, the best evolved network."""
    first: dict[str, Row] = {}
    for row in table:
        if row.name not in first or (row.asked is None and row.score > first[row.name].score):
            first[row.name] = row
    figure = Figure(figsize=(7.5, 1.2 + 0.24 * len(first)), layout="constrained", facecolor="white")
    axis = figure.subplots()
    places = np.arange(len(first))[::-1]
    own = [float("nan") if row.method == SHARED else row.score for row in first.values()]
    regimes = [(row.individual, row.shared, row.best, tuned) for row, tuned in zip(first.values(), own, strict=True)]
    labels = "random individual weights", "random shared weight", "best shared weight", "own weights"
    for label, colour, values in zip(labels, REGIME_COLOURS, zip(*regimes, strict=True), strict=True):
        axis.scatter(values, places, color=colour, label=label, s=22, linewidth=0)
    axis.set_yticks(places, [_label(row) for row in first.values()], fontsize=7)
    axis.set_xlabel(comparison.score_name)
    _plain(axis)
    figure.legend(fontsize=7, frameon=False, loc="outside upper center", ncols=4)
    return figure


def _label(row: Row) -> str:
    return row.name if row.density is None or row.density == 1.0 else f"{row.name}, {row.density:.2g}"


def _by_compression(
    comparison: Comparison, label: str, value: Callable[[Cell], float], *, symlog: bool = False
) -> Figure:
    """A number of each cell, its mean over the seeds, against compression."""
    names = sorted({cell.method for cell in comparison.cells})
    families = _families(names)
    figure, axes = _panels(list(families), label, "compression, all / kept weights")
    for axis, chosen in zip(axes, families.values(), strict=False):
        for style, name in _styled(chosen):
            x, y = _means([cell for cell in comparison.cells if cell.method in (name, DENSE)], value)
            axis.plot(x, y, **style, marker="o", markersize=3, linewidth=1.2, label=name)  # type: ignore[arg-type]
        axis.set_xscale("log")
        if symlog:
            axis.set_yscale("symlog", linthresh=1.0)
        axis.legend(fontsize=7, frameon=False)
    return figure


def _emptiest(cell: Cell) -> float:
    return min(cell.kept)


def _means(cells: list[Cell], value: Callable[[Cell], float]) -> tuple[Array, Array]:
    """Compression and a number, means over the seeds, by density."""
    groups = groupby(sorted(cells, key=lambda cell: -cell.asked), key=lambda cell: cell.asked)
    points = [[(1.0 / max(c.density, 1e-9), value(c)) for c in group] for _, group in groups]
    x, y = np.array([np.mean(point, axis=0) for point in points]).T
    return x, y
