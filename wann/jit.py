"""How every kernel is compiled: the same strict floating point, cached on disk until the code changes."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

import numba
import platformdirs

_USES_NUMBA = re.compile(rb"^(from|import) (numba|wann\.(jit|simd))\b", re.MULTILINE)

_FOLDER = re.compile(r"kernels-[0-9a-f]{16}")
KEPT_DAYS = 30

F = TypeVar("F", bound=Callable[..., object])


@functools.cache
def source_digest() -> str:
    """Names a state of the kernels' source code, and of Numba."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if _USES_NUMBA.search(source):
            digest.update(source)
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: one folder for each state of the kernels' source code.

    Numba notices a change in a kernel's own file, not in the files of the kernels it calls; the folder's name
    therefore carries a digest of them all. ``NUMBA_CACHE_DIR`` moves the whole cache. Folders that no process has
    used for ``KEPT_DAYS`` are removed.
    """
    base = Path(numba.config.CACHE_DIR or platformdirs.user_cache_path("wann"))
    folder = base / f"kernels-{source_digest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            os.utime(folder)  # used now
    except OSError:
        return Path(tempfile.mkdtemp(prefix="wann-kernels-"))
    _remove_unused(base)
    return folder


def _remove_unused(base: Path) -> None:
    """Remove folders of kernels of other states of the code; whoever needs one after all compiles again."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in base.glob("kernels-*"):
        with suppress(OSError):  # another process may be removing it, too
            if _FOLDER.fullmatch(path.name) and path.lstat().st_mtime < oldest and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)


def compiled_before() -> bool:
    """Whether kernels of this state of the code have been compiled on this machine."""
    return any(cache_folder().rglob("*.nbi"))


def kernel(function: F) -> F:
    """Compile ``function`` when it is first called, or load it from the cache.

    Kernels run without the interpreter lock, and floating point keeps its written order: no fast-math, no
    contraction, so that a result does not depend on the machine's vector width. Division follows IEEE 754.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        numba.config.CACHE_DIR = before


def inlined(function: F) -> F:
    """Compile ``function`` only as a part of the kernels that call it, into their cache entries."""
    return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


def merged(function: F) -> F:
    """As ``inlined``, at every place that calls it: LLVM steps lanes together only where no call is left in the loop.

    For what a task's step is made of and is too long for LLVM to inline by itself. It takes longer to compile.
    """
    return cast("F", numba.njit(nogil=True, error_model="numpy", forceinline=True)(function))
