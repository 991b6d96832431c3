"""How numbers and lists are written for people."""

from __future__ import annotations

from collections.abc import Sequence


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
