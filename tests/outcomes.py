"""Everything about a run that must not depend on how it was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wann.checkpoint import load_checkpoint
from wann.records import read_history
from wann.runs import CLOCK_COLUMNS


def outcome(folder: Path) -> tuple[Any, ...]:
    """What a run found, and the state in which it ended, without its clock."""
    history = {name: column.tobytes() for name, column in read_history(folder).items() if name not in CLOCK_COLUMNS}
    names = ("champion.json", "front.json", "champions.json", "lineage.json", "front.csv", "config.toml")
    state = {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in load_checkpoint(folder).items()}
    del state["history"]  # its clock columns differ; the others are compared above
    return history, [(folder / name).read_bytes() for name in names], state
