"""The one kind of error that is the user's to mend, and the words that help to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A request, a setting or a file is wrong; the message is one line that says what came and what to do."""


class TaskError(RuntimeError):
    """A task failed while it was played; the message is one line that names the task and the episode."""


def suggestion(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence that names the nearest valid name, or all of them where none is near."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(names)}"
