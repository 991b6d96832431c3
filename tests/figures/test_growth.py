"""Champions side by side."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import CircleCollection

from wann.champion import Champion
from wann.errors import UserError
from wann.figures.growth import PANELS, choose, draw
from wann.figures.output import encode
from wann.records import generation_of, read_champions


@pytest.fixture(scope="module")
def champions(runs: list[Path]) -> list[Champion]:
    return read_champions(runs[0])


def generations(champions: list[Champion]) -> list[int]:
    return [generation_of(champion, Path("champions.json")) for champion in champions]


def discs(axes: Axes) -> dict[tuple[float, float], float]:
    """The radius at each centre, in points of the panel."""
    found: dict[tuple[float, float], float] = {}
    for collection in axes.collections:
        if isinstance(collection, CircleCollection):
            radius = float(np.sqrt(collection.get_sizes()[0] / np.pi))
            for x, y in np.asarray(collection.get_offsets()):
                place = round(float(x), 6), round(float(y), 6)
                found[place] = max(radius, found.get(place, 0.0))
    return found


def test_choose_spreads_over_the_line_or_finds_who_lived_then() -> None:
    times = [1, 2, 5, 9, 40, 41, 42, 90]
    even = choose(times, None, PANELS)
    assert (even[0], even[-1], len(even)) == (0, 7, PANELS)
    assert choose([3, 4], None, PANELS) == [0, 1]
    assert choose([3], None, PANELS) == [0]
    assert choose(times, [9, 1, 39, 1000], PANELS) == [0, 3, 7]


@pytest.mark.parametrize("wanted", [[], [0], [5, 2], [4.5], "45", 7])
def test_before_the_first_one_there_is_nothing_to_show(wanted: Any) -> None:
    with pytest.raises(UserError, match="generations: expected some from 3 on"):
        choose([3, 8], wanted, PANELS)


def test_a_node_stands_in_the_same_place_in_every_panel(champions: list[Champion]) -> None:
    figure = draw(champions, generations(champions))
    panels = [discs(axes) for axes in figure.axes[1:]]
    assert len(panels) == len(champions) > 3
    for panel, champion in zip(panels, champions, strict=True):
        assert len(panel) == len(champion.genome.nodes) - 1  # the bias is a square
    for (a, first), (b, second) in combinations(zip(panels, champions, strict=True), 2):
        if {node.id for node in first.genome.nodes} <= {node.id for node in second.genome.nodes}:
            assert set(a) <= set(b)


def test_nodes_do_not_overlap_and_words_stay_on_the_canvas(champions: list[Champion]) -> None:
    figure = draw(champions, generations(champions), title="A run")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    for axes in figure.axes:
        boxes = [text.get_window_extent(canvas.get_renderer()) for text in axes.texts]
        assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in boxes)
        assert not any(a.shrunk(0.98, 0.7).overlaps(b.shrunk(0.98, 0.7)) for a, b in combinations(boxes, 2))
        for ((ax, ay), a), ((bx, by), b) in combinations(discs(axes).items(), 2):
            assert (ax - bx) ** 2 + (ay - by) ** 2 > (a + b) ** 2


def test_the_words_tell_generation_size_and_return(champions: list[Champion]) -> None:
    figure = draw(champions[-1:], [17])
    words = {text.get_text() for text in figure.axes[1].texts}
    last = champions[-1]
    assert last.scores is not None
    assert {"generation 17", *last.inputs, *last.outputs} <= words
    assert f"{len(last.genome.enabled)} connections, mean return {last.scores.mean:.1f}" in words


def test_the_same_run_gives_the_same_bytes(champions: list[Champion]) -> None:
    once, twice = (encode(draw(champions, generations(champions), title="$a$ <b>"), "svg") for _ in range(2))
    assert once == twice
    assert b"$a$ &lt;b&gt;" in once
