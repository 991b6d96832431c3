"""The Pareto front of performance against connections, and how it moved through a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from wann.figures.charts import chart, draw_legend, draw_runs, of_runs, page
from wann.figures.style import FRESH, INK, POSITIVE
from wann.population import Floats, Integers

_SHARES = (0.01, 0.05, 0.2, 1.0)
"""Parts of the time up to the last change after which its front is drawn: it moves fast at first."""
_FIRST, _LAST = "#cddcec", POSITIVE


@dataclass(frozen=True)
class Found:
    """What is known of a run's front: networks that were on it, each with the generation that found it."""

    generations: Integers
    connections: Integers
    means: Floats
    """Verified mean returns."""

    def front(self, generation: float) -> tuple[Integers, Floats]:
        """Connections and means of the networks found up to ``generation`` that no smaller one beats."""
        order = np.lexsort((-self.means, self.connections))
        order = order[self.generations[order] <= generation]
        before = np.maximum.accumulate(np.concatenate(([-np.inf], self.means[order]))) if order.size else np.zeros(1)
        best = order[self.means[order] > before[:-1]]
        return self.connections[best], self.means[best]


def draw(runs: Sequence[Found], *, champions: Found | None = None, title: str = "") -> Figure:
    """Draw the front of a run at several generations and its champions' path, or the last fronts of several runs.

    Args:
        runs: What each run found.
        champions: Its succession of champions, for a single run.
        title: Shown above.
    """
    figure, _ = page(6.0, 4.2, of_runs(title, len(runs)))
    axes = chart(figure, (0.72, 0.6, 5.05, 3.05), "connections", "verified mean return")
    largest = max(int(found.connections.max()) for found in runs) + 2
    if champions is not None:
        _draw_moving(axes, runs[0], champions, largest)
    else:
        _draw_last(axes, runs, largest)
    axes.set_xlim(0, largest)
    draw_legend(axes, "lower right")
    return figure


def _draw_moving(axes: Axes, found: Found, champions: Found, largest: int) -> None:
    generations = int(found.generations.max())
    moments = sorted({max(1, round(share * generations)) for share in _SHARES})
    for index, moment in enumerate(moments):
        share = index / max(len(moments) - 1, 1)
        colour = _between(share)
        connections, means = found.front(moment)
        if means.size:
            x, y = [*connections, largest], [*means, means[-1]]
            axes.plot(x, y, color=colour, linewidth=1.0 + share, drawstyle="steps-post", label=f"generation {moment}")
    axes.plot(connections, means, "o", color=colour, markersize=3.0)
    axes.plot(
        champions.connections, champions.means, "o-", color=FRESH, linewidth=0.7, markersize=2.4, label="champions"
    )


def _between(share: float) -> tuple[float, float, float]:
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(_FIRST), to_rgb(_LAST), strict=True))
    return red, green, blue


def _draw_last(axes: Axes, runs: Sequence[Found], largest: int) -> None:
    x = np.arange(largest + 1)
    rows = [_best_of_size(found, x) for found in runs]
    for row in rows:
        axes.plot(x, row, color=_FIRST, linewidth=0.8, drawstyle="steps-post")
    draw_runs(axes, x.astype(float), rows, INK, "best network of up to so many connections", drawstyle="steps-post")


def _best_of_size(found: Found, sizes: Integers) -> Floats:
    """The mean of the best network with up to so many connections; not a number where there is none."""
    connections, means = found.front(np.inf)
    return np.concatenate(([np.nan], means))[np.searchsorted(connections, sizes, side="right")]
