"""Networks in other forms: ONNX, C, Python, PyTorch, graphs, and the format of the 2019 release.

Each module here writes one form; ``write`` finds it by name and loads it, and what it needs, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import msgspec

from wann.champion import Champion
from wann.errors import UserError, suggestion
from wann.export.program import DTYPES, Dtype, Program, make_program
from wann.files import write_atomically


class Target(NamedTuple):
    """A form that networks can be written in."""

    module: str
    suffixes: tuple[str, ...]
    """The names that its file may end in; any where there is none."""
    dtype: Dtype | None = None
    """The precision unless another is asked for; None for a form that has none."""
    package: str | None = None
    """What must be installed, from the extra of the same name."""


TARGETS: dict[str, Target] = {
    "onnx": Target("wann.export.onnx", (".onnx",), "float32", "onnx"),
    "c": Target("wann.export.c", (".c",), "float32"),
    "python": Target("wann.export.python", (".py",), "float64"),
    "torch": Target("wann.export.torch", (".py",), "float32", "torch"),
    "networkx": Target("wann.export.graph", (".graphml", ".dot", ".gv")),
    "release": Target("wann.export.release", (".out",)),
}


class Request(NamedTuple):
    """What an exporter is asked to write."""

    champion: Champion
    program: Program
    out: Path
    dtype: Dtype


class Exporter(Protocol):
    """What each module of this package offers."""

    def files(self, request: Request) -> dict[Path, bytes]:
        """The files to write, complete; the last one is ``request.out``."""

    def details(self, request: Request) -> dict[str, Any]:
        """What is worth knowing about them."""


class Exported(msgspec.Struct, frozen=True):
    """What an export wrote."""

    to: str
    files: tuple[str, ...]
    details: dict[str, Any]


def write(
    champion: Champion, to: str, *, out: Path | str, dtype: str | None = None, weight: float | None = None
) -> Exported:
    """Write a network in another form.

    Args:
        champion: The network.
        to: One of ``TARGETS``.
        out: The file.
        dtype: "float32" or "float64", for forms that compute; each has its own default.
        weight: The default of the shared weight; the best one known unless given.

    Raises:
        UserError: A name or value is wrong, a package is missing, the form cannot express the network, or the file
            cannot be written. Nothing is half-written.
    """
    if to not in TARGETS:
        raise UserError(f"to: there is no form {to!r}: {suggestion(to, TARGETS)}")
    out = Path(out)
    if out.suffix not in TARGETS[to].suffixes:
        raise UserError(f"out: a file for {to} must end in {' or '.join(TARGETS[to].suffixes)}, got {out}")
    if weight is not None and TARGETS[to].dtype is None:
        raise UserError(f"weight: the form {to} holds no shared weight, got {weight!r}")
    chosen = _dtype(to, dtype)
    request = Request(champion, make_program(champion, weight, chosen), out, chosen)
    exporter = load_exporter(to)
    files = exporter.files(request)
    write_all(files)
    return Exported(to, tuple(str(path) for path in files), exporter.details(request))


def _dtype(to: str, dtype: str | None) -> Dtype:
    default = TARGETS[to].dtype
    if dtype is None:
        return default or "float64"
    if default is None:
        raise UserError(f"dtype: the form {to} has no precision to choose, got {dtype!r}")
    if dtype not in DTYPES:
        raise UserError(f"dtype: there is no precision {dtype!r}: {suggestion(dtype, DTYPES)}")
    return dtype


def load_exporter(to: str) -> Exporter:
    """The module that writes the form ``to``.

    Raises:
        UserError: A package that it needs is not installed.
    """
    target = TARGETS[to]
    if target.package is not None and find_spec(target.package) is None:
        raise UserError(f"the form {to} needs the package {target.package}: pip install 'wann[{target.package}]'")
    return cast("Exporter", import_module(target.module))


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write several files, all of them or none.

    Raises:
        UserError: One cannot be written; all are as they were before.
    """
    before: dict[Path, bytes | None] = {}
    for path, data in files.items():
        try:
            before[path] = path.read_bytes() if path.exists() else None
            write_atomically(path, data)
        except OSError as error:
            before.pop(path, None)
            _restore(before)
            raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def _restore(before: Mapping[Path, bytes | None]) -> None:
    for path, data in before.items():
        if data is None:
            path.unlink()
        else:
            write_atomically(path, data)
