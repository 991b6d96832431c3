"""The topology figure: what a genome looks like as a network, from its inputs on the left to its outputs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import CircleCollection, LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Curve
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from wann.activations import NAMES, evaluate
from wann.errors import UserError, suggestion
from wann.figures.layout import Layout, Point, layout
from wann.files import write_atomically
from wann.genome import ConnectionGene, Genome, NodeGene

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
FORMATS = ("svg", "png", "pdf")
_FONT = "DejaVu Sans"
_PAD, _GAP, _ROW, _TITLE_ROW = 12.0, 4.0, 19.0, 24.0
_UNIT, _LARGEST_UNIT, _WIDEST, _TALLEST, _NARROWEST = 30.0, 44.0, 960.0, 680.0, 170.0
_LARGEST_TEXT, _SMALLEST_TEXT, _LEGEND_TEXT, _TITLE_TEXT = 10.0, 4.5, 8.5, 11.5
_LONGEST_LABEL, _LONGEST_TITLE = 32, 90
_SMALLEST_GLYPH = 4.0
_MANY_LINES = 150
_DEAD, _DISABLED, _ALIVE = range(3)
_SAVING = threading.Lock()


def draw(
    genome: Genome,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    title: str = "",
    disabled: bool = False,
    size: tuple[float, float] | None = None,
) -> Figure:
    """Draw ``genome`` with its inputs on the left and its outputs on the right.

    Colour and curve of a node tell its activation. What no output depends on is faded. Where connections carry their
    own weights, colour tells the sign and width the size.

    Args:
        genome: What to draw.
        inputs: A label for each input, without the bias; shown literally.
        outputs: A label for each output.
        title: Shown above the network.
        disabled: Whether to draw disabled connections too, dashed.
        size: Width and height in inches; by default what the network needs.

    Raises:
        UserError: There are not as many labels as inputs or outputs, or ``size`` is too small for the network.
    """
    if size and not (0 < size[0] < inf and 0 < size[1] < inf):
        raise UserError(f"size: {size} came, expected two positive numbers of inches")
    _check_labels("inputs", inputs, len(genome.inputs))
    _check_labels("outputs", outputs, len(genome.outputs))
    labels = {genome.nodes[0].id: "bias"}
    labels |= {node.id: _clean(label, _LONGEST_LABEL) for node, label in zip(genome.inputs, inputs, strict=True)}
    labels |= {node.id: _clean(label, _LONGEST_LABEL) for node, label in zip(genome.outputs, outputs, strict=True)}
    scene = _scene(genome, labels, title, disabled)
    page = _page(scene, size)
    figure = Figure(figsize=(page.width / 72, page.height / 72), facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, page.width), ylim=(0, page.height))
    axes.set_axis_off()
    _draw_edges(axes, page, scene)
    _draw_nodes(axes, page, scene)
    _draw_texts(axes, page, scene)
    _draw_legend(axes, page, scene)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as SVG, PNG or PDF, as the ending of ``path`` says; equal figures give equal bytes.

    Raises:
        UserError: The ending is none of these.
        OSError: The file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UserError(f"{path} ends in {path.suffix!r}: {suggestion(kind, FORMATS)}")
    write_atomically(path, to_bytes(figure, kind))


def to_bytes(figure: Figure, kind: str) -> bytes:
    """The content of a file of that kind, one of ``FORMATS``; equal figures give equal bytes."""
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    settings: dict[Any, Any] = {
        "svg.hashsalt": "wann",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "savefig.bbox": None,
    }
    data = BytesIO()
    with _SAVING, matplotlib.rc_context(settings):
        figure.savefig(data, format=kind, dpi=200, metadata=date[kind])
    return data.getvalue()


def _check_labels(name: str, labels: Sequence[str], count: int) -> None:
    if isinstance(labels, str) or len(labels) != count:
        raise UserError(f"{name}: {len(labels)} labels came, but the network has {count} {name}")


def _clean(text: str, longest: int) -> str:
    """One line of printable characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _width(text: str, size: float, bold: bool = False) -> float:
    """The width of ``text`` in points."""
    properties = FontProperties(family=_FONT, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0])


