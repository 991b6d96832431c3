"""What a replay may ask for, and where it goes: a film or a window."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from pathlib import Path

from wann.champion import Champion
from wann.errors import UserError, suggestion
from wann.export.program import best_weight
from wann.files import writing
from wann.task import Task

FORMATS = ("gif", "mp4")
MOST = 9
"""Weights side by side."""


def check_film(path: Path) -> Path:
    """The path of a film that can be written, as far as that is known before it is there.

    Raises:
        UserError: It has another suffix, its folder does not exist, or what writes MP4 is missing.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UserError(f"{path} ends in {path.suffix!r}: {suggestion(kind, FORMATS)}")
    if not path.parent.is_dir():
        raise UserError(f"cannot write the film {path}: there is no folder {path.parent}")
    if kind == "mp4":
        from wann.figures.film import load_imageio

        load_imageio()
    return path


def play(
    champion: Champion, task: Task, weights: Sequence[float] | None, *, seed: int, network: bool, out: Path | None
) -> Path | None:
    """Play a network and write or show that.

    Args:
        champion: The network.
        task: What to play.
        weights: Shared weights; its own, or the best shared one known, unless given.
        seed: Of the episodes' start.
        network: Whether to show the network, too.
        out: The film; a window unless given.

    Returns:
        ``out``.

    Raises:
        UserError: An argument is wrong, the film cannot be written, or there is no display.
    """
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: expected a whole number of 0 or more, got {seed!r}")
    chosen = _weights(champion, weights)

    from wann.figures import film
    from wann.figures.replay import Replay

    replay = Replay(champion, task, chosen, seed=seed, network=network)
    if out is None:
        film.show(replay, replay.seconds, f"wann play: {task.name}")
        return None
    with writing(f"the film {out}"):
        film.save(replay, replay.seconds, out)
    return out


def _weights(champion: Champion, weights: Sequence[float] | None) -> list[float | None]:
    if weights is None:
        return [None if champion.genome.weighted else best_weight(champion)]
    try:
        numbers = [float(weight) for weight in weights]
    except (TypeError, ValueError):
        numbers = []
    if not 1 <= len(numbers) <= MOST or not all(map(math.isfinite, numbers)):
        raise UserError(f"weights: expected one to {MOST} finite numbers, got {reprlib.repr(weights)}")
    return list(numbers)
