"""The marks that stand for nodes: discs, squares and rings with the curve of their activation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import CircleCollection, LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from wann.activations import evaluate
from wann.figures.layout import Point
from wann.figures.style import FADED, INK

_SMALLEST_GLYPH = 4.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a node looks: its colour, the activation whose curve it shows, its shape ("disc", "square" or "ring")."""

    fill: str
    glyph: str = ""
    shape: str = "disc"


def draw_marks(axes: Axes, look: Look, radius: float, places: list[Point]) -> None:
    """Draw marks of one look and radius, in points, at several places."""
    halo = min(1.2, 0.2 * radius)
    if look.shape == "square":
        corners = [(radius * (x - 1), radius * (y - 1)) for x, y in ((0, 0), (2, 0), (2, 2), (0, 2))]
        axes.add_collection(PolyCollection([np.add(corners, place) for place in places], facecolors=look.fill))
        return
    if look.shape == "ring":
        _draw_discs(axes, places, radius, "white", INK, halo)
        radius *= 0.72
    _draw_discs(axes, places, radius, look.fill, "white", halo)
    if look.glyph and radius >= _SMALLEST_GLYPH:
        light = np.dot(to_rgb(look.fill), (0.299, 0.587, 0.114)) > 0.6 and look.fill != FADED
        curves = [np.array(place) + radius * part for place in places for part in glyph(look.glyph)]
        width = min(1.7, 0.16 * radius)
        axes.add_collection(LineCollection(curves, colors=INK if light else "white", linewidths=width))


def _draw_discs(axes: Axes, places: list[Point], radius: float, fill: str, edge: str, width: float) -> None:
    area = np.pi * radius**2
    axes.add_collection(
        CircleCollection(
            [area],
            offsets=places,
            offset_transform=axes.transData,
            facecolors=fill,
            edgecolors=edge,
            linewidths=width,
        )
    )


def glyph(name: str) -> list[NDArray[np.float64]]:
    """The curve of an activation function in a disc of radius 1, and a sigmoid's floor, to tell it from tanh."""
    reach = {"sin": 1.25, "cos": 1.25, "sigmoid": 5.0, "gaussian": 2.8, "tanh": 2.8}.get(name, 1.0)
    x = np.unique(np.concatenate((np.linspace(-reach, reach, 41), [-1e-9, 1e-9])))
    y = evaluate(name, x)
    y = 0.88 * (y - (y.max() + y.min()) / 2) / (y.max() - y.min())
    floor = [np.array([[0.0, y.min()], [0.58, y.min()]])] if name == "sigmoid" else []
    return [np.column_stack((0.58 * x / reach, y)), *floor]
