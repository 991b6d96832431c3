"""Reading and writing: whole files or nothing, and one clear line when a file is not what it should be."""

from __future__ import annotations

import errno
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import filelock
import msgspec

from wann.errors import UserError

log = logging.getLogger("wann")

LARGEST = 64 * 2**20
"""Bytes; a larger text file is refused before it is read."""

LOCK = ".lock"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system without locks says, such as NFS without its lock service."""

T = TypeVar("T")


@contextmanager
def writing(what: Path | str) -> Iterator[None]:
    """Make an ``OSError`` one line that says what cannot be written.

    Raises:
        UserError: There was one.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {what}: {error.strerror or error}") from None


@contextmanager
def locked(folder: Path, work: str) -> Iterator[None]:
    """Keep other processes away from a folder.

    Args:
        folder: The folder.
        work: What is done there, in words: "working on the run in runs/a".

    Raises:
        UserError: Another process has locked it.
        OSError: The lock cannot be written.
    """
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise UserError(f"another process is {work}: wait, or stop it first") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        log.warning("%s cannot be locked (%s): start no second process there", folder, error.strerror)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Make an ``OSError`` name the file that was meant: a full disk names none, a temporary file another."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that at any moment either the old or the new content is there, whole.

    Raises:
        OSError: The file cannot be written; what was there before is untouched.
    """
    with _named(path):
        _write(path, data)


def _write(path: Path, data: bytes) -> None:
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


def append(path: Path, text: str) -> None:
    """Add to the end of a text file.

    Raises:
        OSError: The file cannot be written; a part of ``text`` may be there.
    """
    with _named(path), path.open("a", newline="") as file:
        file.write(text)


def read_bytes(path: Path, kind: str, largest: int = LARGEST) -> bytes:
    """The content of a file, of which ``kind`` says what it should be.

    Raises:
        UserError: There is no such file, it is none (a folder, a pipe, a device), it cannot be read, or it has more
            than ``largest`` bytes.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UserError(f"cannot read the {kind} {path}: it is {what}")
        if status.st_size > largest:
            raise UserError(f"{path} has {status.st_size:,} bytes: too large for a {kind} (at most {largest:,})")
        with path.open("rb") as file:
            return file.read(largest)
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
