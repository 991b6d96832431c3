"""How numbers, lists and tables are written for people."""

from __future__ import annotations

from collections.abc import Sequence

from wann.errors import UserError, suggestion

FORMATS = ("text", "md", "csv")
"""Of tables."""


def number(value: float, largest: float | None = None) -> str:
    """One decimal, or three where all are small.

    Args:
        value: The number.
        largest: The largest of those that it stands beside; itself unless given.
    """
    return f"{value:.{3 if abs(value if largest is None else largest) < 10 else 1}f}"


def shortened(labels: Sequence[str], most: int = 8) -> str:
    """Labels between commas; of many the first and the last."""
    return ", ".join(labels) if len(labels) <= most else f"{', '.join(labels[:3])}, ..., {labels[-1]}"


def check_format(format: str) -> None:
    """Make sure that there is such a format.

    Raises:
        UserError: There is none.
    """
    if format not in FORMATS:
        raise UserError(f"there is no format {format!r}: {suggestion(format, FORMATS)}")


def markdown_table(cells: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, heads first."""
    head, *rows = cells
    rule = f"|:--|{'--:|' * (len(head) - 1)}"
    return "\n".join([f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def text_table(cells: Sequence[Sequence[str]], width: int) -> str:
    """A table in plain text, heads first; columns are ``width`` characters wide, the first one at least 28."""
    first = max(28, *(len(row[0]) + 1 for row in cells))
    return "\n".join(f"{row[0]:<{first}}{''.join(f'{cell:>{width}}' for cell in row[1:])}".rstrip() for row in cells)
