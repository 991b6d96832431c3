"""Kernels around a task's own functions: kept on disk under a digest of all that they are made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from wann.evaluation.checks import check_functions
from wann.jit import F, cache_folder, inlined, kernel, merged

if TYPE_CHECKING:
    from wann.task import JittedTask


_OURS = ("wann", "numpy", "numba")
"""Packages whose functions are as they are in every process with this cache folder and this Numba."""


def _nested(code: CodeType) -> Iterator[CodeType]:
    """The code and that of the functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _names(function: FunctionType) -> tuple[str, ...]:
    """All names of globals and attributes in a function."""
    return tuple(dict.fromkeys(name for code in _nested(function.__code__) for name in code.co_names))


def _ours(value: Any) -> bool:
    return callable(value) and str(getattr(value, "__module__", "")).partition(".")[0] in _OURS


def _ingredients(value: Any, names: tuple[str, ...], seen: set[object]) -> Iterator[str]:
    """All that compiled code takes over from ``value``: its code, and in turn what the names in it stand for.

    A task may use helpers from other files, or stand in a notebook, where no file tells of a change. What belongs to
    wann is left out: the cache folder's name stands for it.
    """
    options = getattr(value, "targetoptions", "")
    value = getattr(value, "py_func", value)
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}{value.tobytes()!r}"
    elif isinstance(value, ModuleType):
        if (id(value), names) not in seen:
            seen.add((id(value), names))
            for name in names:
                yield from _ingredients(getattr(value, name, None), names, seen)
    elif _ours(value):
        yield f"{value.__module__}.{getattr(value, '__name__', '')}"
    elif isinstance(value, FunctionType):
        if id(value) not in seen:
            seen.add(id(value))
            codes, names = list(_nested(value.__code__)), _names(value)
            constants = [[c for c in code.co_consts if not isinstance(c, CodeType)] for code in codes]
            yield f"{options}{[code.co_code for code in codes]}{names}{constants}{value.__defaults__}"
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            for used in (*cells, *(value.__globals__[name] for name in names if name in value.__globals__)):
                yield from _ingredients(used, names, seen)
    else:
        yield repr(value)


def _digest(task: JittedTask, source: str) -> str:
    """Names what kernels made of ``source`` and the task's functions are made of."""
    parts = [source]
    for function in (task.step, task.observe):
        parts += _ingredients(function, (), set())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write(path: Path, source: str) -> None:
    """Write a kernel's file, whole at any moment; Numba's cache knows it by its size and time, so both are fixed."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(source, encoding="utf-8")
    os.utime(temporary, (0, 0))
    os.replace(temporary, path)


class _Copies:
    """Copies of a task's functions, and of all helpers that they use, that every process can load from the cache.

    Numba notes the module of each function that a kernel is made of, and imports it where it loads the kernel: a file
    of a task's is no module there, and a script is another one. So the copies belong to this module. Numba also
    numbers the functions that a process compiles, and a symbol is made of name and number: two functions of one name
    from two processes can have the same symbol, and a process that loads both would run the first one twice. So the
    copies' names are their own.
    """

    def __init__(self, unique: str) -> None:
        self._unique = unique
        self._made: dict[object, Any] = {}

    def of(self, value: Any, names: tuple[str, ...] = ()) -> Any:
        """A copy of a function, compiled into what calls it, or of a module with such; anything else as it is.

        Args:
            value: What a name stands for.
            names: The names in the code that uses it.
        """
        function = getattr(value, "py_func", value)
        if _ours(function) or not isinstance(function, (FunctionType, ModuleType)):
            return value
        if isinstance(function, FunctionType) and function not in self._made:
            self._copy(function, getattr(value, "targetoptions", None))
        elif isinstance(function, ModuleType) and (function, names) not in self._made:
            self._twin(function, names)
        return self._made[function if isinstance(function, FunctionType) else (function, names)]

    def _copy(self, function: FunctionType, options: dict[str, Any] | None) -> None:
        cells = tuple(CellType() for _ in function.__closure__ or ())
        used: dict[str, Any] = {"__name__": __name__}
        copy = FunctionType(function.__code__, used, function.__name__, function.__defaults__, cells)
        copy.__qualname__ = f"{self._unique}.{len(self._made)}.{function.__name__}"
        self._made[function] = numba.jit(**options)(copy) if options else merged(copy)  # it may use itself
        names = _names(function)
        used |= {name: self.of(function.__globals__[name], names) for name in names if name in function.__globals__}
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = self.of(old.cell_contents, names)

    def _twin(self, module: ModuleType, names: tuple[str, ...]) -> None:
        self._made[module, names] = module
        mine = {name: vars(module)[name] for name in names if name in vars(module)}
        copies = {name: self.of(value, names) for name, value in mine.items()}
        if any(copies[name] is not value for name, value in mine.items()):
            self._made[module, names] = twin = ModuleType(module.__name__)
            vars(twin).update(vars(module) | copies)


def _marked(decorator: Callable[[F], F], unique: str) -> Callable[[F], F]:
    """The decorator for functions whose names occur for every task: it sets them apart, as ``_Copies`` does."""

    def decorate(function: F) -> F:
        function.__qualname__ = f"{unique}.{function.__name__}"
        return decorator(function)

    return decorate


def compile_for(task: JittedTask, source: str, name: str) -> dict[str, Any]:
    """Run the code of kernels that call a task's functions.

    The code becomes a small file in the kernel cache, named after a digest of all that the task's functions use, so
    that other processes load its kernels instead of compiling them again, as long as nothing in them has changed.

    Args:
        task: Its functions stand as ``task_step`` and ``task_observe`` in the code.
        source: The code; ``kernel`` and ``inlined`` are the decorators that it may use.
        name: What the file's name starts with.

    Returns:
        The names that the code defines, and the decorators that it used. Kernels are compiled when they are called.

    Raises:
        UserError: The task's functions cannot be compiled, or give something else than they should.
    """
    unique = f"{name}_{_digest(task, source)}"
    path = cache_folder() / f"{unique}.py"
    copies = _Copies(unique)
    step, observe = copies.of(task.step), copies.of(task.observe)
    if not path.exists():
        check_functions(task, step, observe)
        _write(path, source)
    names: dict[str, Any] = {"task_step": step, "task_observe": observe}
    names |= {"inlined": _marked(inlined, unique), "kernel": _marked(kernel, unique), "__name__": __name__}
    exec(compile(source, str(path), "exec"), names)
    return names
