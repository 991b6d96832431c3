"""A network whose nodes and connections light up with the signals that they carry."""

from __future__ import annotations

from collections.abc import Callable
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
from wann.figures.page import Page, make_page
from wann.figures.scene import Scene, labels_of, make_scene
from wann.figures.style import INK, NEGATIVE, POSITIVE
from wann.figures.topology import canvas
from wann.population import Floats

Size = tuple[int, int]
"""Width and height, in pixels."""

_DPI = 100
_SCALE = _DPI / 72  # pixels a point
_SMOOTH = 3  # drawn this many times larger, then averaged
_DARK = "#dde3ea"
_HALF = 0.6  # the value at which a light is half as bright as it can be
_LEVELS = 7  # of brightness: what changes little does not change in the picture, which keeps films small
_LINE, _RING = 1.9, 1.3  # pixels


class _Ink:
    """The pixels of a picture that a shape covers, and how much of each."""

    def __init__(self, size: Size, draw: Callable[[ImageDraw.ImageDraw], None]) -> None:
        mask = Image.new("L", (size[0] * _SMOOTH, size[1] * _SMOOTH))
        draw(ImageDraw.Draw(mask))
        cover = np.asarray(mask.resize(size, Image.Resampling.BOX), dtype=np.float64).ravel() / 255
        self._places = np.flatnonzero(cover)
        self._cover = cover[self._places, None]

    def paint(self, picture: Floats, colour: Floats) -> None:
        """Lay the colour over a picture, (pixels, 3)."""
        picture[self._places] += self._cover * (colour - picture[self._places])


class Lights:
    """A network to be lit: blue for positive values, orange for negative ones, pale around 0.

    A connection shows the value of the node that it comes from.
    """

    def __init__(self, champion: Champion, size: Size) -> None:
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
        self._size = self._words.shape[1], self._words.shape[0]
        self._nodes = champion.network.nodes
        self._lines = {node: self._ink_lines(page, scene, node) for node in self._nodes}
        self._rims = {node: self._ink_disc(page, scene, node, 0.5 * _RING) for node in self._nodes}
        self._discs = {node: self._ink_disc(page, scene, node, -0.5 * _RING) for node in self._nodes}

    def draw(self, values: Floats) -> Frame:
        """The network with the values of its nodes, (rows,), as ``Network.activations`` gives them."""
        picture = self._words.reshape(-1, 3) / 255
        colours = {node: _colour(float(value)) for node, value in zip(self._nodes, values, strict=True)}
        for node in sorted(self._nodes, key=lambda node: float(np.ptp(colours[node]))):  # bright lines over pale ones
            self._lines[node].paint(picture, colours[node])
        for node in self._nodes:
            self._rims[node].paint(picture, np.array(to_rgb(INK)))
            self._discs[node].paint(picture, colours[node])
        return (255 * picture).round().astype(np.uint8).reshape(self._words.shape)

    def _at(self, page: Page, point: Point) -> Point:
        """Where a point of the layout lies, in pixels of a mask, from its upper left corner."""
        x, y = page.at(point)
        return _SMOOTH * _SCALE * x, _SMOOTH * (self._size[1] - _SCALE * y)

    def _ink_lines(self, page: Page, scene: Scene, node: int) -> _Ink:
        """All connections that come from a node."""
        routes = [scene.layout.routes[gene.innovation] for gene in scene.genome.enabled if gene.source == node]
        lines = sorted({(self._at(page, a), self._at(page, b)) for route in routes for a, b in pairwise(route)})

        def draw(mask: ImageDraw.ImageDraw) -> None:
            for start, end in lines:
                mask.line(_curve(start, end), fill=255, width=round(_LINE * _SMOOTH), joint="curve")

        return _Ink(self._size, draw)

    def _ink_disc(self, page: Page, scene: Scene, node: int, more: float) -> _Ink:
        """The disc of a node, with so many pixels more of a radius."""
        x, y = self._at(page, scene.layout.nodes[node])
        radius = _SMOOTH * max(0.5, _SCALE * page.unit * scene.layout.radii[node] + more)
        return _Ink(self._size, lambda mask: mask.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255))


def _curve(start: Point, end: Point) -> list[Point]:
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
