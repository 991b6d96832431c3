"""Which activations a run's champions used, over its generations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from wann.activations import NAMES
from wann.figures.charts import chart, of_runs, page
from wann.figures.legend import Entry, draw_legend, wrap
from wann.figures.scene import living_nodes
from wann.figures.style import COLOURS, PAD
from wann.genome import Genome
from wann.population import Floats, Integers

_MOST_POINTS = 1000


def count(genomes: Sequence[Genome], found: Sequence[int], generations: Integers) -> Floats:
    """How many hidden nodes, of those that an output depends on, the champion of each generation had.

    Args:
        genomes: The champions, first to last.
        found: The generation in which each became the champion.
        generations: Where to count; (points,). There are none before the first champion.

    Returns:
        For each of ``NAMES``; (activations, points).
    """
    table = np.zeros((len(NAMES), 1 + len(genomes)))
    for column, genome in enumerate(genomes, 1):
        living = living_nodes(genome)
        used = Counter(node.activation for node in genome.hidden if node.id in living)
        table[:, column] = [used[name] for name in NAMES]
    return np.asarray(table[:, np.searchsorted(found, generations, side="right")])


def draw(runs: Sequence[tuple[Sequence[Genome], Sequence[int]]], generations: int, *, title: str = "") -> Figure:
    """Draw the hidden nodes of the champion, stacked by activation; of several runs, the mean.

    Args:
        runs: Of each run its champions and the generations in which they became that.
        generations: How far to draw.
        title: Shown above.
    """
    x = np.unique(np.linspace(1, max(generations, 2), _MOST_POINTS).round().astype(np.int64))
    mean = np.mean([count(genomes, found, x) for genomes, found in runs], axis=0)
    used = [index for index in np.argsort(-mean.mean(axis=1), kind="stable") if mean[index].any()]
    figure, whole = page(6.0, 4.2, of_runs(title, len(runs), "mean"))
    rows = wrap([Entry(NAMES[index], NAMES[index]) for index in used], 72 * 6.0 - 2 * PAD)
    draw_legend(whole, rows, 72 * 6.0)
    bottom = 0.72 + 0.27 * len(rows)
    axes = chart(figure, (0.72, bottom, 5.05, 3.65 - bottom), "generation", "hidden nodes of the champion")
    colours = [COLOURS[NAMES[index]] for index in used]
    if used:
        axes.stackplot(x, mean[used], colors=colours, step="post", edgecolor="white", linewidth=0.4)
    axes.set(xlim=(0, x[-1]), ylim=(0, None))
    return figure
