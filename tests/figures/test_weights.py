"""Weight profiles."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wann.figures.output import encode
from wann.figures.weights import draw
from wann.population import Floats
from wann.profile import Profile

WEIGHTS = np.linspace(-3, 3, 13)
SEARCHED = np.array([-2.0, -0.5, 1.0])


def profile(seed: int) -> Profile:
    returns = np.random.default_rng(seed).uniform(0, 1000, (WEIGHTS.size, 40))
    return Profile(WEIGHTS, returns, SEARCHED)


def line(axes: Axes, label: str) -> Floats:
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return np.column_stack(found.get_data())


def chart(figure: Figure) -> Axes:
    return figure.axes[1]


def test_one_network_shows_its_mean_its_spread_and_the_weights_of_the_search() -> None:
    shown, axes = profile(0), chart(draw([profile(0)]))
    means = shown.returns.mean(axis=1)
    np.testing.assert_allclose(line(axes, "mean"), np.column_stack((WEIGHTS, means)))
    marked = [WEIGHTS.tolist().index(weight) for weight in SEARCHED]
    np.testing.assert_allclose(line(axes, "weights of the search"), np.column_stack((SEARCHED, means[marked])))
    outer, inner = (np.vstack([path.vertices for path in band.get_paths()]) for band in axes.collections)
    for band, share in ((outer, 5), (inner, 25)):
        low, high = np.percentile(shown.returns, [share, 100 - share], axis=1)
        for x, a, b in zip(WEIGHTS, low, high, strict=True):
            heights = band[np.isclose(band[:, 0], x), 1]
            assert heights.min() == pytest.approx(a)
            assert heights.max() == pytest.approx(b)


def test_several_networks_show_the_median_of_their_means() -> None:
    profiles = [profile(seed) for seed in range(4)]
    middle = line(chart(draw(profiles)), "mean return")
    np.testing.assert_allclose(middle[:, 1], np.median([each.returns.mean(axis=1) for each in profiles], axis=0))


def test_the_title_and_the_legend_do_not_touch() -> None:
    for profiles in ([profile(0)], [profile(0), profile(1)]):
        figure = draw(profiles, title="a task with a long name, 250 connections, mean return 1000")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        legend = chart(figure).get_legend()
        assert legend is not None
        box, title = legend.get_window_extent(), figure.axes[0].texts[0].get_window_extent()
        assert not box.overlaps(title)
        assert 0 <= box.x0 < box.x1 <= canvas.get_width_height()[0]


def test_the_same_profile_gives_the_same_bytes() -> None:
    assert encode(draw([profile(0)]), "svg") == encode(draw([profile(0)]), "svg")
