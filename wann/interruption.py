"""Ctrl-C and SIGTERM: taken at once while waiting for an evaluation, put off while the state changes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Turns both signals into a ``KeyboardInterrupt`` that comes only where the run can stand it.

    Outside the main thread, where Python takes no signals, it does nothing.
    """

    def __init__(self) -> None:
        self._pending = False
        self._open = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals over, and give them back at the end; one that is still put off then comes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._pending:
            raise KeyboardInterrupt

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Where an interruption may come; one that was put off comes on entering."""
        self._open = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._open = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Where, in the midst of ``allowed``, none may come; one that was put off comes on leaving."""
        before, self._open = self._open, False
        try:
            yield
        finally:
            self._open = before
        if before and self._pending:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._pending = True
        if self._open:
            raise KeyboardInterrupt
