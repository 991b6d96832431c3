"""The legend of a topology figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from wann.activations import NAMES
from wann.figures.layout import Point
from wann.figures.marks import Look, draw_marks
from wann.figures.scene import Scene
from wann.figures.style import COLOURS, DISABLED, FADED, FRESH, LEGEND_TEXT, PAD, text_width, weight_colour, write

_ROW = 19.0  # points


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the legend; ``mark`` is an activation's name or "unused", "new", "disabled" or "weight"."""

    mark: str
    text: str

    @property
    def mark_width(self) -> float:
        """Of the mark alone."""
        return {"weight": 54.0, "disabled": 24.0, "new": 24.0}.get(self.mark, 14.0)

    @property
    def width(self) -> float:
        """Of mark, text and the gap behind them."""
        return self.mark_width + 5.0 + text_width(self.text, LEGEND_TEXT) + 16.0


def entries_of(scenes: Sequence[Scene]) -> list[Entry]:
    """What the legend of these scenes, drawn as one figure, must explain."""
    used = {name for scene in scenes for name in _activations(scene)}
    entries = [Entry(name, name) for name in NAMES if name in used]
    if any(node.id not in scene.living for scene in scenes for node in scene.genome.nodes):
        entries.append(Entry("unused", "unused"))
    if any(scene.fresh for scene in scenes):
        entries.append(Entry("new", "new"))
    if any(not gene.enabled for scene in scenes for gene in scene.drawn):
        entries.append(Entry("disabled", "disabled"))
    if any(scene.genome.weighted for scene in scenes):
        strongest = max(scene.strongest for scene in scenes)
        entries.append(Entry("weight", f"weight, \N{MINUS SIGN}{strongest:.2g} to {strongest:.2g}"))
    return entries


def _activations(scene: Scene) -> set[str]:
    shown = [*scene.genome.hidden, *(node for node in scene.genome.outputs if node.activation != "linear")]
    return {node.activation for node in shown}


def wrap(entries: Iterable[Entry], width: float) -> list[list[Entry]]:
    """The entries in rows that are no wider than ``width`` points, where that can be."""
    rows: list[list[Entry]] = [[]]
    for entry in entries:
        if rows[-1] and sum(other.width for other in rows[-1]) + entry.width > width:
            rows.append([])
        rows[-1].append(entry)
    return [row for row in rows if row]


def height_of(rows: list[list[Entry]]) -> float:
    """What the legend takes at the bottom of a page, in points, the margin included."""
    return PAD + _ROW * len(rows) + (10.0 if rows else 0.0)


def draw_legend(axes: Axes, rows: list[list[Entry]], width: float) -> None:
    """Draw it in the middle of the bottom of a page, ``width`` points wide."""
    for index, row in enumerate(rows):
        y = PAD + _ROW * (len(rows) - index - 0.5)
        x = (width - sum(entry.width for entry in row) + 16.0) / 2
        for entry in row:
            _draw_sample(axes, entry, (x, y))
            write(axes, (x + entry.mark_width + 5.0, y), entry.text, LEGEND_TEXT)
            x += entry.width


def _draw_sample(axes: Axes, entry: Entry, place: Point) -> None:
    x, y = place
    if entry.mark == "weight":
        for step in range(-20, 20):
            strength = abs(step + 0.5) / 20
            colour = weight_colour(step + 0.5, strength, False)
            axes.add_patch(
                Rectangle((x + 27 + 1.35 * step, y - 3 * strength - 0.3), 1.4, 6 * strength + 0.6, color=colour, lw=0)
            )
    elif entry.mark == "disabled":
        axes.plot([x, x + entry.mark_width], [y, y], color=DISABLED, linewidth=1.0, linestyle=(0.0, (3.0, 2.5)))
    elif entry.mark == "new":
        axes.plot([x, x + entry.mark_width], [y, y], color=FRESH, linewidth=1.5)
    else:
        look = Look(COLOURS.get(entry.mark, FADED), entry.mark if entry.mark in COLOURS else "")
        draw_marks(axes, look, entry.mark_width / 2, [(x + entry.mark_width / 2, y)])