def _living(genome: Genome) -> set[int]:
    """The nodes that an output depends on."""
    sources: dict[int, list[int]] = {}
    for gene in genome.enabled:
        sources.setdefault(gene.target, []).append(gene.source)
    found = {node.id for node in genome.outputs}
    stack = list(found)
    while stack:
        new = [source for source in sources.get(stack.pop(), []) if source not in found]
        found.update(new)
        stack += new
    return found


# The page: everything is measured in points


@dataclass(frozen=True, slots=True)
class _Scene:
    """What there is to draw; ``dense`` if so many lines run side by side that only their density can be seen."""

    genome: Genome
    layout: Layout
    labels: dict[int, str]
    title: str
    living: set[int]
    dense: bool
    strongest: float


def _scene(genome: Genome, labels: dict[int, str], title: str, disabled: bool) -> _Scene:
    places = layout(genome, disabled)
    drawn = [gene for gene in genome.connections if gene.innovation in places.routes]
    lines = {line for route in places.routes.values() for line in pairwise(route)}
    dense = max(Counter(start[0] for start, _ in lines).values(), default=0) > _MANY_LINES
    strongest = max((abs(gene.weight or 0.0) for gene in drawn), default=0.0) or 1.0
    return _Scene(genome, places, labels, _clean(title, _LONGEST_TITLE), _living(genome), dense, strongest)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the legend; ``mark`` is an activation's name or "unused", "disabled" or "weight"."""

    mark: str
    text: str

    @property
    def mark_width(self) -> float:
        return {"weight": 54.0, "disabled": 24.0}.get(self.mark, 14.0)

    @property
    def width(self) -> float:
        return self.mark_width + 5.0 + _width(self.text, _LEGEND_TEXT) + 16.0


def _entries(scene: _Scene) -> list[_Entry]:
    shown = [*scene.genome.hidden, *(node for node in scene.genome.outputs if node.activation != "linear")]
    used = {node.activation for node in shown}
    entries = [_Entry(name, name) for name in NAMES if name in used]
    if any(node.id not in scene.living for node in scene.genome.nodes):
        entries.append(_Entry("unused", "unused"))
    if any(not gene.enabled and gene.innovation in scene.layout.routes for gene in scene.genome.connections):
        entries.append(_Entry("disabled", "disabled"))
    if scene.genome.weighted:
        entries.append(_Entry("weight", f"weight, \N{MINUS SIGN}{scene.strongest:.2g} to {scene.strongest:.2g}"))
    return entries


def _wrap(entries: Iterable[_Entry], width: float) -> list[list[_Entry]]:
    rows: list[list[_Entry]] = [[]]
    for entry in entries:
        if rows[-1] and sum(other.width for other in rows[-1]) + entry.width > width:
            rows.append([])
        rows[-1].append(entry)
    return [row for row in rows if row]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of ``width`` times ``height`` points on which the layout's origin lies at ``left``, ``middle``."""

    width: float
    height: float
    left: float
    middle: float
    scale: Point
    rows: list[list[_Entry]]

    @property
    def unit(self) -> float:
        """The scale of what must stay round."""
        return _unit(*self.scale)

    def at(self, point: Point) -> Point:
        """Where a point of the layout lies."""
        return self.left + self.scale[0] * point[0], self.middle + self.scale[1] * point[1]


def _unit(x: float, y: float) -> float:
    return min(1.5 * x, y, _LARGEST_UNIT)


