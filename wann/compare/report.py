"""What a comparison leaves behind: tables as Markdown, CSV and JSON, and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from wann.champion import versions
from wann.compare.cells import DENSE, Cell
from wann.compare.evolved import Evolved
from wann.files import write_atomically
from wann.report.build import Figure

if TYPE_CHECKING:
    from wann.compare.comparison import Comparison

SHARED, TUNED = "evolved, best shared weight", "evolved, tuned weights"
"""What rows of evolved networks are called, by the weights that they are scored with."""
TABLE, SHEET, RESULTS, PAGE = "table.md", "table.csv", "results.json", "report.html"


class Row(NamedTuple):
    """A line of the table: means over the seeds."""

    method: str
    parent: int | None
    """Which run's parent architecture was pruned, from 1; None for the dense networks and for what evolved."""
    asked: float | None
    seeds: int
    density: float | None
    before: float | None
    """Pruned, before the last training."""
    score: float
    score_std: float
    """Over the seeds."""
    connections: float
    neurons: float
    bytes: float
    operations: float
    without_path: float | None
    price: float | None
    individual: float
    shared: float
    best: float
    stop: float | None = None
    """The epoch, from 1, with the lowest validation loss of the last training, on a data set."""
    seconds_graph: float | None = None
    """A forward pass; this and the next two are read off a clock, all others repeat bit for bit."""
    seconds_dense: float | None = None
    seconds_shrunk: float | None = None

    @property
    def name(self) -> str:
        """The method, and what it was put to where that is no dense network."""
        if self.parent is None:
            return self.method
        return f"parent {self.parent}, {'trained' if self.method == DENSE else self.method}"


def stop(cell: Cell) -> float:
    """The epoch, from 1, with the lowest validation loss; not a number where nothing was trained or watched."""
    return 1.0 + int(np.argmin(cell.curve)) if cell.curve else float("nan")


def rows(comparison: Comparison) -> list[Row]:
    """A row for each method and density, of each parent, too, then one for each evolved network, smallest first."""

    def place(cell: Cell) -> tuple[bool, str, float]:
        return cell.method != DENSE, cell.method, -cell.asked

    found = []
    for number, cells in enumerate([comparison.cells, *(parent.cells for parent in comparison.parents)]):
        groups = groupby(sorted(cells, key=place), key=place)
        found += [_pruned(list(group), comparison.on_data, number or None) for _, group in groups]
    return [*found, *map(_evolved, sorted(comparison.evolved, key=lambda each: each.costs.connections))]


def _pruned(cells: list[Cell], on_data: bool, parent: int | None) -> Row:
    def mean(value: Callable[[Cell], float]) -> float:
        return float(np.mean([value(cell) for cell in cells]))

    def time(value: Callable[[Cell], float | None]) -> float | None:
        times = [seconds for cell in cells if (seconds := value(cell)) is not None]
        return float(np.mean(times)) if times else None

    scores = [cell.score for cell in cells]
    return Row(
        method=cells[0].method,
        parent=parent,
        asked=cells[0].asked,
        seeds=len(cells),
        density=mean(lambda cell: cell.density),
        before=mean(lambda cell: cell.before),
        score=float(np.mean(scores)),
        score_std=float(np.std(scores)),
        connections=mean(lambda cell: cell.costs.connections),
        neurons=mean(lambda cell: cell.costs.neurons),
        bytes=mean(lambda cell: cell.costs.bytes),
        operations=mean(lambda cell: cell.costs.operations),
        without_path=mean(lambda cell: cell.without_path),
        price=mean(lambda cell: cell.price),
        individual=mean(lambda cell: cell.regimes.individual),
        shared=mean(lambda cell: cell.regimes.shared),
        best=mean(lambda cell: cell.regimes.best),
        stop=mean(stop) if on_data and cells[0].curve else None,
        seconds_graph=mean(lambda cell: cell.seconds.graph),
        seconds_dense=time(lambda cell: cell.seconds.dense),
        seconds_shrunk=time(lambda cell: cell.seconds.shrunk),
    )


