"""How the configurations of a sweep did, over their seeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from wann.grid import Grid
from wann.population import Floats
from wann.records import read_history
from wann.seeds import Purpose, generator
from wann.text import check_format, markdown_table, number, text_table

RESAMPLES, LEVEL = 10_000, 0.95
"""Of the bootstrap: how many, and the share of them that lies in the interval."""


class Found(NamedTuple):
    """What one run found."""

    mean: float
    """The verified mean return of its champion."""
    connections: int
    steps: int


class Standing(msgspec.Struct, frozen=True):
    """A configuration: its champions' verified mean returns over the seeds, and what they cost."""

    configuration: str
    runs: int
    median: float
    lower_quartile: float
    upper_quartile: float
    interval_low: float
    """Of the median: a percentile bootstrap over the runs (Efron 1979)."""
    interval_high: float
    connections: float
    """Median over the champions."""
    steps: float
    """Median of the environment steps of a run."""


class Summary(msgspec.Struct, frozen=True):
    """The standings of all configurations, in the order of the grid."""

    task: str
    rows: list[Standing]

    def table(self, format: str = "text") -> str:
        """The rows as a table: "text", "md" for Markdown, or "csv" with all digits.

        Raises:
            UserError: There is no such format.
        """
        check_format(format)
        if format == "csv":
            text = io.StringIO()
            rows = [Standing.__struct_fields__, *map(msgspec.structs.astuple, self.rows)]
            csv.writer(text, lineterminator="\n").writerows(rows)
            return text.getvalue()
        cells = [["configuration", "runs", "median", "quartiles", "95% interval", "connections", "steps"]]
        cells += [_cells(row) for row in self.rows]
        title = f"{self.task}, verified mean return of the champions"
        return f"{title}\n\n{text_table(cells, 20)}\n" if format == "text" else f"{title}:\n\n{markdown_table(cells)}\n"


def _cells(row: Standing) -> list[str]:
    def both(low: float, high: float) -> str:
        return f"{number(low, row.median)} to {number(high, row.median)}"

    return [
        row.configuration or "all runs",
        str(row.runs),
        number(row.median),
        both(row.lower_quartile, row.upper_quartile),
        both(row.interval_low, row.interval_high),
        f"{row.connections:g}",
        f"{row.steps / 1e6:.1f} M",
    ]


def summarise(grid: Grid) -> Summary:
    """The summary of a sweep all of whose runs are done.

    Raises:
        UserError: A file of a run is missing or damaged.
    """
    rows = []
    for name, cells in grid.configurations:
        rows.append(_standing(name, [_found(cell.folder, cell.settings.generations) for cell in cells]))
    return Summary(grid.cells[0].settings.task, rows)


def _found(folder: Path, generations: int) -> Found:
    """What a run had found when it had done so many generations."""
    history = read_history(folder)
    row = min(generations, len(history["steps"])) - 1
    return Found(*(history[name][row].item() for name in ("champion_mean", "champion_connections", "steps")))


def _standing(name: str, found: Sequence[Found]) -> Standing:
    means, connections, steps = np.array(found, dtype=np.float64).T
    low, middle, high = np.quantile(means, [0.25, 0.5, 0.75]).tolist()
    interval = bootstrap(means)
    return Standing(
        configuration=name,
        runs=len(found),
        median=middle,
        lower_quartile=low,
        upper_quartile=high,
        interval_low=interval[0],
        interval_high=interval[1],
        connections=float(np.median(connections)),
        steps=float(np.median(steps)),
    )


def bootstrap(values: Floats) -> tuple[float, float]:
    """The interval of the median of ``values``, (runs,), by the percentile bootstrap (Efron 1979); always the same."""
    draws = generator(0, Purpose.BOOTSTRAP).integers(values.size, size=(RESAMPLES, values.size))
    low, high = np.quantile(np.median(values[draws], axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return low, high
