"""Learning curves."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from wann.figures.curves import draw
from wann.figures.output import encode
from wann.figures.style import POSITIVE
from wann.population import Floats
from wann.records import read_history
from wann.runs import COLUMNS


def history(seed: int, generations: int) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    columns = {name: rng.uniform(0, 100, generations) for name in COLUMNS}
    columns["generation"] = np.arange(1.0, generations + 1)
    columns["steps"] = np.cumsum(rng.integers(1000, 2000, generations)).astype(float)
    return columns


def panels(figure: Figure) -> dict[tuple[str, str], Axes]:
    return {(axes.get_xlabel(), axes.get_ylabel()): axes for axes in figure.axes[1:]}


def line(axes: Axes, label: str) -> tuple[Floats, Floats]:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def test_a_single_run_is_drawn_as_it_was(runs: list[Path]) -> None:
    rows = read_history(runs[0])
    shown = panels(draw([rows]))
    returns, sizes = shown["generation", "mean return"], shown["generation", "connections"]
    for axes, label, column in [
        (returns, "best of the generation", "best_mean"),
        (returns, "median of the generation", "median_mean"),
        (returns, "champion, verified", "champion_mean"),
        (sizes, "best of the generation", "best_connections"),
        (sizes, "champion", "champion_connections"),
        (shown["generation", "networks on the front"], "networks on the front", "front"),
    ]:
        x, y = line(axes, label)
        np.testing.assert_array_equal(x, rows["generation"])
        np.testing.assert_array_equal(y, rows[column])
    x, y = line(shown["environment steps", "mean return"], "champion, verified")
    assert (x[0], x[-1]) == (rows["steps"][0], rows["steps"][-1])
    assert (y[0], y[-1]) == (rows["champion_mean"][0], rows["champion_mean"][-1])


def test_the_svg_holds_the_values(runs: list[Path]) -> None:
    """The champion's line in the file, measured back through the axes' limits."""
    rows, figure = read_history(runs[0]), draw([read_history(runs[0])])
    root = ElementTree.fromstring(encode(figure, "svg"))
    height = float(root.attrib["viewBox"].split()[3])
    axes = panels(figure)["generation", "mean return"]
    points = axes.transData.transform(np.column_stack((rows["generation"], rows["champion_mean"]))) * 72 / figure.dpi
    colour = f"stroke: {to_hex(POSITIVE)}"
    paths = [e.attrib["d"] for e in root.iter("{http://www.w3.org/2000/svg}path") if colour in e.get("style", "")]
    found = np.array(re.findall(r"[-\d.]+", paths[0]), dtype=float).reshape(-1, 2)
    for point in points[[0, -1]]:
        assert np.abs(found - (point[0], height - point[1])).max(axis=1).min() < 0.01


def test_several_runs_are_drawn_as_median_and_quartiles_up_to_the_shortest() -> None:
    rows = [history(seed, length) for seed, length in enumerate((50, 40, 60, 45))]
    axes = panels(draw(rows))["generation", "mean return"]
    x, y = line(axes, "median of the generation")
    np.testing.assert_array_equal(x, np.arange(1, 41))
    stacked = np.array([each["median_mean"][:40] for each in rows])
    np.testing.assert_allclose(y, np.median(stacked, axis=0))
    band = np.vstack([path.vertices for path in axes.collections[1].get_paths()])
    low, high = np.percentile(stacked, [25, 75], axis=0)
    assert band[:, 1].min() == pytest.approx(low.min())
    assert band[:, 1].max() == pytest.approx(high.max())


def test_runs_meet_at_the_same_steps() -> None:
    first, second = history(0, 30), history(1, 30)
    second = {**second, "champion_mean": np.zeros(30)}
    axes = panels(draw([first, second]))["environment steps", "mean return"]
    x, y = line(axes, "champion, verified")
    assert x[-1] == min(first["steps"][-1], second["steps"][-1])
    np.testing.assert_allclose(y, np.interp(x, first["steps"], first["champion_mean"]) / 2)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_what_is_not_finite_is_left_out(value: float) -> None:
    rows = history(0, 10)
    rows["champion_mean"][:3] = value
    encode(draw([rows, rows]), "svg")
    _, y = line(panels(draw([rows, rows]))["generation", "mean return"], "champion, verified")
    assert np.isnan(y[:3]).all()
    np.testing.assert_array_equal(y[3:], rows["champion_mean"][3:])


def test_one_generation_is_enough() -> None:
    assert b"<svg" in encode(draw([history(0, 1)]), "svg")


def test_a_long_run_gives_a_small_figure() -> None:
    assert len(encode(draw([history(0, 30_000)]), "svg")) < 600_000


def test_words_do_not_touch_and_stay_on_the_canvas() -> None:
    figure = draw([history(0, 1000)] * 2, title="A task with a name, seed 0")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    texts = [*figure.axes[0].texts]
    for axes in figure.axes[1:]:
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        texts += [axes.xaxis.label, axes.yaxis.label]
        texts += [tick for tick in axes.get_xticklabels() if left <= tick.get_position()[0] <= right]
        texts += [tick for tick in axes.get_yticklabels() if low <= tick.get_position()[1] <= high]
    boxes = [text.get_window_extent() for text in texts]
    assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in boxes)
    assert not any(a.shrunk(0.95, 0.8).overlaps(b.shrunk(0.95, 0.8)) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_same_histories_give_the_same_bytes() -> None:
    once, twice = (encode(draw([history(0, 30), history(1, 30)]), "svg") for _ in range(2))
    assert once == twice
