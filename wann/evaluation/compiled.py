"""Kernels around a task's own functions: kept on disk under a digest of all that they are made of."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from wann.jit import F, cache_folder, inlined, kernel, merged

if TYPE_CHECKING:
    from wann.task import JittedTask


def _nested(code: CodeType) -> Iterator[CodeType]:
    """The code and that of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _ingredients(value: Any, names: tuple[str, ...], seen: set[object]) -> Iterator[str]:
    """All that compiled code takes over from ``value``: its code, and in turn what the names in it stand for.

    A task may use helpers from other files, or stand in a notebook, where no file tells of a change. What belongs to
    wann is left out: the cache folder's name stands for it.
    """
    value = getattr(value, "py_func", value)
    home = str(getattr(value, "__module__", "")).partition(".")[0]
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}{value.tobytes()!r}"
    elif isinstance(value, ModuleType) and (id(value), names) not in seen:
        seen.add((id(value), names))
        for name in names:
            yield from _ingredients(getattr(value, name, None), names, seen)
    elif callable(value) and home in ("wann", "numpy", "numba"):
        yield f"{home}.{getattr(value, '__name__', '')}"
    elif isinstance(value, FunctionType) and id(value) not in seen:
        seen.add(id(value))
        codes = list(_nested(value.__code__))
        names = tuple(dict.fromkeys(name for code in codes for name in code.co_names))
        constants = [[c for c in code.co_consts if not isinstance(c, CodeType)] for code in codes]
        yield f"{[code.co_code for code in codes]}{names}{constants}{value.__defaults__}"
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        for used in (*cells, *(value.__globals__[name] for name in names if name in value.__globals__)):
            yield from _ingredients(used, names, seen)
    elif not isinstance(value, (FunctionType, ModuleType)):
        yield repr(value)


def _digest(task: JittedTask, source: str) -> str:
    """Names what kernels made of ``source`` and the task's functions are made of."""
    parts = [source]
    for function in (task.step, task.observe):
        parts += _ingredients(function, (), set())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write_once(path: Path, source: str) -> None:
    """Write a kernel's file, whole at any moment; Numba's cache knows it by its size and time, so both are fixed."""
    if not path.exists():
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(source, encoding="utf-8")
        os.utime(temporary, (0, 0))
        os.replace(temporary, path)


def _importable(function: Callable[..., Any]) -> bool:
    """Whether another process can import the function's module; every process has a ``__main__``."""
    return inspect.getmodule(function) is not None


def _marked(decorator: Callable[[F], F], unique: str) -> Callable[[F], F]:
    """The decorator for functions whose names occur for every task: it sets them apart.

    Numba numbers the functions that a process compiles, and a symbol is made of name and number. Two kernels of one
    name from two processes can have the same symbol; a process that loads both would run the first one twice.
    """

    def decorate(function: F) -> F:
        function.__qualname__ = f"{unique}.{function.__name__}"
        return decorator(function)

    return decorate


def compile_for(task: JittedTask, source: str, name: str) -> dict[str, Any]:
    """Run the code of kernels that call a task's functions.

    The code becomes a small file in the kernel cache, named after a digest of all that the task's functions use, so
    that other processes load its kernels instead of compiling them again, as long as nothing in them has changed.
    Kernels around functions of no module that Python can import by name are compiled in each process: Numba could
    not load them.

    Args:
        task: Its functions stand as ``task_step`` and ``task_observe`` in the code.
        source: The code; ``kernel`` and ``inlined`` are the decorators that it may use.
        name: What the file's name starts with.

    Returns:
        The names that the code defines, and the decorators that it used. Kernels are compiled when they are called.
    """
    unique = f"{name}_{_digest(task, source)}"
    path = cache_folder() / f"{unique}.py"
    _write_once(path, source)
    lasting = _importable(task.step) and _importable(task.observe)
    names: dict[str, Any] = {"task_step": merged(task.step), "task_observe": merged(task.observe)}
    names |= {"inlined": _marked(inlined, unique), "kernel": _marked(kernel if lasting else inlined, unique)}
    names["__name__"] = __name__
    exec(compile(source, str(path), "exec"), names)
    return names
