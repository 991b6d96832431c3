"""What a jitted task's functions give is looked at before kernels are made of them: a fault is told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import types

from wann.errors import UserError

if TYPE_CHECKING:
    from wann.task import JittedTask


def check_task(task: JittedTask) -> None:
    """Look at the labels, the number of steps and the start of an episode.

    Raises:
        UserError: One of them cannot be played with.
    """
    for name in ("inputs", "outputs"):
        labels = getattr(task, name, None)
        if not isinstance(labels, tuple | list) or not labels or not all(isinstance(label, str) for label in labels):
            raise UserError(f"the task {task.name!r}: {name} must be a tuple of labels, got {labels!r}")
    steps = getattr(task, "max_steps", None)
    if not isinstance(steps, int) or steps < 1:
        raise UserError(f"the task {task.name!r}: max_steps must be a whole number of 1 or more, got {steps!r}")
    try:
        state = np.array([float(number) for number in task.start(np.random.default_rng(0))])
    except Exception as error:
        raise UserError(f"the task {task.name!r}: start(rng) must give numbers, but {_told(error)}") from error
    if not state.size or not np.isfinite(state).all():
        raise UserError(f"the task {task.name!r}: start(rng) must give finite numbers, got {state.tolist()}")


def check_functions(task: JittedTask, step: Any, observe: Any) -> None:
    """Look at the types of what a task's functions, which are compiled for that, give.

    Args:
        task: The task.
        step: Its step, for Numba.
        observe: Its observation.

    Raises:
        UserError: One cannot be compiled, or gives something else than it should.
    """
    n_state, n_outputs = len(task.start(np.random.default_rng(0))), len(task.outputs)
    seen = _given(task, "observe", observe, n_state)
    if not _numbers(seen, len(task.inputs)):
        raise UserError(f"the task {task.name!r}: observe must give {_tuple(len(task.inputs))}, not {seen}")
    taken = _given(task, "step", step, n_state, n_outputs)
    state, *others = taken.types if isinstance(taken, types.BaseTuple) and len(taken) else (taken,)
    if not _numbers(state, n_state) or len(others) != 2 or not all(map(_number, others)):
        raise UserError(
            f"the task {task.name!r}: step must give (state, reward, ended) with a state of {_tuple(n_state)}, "
            f"as start does, not {taken}"
        )


def _given(task: JittedTask, name: str, function: Any, *sizes: int) -> types.Type:
    """The type of what a function gives for tuples of numbers."""
    if not hasattr(function, "compile"):
        raise UserError(f"the task {task.name!r}: {name} must be a plain function: write @staticmethod above it")
    arguments = tuple(types.UniTuple(types.float64, size) for size in sizes)
    try:
        function.compile(arguments)
    except Exception as error:
        raise UserError(f"the task {task.name!r}: {name} cannot be compiled: {_told(error)}") from error
    return function.overloads[arguments].signature.return_type


def _number(kind: types.Type) -> bool:
    return isinstance(kind, types.Number | types.Boolean)


def _numbers(kind: types.Type, size: int) -> bool:
    """Whether it is so many numbers; a list, whose type does not tell, may have any size."""
    if isinstance(kind, types.List):
        return _number(kind.dtype)
    return isinstance(kind, types.BaseTuple) and len(kind) == size and all(map(_number, kind.types))


def _tuple(size: int) -> str:
    return f"a tuple of {size} number{'s' * (size != 1)}"


def _told(error: BaseException) -> str:
    """An error in a line; Numba's are long."""
    lines = [line.strip() for line in str(error).splitlines()]
    text = " ".join(line for line in lines if line and not line.startswith(("Failed in nopython", "During:", "File ")))
    return f"{type(error).__name__}: {text[:300]}"
