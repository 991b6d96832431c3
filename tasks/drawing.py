"""Pictures of the tasks' worlds, drawn with Pillow: no window, no display."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
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
_SHORTER = 0.5  # the second pole's length as a share of the first one's: longer than it is, to be seen
_CART, _WHEEL = (0.78, 0.3), 0.11  # m: width and height, radius
_HINGE = 1.4 * _WHEEL + _CART[1]  # m above the rail
_ARROW = 0.85  # m, the length of the arrow of the full force

_PAPER, _REACH, _RAIL, _TICK, _STOP = "#fbfcfe", "#edf1f7", "#b4bdcc", "#d3dae5", "#e5536b"
_BODY, _TYRE, _HUB, _FORCE, _POLE, _PIN = "#35445f", "#1d2638", "#c5ccd8", "#3b82f6", "#f28c38", "#fff6ec"
_SECOND = "#2aa198"


class _Canvas:
    """A picture that is measured in metres: x = 0 in the middle, y = 0 at ``floor``, a share of the height."""

    def __init__(self, size: tuple[int, int], width: float, floor: float = 0.605) -> None:
        self._size = size
        pixels = size[0] * _SMOOTH, size[1] * _SMOOTH
        self._scale = pixels[0] / width
        self._origin = pixels[0] / 2, pixels[1] * floor
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

    def polygon(self, corners: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        self._draw.polygon([self._at(corner) for corner in corners], fill=colour)

    def frame(self) -> Frame:
        """The picture in its final size."""
        return np.array(self._image.resize(self._size, Image.Resampling.BOX))


def cart_pole(
    x: float,
    theta: float,
    push: float = 0.0,
    *,
    size: tuple[int, int] = (600, 400),
    track: float = 2.4,
    length: float = 1.0,
    second: float | None = None,
) -> Frame:
    """A cart with a pole, or two, on a track, and the force on the cart as an arrow.

    Args:
        x: Where the cart is, in metres from the middle of the track.
        theta: The pole's angle in radians; 0 is upright, positive angles lean to the left.
        push: The force as a share of the largest one, in [-1, 1], positive to the right; 0 draws no arrow.
        size: Width and height of the picture in pixels.
        track: Metres from the middle of the track to either end.
        length: The pole's length as a multiple of the usual one.
        second: The angle of a second, shorter pole.

    Returns:
        The picture, (height, width, 3).
    """
    canvas = _Canvas(size, 2.0 * (track + _MARGIN))
    hinge = x, _HINGE
    canvas.disc(hinge, _POLE_LENGTH * length + 0.14, _REACH)
    _draw_track(canvas, track)
    _draw_arrow(canvas, x, push)
    _draw_cart(canvas, x)
    _draw_pole(canvas, hinge, _tip(hinge, theta, _POLE_LENGTH * length), _POLE)
    if second is not None:
        _draw_pole(canvas, hinge, _tip(hinge, second, _POLE_LENGTH * _SHORTER), _SECOND)
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
    canvas.polygon(((end, y + head), (end, y - head), (end + side * 1.6 * head, y)), _FORCE)


def _draw_cart(canvas: _Canvas, x: float) -> None:
    half, bottom = _CART[0] / 2, 1.1 * _WHEEL
    canvas.box((x - half, bottom), (x + half, bottom + _CART[1]), _BODY, radius=0.07)
    for wheel in (x - 0.58 * half, x + 0.58 * half):
        canvas.disc((wheel, _WHEEL + 0.02), _WHEEL, _TYRE)
        canvas.disc((wheel, _WHEEL + 0.02), 0.4 * _WHEEL, _HUB)


def _tip(hinge: Point, theta: float, length: float) -> Point:
    """Where a pole ends; angles grow counter-clockwise from upright."""
    return hinge[0] - length * math.sin(theta), hinge[1] + length * math.cos(theta)


def _draw_pole(canvas: _Canvas, hinge: Point, tip: Point, colour: str) -> None:
    canvas.disc(hinge, 0.14, _BODY)
    canvas.bar(hinge, tip, 0.13, colour)
    canvas.disc(hinge, 0.035, _PIN)


def _draw_torque(canvas: _Canvas, centre: Point, torque: float, radius: float) -> None:
    """A bent arrow from above the centre: half a turn for the full torque, counter-clockwise if positive."""
    if abs(torque) < 0.02:
        return
    arc = [_tip(centre, torque * math.pi * part / 24, radius) for part in range(25)]
    for start, end in pairwise(arc):
        canvas.bar(start, end, 0.05, _FORCE)
    ahead = _tip(centre, torque * math.pi + math.copysign(0.14 / radius, torque), radius)
    inner, outer = (_tip(centre, torque * math.pi, radius + side) for side in (-0.09, 0.09))
    canvas.polygon((inner, outer, ahead), _FORCE)


def pendulum(theta: float, torque: float = 0.0, *, size: tuple[int, int] = (600, 400)) -> Frame:
    """A pendulum of one metre, and the torque on it as a bent arrow.

    Args:
        theta: The angle in radians; 0 is upright, positive angles lean to the left.
        torque: As a share of the largest one, in [-1, 1], positive counter-clockwise; 0 draws no arrow.
        size: Width and height of the picture in pixels.

    Returns:
        The picture, (height, width, 3).
    """
    canvas, pivot = _Canvas(size, 4.2, 0.5), (0.0, 0.0)
    canvas.disc(pivot, 1.14, _REACH)
    _draw_torque(canvas, pivot, torque, 0.45)
    _draw_pole(canvas, pivot, _tip(pivot, theta, 1.0), _POLE)
    return canvas.frame()


def acrobot(theta1: float, theta2: float, torque: float = 0.0, *, size: tuple[int, int] = (600, 400)) -> Frame:
    """Two links of one metre, the height that the tip is to reach, and the torque between the links as a bent arrow.

    Args:
        theta1: The upper link's angle in radians; 0 hangs, positive angles swing to the right.
        theta2: The angle between the links.
        torque: As a share of the largest one, in [-1, 1], positive counter-clockwise; 0 draws no arrow.
        size: Width and height of the picture in pixels.

    Returns:
        The picture, (height, width, 3).
    """
    canvas, pivot = _Canvas(size, 6.9, 0.5), (0.0, 0.0)
    elbow = _tip(pivot, theta1 + math.pi, 1.0)
    canvas.disc(pivot, 2.14, _REACH)
    canvas.bar((-3.2, 1.0), (3.2, 1.0), 0.035, _STOP)
    _draw_pole(canvas, pivot, elbow, _POLE)
    _draw_torque(canvas, elbow, torque, 0.4)
    _draw_pole(canvas, elbow, _tip(elbow, theta1 + theta2 + math.pi, 1.0), _SECOND)
    return canvas.frame()


def _hill(x: float) -> Point:
    """The place of x on the hill, in the picture."""
    return x + 0.3, 0.45 * math.sin(3.0 * x) + 0.55


def _above(x: float, along: float, up: float) -> Point:
    """A point beside the hill at x: so far along the slope, so far away from it."""
    angle = math.atan(1.35 * math.cos(3.0 * x))
    c, s = math.cos(angle), math.sin(angle)
    place = _hill(x)
    return place[0] + along * c - up * s, place[1] + along * s + up * c


def mountain_car(x: float, push: float = 0.0, *, goal: float = 0.5, size: tuple[int, int] = (600, 400)) -> Frame:
    """A car on the hill sin(3 x), the goal, and the push on the car as an arrow.

    Args:
        x: Where the car is, from -1.2 to 0.6.
        push: As a share of the largest one, in [-1, 1], positive to the right; 0 draws no arrow.
        goal: Where the flag stands.
        size: Width and height of the picture in pixels.

    Returns:
        The picture, (height, width, 3).
    """
    canvas = _Canvas(size, 1.9, 0.94)
    ground = [_hill(-1.3 + 0.02 * k) for k in range(101)]
    canvas.polygon([(-1.2, -0.2), *ground, (1.2, -0.2)], _REACH)
    for start, end in pairwise(ground):
        canvas.bar(start, end, 0.012, _RAIL)
    _draw_flag(canvas, _hill(goal))
    _draw_car(canvas, x, push)
    return canvas.frame()


def _draw_flag(canvas: _Canvas, foot: Point) -> None:
    x, y = foot
    canvas.bar(foot, (x, y + 0.16), 0.01, _BODY)
    canvas.polygon(((x, y + 0.165), (x, y + 0.1), (x - 0.09, y + 0.132)), _STOP)


def _draw_car(canvas: _Canvas, x: float, push: float) -> None:
    height, head = 0.075, 0.026
    for wheel in (-0.05, 0.05):
        canvas.disc(_above(x, wheel, 0.03), 0.03, _TYRE)
        canvas.disc(_above(x, wheel, 0.03), 0.012, _HUB)
    canvas.bar(_above(x, -0.06, height), _above(x, 0.06, height), 0.055, _BODY)
    if abs(push) >= 0.02:
        side = math.copysign(1.0, push)
        start, end = 0.12 * side, 0.12 * side + 0.2 * push
        canvas.bar(_above(x, start, height), _above(x, end, height), 0.016, _FORCE)
        tip = _above(x, end + 1.6 * side * head, height)
        canvas.polygon((_above(x, end, height + head), _above(x, end, height - head), tip), _FORCE)