def _page(scene: _Scene, size: tuple[float, float] | None) -> _Page:
    """Measure what stands around the network; the network gets the rest."""
    entries, spans = _entries(scene), _spans(scene.layout)
    width, height = (72 * size[0], 72 * size[1]) if size else _needed(scene, entries, spans)
    rows = _wrap(entries, width - 2 * _PAD)
    below, above = _below(rows), _above(scene)
    y = (height - above - below) / spans[1]
    left, right = _sides(scene, y)
    x = (width - left - right) / spans[0]
    if size and not (_unit(x, y) * _largest(scene) > 0.5 and width >= _least(scene, entries)):
        raise UserError(f"size: {size[0]} x {size[1]} inches are too small for this network and its labels")
    x = x if size else min(x, _UNIT)
    origin = left + (width - left - x * spans[0] - right) / 2
    return _Page(width, height, origin, below + (height - above - below) / 2, (x, y), rows)


def _needed(scene: _Scene, entries: list[_Entry], spans: Point) -> Point:
    """Width and height of the page on which the network has its natural size."""
    x, y = min(_UNIT, _WIDEST / spans[0]), min(_UNIT, _TALLEST / spans[1])
    width = max(sum(_sides(scene, y)) + x * spans[0], _least(scene, entries))
    return width, _above(scene) + y * spans[1] + _below(_wrap(entries, width - 2 * _PAD))


def _least(scene: _Scene, entries: list[_Entry]) -> float:
    """The width that title and legend need."""
    title = _width(scene.title, _TITLE_TEXT, bold=True)
    return max(title, _NARROWEST, *(entry.width for entry in entries)) + 2 * _PAD


def _spans(layout: Layout) -> Point:
    """Width and height of a layout: from the first column's centres to the last's, and over everything."""
    points = [*layout.nodes.values(), *(point for route in layout.routes.values() for point in route)]
    return max(x for x, _ in points), 2 * (max(abs(y) for _, y in points) + max(layout.radii.values()))


def _largest(scene: _Scene) -> float:
    return max(scene.layout.radii.values())


def _above(scene: _Scene) -> float:
    return _PAD + (_TITLE_ROW if scene.title else 0.0)


def _below(rows: list[list[_Entry]]) -> float:
    return _PAD + _ROW * len(rows) + (10.0 if rows else 0.0)


def _sides(scene: _Scene, y: float) -> Point:
    """What the labels take on the left and on the right, in points, if ``y`` is the vertical scale."""
    sides = []
    for layer in (scene.layout.layers[0], scene.layout.layers[-1]):
        size = _text_size(scene, layer, y)
        widest = max(_width(scene.labels[node], size) for node in layer) if size else 2 * _LARGEST_TEXT
        sides.append(_PAD + widest + _GAP + _largest(scene) * y)
    return sides[0], sides[1]


def _text_size(scene: _Scene, layer: Sequence[int], y: float) -> float:
    """The size at which a layer's labels do not touch each other, or 0 if that is too small to read."""
    heights = sorted(scene.layout.nodes[node][1] for node in layer)
    size = 0.9 * y * min((b - a for a, b in pairwise(heights)), default=1.0)
    return 0.0 if size < _SMALLEST_TEXT else min(size, _LARGEST_TEXT)


# Connections


@dataclass(frozen=True, slots=True)
class _Style:
    """How a line looks; of a higher ``rank`` is what lies above."""

    rank: int
    width: float
    colour: tuple[float, float, float, float]
    dashed: bool = False


_Line = tuple[Point, Point]


