"""How a network grew: its ancestors side by side, each node in one place, or one after the other."""

from __future__ import annotations

import math
import reprlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.champion import Champion
from wann.errors import UserError
from wann.figures.legend import draw_legend, entries_of, height_of, wrap
from wann.figures.page import Page, make_page
from wann.figures.scene import Scene, labels_of, place
from wann.figures.style import LEGEND_TEXT, PAD, QUIET, TITLE_TEXT, write
from wann.figures.topology import canvas, draw_network
from wann.figures.union import Union

PANELS = 6
_NARROWEST, _SHARE = 300.0, 0.38  # of a panel, in points, and of the width that its network would have alone
_WIDEST = 930.0  # of three panels in a line; wider ones stand in twos


def choose(generations: Sequence[int], wanted: Sequence[int] | None, most: int) -> list[int]:
    """Which ancestors to show.

    Args:
        generations: When each was born, first to last.
        wanted: Generations whose ancestors to show: the last one born by then. Evenly spread unless given.
        most: How many of them then.

    Returns:
        Their places in the line, without repetition.

    Raises:
        UserError: These are no generations, or none was born yet in one of them.
    """
    if wanted is None:
        last, count = len(generations) - 1, min(most, len(generations))
        return sorted({round(last * i / max(count - 1, 1)) for i in range(count)})
    whole = isinstance(wanted, Sequence) and all(isinstance(generation, int) for generation in wanted)
    if not whole or min(wanted, default=-1) < generations[0]:
        raise UserError(f"generations: expected some from {generations[0]} on, got {reprlib.repr(wanted)}")
    return sorted({bisect_right(generations, generation) - 1 for generation in wanted})


def scenes(champions: Sequence[Champion], generations: Sequence[int]) -> tuple[Scene, list[Scene]]:
    """The union of an evolved network's ancestors and, in its layout, each of them.

    Raises:
        UserError: The networks are not of one shape.
    """
    genomes = [champion.genome for champion in champions]
    union = Union(genomes)
    labels = labels_of(union.genome, champions[0].inputs, champions[0].outputs)
    titles = [f"generation {generation}" for generation in generations]
    whole = place(union.genome, union.layout, labels, titles[-1])
    each = [
        replace(place(genome, union.place(genome), labels, title), dense=whole.dense)
        for genome, title in zip(genomes, titles, strict=True)
    ]
    return whole, each


def draw(champions: Sequence[Champion], generations: Sequence[int], *, title: str = "") -> Figure:
    """Draw ancestors of a network side by side; a node stands in the same place in every panel.

    Args:
        champions: The networks, first to last.
        generations: When each was born.
        title: Shown above.

    Raises:
        UserError: The networks are not of one shape.
    """
    whole, each = scenes(champions, generations)
    page = _panel(whole)
    columns = min(3 if 3 * page.width <= _WIDEST else 2, len(each))
    lines, width = math.ceil(len(each) / columns), columns * page.width
    rows = wrap(entries_of(each), width - 2 * PAD)
    above, below = PAD + 20.0 if title else 0.0, height_of(rows)
    height = above + lines * page.height + below
    figure, axes = canvas(width, height)
    for index, (scene, champion) in enumerate(zip(each, champions, strict=True)):
        line, column = divmod(index, columns)
        corner = column * page.width, below + (lines - 1 - line) * page.height
        part = _part(figure, corner, (width, height), page)
        draw_network(part, page, scene)
        caption(part, page, champion)
    if title:
        write(axes, (PAD, height - PAD - 0.5 * TITLE_TEXT), title, 1.2 * TITLE_TEXT, weight="bold")
    draw_legend(axes, rows, width)
    return figure


def _panel(whole: Scene) -> Page:
    """The page of one panel."""
    alone = make_page(whole, [])
    width = max(_NARROWEST, _SHARE * alone.width)
    return make_page(whole, [], (width / 72, max(0.4, min(0.85, alone.height / alone.width)) * width / 72))


def _part(figure: Figure, corner: tuple[float, float], size: tuple[float, float], page: Page) -> Axes:
    """Axes on a part of the figure that count in points."""
    box = corner[0] / size[0], corner[1] / size[1], page.width / size[0], page.height / size[1]
    part = figure.add_axes(box, xlim=(0, page.width), ylim=(0, page.height))
    part.set_axis_off()
    return part


def caption(axes: Axes, page: Page, champion: Champion) -> None:
    """Write in the upper right corner how large a network is, and how good where that is known."""
    place = page.width - PAD, page.height - PAD - 0.5 * TITLE_TEXT
    write(axes, place, champion.summary, LEGEND_TEXT, align="right", color=QUIET)
