"""The page of a comparison: table, figures, settings and what the numbers mean, in one file without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from wann.champion import versions
from wann.compare.cells import DENSE
from wann.compare.report import caption, table
from wann.report.build import Figure, gallery
from wann.report.page import render_still
from wann.report.tables import scrolling

if TYPE_CHECKING:
    from wann.compare.comparison import Comparison

LARGEST = 6_000_000
"""Bytes of the page; figures that would make it larger are left out."""


def build(comparison: Comparison, figures: Sequence[Figure]) -> bytes:
    """The page."""
    parts = {
        "title": escape(f"{comparison.settings.task}: pruning and evolution"),
        "lead": escape(_lead(comparison)),
        "table": _table(comparison),
        "figures": gallery(figures, LARGEST),
        "settings": _settings(comparison),
        "score": escape(comparison.score_name),
        "what": "On the whole test set."
        if comparison.on_data
        else "Over 100 test episodes, the same for every network.",
        "passes": " A trained example passes a network's connections three times, an evolved network's once: prices of "
        "the two are not of the same work."
        if comparison.on_data
        else "",
        "unit": escape(comparison.unit.capitalize()),
        "versions": escape(f"Made with {', '.join(' '.join(pair) for pair in versions().items())}."),
    }
    return render_still(files("wann.compare").joinpath("page.html").read_text(encoding="utf-8"), parts)


def _lead(comparison: Comparison) -> str:
    methods = {cell.method for cell in comparison.cells} - {DENSE}
    densities = {cell.asked for cell in comparison.cells} - {1.0}
    seeds = {cell.seed for cell in comparison.cells}
    return (
        f"Dense networks from {_count(len(seeds), 'seed')}, pruned by {_count(len(methods), 'method')} to "
        f"{len(densities)} {'density' if len(densities) == 1 else 'densities'}, beside "
        f"{_count(len(comparison.evolved), 'evolved network')}. {' '.join(map(str, comparison.parents))}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _table(comparison: Comparison) -> str:
    names, lines = table(comparison)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>{''.join(map(_cell, rest))}</tr>" for first, *rest in lines
    )
    content = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<p class='hint'>{escape(caption(comparison))}</p>{scrolling('Table', content)}"


def _cell(text: str) -> str:
    return f"<td>{escape(text).replace(' ', '&nbsp;')}</td>"  # mean and deviation stay on one line


def _settings(comparison: Comparison) -> str:
    settings = comparison.settings
    shown = {
        "task": settings.task,
        "hidden layers": ", ".join(map(str, settings.hidden)),
        "activation": settings.activation,
        "budget of a full training": f"{settings.budget} {'epochs' if comparison.on_data else 'generations of CMA-ES'}",
        "dense network": settings.dense or "trained for each seed",
        "seeds": ", ".join(map(str, sorted({cell.seed for cell in comparison.cells}))),
        "runs": ", ".join(dict.fromkeys(each.run for each in comparison.evolved)) or "none",
    }
    rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in shown.items())
    return f"<dl>{''.join(rows)}</dl>"
