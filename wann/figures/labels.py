"""The words beside a network: its title and the labels of inputs and outputs."""

from __future__ import annotations

from matplotlib.axes import Axes

from wann.figures.page import Page, largest, text_size
from wann.figures.scene import Scene
from wann.figures.style import GAP, INK, LARGEST_TEXT, PAD, TITLE_TEXT, text_width, write


def draw_texts(axes: Axes, page: Page, scene: Scene) -> None:
    """Write the title and all labels, or how many nodes there are where labels would be too small."""
    if scene.title:
        write(axes, (PAD, page.height - PAD - 0.5 * TITLE_TEXT), scene.title, TITLE_TEXT, weight="bold")
    for layer, side in ((scene.layout.layers[0], -1), (scene.layout.layers[-1], 1)):
        size = text_size(scene, layer, page.scale[1])
        for node in layer if size else ():
            x, y = page.at(scene.layout.nodes[node])
            x += side * (page.unit * scene.layout.radii[node] + GAP)
            colour = INK if node in scene.living else "#9aa5b1"
            write(axes, (x, y), scene.labels[node], size, align="right" if side < 0 else "left", color=colour)
        if not size:
            _summarise(axes, page, scene, side)


def _summarise(axes: Axes, page: Page, scene: Scene, side: int) -> None:
    """Instead of labels too small to read: how many nodes there are."""
    name, nodes = ("inputs", scene.genome.inputs) if side < 0 else ("outputs", scene.genome.outputs)
    unused = sum(node.id not in scene.living for node in nodes)
    x, _ = page.at(scene.layout.nodes[nodes[0].id])
    place = x + side * (page.unit * largest(scene) + GAP + 0.5 * LARGEST_TEXT), page.middle
    words = f"{len(nodes)} {name}" + (f", {unused} of them unused" if unused else "")
    size = min(LARGEST_TEXT, LARGEST_TEXT * (page.height - 2 * PAD) / text_width(words, LARGEST_TEXT))
    write(axes, place, words, size, align="center", rotation=90.0)
