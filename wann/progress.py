"""A run as it happens: a live display on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from wann.runs import Progress, Watch
from wann.text import number

LINE_SECONDS = 5.0


class _Rate:
    """Environment steps a second and the time left, from the generations of this process alone."""

    def __init__(self) -> None:
        self._first: tuple[float, float, float] | None = None
        self.steps = 0.0
        self.left = float("nan")

    def update(self, progress: Progress) -> None:
        now, row = time.monotonic(), progress.row
        if self._first is None:
            self._first = now, row["steps"], row["generation"]
            return
        then, steps, generation = self._first
        elapsed = max(now - then, 1e-9)
        self.steps = (row["steps"] - steps) / elapsed
        self.left = elapsed / (row["generation"] - generation) * (progress.generations - row["generation"])


def _duration(seconds: float) -> str:
    if seconds != seconds:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


@contextmanager
def watching(generations: int, done: int, quiet: bool) -> Iterator[Watch | None]:
    """What to call after each generation."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live(generations, done) as watch:
            yield watch
    else:
        yield _Lines()


class _Lines:
    """A line at the start, at the end and every few seconds."""

    def __init__(self) -> None:
        self._rate = _Rate()
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        self._rate.update(progress)
        row, now = progress.row, time.monotonic()
        if now - self._last < LINE_SECONDS and row["generation"] < progress.generations:
            return
        self._last = now
        print(
            f"generation {row['generation']:.0f}/{progress.generations}"
            f"  best {number(row['best_mean'])} ({row['best_connections']:.0f} connections)"
            f"  verified {number(row['champion_mean'])} ({row['champion_connections']:.0f} connections)"
            f"  front {row['front']:.0f}  {self._rate.steps / 1e6:.1f} M steps/s  left {_duration(self._rate.left)}",
            file=sys.stderr,
            flush=True,
        )


@contextmanager
def _live(generations: int, done: int) -> Iterator[Watch]:
    rate = _Rate()
    bar = Bar(TextColumn("generation"), MofNCompleteColumn(), BarColumn(None), TimeElapsedColumn(), expand=True)
    task: TaskID = bar.add_task("", total=generations, completed=done)
    with Live(bar, console=Console(stderr=True), refresh_per_second=8) as live:

        def watch(progress: Progress) -> None:
            rate.update(progress)
            bar.update(task, completed=int(progress.row["generation"]))
            live.update(Group(_table(progress.row, rate), bar))

        yield watch


def _table(row: dict[str, float], rate: _Rate) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "mean return", "connections"):
        table.add_column(name, justify="right" if name else "left", min_width=12)
    table.add_row("best now", number(row["best_mean"]), f"{row['best_connections']:.0f}")
    table.add_row("median", number(row["median_mean"]), f"{row['median_connections']:.0f}")
    champion = f"[bold]{number(row['champion_mean'])}[/]", f"[bold]{row['champion_connections']:.0f}[/]"
    table.add_row("[bold]champion, verified[/]", *champion)
    speed = f"{rate.steps / 1e6:.1f} million steps/s"
    table.add_row("[dim]front[/]", f"{row['front']:.0f}", "", end_section=True)
    table.caption = f"{speed}, {_duration(rate.left)} left"
    table.caption_justify = "left"
    return table
