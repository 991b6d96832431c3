"""Reading and writing: whole files or nothing, and one clear line when a file is not what it should be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

from wann.errors import UserError

LARGEST = 64 * 2**20
"""Bytes; a larger text file is refused before it is read."""

T = TypeVar("T")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at any moment either the old or the new content is there, whole.

    Raises:
        OSError: The file cannot be written; what was there before is untouched.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_bytes(path: Path, kind: str) -> bytes:
    """The content of a file, of which ``kind`` says what it should be.

    Raises:
        UserError: There is no such file, it cannot be read, or it is larger than any such file.
    """
    try:
        size = path.stat().st_size
        if path.is_file() and size > LARGEST:
            raise UserError(f"{path} has {size:,} bytes: too large for a {kind} (at most {LARGEST:,})")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the {kind} {path}: {error.strerror}") from None


def decode_json(data: bytes, kind: type[T], source: str) -> T:
    """JSON as a ``kind``, strictly checked.

    Raises:
        UserError: It is not JSON, or not of that form; the message names ``source`` and the place.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{source}: {error}") from None
