"""Checkpoints: the state of a search as plain arrays, checked on reading, with the one before kept beside it."""

from __future__ import annotations

import hashlib
import io
import logging
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.activations import NAMES
from wann.errors import UserError
from wann.files import write_atomically
from wann.population import Arrays, Genes, Integers

log = logging.getLogger("wann")

VERSION = 4
LATEST, PREVIOUS, _NEW = "checkpoint.npz", "checkpoint-previous.npz", "checkpoint-new.npz"
_IN_TURN = (LATEST, _NEW, PREVIOUS)
"""Where a checkpoint is looked for; the new one counts where a kill came before it got its name."""
LARGEST = 2**32


def save_checkpoint(folder: Path, state: Arrays) -> None:
    """Write a checkpoint; the latest one becomes the previous one.

    Raises:
        OSError: It cannot be written; both older ones are still there.
    """
    content: dict[str, Any] = {"version": np.array(VERSION), **state}
    buffer = io.BytesIO()
    np.savez(buffer, **content, digest=_digest(content))
    latest, new = folder / LATEST, folder / _NEW
    write_atomically(new, buffer.getvalue())
    if latest.exists():
        latest.replace(folder / PREVIOUS)
    new.replace(latest)


def has_checkpoint(folder: Path) -> bool:
    """Whether a run folder holds a checkpoint, good or not."""
    return any((folder / name).exists() for name in _IN_TURN)


def load_checkpoint(folder: Path, use: Callable[[Arrays], object] | None = None) -> dict[str, NDArray[Any]]:
    """The latest checkpoint of a run folder, or the one before where the latest is damaged or missing.

    Args:
        folder: The run folder.
        use: What is done with it. Where that fails, but for a ``UserError``, the checkpoint counts as damaged.

    Raises:
        UserError: There is none that can be read; the message says what is wrong with each.
    """
    problems: list[str] = []
    for name in _IN_TURN:
        try:
            content = _read(folder / name)
            if use is not None:
                use(content)
        except FileNotFoundError:
            continue
        except UserError:
            raise
        except Exception as error:  # zipfile and NumPy raise nearly anything on a damaged file
            missing = " is missing" if isinstance(error, KeyError) else ""
            problems.append(f"{name}: {error or type(error).__name__}{missing}")
            continue
        if problems:
            log.warning("going on from %s, since a later one is damaged (%s)", folder / name, "; ".join(problems))
        return content
    raise UserError(f"{folder} has no checkpoint that can be read ({'; '.join(problems) or 'there is none'})")


def _read(path: Path) -> dict[str, NDArray[Any]]:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        raise ValueError(f"expected a file of at most {LARGEST:,} bytes")
    with zipfile.ZipFile(path) as file:
        members = file.infolist()
    if any(part.compress_type for part in members) or sum(part.file_size for part in members) > status.st_size:
        raise ValueError("it declares more than it holds")
    with warnings.catch_warnings(), np.load(path, allow_pickle=False) as file:
        warnings.simplefilter("error")
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


def check_genes(state: Arrays, n_inputs: int, n_outputs: int, prefix: str = "") -> None:
    """Make sure that kernels can be trusted with the genes of a state that comes from a file.

    Raises:
        ValueError: They are not packed genomes of feed-forward networks of that shape.
    """
    genes = Genes(*(state[f"{prefix}{name}"] for name in Genes._fields))
    for name, column in genes._asdict().items():
        if column.ndim != 1 or column.dtype != (np.bool_ if name == "enabled" else np.int64):
            raise ValueError(f"{prefix}{name}: expected one row of {'flags' if name == 'enabled' else 'integers'}")
    _check_edges(genes.first_node, (genes.node_ids, genes.activations), 1 + n_inputs + n_outputs)
    _check_edges(genes.first_connection, genes[4:], 0)
    if genes.first_node.size != genes.first_connection.size:
        raise ValueError("nodes and connections are not of as many genomes")
    if genes.activations.min(initial=1) < 1 or genes.activations.max(initial=1) > len(NAMES):
        raise ValueError("a node has an unknown activation")
    _check_connections(genes, 1 + n_inputs, 1 + n_inputs + n_outputs)


def _check_edges(first: Integers, columns: tuple[NDArray[Any], ...], least: int) -> None:
    """Each genome's part of the columns has at least so many rows, and they end where the last part does."""
    sizes = np.diff(first)
    if sizes.size == 0 or first[0] != 0 or sizes.min() < least or any(column.size != first[-1] for column in columns):
        raise ValueError("the genomes' parts do not fit the genes")


def _check_connections(genes: Genes, first_output: int, first_hidden: int) -> None:
    count = np.diff(genes.first_connection)
    nodes = np.repeat(np.diff(genes.first_node), count)
    for ends in (genes.sources, genes.targets):
        if not ((ends >= 0) & (ends < nodes)).all():
            raise ValueError("a connection names a node that is not there")
    from_output = (genes.sources >= first_output) & (genes.sources < first_hidden)
    if from_output.any() or (genes.targets < first_output).any():
        raise ValueError("a connection starts at an output, or ends at the bias or an input")
    start = np.repeat(genes.first_node[:-1], count)
    sources, targets = start + genes.sources, start + genes.targets
    while sources.size:  # drop what nothing waits for, until nothing is left
        waiting = np.zeros(genes.node_ids.size, dtype=np.bool_)
        waiting[targets] = True
        if waiting[sources].all():
            raise ValueError("the connections form a cycle")
        sources, targets = sources[waiting[sources]], targets[waiting[sources]]
