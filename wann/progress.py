"""A run as it happens: a live display on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from wann.grid import SweepProgress
from wann.runs import Progress, Watch
from wann.text import number

LINE_SECONDS = 5.0


class Pace(NamedTuple):
    """How fast a run goes: environment steps a second, and the seconds that it will take yet."""

    steps: float
    left: float


class _Clock:
    """The pace of the generations of this process alone."""

    def __init__(self) -> None:
        self._first: tuple[float, float, float] | None = None

    def pace(self, progress: Progress) -> Pace:
        now, row = time.monotonic(), progress.row
        if self._first is None:
            self._first = now, row["steps"], row["generation"]
            return Pace(0.0, float("nan"))
        then, steps, generation = self._first
        elapsed = max(now - then, 1e-9)
        left = elapsed / (row["generation"] - generation) * (progress.generations - row["generation"])
        return Pace((row["steps"] - steps) / elapsed, left)


def duration(seconds: float) -> str:
    """Seconds for people; a dash where they are not known."""
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
        self._clock = _Clock()
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        pace, now = self._clock.pace(progress), time.monotonic()
        if now - self._last < LINE_SECONDS and progress.row["generation"] < progress.generations:
            return
        self._last = now
        print(line(progress, pace), file=sys.stderr, flush=True)


def line(progress: Progress, pace: Pace) -> str:
    """The state of a run in one line."""
    row = progress.row
    return (
        f"generation {row['generation']:.0f}/{progress.generations}"
        f"  best {number(row['best_mean'])} ({row['best_connections']:.0f} connections)"
        f"  verified {number(row['champion_mean'])} ({row['champion_connections']:.0f} connections)"
        f"  front {row['front']:.0f}  {pace.steps / 1e6:.1f} M steps/s  left {duration(pace.left)}"
    )


@contextmanager
def _live(generations: int, done: int) -> Iterator[Watch]:
    clock = _Clock()
    bar = Bar(TextColumn("generation"), MofNCompleteColumn(), BarColumn(None), TimeElapsedColumn(), expand=True)
    task: TaskID = bar.add_task("", total=generations, completed=done)
    with Live(bar, console=Console(stderr=True), refresh_per_second=8) as live:

        def watch(progress: Progress) -> None:
            bar.update(task, completed=int(progress.row["generation"]))
            live.update(Group(table(progress.row, clock.pace(progress)), bar))

        yield watch


def table(row: dict[str, float], pace: Pace) -> Table:
    """The state of a run, for a terminal."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "mean return", "connections"):
        shown.add_column(name, justify="right" if name else "left", min_width=12)
    shown.add_row("best now", number(row["best_mean"]), f"{row['best_connections']:.0f}")
    shown.add_row("median", number(row["median_mean"]), f"{row['median_connections']:.0f}")
    champion = f"[bold]{number(row['champion_mean'])}[/]", f"[bold]{row['champion_connections']:.0f}[/]"
    shown.add_row("[bold]champion, verified[/]", *champion)
    speed = f"{pace.steps / 1e6:.1f} million steps/s"
    shown.add_row("[dim]front[/]", f"{row['front']:.0f}", "", end_section=True)
    shown.caption = f"{speed}, {duration(pace.left)} left"
    shown.caption_justify = "left"
    return shown


class SweepLines:
    """Lines about a sweep: at its start, at its end and every few seconds."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self._last = float("-inf")

    def __call__(self, progress: SweepProgress) -> None:
        """Print a line where it is time for one."""
        now = time.monotonic()
        self._first = self._first or (now, progress.share)
        if now - self._last < LINE_SECONDS and progress.done < progress.runs:
            return
        self._last = now
        gained = progress.share - self._first[1]
        left = (now - self._first[0]) / gained * (1 - progress.share) if gained > 0 else float("nan")
        print(
            f"{progress.done} of {progress.runs} runs done, {progress.share:.1%} of the work  left {duration(left)}",
            file=sys.stderr,
            flush=True,
        )
