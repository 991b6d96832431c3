"""A task of the user's own, in a file that no package offers: ``path/to/my_task.py:MyTask``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from wann.errors import UserError, suggestion
from wann.task import Task


def load_file_task(name: str) -> Task:
    """The task of a class in a file. The file is executed, as ``python path/to/my_task.py`` would be.

    Its name becomes the file's whole path and the class, so that runs and networks find it again from anywhere.

    Args:
        name: The path and the class: ``path/to/my_task.py:MyTask``.

    Raises:
        UserError: There is no such file or class, the file or the class raises, or the class is no ``Task``.
    """
    place, _, wanted = name.partition(".py:")
    if not wanted:
        raise UserError(f"expected a task of a file as path/to/file.py:Class, got {name!r}")
    path = Path(f"{place}.py").expanduser().resolve()
    if not path.is_file():
        raise UserError(f"there is no file {path} for the task {name!r}")
    module = _execute(path)
    made = getattr(module, wanted, None)
    if made is None:
        raise UserError(f"{path} has no class {wanted!r}: {suggestion(wanted, _classes(module))}")
    if not (isinstance(made, type) and issubclass(made, Task)):
        raise UserError(f"{wanted!r} in {path} is no class derived from wann.Task")
    try:
        task = made()
    except Exception as error:
        raise UserError(f"{wanted!r} in {path} cannot be made: {_told(error)}") from error
    vars(task)["name"] = f"{path}:{wanted}"
    return task


def _execute(path: Path) -> ModuleType:
    """The module of a file.

    ``sys.modules`` has it only while it is executed: Ray then sends its classes whole, and Numba's cache, which could
    not load them in another process, leaves them alone.
    """
    name = f"wann_task_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} cannot be loaded: {_told(error)}") from error
    finally:
        del sys.modules[name]
    return module


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _classes(module: ModuleType) -> list[str]:
    """The tasks that are defined in a module."""
    found = {name: value for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, Task)}
    return [name for name, value in found.items() if value.__module__ == module.__name__]
