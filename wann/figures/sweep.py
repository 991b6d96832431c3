"""The configurations of a sweep side by side: the champions' returns against generations and environment steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from wann.figures.charts import chart, draw_legend, draw_runs, page
from wann.figures.curves import History
from wann.figures.style import COLOURS

_SCHEME = ("sin", "gaussian", "tanh", "step", "cos", "square", "abs", "relu", "sigmoid", "inverse")
_POINTS = 1000


def draw(groups: Mapping[str, Sequence[History]], *, title: str = "") -> Figure:
    """Draw each configuration as the median over its runs and the band between the quartiles.

    Args:
        groups: The histories of the runs of each configuration; they are drawn as far as the shortest goes.
        title: Shown above.
    """
    figure, _ = page(9.6, 4.2, f"{title}: verified mean return of the champion, median and quartiles over runs")
    charts = {
        "generation": chart(figure, (0.72, 0.6, 3.9, 3.0), "generation", "mean return"),
        "steps": chart(figure, (5.4, 0.6, 3.9, 3.0), "environment steps", "mean return"),
    }
    for number, (name, histories) in enumerate(groups.items()):
        colour = COLOURS[_SCHEME[number % len(_SCHEME)]]
        for against, axes in charts.items():
            first = max(history[against][0] for history in histories)
            last = min(history[against][-1] for history in histories)
            x = np.linspace(min(first, last), last, _POINTS)
            rows = [np.interp(x, history[against], history["champion_mean"]) for history in histories]
            draw_runs(axes, x, rows, colour, name or "all runs")
    charts["steps"].set_ylim(charts["generation"].get_ylim())
    charts["steps"].xaxis.set_major_formatter(EngFormatter(sep=" "))
    draw_legend(charts["generation"], "lower right")
    return figure
