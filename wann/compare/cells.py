"""The cells of a comparison: one method at one density from one seed, saved when it is done."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
from threadpoolctl import ThreadpoolController

from wann.champion import versions
from wann.compare.costs import Costs, Seconds, costs, seconds
from wann.compare.functions import Mask
from wann.compare.graph import to_champion
from wann.compare.method import Outcome, find_method
from wann.compare.mlp import MLP
from wann.compare.problem import Trial
from wann.compare.regimes import Regimes, regimes
from wann.compare.removal import without_path
from wann.errors import UserError
from wann.files import decode_json, read_bytes, write_atomically

CELLS, NETWORKS, MASKS = "cells", "networks", "masks"
DENSE = "dense"
LARGEST_SAVED = 20_000
"""Connections up to which the network of the first seed is kept as a file."""


class Key(NamedTuple):
    """Which cell."""

    method: str
    density: float
    seed: int

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.method}-{self.density:g}-{self.seed}"


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a method made of a density and a seed."""

    method: str
    asked: float
    """The density that was asked for."""
    seed: int
    density: float
    """Weights kept / all; whole neurons cannot land exactly."""
    before: float
    """The score after pruning, before the last training."""
    score: float
    """On test examples or episodes."""
    std: float
    """Standard deviation over these."""
    price: int
    """Examples or environment steps spent on trainings, those of all rounds and of the dense network included."""
    kept: tuple[int, ...]
    """Weights kept, a layer."""
    without_path: int
    """Hidden neurons on no path from an input to an output."""
    costs: Costs
    regimes: Regimes
    curve: tuple[float, ...]
    """Of the last training: the validation loss after each epoch, or the mean return of each generation."""
    seconds: Seconds
    """Read off a clock; all else repeats bit for bit."""

    @property
    def key(self) -> Key:
        """Which cell it is."""
        return Key(self.method, self.asked, self.seed)


class Made(NamedTuple):
    """A cell and what is kept beside it, as the content of files."""

    cell: Cell
    masks: bytes
    network: bytes | None


def run_cell(folder: Path, trial: Trial, key: Key) -> None:
    """Compute a cell and save it; ``key.seed`` is the trial's."""
    save_cell(folder, compute_cell(trial, key))


def compute_cell(trial: Trial, key: Key) -> Made:
    """Compute a cell, on one core but for episodes: products of matrices have the same bits wherever it is done."""
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        return _made(trial, key, _outcome(trial, key))


def _made(trial: Trial, key: Key, outcome: Outcome) -> Made:
    problem = trial.problem
    champion = to_champion(
        outcome.network,
        task=problem.task.name,
        inputs=problem.task.inputs,
        outputs=problem.task.outputs,
        provenance={"method": key.method, "density": key.density, "seed": key.seed, "versions": versions()},
    )
    score = problem.score(outcome.network)
    cell = Cell(
        method=key.method,
        asked=key.density,
        seed=key.seed,
        density=outcome.network.density,
        before=problem.score(outcome.before).mean,
        score=score.mean,
        std=score.std,
        price=outcome.price,
        kept=tuple(int(mask.sum()) for mask in outcome.network.masks),
        without_path=without_path(outcome.network),
        costs=costs(champion),
        regimes=regimes(problem, champion, key.seed),
        curve=tuple(outcome.curve),
        seconds=seconds(champion, outcome.network if isinstance(outcome.network, MLP) else None),
    )
    small = key.seed == 0 and len(champion.connections) <= LARGEST_SAVED
    return Made(cell, _packed(outcome.network.masks), champion.encode() if small else None)


def save_cell(folder: Path, made: Made) -> None:
    """Save a cell; it is done when its own file, the last one, is there."""
    name = made.cell.key.name
    if made.network is not None:
        write_atomically(folder / NETWORKS / f"{name}.json", made.network)
    write_atomically(folder / MASKS / f"{name}.npz", made.masks)
    write_atomically(folder / CELLS / f"{name}.json", msgspec.json.encode(made.cell))


def _outcome(trial: Trial, key: Key) -> Outcome:
    if key.method == DENSE:
        dense = trial.dense
        return Outcome(dense.trained, dense.initial, dense.how.price, dense.how.curve)
    return find_method(key.method).run(trial, key.density)


def read_cell(folder: Path, key: Key) -> Cell | None:
    """A cell that is done; None where it is not.

    Raises:
        UserError: Its file cannot be read.
    """
    path = folder / CELLS / f"{key.name}.json"
    return decode_json(read_bytes(path, "cell"), Cell, str(path)) if path.exists() else None


def _packed(masks: Sequence[Mask]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, *masks)
    return content.getvalue()


def read_masks(folder: Path, key: Key) -> list[Mask] | None:
    """The masks of a cell's weight matrices, (out, in) each; None where there are none.

    Raises:
        UserError: Their file cannot be read.
    """
    path = folder / MASKS / f"{key.name}.npz"
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(read_bytes(path, "masks")), allow_pickle=False) as file:
            return [file[name].astype(np.bool_) for name in file.files]
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise UserError(f"{path} does not hold masks: {error}") from None


def done(folder: Path) -> set[str]:
    """The names of the cells that are done."""
    return {path.stem for path in (folder / CELLS).glob("*.json")}
