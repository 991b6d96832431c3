"""Checkpoints: the state of a search as plain arrays, checked on reading, with the one before kept beside it."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.errors import UserError
from wann.files import write_atomically
from wann.population import Arrays

VERSION = 1
LATEST, PREVIOUS, _NEW = "checkpoint.npz", "checkpoint-previous.npz", "checkpoint-new.npz"
LARGEST = 2**32


def save_checkpoint(folder: Path, state: Arrays) -> None:
    """Write a checkpoint; the latest one becomes the previous one.

    Raises:
        OSError: It cannot be written; both older ones are still there.
    """
    content = {"version": np.array(VERSION), **state}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **content, digest=_digest(content))
    latest, new = folder / LATEST, folder / _NEW
    write_atomically(new, buffer.getvalue())
    if latest.exists():
        latest.replace(folder / PREVIOUS)
    new.replace(latest)


def load_checkpoint(folder: Path) -> dict[str, NDArray[Any]]:
    """The latest checkpoint of a run folder, or the one before where the latest is damaged or missing.

    Raises:
        UserError: There is none that can be read; the message says what is wrong with the latest.
    """
    problems = []
    for name in (LATEST, PREVIOUS):
        try:
            return _read(folder / name)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            problems.append(f"{name}: {error}")
    raise UserError(f"{folder} has no checkpoint that can be read ({'; '.join(problems)})")


def _read(path: Path) -> dict[str, NDArray[Any]]:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    with np.load(path, allow_pickle=False) as file:
        content = {name: file[name] for name in file.files}
    stored = content.pop("digest")
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']}, this wann reads version {VERSION}")
    if not np.array_equal(stored, _digest(content)):
        raise ValueError("its content does not match its digest")
    del content["version"]
    return content


def _digest(content: Arrays) -> NDArray[np.uint8]:
    """SHA-256 over names, types, shapes and bytes of all arrays."""
    total = hashlib.sha256()
    for name in sorted(content):
        array = np.ascontiguousarray(content[name])
        total.update(f"{name}{array.dtype.str}{array.shape}".encode())
        total.update(array.tobytes())
    return np.frombuffer(total.digest(), dtype=np.uint8)
