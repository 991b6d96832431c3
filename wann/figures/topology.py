"""The topology figure: what a genome looks like as a network, from its inputs on the left to its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.errors import UserError
from wann.figures.edges import draw_edges
from wann.figures.labels import draw_texts
from wann.figures.legend import draw_legend, entries_of
from wann.figures.nodes import draw_nodes
from wann.figures.page import Page, make_page
from wann.figures.scene import Scene, labels_of, make_scene
from wann.genome import Genome


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
    scene = make_scene(genome, labels_of(genome, inputs, outputs), title, disabled)
    page = make_page(scene, entries_of([scene]), size)
    figure, axes = canvas(page.width, page.height)
    draw_network(axes, page, scene)
    draw_legend(axes, page.rows, page.width)
    return figure


def draw_network(axes: Axes, page: Page, scene: Scene) -> None:
    """Draw a network with its labels, measured in the points of ``page``."""
    draw_edges(axes, page, scene)
    draw_nodes(axes, page, scene)
    draw_texts(axes, page, scene)


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A white figure, and axes on all of it that count in points."""
    figure = Figure(figsize=(width / 72, height / 72), facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes
