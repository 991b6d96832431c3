"""What a run folder tells of the run's course: history, champions, the front, who descends from whom; all checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wann.archive import Entry
from wann.champion import Champion
from wann.errors import UserError
from wann.files import decode_json, read_bytes
from wann.lineage import Individual, line
from wann.population import Floats
from wann.runs import CHAMPIONS, COLUMNS, CONFIG, ENTRIES, HISTORY, LINEAGE

LARGEST = 2**30
"""Bytes of a history."""


def read_history(folder: Path) -> dict[str, Floats]:
    """The columns of a run's ``history.csv``; (generations,) each.

    A last line that a kill broke off is left out.

    Raises:
        UserError: There is none, it has no generation yet, or it is not a history.
    """
    return _columns(folder / HISTORY, read_bytes(folder / HISTORY, "history", LARGEST), COLUMNS)


def read_entries(folder: Path) -> dict[str, Floats]:
    """Everyone who entered a run's archive, first to last: the columns of ``front.csv``; (entries,) each.

    Raises:
        UserError: There is no such file, or it is not that.
    """
    return _columns(folder / ENTRIES, _read(folder / ENTRIES, "course of the front"), Entry._fields)


def _columns(path: Path, data: bytes, names: tuple[str, ...]) -> dict[str, Floats]:
    text = data.decode(errors="replace")
    header, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    if tuple(header.split(",")) != names:
        raise UserError(f"{path}: expected the columns {','.join(names)}, got {header[:100]!r}")
    if not lines:
        raise UserError(f"{path} has no generation yet: wait until the first one is done")
    rows = [_row(path, number, line, len(names)) for number, line in enumerate(lines, 2)]
    return dict(zip(names, np.array(rows).T, strict=True))


def _row(path: Path, number: int, line: str, count: int) -> list[float]:
    try:
        row = [float(cell) for cell in line.split(",")]
    except ValueError:
        row = []
    if len(row) != count:
        raise UserError(f"{path}, line {number}: expected {count} numbers, got {line[:100]!r}")
    return row


def read_champions(folder: Path) -> list[Champion]:
    """All champions that a run had, first to last.

    Raises:
        UserError: There is no such file, or it is not a list of networks with their generations and scores.
    """
    path = folder / CHAMPIONS
    champions = decode_json(_read(path, "list of champions"), list[Champion], str(path))
    if not champions:
        raise UserError(f"{path} has no champion: expected one or more networks")
    generations = [generation_of(champion, path) for champion in champions]
    if generations != sorted(set(generations)):
        raise UserError(f"{path}: expected later champions to be of later generations, got {generations[:10]}")
    return champions


def read_line(folder: Path, champion: Champion) -> list[Individual]:
    """The ancestors of a network of a run's archive, founder first, itself last.

    Raises:
        UserError: There is no lineage, it is none, or it does not know the network.
    """
    path = folder / LINEAGE
    individuals = decode_json(_read(path, "lineage"), list[Individual], str(path))
    birth = champion.provenance.get("birth")
    if not isinstance(birth, int):
        raise UserError(f"{folder}: the network does not tell its number of birth, so that {LINEAGE} is of no use")
    try:
        return line({individual.birth: individual for individual in individuals}, birth)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _read(path: Path, kind: str) -> bytes:
    """A file that runs have not always had."""
    if (path.parent / CONFIG).is_file() and not path.exists():
        raise UserError(
            f"{path.parent} has no {path.name}: an earlier version of wann made this run; search again for one"
        )
    return read_bytes(path, kind)


def generation_of(champion: Champion, path: Path) -> int:
    """The generation, counted from 1 as in ``history.csv``, in which a network of a run was found.

    Raises:
        UserError: The file at ``path``, which it comes from, does not tell it or the network's scores.
    """
    generation = champion.generation
    if generation is None or generation < 1 or champion.scores is None:
        raise UserError(f"{path}: expected networks with scores and the generation in which a run found them")
    return generation
