"""A network whose nodes and connections light up with the signals that they carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from wann.champion import Champion
from wann.figures.gif import Frame
from wann.figures.labels import draw_texts
from wann.figures.layout import Point
from wann.figures.output import pixels
from wann.figures.page import make_page
from wann.figures.scene import labels_of, make_scene
from wann.figures.style import INK, NEGATIVE, POSITIVE
from wann.figures.topology import canvas
from wann.population import Floats

_DPI = 100
_SMOOTH = 3  # drawn this many times larger, then averaged
_DARK = "#dde3ea"
_HALF = 0.6  # the value at which a light is half as bright as it can be
_LEVELS = 7  # of brightness: what changes little does not change in the picture, which keeps films small
_LINE, _RING = 1.9, 1.3  # pixels


class _Ink:
    """The pixels of a frame that a shape covers, and how much of each."""

    def __init__(self, mask: Image.Image, size: tuple[int, int]) -> None:
        cover = np.asarray(mask.resize(size, Image.Resampling.BOX), dtype=np.float64).ravel() / 255
        self.places = np.flatnonzero(cover)
        self.cover = cover[self.places, None]

    def paint(self, page: Floats, colour: Floats) -> None:
        """Lay the colour over a page, (pixels, 3)."""
        page[self.places] += self.cover * (colour - page[self.places])


class Lights:
    """A network to be lit: blue for positive values, orange for negative ones, pale around 0.

    A connection shows the value of the node that it comes from.
    """

    def __init__(self, champion: Champion, size: tuple[int, int]) -> None:
        """Lay the network out.

        Args:
            champion: The network.
            size: Width and height of its picture, in pixels.

        Raises:
            UserError: The picture is too small for the network and its labels.
        """
        genome = champion.genome
        scene = make_scene(genome, labels_of(genome, champion.inputs, champion.outputs), "", False)
        page = make_page(scene, [], (size[0] / _DPI, size[1] / _DPI))
        figure, axes = canvas(page.width, page.height)
        draw_texts(axes, page, scene)
        self._words = pixels(figure, _DPI)
        self._shape = self._words.shape
        self._size = self._shape[1], self._shape[0]
        scale = _DPI / 72

        def at(point: Point) -> Point:
            x, y = page.at(point)
            return scale * x, self._size[1] - scale * y

        self._lines: dict[int, _Ink] = {}
        for node in champion.network.nodes:
            routes = [scene.layout.routes[gene.innovation] for gene in genome.enabled if gene.source == node]
            lines = {(at(start), at(end)) for route in routes for start, end in pairwise(route)}
            if lines:
                self._lines[node] = self._ink_lines(sorted(lines))
        radius = scale * page.unit
        self._discs = {
            node: self._ink_disc(at(scene.layout.nodes[node]), radius * scene.layout.radii[node])
            for node in champion.network.nodes
        }
        self._nodes = champion.network.nodes

    def draw(self, values: Floats) -> Frame:
        """The network with the values of its nodes, (rows,), as ``Network.activations`` gives them."""
        page = self._words.reshape(-1, 3) / 255
        colours = {node: _colour(float(value)) for node, value in zip(self._nodes, values, strict=True)}
        order = sorted(self._lines, key=lambda node: float(np.ptp(colours[node])))  # bright lines over pale ones
        for node in order:
            self._lines[node].paint(page, colours[node])
        ring = np.array(to_rgb(INK))
        for node, (rim, disc) in self._discs.items():
            rim.paint(page, ring)
            disc.paint(page, colours[node])
        return (255 * page).round().astype(np.uint8).reshape(self._shape)

    def _mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", (self._size[0] * _SMOOTH, self._size[1] * _SMOOTH))
        return mask, ImageDraw.Draw(mask)

    def _ink_lines(self, lines: Iterable[tuple[Point, Point]]) -> _Ink:
        mask, draw = self._mask()
        for start, end in lines:
            points = [(_SMOOTH * x, _SMOOTH * y) for x, y in _curve(start, end)]
            draw.line(points, fill=255, width=round(_LINE * _SMOOTH), joint="curve")
        return _Ink(mask, self._size)

    def _ink_disc(self, centre: Point, radius: float) -> tuple[_Ink, _Ink]:
        """The disc with its rim, and the disc alone."""
        inks = []
        for size in (radius + 0.5 * _RING, radius - 0.5 * _RING):
            mask, draw = self._mask()
            x, y, r = _SMOOTH * centre[0], _SMOOTH * centre[1], _SMOOTH * max(size, 0.5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
            inks.append(_Ink(mask, self._size))
        return inks[0], inks[1]


def _curve(start: Point, end: Point) -> Sequence[Point]:
    """Points on the curve that the topology figure draws: level at both ends."""
    t = np.linspace(0, 1, 2 if start[1] == end[1] else 16)
    middle = (start[0] + end[0]) / 2
    x = (1 - t) ** 3 * start[0] + 3 * (1 - t) * t * middle + t**3 * end[0]
    y = start[1] + (end[1] - start[1]) * t * t * (3 - 2 * t)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _colour(value: float) -> NDArray[np.float64]:
    """The light of a value; one that is not a number is dark."""
    if np.isnan(value):
        value = 0.0
    strength = 1.0 if np.isinf(value) else abs(value) / (_HALF + abs(value))
    strength = round(strength * _LEVELS) / _LEVELS
    dark, light = np.array(to_rgb(_DARK)), np.array(to_rgb(POSITIVE if value > 0 else NEGATIVE))
    return np.asarray(dark + strength * (light - dark))
