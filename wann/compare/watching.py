"""A comparison as it happens: a bar on a terminal, plain lines elsewhere. Always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from wann.compare.comparison import Progress, Watch

LINE_SECONDS = 5.0


@contextmanager
def watching(quiet: bool) -> Iterator[Watch | None]:
    """What to call as cells are done."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        columns = TextColumn("cells"), MofNCompleteColumn(), BarColumn(None), TimeElapsedColumn(), TimeRemainingColumn()
        with Bar(*columns, console=Console(stderr=True), expand=True) as bar:
            task = bar.add_task("")
            yield lambda progress: bar.update(task, completed=progress.done, total=progress.cells)
    else:
        yield _Lines()


class _Lines:
    """A line every few seconds and at the end, with the time that is left at this process's own pace."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        self._start = self._start or (now, progress.done)
        if now - self._last < LINE_SECONDS and progress.done < progress.cells:
            return
        self._last = now
        then, first = self._start
        left = (now - then) / max(progress.done - first, 1) * (progress.cells - progress.done)
        known = f"  left {round(left)} s" if progress.done > first else ""
        print(f"cells {progress.done}/{progress.cells}{known}", file=sys.stderr, flush=True)
