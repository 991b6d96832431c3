"""The grid of a sweep: configurations times seeds, each an ordinary run in a folder of its own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import tomli_w

from wann.errors import UserError, suggestion
from wann.files import write_atomically, writing
from wann.settings import NAMES_OF_SETTINGS, Settings, decode_text, holds_many, read_config

MANIFEST, TABLE, SHEET, CURVES = "sweep.toml", "summary.md", "summary.csv", "curves.svg"
LARGEST = 10_000
"""Runs of a sweep."""
_SETTABLE = tuple(name for name in NAMES_OF_SETTINGS if name not in ("task", "seed"))
_FREE = ("seed", "generations")
"""What may differ when a sweep is continued: more seeds, longer runs."""


class Cell(NamedTuple):
    """One run of a sweep."""

    configuration: str
    folder: Path
    settings: Settings


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is."""

    done: int
    """Runs that are done."""
    runs: int
    share: float
    """Of all evaluations of all runs."""


@dataclass(frozen=True)
class Grid:
    """All runs of a sweep, one configuration after the other.

    Attributes:
        folder: Where the run folders are.
        varied: The settings that have more than one value.
        cells: The runs.
    """

    folder: Path
    varied: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def configurations(self) -> Iterator[tuple[str, list[Cell]]]:
        """The name of each configuration, and its runs."""
        for name, cells in itertools.groupby(self.cells, key=lambda cell: cell.configuration):
            yield name, list(cells)


def make_grid(
    folder: Path, seeds: Sequence[int], values: Mapping[str, Sequence[Any]], make: Callable[[dict[str, Any]], Settings]
) -> Grid:
    """All combinations of ``values``, each with every seed.

    Args:
        folder: Where the run folders go.
        seeds: Of the runs.
        values: The values of each setting; a single one is the same for all runs.
        make: Completes and checks the settings of a run.

    Raises:
        UserError: A name or a value is wrong, comes twice, or the grid is too large.
    """
    for name, several in {"seeds": seeds, **values}.items():
        if not isinstance(several, Sequence) or isinstance(several, str) or len(several) == 0:
            raise UserError(f"{name}: expected a list of one or more values, got {several!r}")
    if (size := math.prod(map(len, [seeds, *values.values()]))) > LARGEST:
        raise UserError(f"a sweep of {size:,} runs: expected at most {LARGEST:,}; give fewer seeds or values")
    for name, several in {"seeds": seeds, **values}.items():
        if len({_written(value) for value in several}) < len(several):
            raise UserError(f"{name}: expected each value once, got {', '.join(map(_written, several))}")
    for name in values:
        check_name(name)
    varied = tuple(name for name, several in values.items() if len(several) > 1)
    cells = []
    for combination in itertools.product(*values.values()):
        given = dict(zip(values, combination, strict=True))
        name = ",".join(f"{key}={_written(given[key])}" for key in varied)
        for seed in seeds:
            cells.append(Cell(name, folder / name / f"seed-{seed}", make({**given, "seed": seed})))
    return Grid(folder, varied, tuple(cells))


def check_name(name: str) -> None:
    """Make sure that a sweep can give a setting of that name.

    Raises:
        UserError: It cannot.
    """
    if name in ("task", "seed"):
        raise UserError(f"set: {name} is no setting of a sweep: give it as {'TASK' if name == 'task' else '--seeds'}")
    if name not in _SETTABLE:
        raise UserError(f"set: there is no setting {name!r}: {suggestion(name, _SETTABLE)}")


def _written(value: Any) -> str:
    return "_".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def parse_seeds(text: str) -> Sequence[int]:
    """Seeds as the command line gives them: ``0..9``, or several such parts and single ones between commas.

    Raises:
        UserError: It is not of that form, or too many.
    """
    parts = [_parse_range(part, text) for part in text.split(",")]
    if (size := sum(map(len, parts))) > LARGEST:
        raise UserError(f"a sweep of {size:,} seeds: expected at most {LARGEST:,} runs; give fewer seeds")
    return [seed for part in parts for seed in part]


def _parse_range(part: str, text: str) -> range:
    first, dots, last = part.partition("..")
    try:
        low, high = int(first), int(last) if dots else int(first)
    except ValueError:
        raise UserError(f"seeds: expected numbers such as 0..9 or 0,3,7, got {text!r}") from None
    if not 0 <= low <= high <= 2**62:
        raise UserError(f"seeds: expected 0 <= first <= last, got {part}")
    return range(low, high + 1)


def parse_values(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Values of settings as the command line gives them, each ``NAME=A,B``; semicolons part lists.

    Raises:
        UserError: One is not of that form, a name is unknown or comes twice, or a value has the wrong type.
    """
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, several = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise UserError(f"set: expected NAME=VALUE,VALUE, got {text!r}")
        check_name(name)
        if name in values:
            raise UserError(f"set: {name} comes twice: give its values between {';' if holds_many(name) else ','}")
        values[name] = [decode_text(name, part) for part in several.split(";" if holds_many(name) else ",")]
    return values


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What a sweep's folder is for: nothing else may come into it."""

    task: str
    varied: list[str]
    settings: dict[str, Any]
    """Those that all runs share, but for ``generations``."""

    @classmethod
    def of(cls, grid: Grid) -> Manifest:
        """The manifest of a grid."""
        shared = msgspec.json.decode(msgspec.json.encode(grid.cells[0].settings))  # lists, as a file gives them
        task = shared.pop("task")
        return cls(task, list(grid.varied), {k: v for k, v in shared.items() if k not in (*grid.varied, *_FREE)})


def claim(grid: Grid) -> None:
    """Make the sweep's folder, or make sure that it is this sweep's.

    Raises:
        UserError: It holds another sweep or other files, or cannot be written.
    """
    path, wanted = grid.folder / MANIFEST, Manifest.of(grid)
    with writing(f"to the folder {grid.folder}"):
        grid.folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() and any(grid.folder.iterdir()):
            raise UserError(f"{grid.folder} holds files already: name another folder with --out")
        if path.exists():
            _check_same(path, wanted)
        else:
            write_atomically(path, tomli_w.dumps(msgspec.to_builtins(wanted)).encode())


def _check_same(path: Path, wanted: Manifest) -> None:
    try:
        found = msgspec.convert(read_config(path), Manifest)
    except msgspec.ValidationError as error:
        raise UserError(f"{path} is not a sweep's: {error}") from None
    pairs: dict[str, tuple[Any, Any]] = {"task": (found.task, wanted.task)}
    pairs["varied settings"] = found.varied, wanted.varied
    for name in sorted(found.settings | wanted.settings):
        pairs[name] = found.settings.get(name), wanted.settings.get(name)
    for name, (old, new) in pairs.items():
        if old != new:
            raise UserError(
                f"{path.parent} holds another sweep: its {name}: {old}, not {new}; name another folder with --out"
            )
