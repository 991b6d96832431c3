"""The page of a topology figure, measured in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wann.errors import UserError
from wann.figures.layout import Layout, Point
from wann.figures.legend import Entry, height_of, wrap
from wann.figures.scene import Scene
from wann.figures.style import GAP, LARGEST_TEXT, PAD, TITLE_TEXT, text_width

UNIT = 30.0
"""Points: the distance of neighbours where there is room."""
_TITLE_ROW = 24.0
_LARGEST_UNIT, _WIDEST, _TALLEST, _NARROWEST = 44.0, 960.0, 680.0, 170.0
_SMALLEST_TEXT = 4.5


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ``width`` times ``height`` points on which the layout's origin lies at ``left``, ``middle``."""

    width: float
    height: float
    left: float
    middle: float
    scale: Point
    rows: list[list[Entry]]

    @property
    def unit(self) -> float:
        """The scale of what must stay round."""
        return _unit(*self.scale)

    def at(self, point: Point) -> Point:
        """Where a point of the layout lies."""
        return self.left + self.scale[0] * point[0], self.middle + self.scale[1] * point[1]


def _unit(x: float, y: float) -> float:
    return min(1.5 * x, y, _LARGEST_UNIT)


def make_page(scene: Scene, entries: list[Entry], size: tuple[float, float] | None = None) -> Page:
    """Measure what stands around the network; the network gets the rest.

    Args:
        scene: The network.
        entries: Of the legend.
        size: Width and height in inches; what the network needs unless given.

    Raises:
        UserError: ``size`` is too small.
    """
    spans = _spans(scene.layout)
    width, height = (72 * size[0], 72 * size[1]) if size else _needed(scene, entries, spans)
    rows = wrap(entries, width - 2 * PAD)
    below, above = height_of(rows), _above(scene)
    y = (height - above - below) / spans[1]
    left, right = _sides(scene, y)
    x = (width - left - right) / spans[0]
    if size and not (_unit(x, y) * largest(scene) > 0.5 and width >= _least(scene, entries)):
        raise UserError(f"size: {size[0]} x {size[1]} inches are too small for this network and its labels")
    x = x if size else min(x, UNIT)
    origin = left + (width - left - x * spans[0] - right) / 2
    return Page(width, height, origin, below + (height - above - below) / 2, (x, y), rows)


def _needed(scene: Scene, entries: list[Entry], spans: Point) -> Point:
    """Width and height of the page on which the network has its natural size."""
    x, y = min(UNIT, _WIDEST / spans[0]), min(UNIT, _TALLEST / spans[1])
    width = max(sum(_sides(scene, y)) + x * spans[0], _least(scene, entries))
    return width, _above(scene) + y * spans[1] + height_of(wrap(entries, width - 2 * PAD))


def _least(scene: Scene, entries: list[Entry]) -> float:
    """The width that title and legend need."""
    title = text_width(scene.title, TITLE_TEXT, bold=True)
    return max(title, _NARROWEST, *(entry.width for entry in entries)) + 2 * PAD


def _spans(layout: Layout) -> Point:
    """Width and height of a layout: from the first column's centres to the last's, and over everything."""
    points = [*layout.nodes.values(), *(point for route in layout.routes.values() for point in route)]
    return max(x for x, _ in points), 2 * (max(abs(y) for _, y in points) + max(layout.radii.values()))


def largest(scene: Scene) -> float:
    """The radius of the largest node, in the layout's units."""
    return max(scene.layout.radii.values())


def _above(scene: Scene) -> float:
    return PAD + (_TITLE_ROW if scene.title else 0.0)


def _sides(scene: Scene, y: float) -> Point:
    """What the labels take on the left and on the right, in points, if ``y`` is the vertical scale."""
    sides = []
    for layer in (scene.layout.layers[0], scene.layout.layers[-1]):
        size = text_size(scene, layer, y)
        widest = max(text_width(scene.labels[node], size) for node in layer) if size else 2 * LARGEST_TEXT
        sides.append(PAD + widest + GAP + largest(scene) * y)
    return sides[0], sides[1]


def text_size(scene: Scene, layer: Sequence[int], y: float) -> float:
    """The size at which a layer's labels do not touch each other, or 0 if that is too small to read."""
    heights = sorted(scene.layout.nodes[node][1] for node in layer)
    size = 0.9 * y * min((b - a for a, b in pairwise(heights)), default=1.0)
    return 0.0 if size < _SMALLEST_TEXT else min(size, LARGEST_TEXT)
