"""A network as it grew, frame by frame: one ancestor after the other, each node in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.champion import Champion
from wann.figures.gif import encode_gif
from wann.figures.growth import caption, scenes
from wann.figures.legend import draw_legend, entries_of
from wann.figures.output import pixels
from wann.figures.page import make_page
from wann.figures.scene import Scene
from wann.figures.style import FADED, FRESH, LEGEND_TEXT, LINE, PAD, QUIET, text_width, write
from wann.figures.topology import canvas, draw_network
from wann.genome import Genome
from wann.population import Floats

MOST_FRAMES = 80
_DPI = 90
_SHOWN, _LAST_SHOWN = 0.4, 3.0  # seconds
_COURSE = 46.0  # points: the strip with the course of the mean return
_WORDS = "mean return of the run's champion"


Course = tuple[Floats, Floats]
"""Generations of the run, and the mean return of its champion in each."""


def animate(champions: Sequence[Champion], generations: Sequence[int], course: Course) -> bytes:
    """A GIF of a network's ancestors, first to last; what is new in a frame stands out.

    Args:
        champions: The networks, ``MOST_FRAMES`` at most.
        generations: When each was born.
        course: How the run went, shown below.

    Raises:
        UserError: The networks are not of one shape.
    """
    frames = (pixels(figure, _DPI) for figure in _figures(champions, generations, course))
    return encode_gif(frames, _SHOWN, _LAST_SHOWN)


def _figures(champions: Sequence[Champion], generations: Sequence[int], course: Course) -> Iterator[Figure]:
    whole, each = scenes(champions, generations)
    marked = [each[0], *(_mark(scene, _pairs(old.genome)) for old, scene in pairwise(each))]
    page = make_page(whole, entries_of(marked))
    for scene, champion, generation in zip(marked, champions, generations, strict=True):
        figure, axes = canvas(page.width, page.height + _COURSE)
        part = figure.add_axes((0.0, _COURSE / (page.height + _COURSE), 1.0, page.height / (page.height + _COURSE)))
        part.set(xlim=(0, page.width), ylim=(0, page.height))
        part.set_axis_off()
        draw_network(part, page, scene)
        caption(part, page, champion)
        draw_legend(part, page.rows, page.width)
        _draw_course(axes, page.width, course, generation)
        yield figure


def _pairs(genome: Genome) -> set[tuple[int, int]]:
    return {(gene.source, gene.target) for gene in genome.enabled}


def _mark(scene: Scene, before: set[tuple[int, int]]) -> Scene:
    """The scene with all connections marked that were not there before."""
    genes = scene.genome.enabled
    return replace(scene, fresh=frozenset(g.innovation for g in genes if (g.source, g.target) not in before))


def _draw_course(axes: Axes, width: float, course: Course, generation: int) -> None:
    """A line under the network: how the mean return of the run's champion rose, and where this frame stands."""
    times, means = course
    finite = means[np.isfinite(means)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    left = PAD + text_width(_WORDS, LEGEND_TEXT) + 20.0
    x = left + (width - PAD - 4.0 - left) * (times - times[0]) / max(np.ptp(times), 1)
    y = PAD + (_COURSE - PAD - 6.0) * (means - low) / (high - low or 1.0)
    now = min(int(np.searchsorted(times, generation)), times.size - 1)
    write(axes, (PAD, PAD + 8.0), _WORDS, LEGEND_TEXT, color=QUIET)
    axes.plot(x, y, color=FADED, linewidth=1.5, drawstyle="steps-post")
    axes.plot(x[: now + 1], y[: now + 1], color=LINE, linewidth=1.5, drawstyle="steps-post")
    axes.plot(x[now], y[now], "o", color=FRESH, markersize=5.0)
