"""How connections are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.path import Path as Curve

from wann.figures.layout import Point
from wann.figures.page import UNIT, Page
from wann.figures.scene import Scene
from wann.figures.style import DISABLED, FADED, FRESH, LINE, weight_colour
from wann.genome import ConnectionGene

_DEAD, _DISABLED, _ALIVE, _FRESH = range(4)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a line looks; of a higher ``rank`` is what lies above."""

    rank: int
    width: float
    colour: tuple[float, float, float, float]
    dashed: bool = False


_Line = tuple[Point, Point]


def draw_edges(axes: Axes, page: Page, scene: Scene) -> None:
    """Draw all connections that have a route."""
    strokes: list[tuple[_Style, Curve]] = []
    for lines in _lines(scene):
        group: dict[_Style, list[_Line]] = {}
        for line, carried in lines.items():
            group.setdefault(_style(scene, page.unit, carried), []).append(line)
        parts = [(style, _curve(page, group[style])) for style in sorted(group, key=lambda style: style.width)]
        strokes += [
            (_casing(style, page.unit), curve) for style, curve in parts if style.rank >= _ALIVE and not scene.dense
        ]
        strokes += parts
    strokes.sort(key=lambda stroke: (stroke[0].rank, stroke[0].width if scene.dense else 0.0))
    styles = [style for style, _ in strokes]
    axes.add_collection(
        PathCollection(
            [curve for _, curve in strokes],
            facecolors="none",
            edgecolors=[style.colour for style in styles],
            linewidths=[style.width for style in styles],
            linestyles=[(0.0, (3.0, 2.5)) if style.dashed else "solid" for style in styles],
            capstyle="butt" if scene.dense else "round",
        )
    )


def _lines(scene: Scene) -> list[dict[_Line, list[ConnectionGene]]]:
    """For each source its lines, each with the connections that share it."""
    sources: dict[int, dict[_Line, list[ConnectionGene]]] = {}
    for gene in scene.genome.connections:
        for line in pairwise(scene.layout.routes.get(gene.innovation, ())):
            sources.setdefault(gene.source, {}).setdefault(line, []).append(gene)
    return list(sources.values())


def _thinness(unit: float) -> float:
    """What line widths are multiplied by."""
    return min(1.0, unit / UNIT + 0.25)


def _style(scene: Scene, unit: float, carried: Sequence[ConnectionGene]) -> _Style:
    """How a line looks that these connections share."""
    thin = _thinness(unit)
    living = [gene for gene in carried if gene.enabled and gene.target in scene.living]
    if not living and any(gene.enabled for gene in carried):
        return _Style(_DEAD, 0.9 * thin, (*to_rgb(FADED), 1.0))
    if not living:
        return _Style(_DISABLED, 0.9 * thin, (*to_rgb(DISABLED), 0.15 if scene.dense else 1.0), dashed=True)
    if not scene.genome.weighted:
        fresh = not scene.fresh.isdisjoint(gene.innovation for gene in living)
        rank, colour = (_FRESH, FRESH) if fresh else (_ALIVE, LINE)
        return _Style(rank, thin * (0.75 + 0.35 * len(living) ** 0.5), (*to_rgb(colour), 0.4 if scene.dense else 1.0))
    weights = [gene.weight or 0.0 for gene in living]
    strength = max(map(abs, weights)) / scene.strongest
    mixed = min(weights) < 0 < max(weights)
    return _Style(
        2, thin * (0.5 + 2.1 * strength), weight_colour(0.0 if mixed else sum(weights), strength, scene.dense)
    )


def _casing(style: _Style, unit: float) -> _Style:
    """A white border, so that a line that crosses others passes over them and is not taken for a junction."""
    return _Style(style.rank, style.width + 1.7 * _thinness(unit), (1.0, 1.0, 1.0, 1.0))


def _curve(page: Page, lines: Iterable[_Line]) -> Curve:
    """Level at both ends, with equal control points: two such curves cross only if their ends are in unlike order."""
    vertices: list[Point] = []
    codes: list[np.uint8] = []
    for start, end in lines:
        (x0, y0), (x1, y1) = page.at(start), page.at(end)
        if not vertices or vertices[-1] != (x0, y0):
            vertices.append((x0, y0))
            codes.append(Curve.MOVETO)
        bend = [((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1)] if y0 != y1 else []
        vertices += [*bend, (x1, y1)]
        codes += [Curve.CURVE4] * 3 if bend else [Curve.LINETO]
    return Curve(np.array(vertices), np.array(codes))
