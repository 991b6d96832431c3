"""What a network's outputs mean to a task. NaN pushes nothing and is chosen last."""

from __future__ import annotations

import math

from wann.jit import inlined


@inlined
def limited(output: float) -> float:
    """The output within [-1, 1]; NaN counts as 0."""
    return min(1.0, max(-1.0, output if output == output else 0.0))


@inlined
def _rank(output: float) -> float:
    return output if output == output else -math.inf


@inlined
def of_two(first: float, second: float) -> float:
    """The number, 0 or 1, of the highest of two outputs; the first of equals, NaN counting as minus infinity."""
    return 1.0 if _rank(second) > _rank(first) else 0.0


@inlined
def of_three(first: float, second: float, third: float) -> float:
    """The number, 0 to 2, of the highest of three outputs; the first of equals, NaN counting as minus infinity."""
    return 2.0 if _rank(third) > max(_rank(first), _rank(second)) else of_two(first, second)
