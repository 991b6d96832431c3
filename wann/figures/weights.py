"""The weight profile: performance against the shared weight, with its spread over episodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wann.figures.charts import chart, draw_legend, draw_runs, of_runs, page
from wann.figures.style import FRESH, LINE, POSITIVE
from wann.profile import Profile


def draw(profiles: Sequence[Profile], *, title: str = "") -> Figure:
    """Draw one network's returns, or the mean returns of several as their median and quartiles.

    Args:
        profiles: One for each network.
        title: Shown above.
    """
    figure, _ = page(6.0, 4.2, of_runs(title, len(profiles)))
    axes = chart(figure, (0.72, 0.6, 5.05, 2.8), "shared weight", "return")
    searched = profiles[0].searched
    for weight in searched:
        axes.axvline(weight, color=LINE, linewidth=0.8, linestyle=(0.0, (2.0, 3.0)), zorder=1)
    (_draw_one if len(profiles) == 1 else _draw_several)(axes, profiles)
    axes.set_xlim(profiles[0].weights[0], profiles[0].weights[-1])
    draw_legend(axes, "lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, columnspacing=1.4)
    return figure


def _draw_one(axes: Axes, profiles: Sequence[Profile]) -> None:
    weights, returns, searched = profiles[0]
    outer, inner, upper_inner, upper_outer = np.quantile(returns, [0.05, 0.25, 0.75, 0.95], axis=1)
    axes.fill_between(weights, outer, upper_outer, color=POSITIVE, alpha=0.1, linewidth=0, label="90% of episodes")
    axes.fill_between(weights, inner, upper_inner, color=POSITIVE, alpha=0.22, linewidth=0, label="50%")
    means = returns.mean(axis=1)
    axes.plot(weights, means, color=POSITIVE, linewidth=1.8, label="mean")
    marked = np.isin(weights, searched)
    axes.plot(weights[marked], means[marked], "o", color=FRESH, markersize=4.5, label="weights of the search")


def _draw_several(axes: Axes, profiles: Sequence[Profile]) -> None:
    weights = profiles[0].weights
    rows = [np.interp(weights, profile.weights, profile.returns.mean(axis=1)) for profile in profiles]
    for row in rows:
        axes.plot(weights, row, color=LINE, linewidth=0.6, alpha=0.7)
    draw_runs(axes, weights, rows, POSITIVE, "mean return")
    marked = np.isin(weights, profiles[0].searched)
    middle = np.median(rows, axis=0)
    axes.plot(weights[marked], middle[marked], "o", color=FRESH, markersize=4.5, label="weights of the search")
