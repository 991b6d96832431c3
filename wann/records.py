"""What a run folder tells of the run's course: its history and its succession of champions, checked on reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wann.champion import Champion
from wann.errors import UserError
from wann.files import decode_json, read_bytes
from wann.population import Floats
from wann.runs import CHAMPIONS, COLUMNS, CONFIG, HISTORY

LARGEST = 2**30
"""Bytes of a history."""


def read_history(folder: Path) -> dict[str, Floats]:
    """The columns of a run's ``history.csv``; (generations,) each.

    A last line that a kill broke off is left out.

    Raises:
        UserError: There is none, it has no generation yet, or it is not a history.
    """
    path = folder / HISTORY
    text = read_bytes(path, "history", LARGEST).decode(errors="replace")
    header, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    if tuple(header.split(",")) != COLUMNS:
        raise UserError(f"{path}: expected the columns {','.join(COLUMNS)}, got {header[:100]!r}")
    if not lines:
        raise UserError(f"{path} has no generation yet: wait until the first one is done")
    rows = [_row(path, number, line) for number, line in enumerate(lines, 2)]
    return dict(zip(COLUMNS, np.array(rows).T, strict=True))


def _row(path: Path, number: int, line: str) -> list[float]:
    try:
        row = [float(cell) for cell in line.split(",")]
    except ValueError:
        row = []
    if len(row) != len(COLUMNS):
        raise UserError(f"{path}, line {number}: expected {len(COLUMNS)} numbers, got {line[:100]!r}")
    return row


def read_champions(folder: Path) -> list[Champion]:
    """All champions that a run had, first to last.

    Raises:
        UserError: There is no such file, or it is not a list of networks with their generations and scores.
    """
    path = folder / CHAMPIONS
    if (folder / CONFIG).is_file() and not path.exists():
        raise UserError(f"{folder} has no {CHAMPIONS}: an earlier version of wann made this run; search again for one")
    champions = decode_json(read_bytes(path, "list of champions"), list[Champion], str(path))
    if not champions:
        raise UserError(f"{path} has no champion: expected one or more networks")
    generations = [generation_of(champion, path) for champion in champions]
    if generations != sorted(set(generations)):
        raise UserError(f"{path}: expected later champions to be of later generations, got {generations[:10]}")
    return champions


def generation_of(champion: Champion, path: Path) -> int:
    """The generation, counted from 1 as in ``history.csv``, in which a network of a run was found.

    Raises:
        UserError: The file at ``path``, which it comes from, does not tell it or the network's scores.
    """
    generation = champion.provenance.get("generation")
    if not isinstance(generation, int) or generation < 0 or champion.scores is None:
        raise UserError(f"{path}: expected networks with scores and the generation in which a run found them")
    return generation + 1
