"""What all figures look like: colours, fonts, words."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

COLOURS: dict[str, str] = {
    "linear": "#a9b4c2",
    "step": "#ddcc77",
    "sin": "#332288",
    "gaussian": "#117733",
    "tanh": "#cc6677",
    "sigmoid": "#882255",
    "inverse": "#56697f",
    "abs": "#44aa99",
    "relu": "#999933",
    "cos": "#88ccee",
    "square": "#aa4499",
}
"""Paul Tol's "muted" scheme, which is told apart with any colour vision, and two greys."""

INK, LINE, FADED, DISABLED, POSITIVE, NEGATIVE = "#1f2a37", "#7f92a8", "#dce2e9", "#b4bfcc", "#2166ac", "#c4541c"
FRESH, QUIET = "#ea7f00", "#66758a"
FONT = "DejaVu Sans"
LARGEST_TEXT, LEGEND_TEXT, TITLE_TEXT = 10.0, 8.5, 11.5
PAD, GAP = 12.0, 4.0
"""Points: the margin of a page, and what a label keeps from its mark."""
LONGEST_LABEL, LONGEST_TITLE = 32, 90


def clean(text: str, longest: int) -> str:
    """One line of printable characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of ``text`` in points."""
    properties = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0])


def write(
    axes: Axes, place: tuple[float, float], text: str, size: float, *, align: str = "left", **options: Any
) -> None:
    """Write literally: a dollar sign starts no formula."""
    style: dict[str, Any] = {"color": INK, "fontfamily": FONT, "fontsize": size, "usetex": False} | options
    axes.text(*place, text, ha=align, va="center", parse_math=False, **style)


def weight_colour(sign: float, strength: float, dense: bool) -> tuple[float, float, float, float]:
    """Strong and opaque for a large weight, towards white, or see-through among many lines, for a small one."""
    red, green, blue = to_rgb(LINE if sign == 0 else POSITIVE if sign > 0 else NEGATIVE)
    if dense:
        return red, green, blue, 0.1 + 0.8 * strength
    white = 0.5 * (1 - strength)
    return red + white * (1 - red), green + white * (1 - green), blue + white * (1 - blue), 1.0