def _draw_edges(axes: Axes, page: _Page, scene: _Scene) -> None:
    strokes: list[tuple[_Style, Curve]] = []
    for lines in _lines(scene):
        group: dict[_Style, list[_Line]] = {}
        for line, carried in lines.items():
            group.setdefault(_style(scene, page.unit, carried), []).append(line)
        parts = [(style, _curve(page, group[style])) for style in sorted(group, key=lambda style: style.width)]
        strokes += [
            (_casing(style, page.unit), curve) for style, curve in parts if style.rank == _ALIVE and not scene.dense
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


def _lines(scene: _Scene) -> list[dict[_Line, list[ConnectionGene]]]:
    """For each source its lines, each with the connections that share it."""
    sources: dict[int, dict[_Line, list[ConnectionGene]]] = {}
    for gene in scene.genome.connections:
        for line in pairwise(scene.layout.routes.get(gene.innovation, ())):
            sources.setdefault(gene.source, {}).setdefault(line, []).append(gene)
    return list(sources.values())


def _thinness(unit: float) -> float:
    """What line widths are multiplied by."""
    return min(1.0, unit / _UNIT + 0.25)


def _style(scene: _Scene, unit: float, carried: Sequence[ConnectionGene]) -> _Style:
    """How a line looks that these connections share."""
    thin = _thinness(unit)
    living = [gene for gene in carried if gene.enabled and gene.target in scene.living]
    if not living and any(gene.enabled for gene in carried):
        return _Style(_DEAD, 0.9 * thin, (*to_rgb(FADED), 1.0))
    if not living:
        return _Style(_DISABLED, 0.9 * thin, (*to_rgb(DISABLED), 0.15 if scene.dense else 1.0), dashed=True)
    if not scene.genome.weighted:
        return _Style(_ALIVE, thin * (0.75 + 0.35 * len(living) ** 0.5), (*to_rgb(LINE), 0.4 if scene.dense else 1.0))
    weights = [gene.weight or 0.0 for gene in living]
    strength = max(map(abs, weights)) / scene.strongest
    mixed = min(weights) < 0 < max(weights)
    return _Style(
        2, thin * (0.5 + 2.1 * strength), _weight_colour(0.0 if mixed else sum(weights), strength, scene.dense)
    )


def _weight_colour(sign: float, strength: float, dense: bool) -> tuple[float, float, float, float]:
    """Strong and opaque for a large weight, towards white, or see-through among many lines, for a small one."""
    red, green, blue = to_rgb(LINE if sign == 0 else POSITIVE if sign > 0 else NEGATIVE)
    if dense:
        return red, green, blue, 0.1 + 0.8 * strength
    white = 0.5 * (1 - strength)
    return red + white * (1 - red), green + white * (1 - green), blue + white * (1 - blue), 1.0


def _casing(style: _Style, unit: float) -> _Style:
    """A white border, so that a line that crosses others passes over them and is not taken for a junction."""
    return _Style(style.rank, style.width + 1.7 * _thinness(unit), (1.0, 1.0, 1.0, 1.0))


def _curve(page: _Page, lines: Iterable[_Line]) -> Curve:
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


# Nodes


@dataclass(frozen=True, slots=True)
class _Look:
    """How a node looks: its colour, the activation whose curve it shows, its shape ("disc", "square" or "ring")."""

    fill: str
    glyph: str = ""
    shape: str = "disc"


def _look(node: NodeGene, living: bool) -> _Look:
    if node.kind == "hidden":
        return _Look(COLOURS[node.activation] if living else FADED, node.activation)
    fill = INK if living else FADED
    if node.kind == "output":
        return _Look(
            *((fill, "") if node.activation == "linear" else (COLOURS[node.activation], node.activation)), "ring"
        )
    return _Look(fill, shape="square" if node.kind == "bias" else "disc")


def _draw_nodes(axes: Axes, page: _Page, scene: _Scene) -> None:
    looks: dict[tuple[_Look, float], list[Point]] = {}
    for node in scene.genome.nodes:
        radius = page.unit * scene.layout.radii[node.id]
        look = _look(node, node.id in scene.living)
        looks.setdefault((look, radius), []).append(page.at(scene.layout.nodes[node.id]))
    for (look, radius), places in looks.items():
        _draw_marks(axes, look, radius, places)


def _draw_marks(axes: Axes, look: _Look, radius: float, places: list[Point]) -> None:
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
        curves = [np.array(place) + radius * part for place in places for part in _glyph(look.glyph)]
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


def _glyph(name: str) -> list[NDArray[np.float64]]:
    """The curve of an activation function in a disc of radius 1, and a sigmoid's floor, to tell it from tanh."""
    reach = {"sin": 1.25, "cos": 1.25, "sigmoid": 5.0, "gaussian": 2.8, "tanh": 2.8}.get(name, 1.0)
    x = np.unique(np.concatenate((np.linspace(-reach, reach, 41), [-1e-9, 1e-9])))
    y = evaluate(name, x)
    y = 0.88 * (y - (y.max() + y.min()) / 2) / (y.max() - y.min())
    floor = [np.array([[0.0, y.min()], [0.58, y.min()]])] if name == "sigmoid" else []
    return [np.column_stack((0.58 * x / reach, y)), *floor]


# Words


def _draw_texts(axes: Axes, page: _Page, scene: _Scene) -> None:
    if scene.title:
        _write(axes, (_PAD, page.height - _PAD - 0.5 * _TITLE_TEXT), scene.title, _TITLE_TEXT, weight="bold")
    for layer, side in ((scene.layout.layers[0], -1), (scene.layout.layers[-1], 1)):
        size = _text_size(scene, layer, page.scale[1])
        for node in layer if size else ():
            x, y = page.at(scene.layout.nodes[node])
            x += side * (page.unit * scene.layout.radii[node] + _GAP)
            colour = INK if node in scene.living else "#9aa5b1"
            _write(axes, (x, y), scene.labels[node], size, align="right" if side < 0 else "left", color=colour)
        if not size:
            _summarise(axes, page, scene, side)


def _summarise(axes: Axes, page: _Page, scene: _Scene, side: int) -> None:
    """Instead of labels too small to read: how many nodes there are."""
    name, nodes = ("inputs", scene.genome.inputs) if side < 0 else ("outputs", scene.genome.outputs)
    unused = sum(node.id not in scene.living for node in nodes)
    x, _ = page.at(scene.layout.nodes[nodes[0].id])
    place = x + side * (page.unit * _largest(scene) + _GAP + 0.5 * _LARGEST_TEXT), page.middle
    words = f"{len(nodes)} {name}" + (f", {unused} of them unused" if unused else "")
    size = min(_LARGEST_TEXT, _LARGEST_TEXT * (page.height - 2 * _PAD) / _width(words, _LARGEST_TEXT))
    _write(axes, place, words, size, align="center", rotation=90.0)


def _write(axes: Axes, place: Point, text: str, size: float, *, align: str = "left", **options: Any) -> None:
    """Write literally: a dollar sign starts no formula."""
    style: dict[str, Any] = {"color": INK, "fontfamily": _FONT, "fontsize": size, "usetex": False} | options
    axes.text(*place, text, ha=align, va="center", parse_math=False, **style)


def _draw_legend(axes: Axes, page: _Page, scene: _Scene) -> None:
    for index, row in enumerate(page.rows):
        y = _PAD + _ROW * (len(page.rows) - index - 0.5)
        x = (page.width - sum(entry.width for entry in row) + 16.0) / 2
        for entry in row:
            _draw_sample(axes, entry, (x, y))
            _write(axes, (x + entry.mark_width + 5.0, y), entry.text, _LEGEND_TEXT)
            x += entry.width


def _draw_sample(axes: Axes, entry: _Entry, place: Point) -> None:
    x, y = place
    if entry.mark == "weight":
        for step in range(-20, 20):
            strength = abs(step + 0.5) / 20
            colour = _weight_colour(step + 0.5, strength, False)
            axes.add_patch(
                Rectangle((x + 27 + 1.35 * step, y - 3 * strength - 0.3), 1.4, 6 * strength + 0.6, color=colour, lw=0)
            )
    elif entry.mark == "disabled":
        axes.plot([x, x + entry.mark_width], [y, y], color=DISABLED, linewidth=1.0, linestyle=(0.0, (3.0, 2.5)))
    else:
        look = _Look(COLOURS.get(entry.mark, FADED), entry.mark if entry.mark in COLOURS else "")
        _draw_marks(axes, look, entry.mark_width / 2, [(x + entry.mark_width / 2, y)])
