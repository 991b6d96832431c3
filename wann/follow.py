"""A run seen from outside: its folder read again and again while another process may be at work in it."""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wann.errors import UserError
from wann.files import read_bytes
from wann.progress import LINE_SECONDS, Pace, line, table
from wann.runs import COLUMNS, FRONT, HISTORY, Progress, read_front, read_settings
from wann.text import number

SECONDS = 1.0
"""Between two looks at the folder."""
LARGEST = 2**30
"""Bytes of a history."""
_RECENT = 50
_BARS, _CURVE = "▁▂▃▄▅▆▇█", 40
_NETWORKS = 5


class State(NamedTuple):
    """What a run folder tells."""

    progress: Progress
    """The latest generation."""
    pace: Pace
    curve: list[float]
    """The champion's verified mean return, from the first generation to the latest."""
    age: float
    """Seconds since the latest generation."""

    @property
    def done(self) -> bool:
        """Whether the run has all its generations."""
        return self.progress.row["generation"] >= self.progress.generations


def follow(folder: Path, *, once: bool = False) -> None:
    """Show the run in ``folder``, live on a terminal and as plain lines elsewhere, until it has all generations.

    Raises:
        UserError: The folder holds no run, or its files are damaged.
    """
    if once:
        state = read_state(folder)
        if state is None:
            print(_waiting(folder))
        else:
            Console().print(_view(folder, state))
    elif sys.stdout.isatty():
        _follow_live(folder)
    else:
        _follow_lines(folder)


def read_state(folder: Path) -> State | None:
    """What the folder tells now; None where no generation is done yet.

    Raises:
        UserError: The folder holds no run, or its files are damaged.
    """
    generations = read_settings(folder).generations
    path = folder / HISTORY
    if not path.exists():
        return None
    text = read_bytes(path, "history", LARGEST).decode(errors="replace")
    header, *lines = text[: text.rfind("\n") + 1].splitlines() or [",".join(COLUMNS)]  # the rest is being written
    if tuple(header.split(",")) != COLUMNS:
        raise UserError(f"{path}: expected the columns {','.join(COLUMNS)}, got {header[:100]!r}")
    if not lines:
        return None
    last, recent = _row(path, lines[-1]), _row(path, lines[-min(_RECENT, len(lines))])
    places = np.unique(np.linspace(0, len(lines) - 1, _CURVE).astype(int)).tolist()
    curve = [_row(path, lines[place])["champion_mean"] for place in places]
    return State(Progress(last, generations), _pace(recent, last, generations), curve, _age(path))


def _row(path: Path, text: str) -> dict[str, float]:
    try:
        return dict(zip(COLUMNS, map(float, text.split(",")), strict=True))
    except ValueError:
        raise UserError(f"{path}: expected {len(COLUMNS)} numbers in a line, got {text[:100]!r}") from None


def _pace(first: dict[str, float], last: dict[str, float], generations: int) -> Pace:
    """From the run's own clock, over its latest generations."""
    done, seconds = last["generation"] - first["generation"], last["seconds"] - first["seconds"]
    if done <= 0 or seconds <= 0:
        return Pace(0.0, float("nan"))
    left = seconds / done * max(0.0, generations - last["generation"])
    return Pace((last["steps"] - first["steps"]) / seconds, left)


def _age(path: Path) -> float:
    return max(0.0, time.time() - path.stat().st_mtime)


def _follow_lines(folder: Path) -> None:
    said, shown = float("-inf"), -1.0
    for look in count():
        state, now = read_state(folder), time.monotonic()
        if state is None and look == 0:
            print(_waiting(folder), flush=True)
        if state is not None and (state.done or (now - said >= LINE_SECONDS and _generation(state) != shown)):
            print(line(state.progress, state.pace), flush=True)
            said, shown = now, _generation(state)
        if state is not None and state.done:
            return
        time.sleep(SECONDS)


def _generation(state: State) -> float:
    return state.progress.row["generation"]


def _follow_live(folder: Path) -> None:
    with Live(console=Console(), auto_refresh=False) as live:
        while True:
            state = read_state(folder)
            live.update(Text(_waiting(folder)) if state is None else _view(folder, state), refresh=True)
            if state is not None and state.done:
                return
            time.sleep(SECONDS)


def _waiting(folder: Path) -> str:
    return f"{folder}: no generation is done yet"


def _view(folder: Path, state: State) -> RenderableType:
    row, generations = state.progress.row, state.progress.generations
    rest = "finished" if state.done else f"last generation {state.age:.0f} s ago"
    parts: list[RenderableType] = [
        Text(str(folder), style="bold", overflow="ellipsis", no_wrap=True),
        Text(f"generation {row['generation']:.0f} of {generations}, {rest}"),
        _bar(row["generation"], generations),
        table(row, state.pace),
        Text.assemble(("champion  ", "dim"), _sparkline(state.curve)),
    ]
    if (folder / FRONT).exists():
        parts.append(_archive(folder))
    return Group(*parts)


def _bar(done: float, total: float) -> Table:
    bar = Table.grid(expand=True)
    bar.add_row(ProgressBar(total=total, completed=done))
    return bar


def _sparkline(values: list[float]) -> str:
    known = [value for value in values if value == value]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = (high - low) or 1.0
    return "".join(_BARS[round(7 * (value - low) / span)] if value == value else " " for value in values)


def _archive(folder: Path) -> Table:
    """Some networks of the archive."""
    front = [(len(each.genome.enabled), each.scores.mean) for each in read_front(folder) if each.scores is not None]
    places = sorted({round(place) for place in np.linspace(0, len(front) - 1, min(_NETWORKS, len(front)))})
    shown = Table.grid(padding=(0, 2))
    shown.add_column(no_wrap=True)
    shown.add_row("[dim]archive   connections[/]", *(str(front[k][0]) for k in places))
    shown.add_row("[dim]          mean return[/]", *(number(front[k][1], 100.0) for k in places))
    return shown
