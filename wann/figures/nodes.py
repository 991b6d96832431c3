"""How nodes are drawn."""

from __future__ import annotations

from matplotlib.axes import Axes

from wann.figures.layout import Point
from wann.figures.marks import Look, draw_marks
from wann.figures.page import Page
from wann.figures.scene import Scene
from wann.figures.style import COLOURS, FADED, INK
from wann.genome import NodeGene


def look_of(node: NodeGene, living: bool) -> Look:
    """How a node looks; faded where no output depends on it."""
    if node.kind == "hidden":
        return Look(COLOURS[node.activation] if living else FADED, node.activation)
    fill = INK if living else FADED
    if node.kind == "output":
        return Look(
            *((fill, "") if node.activation == "linear" else (COLOURS[node.activation], node.activation)), "ring"
        )
    return Look(fill, shape="square" if node.kind == "bias" else "disc")


def draw_nodes(axes: Axes, page: Page, scene: Scene) -> None:
    """Draw all nodes, those that look alike at once."""
    looks: dict[tuple[Look, float], list[Point]] = {}
    for node in scene.genome.nodes:
        radius = page.unit * scene.layout.radii[node.id]
        look = look_of(node, node.id in scene.living)
        looks.setdefault((look, radius), []).append(page.at(scene.layout.nodes[node.id]))
    for (look, radius), places in looks.items():
        draw_marks(axes, look, radius, places)
