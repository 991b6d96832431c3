"""What unfinished work on a file leaves beside it: a folder of checkpoints, which is gone when the file is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from wann.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from wann.errors import UserError
from wann.files import locked, writing
from wann.population import Arrays

SUFFIX = ".unfinished"


class Unfinished:
    """Checkpoints of the work on one file.

    Args:
        out: The file that the work is for; the folder stands beside it.
        identity: What the work depends on; a checkpoint with another identity is refused.

    Raises:
        UserError: The file is a folder.
    """

    def __init__(self, out: Path, identity: Arrays) -> None:
        if out.is_dir():
            raise UserError(f"cannot write {out}: it is a folder")
        self.out = out
        self.folder = out.with_name(out.name + SUFFIX)
        self._identity = identity

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the folder while the work goes on; it stays where the work breaks off with a checkpoint saved.

        Raises:
            UserError: The file cannot be written, or another process is at work on it.
        """
        done = False
        with ExitStack() as stack:
            with writing(self.out):
                self.folder.mkdir(exist_ok=True)
                stack.enter_context(locked(self.folder, f"working on {self.out}"))
            try:
                yield
                done = True
            finally:
                if done or not has_checkpoint(self.folder):
                    shutil.rmtree(self.folder, ignore_errors=True)

    def save(self, state: Arrays) -> None:
        """Write a checkpoint."""
        save_checkpoint(self.folder, {**state, **self._identity})

    def load(self, restore: Callable[[Arrays], None]) -> None:
        """Call ``restore`` with the latest checkpoint where there is one.

        Raises:
            UserError: It is of other work, or cannot be read.
        """
        if has_checkpoint(self.folder):
            load_checkpoint(self.folder, lambda state: self._restore(state, restore))

    def _restore(self, state: Arrays, restore: Callable[[Arrays], None]) -> None:
        if not all(np.array_equal(state[name], known) for name, known in self._identity.items()):
            raise UserError(
                f"{self.folder} holds unfinished work on another network or with other settings: repeat its command, "
                "name another --out, or remove the folder"
            )
        restore(state)
