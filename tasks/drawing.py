"""Pictures of the tasks' worlds, drawn with Pillow: no window, no display."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Frame: TypeAlias = NDArray[np.uint8]
"""A picture: (height, width, 3), red, green and blue."""
Point: TypeAlias = tuple[float, float]

_SMOOTH = 3  # drawn this many times larger, then averaged: smooth edges
_MARGIN = 0.8  # m, beyond either end of the track
_POLE_LENGTH = 1.3  # m; longer than poles are, so that the angle is easy to see
_CART, _WHEEL = (0.78, 0.3), 0.11  # m: width and height, radius
_HINGE = 1.4 * _WHEEL + _CART[1]  # m above the rail
_ARROW = 0.85  # m, the length of the arrow of the full force

_PAPER, _REACH, _RAIL, _TICK, _STOP = "#fbfcfe", "#edf1f7", "#b4bdcc", "#d3dae5", "#e5536b"
_BODY, _TYRE, _HUB, _FORCE, _POLE, _PIN = "#35445f", "#1d2638", "#c5ccd8", "#3b82f6", "#f28c38", "#fff6ec"


class _Canvas:
    """A picture that is measured in metres: x = 0 in the middle, y = 0 on the rail, y upwards."""

    def __init__(self, size: tuple[int, int], width: float) -> None:
        self._size = size
        pixels = size[0] * _SMOOTH, size[1] * _SMOOTH
        self._scale = pixels[0] / width
        self._origin = pixels[0] / 2, pixels[1] * 0.605
        self._image = Image.new("RGB", pixels, _PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def _at(self, point: Point) -> Point:
        return self._origin[0] + point[0] * self._scale, self._origin[1] - point[1] * self._scale

    def box(self, low: Point, high: Point, colour: str, *, radius: float = 0.0) -> None:
        """A rectangle between its lower left and its upper right corner."""
        (left, bottom), (right, top) = self._at(low), self._at(high)
        self._draw.rounded_rectangle((left, top, right, bottom), radius * self._scale, fill=colour)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        """A circle."""
        (x, y), r = self._at(centre), radius * self._scale
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def bar(self, start: Point, end: Point, width: float, colour: str) -> None:
        """A line with round ends."""
        self._draw.line((self._at(start), self._at(end)), fill=colour, width=round(width * self._scale))
        self.disc(start, width / 2, colour)
        self.disc(end, width / 2, colour)

    def triangle(self, corners: tuple[Point, Point, Point], colour: str) -> None:
        """A triangle."""
        self._draw.polygon([self._at(corner) for corner in corners], fill=colour)

    def frame(self) -> Frame:
        """The picture in its final size."""
        return np.array(self._image.resize(self._size, Image.Resampling.BOX))


def cart_pole(
    x: float, theta: float, push: float = 0.0, *, size: tuple[int, int] = (600, 400), track: float = 2.4
) -> Frame:
    """A cart with a pole on a track, and the force on the cart as an arrow.

    Args:
        x: Where the cart is, in metres from the middle of the track.
        theta: The pole's angle in radians; 0 is upright, positive angles lean to the left.
        push: The force as a share of the largest one, in [-1, 1], positive to the right; 0 draws no arrow.
        size: Width and height of the picture in pixels.
        track: Metres from the middle of the track to either end.

    Returns:
        The picture, (height, width, 3).
    """
    canvas = _Canvas(size, 2.0 * (track + _MARGIN))
    canvas.disc((x, _HINGE), _POLE_LENGTH + 0.14, _REACH)
    _draw_track(canvas, track)
    _draw_arrow(canvas, x, push)
    _draw_cart(canvas, x)
    _draw_pole(canvas, (x, _HINGE), theta)
    return canvas.frame()


def _draw_track(canvas: _Canvas, track: float) -> None:
    for metre in range(-math.floor(track), math.floor(track) + 1):
        canvas.bar((metre, -0.12), (metre, -0.2 if metre else -0.26), 0.022, _TICK)
    canvas.bar((-track, 0.0), (track, 0.0), 0.045, _RAIL)
    for end in (-track, track):
        canvas.bar((end, -0.14), (end, 0.22), 0.07, _STOP)


def _draw_arrow(canvas: _Canvas, x: float, push: float) -> None:
    """It starts at the side of the cart and points away from it."""
    if abs(push) < 0.02:
        return
    side = math.copysign(1.0, push)
    y, start = _WHEEL + _CART[1] / 2, x + side * (_CART[0] / 2 + 0.1)
    end, head = start + _ARROW * push, 0.09
    canvas.bar((start, y), (end, y), 0.055, _FORCE)
    canvas.triangle(((end, y + head), (end, y - head), (end + side * 1.6 * head, y)), _FORCE)


def _draw_cart(canvas: _Canvas, x: float) -> None:
    half, bottom = _CART[0] / 2, 1.1 * _WHEEL
    canvas.box((x - half, bottom), (x + half, bottom + _CART[1]), _BODY, radius=0.07)
    for wheel in (x - 0.58 * half, x + 0.58 * half):
        canvas.disc((wheel, _WHEEL + 0.02), _WHEEL, _TYRE)
        canvas.disc((wheel, _WHEEL + 0.02), 0.4 * _WHEEL, _HUB)


def _draw_pole(canvas: _Canvas, hinge: Point, theta: float) -> None:
    tip = hinge[0] - _POLE_LENGTH * math.sin(theta), hinge[1] + _POLE_LENGTH * math.cos(theta)
    canvas.disc(hinge, 0.14, _BODY)
    canvas.bar(hinge, tip, 0.13, _POLE)
    canvas.disc(hinge, 0.035, _PIN)
