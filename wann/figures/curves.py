"""Learning curves: returns and sizes against generations and environment steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from wann.figures.charts import chart, draw_legend, draw_runs, of_runs, page
from wann.figures.style import LINE, POSITIVE
from wann.population import Floats

History = Mapping[str, Floats]
"""The columns of a ``history.csv``; (generations,) each."""

_MOST_POINTS = 1000
_BEST = "#8fb4dc"
_RETURNS = {
    "best_mean": (_BEST, "best of the generation", 0.9),
    "median_mean": (LINE, "median of the generation", 1.2),
    "champion_mean": (POSITIVE, "champion, verified", 2.0),
}
_SIZES = {
    "best_connections": (_BEST, "best of the generation", 0.9),
    "median_connections": (LINE, "median of the generation", 1.2),
    "champion_connections": (POSITIVE, "champion", 2.0),
}
_FRONT = {"front": ("#56697f", "networks on the front", 0.8)}


def draw(histories: Sequence[History], *, title: str = "") -> Figure:
    """Draw how runs went; several as the median over runs and the band between the quartiles.

    Runs of different lengths are drawn as far as the shortest goes.

    Args:
        histories: One for each run.
        title: Shown above.
    """
    figure, _ = page(9.6, 6.2, of_runs(title, len(histories)))
    returns = chart(figure, (0.72, 3.45, 3.9, 2.2), "generation", "mean return")
    _draw_generations(returns, histories, _RETURNS)
    draw_legend(returns, "lower right")
    steps = chart(figure, (5.4, 3.45, 3.9, 2.2), "environment steps", "mean return")
    _draw_steps(steps, histories, _RETURNS)
    steps.set_ylim(returns.get_ylim())
    sizes = chart(figure, (0.72, 0.6, 3.9, 2.2), "generation", "connections")
    _draw_generations(sizes, histories, _SIZES)
    front = chart(figure, (5.4, 0.6, 3.9, 2.2), "generation", "networks on the front")
    _draw_generations(front, histories, _FRONT)
    for axes in (sizes, front):
        axes.set_ylim(bottom=0)
    return figure


def _draw_generations(axes: Axes, histories: Sequence[History], lines: Mapping[str, tuple[str, str, float]]) -> None:
    shortest = min(len(history["generation"]) for history in histories)
    chosen = np.unique(np.linspace(0, shortest - 1, _MOST_POINTS).round().astype(int))
    x = histories[0]["generation"][chosen]
    for name, (colour, label, width) in lines.items():
        draw_runs(axes, x, [history[name][chosen] for history in histories], colour, label, linewidth=width)
    axes.set_xlim(0, x[-1])


def _draw_steps(axes: Axes, histories: Sequence[History], lines: Mapping[str, tuple[str, str, float]]) -> None:
    """The same against steps, between which the values of a run are interpolated."""
    first = max(history["steps"][0] for history in histories)
    last = min(history["steps"][-1] for history in histories)
    x = np.linspace(min(first, last), last, _MOST_POINTS)
    for name, (colour, label, width) in lines.items():
        rows = [np.interp(x, history["steps"], history[name]) for history in histories]
        draw_runs(axes, x, rows, colour, label, linewidth=width)
    axes.set_xlim(0, last)
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