def _evolved(network: Evolved) -> Row:
    return Row(
        method=SHARED if network.regimes.tuned is None else TUNED,
        parent=None,
        asked=None,
        seeds=1,
        density=None,
        before=None,
        score=network.score,
        score_std=0.0,
        connections=network.costs.connections,
        neurons=network.costs.neurons,
        bytes=network.costs.bytes,
        operations=network.costs.operations,
        without_path=None,
        price=network.price,
        individual=network.regimes.individual,
        shared=network.regimes.shared,
        best=network.regimes.best,
    )


def caption(comparison: Comparison) -> str:
    """What the table shows, in a sentence."""
    settings = comparison.settings
    return (
        f"{settings.task}: {comparison.score_name}, mean and standard deviation over training seeds. Dense networks "
        f"have hidden layers of {', '.join(map(str, settings.hidden))}; the price is in {comparison.unit}; the last "
        f"three columns are the score with random individual weights, a random shared weight, the best shared weight."
    )


def table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """The table for people, its head and its rows; times are left to the CSV."""
    sizes = "connections", "neurons", "bytes", "operations", "no path", "price"
    names = "method", "density", "seeds", "pruned", comparison.score_name, *sizes, "individual", "shared", "best shared"
    digits = 3 if comparison.on_data else 1
    return list(names), [_cells(row, digits) for row in rows(comparison)]


def markdown(comparison: Comparison) -> str:
    """The table as Markdown."""
    names, lines = table(comparison)
    head = ["| " + " | ".join(names) + " |", "|:--|" + "--:|" * (len(names) - 1)]
    words = " ".join([caption(comparison), *map(str, comparison.parents)])
    return words + "\n\n" + "\n".join([*head, *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def _cells(row: Row, digits: int) -> list[str]:
    def number(value: float | None, places: int = digits) -> str:
        return "" if value is None else f"{value:,.{places}f}"

    return [
        row.name,
        "" if row.density is None else f"{row.density:.3g}",
        str(row.seeds),
        number(row.before),
        f"{row.score:.{digits}f} ± {row.score_std:.{digits}f}" if row.seeds > 1 else number(row.score),
        *[number(value, 0) for value in (row.connections, row.neurons, row.bytes, row.operations)],
        number(row.without_path, 1),
        number(row.price, 0),
        *[number(value) for value in (row.individual, row.shared, row.best)],
    ]


def sheet(comparison: Comparison) -> str:
    """The table with all digits, comma-separated."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([Row._fields, *rows(comparison)])
    return text.getvalue()


def results(comparison: Comparison) -> dict[str, Any]:
    """Everything, a cell an entry."""
    return {
        "settings": comparison.settings,
        "unit": comparison.unit,
        "score": comparison.score_name,
        "versions": versions(),
        "cells": comparison.cells,
        "evolved": comparison.evolved,
        "parents": comparison.parents,
    }


def write(comparison: Comparison) -> None:
    """Write tables, figures and the page to the comparison's folder.

    Raises:
        OSError: One cannot be written.
    """
    from wann.compare.page import build
    from wann.compare.plots import figures
    from wann.figures.output import encode

    folder = comparison.folder
    write_atomically(folder / TABLE, markdown(comparison).encode())
    write_atomically(folder / SHEET, sheet(comparison).encode())
    write_atomically(folder / RESULTS, msgspec.json.format(msgspec.json.encode(results(comparison))) + b"\n")
    pictures = []
    for name, (title, figure) in figures(comparison).items():
        for suffix in ("svg", "png"):
            write_atomically(folder / f"{name}.{suffix}", content := encode(figure, suffix))
            if suffix == "svg":
                pictures.append(Figure(title, content.decode()))
    write_atomically(folder / PAGE, build(comparison, pictures))
