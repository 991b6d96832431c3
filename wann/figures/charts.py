"""What all charts share: axes, lines with a band over runs, legends."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.figures.style import FADED, FONT, INK, LONGEST_TITLE, PAD, QUIET, TITLE_TEXT, clean, write
from wann.population import Floats

TEXT = 9.0
_GRID = "#edf0f4"


def page(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """A white figure of so many inches, with a title, and axes on all of it that count in points."""
    figure = Figure(figsize=(width, height), facecolor="white")
    whole = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, 72 * width), ylim=(0, 72 * height), zorder=-1)
    whole.set_axis_off()
    place = PAD, 72 * height - PAD - 0.5 * TITLE_TEXT
    write(whole, place, clean(title, LONGEST_TITLE), TITLE_TEXT, weight="bold")
    return figure, whole


def chart(figure: Figure, box: tuple[float, float, float, float], x: str, y: str) -> Axes:
    """Axes with quiet lines and labels; ``box`` is left, bottom, width and height in inches."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FADED)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelcolor=INK, labelsize=0.9 * TEXT, labelfontfamily=FONT, length=0, pad=5)
    axes.set_xlabel(x, fontfamily=FONT, fontsize=TEXT, color=INK, labelpad=5)
    axes.set_ylabel(y, fontfamily=FONT, fontsize=TEXT, color=INK, labelpad=6)
    return axes


def quartiles(rows: Floats) -> Floats:
    """Lower quartile, median and upper quartile over the first axis; what is not finite is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing is finite in a column: then it has no quartiles
        return np.nanquantile(np.where(np.isfinite(rows), rows, np.nan), [0.25, 0.5, 0.75], axis=0)


def draw_runs(axes: Axes, x: Floats, rows: Sequence[Floats], colour: str, label: str, **style: Any) -> None:
    """Draw one run as a line, several as their median and the band between their quartiles.

    Args:
        axes: Where to draw.
        x: (points,)
        rows: For each run, (points,).
        colour: Of line and band.
        label: In the legend.
        **style: Of the line.
    """
    low, middle, high = quartiles(np.array(rows))
    if len(rows) > 1:
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0, step=_step(style))
    look: dict[str, Any] = {"linewidth": 1.6, "solid_joinstyle": "round"} | style
    axes.plot(x, middle, color=colour, label=label, **look)


def _step(style: dict[str, Any]) -> Any:
    return "post" if style.get("drawstyle") == "steps-post" else None


def draw_legend(axes: Axes, place: Literal["lower left", "lower right"], **options: Any) -> None:
    """Explain the lines of a chart."""
    font = {"family": FONT, "size": 0.9 * TEXT}
    look: dict[str, Any] = {
        "facecolor": "white",
        "edgecolor": "none",
        "framealpha": 0.85,
        "labelcolor": INK,
        "prop": font,
        "handlelength": 1.4,
    } | options
    axes.legend(loc=place, borderaxespad=0.4, **look)


def of_runs(title: str, count: int, what: str = "median and quartiles") -> str:
    """A title that says how several runs were put together."""
    return title if count == 1 else f"{title}: {what} of {count} runs"
