"""A task of the user's own, in a file that no package offers: ``path/to/my_task.py:MyTask``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from wann.errors import UserError, suggestion
from wann.task import Task

_FOLDERS: set[Path] = set()
"""Of the files that were executed."""
_OWN = ("wann", "tasks")


def load_file_task(name: str) -> Task:
    """The task of a class in a file, or one that is made there. The file is executed, as Python would execute it.

    It may import modules that lie beside it; those of the same name that are installed go first.

    Its name becomes the file's whole path and the class, so that runs and networks find it again from anywhere.

    Args:
        name: The path and the class: ``path/to/my_task.py:MyTask``; or the name of a task that the file makes, such
            as a ``FitnessTask``.

    Raises:
        UserError: There is no such file or class, the file or the class raises, or it is no ``Task``.
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
        raise UserError(f"{path} has no class {wanted!r}: {suggestion(wanted, _tasks(module))}")
    task = made if isinstance(made, Task) else _make(made, f"{wanted!r} in {path}")
    vars(task)["name"] = f"{path}:{wanted}"
    if hasattr(task, "module_folder"):
        task.module_folder = str(path.parent)
    return task


def neighbours() -> list[ModuleType]:
    """The modules that lie beside task files and have been imported; the toolkit's own are none, wherever they lie."""
    loaded = [(name, module) for name, module in sys.modules.copy().items() if name.partition(".")[0] not in _OWN]
    return [module for name, module in loaded if any(_lies_in(folder, name, module) for folder in _FOLDERS)]


def _lies_in(folder: Path, name: str, module: ModuleType) -> bool:
    place = folder.joinpath(*name.split("."))
    return getattr(module, "__file__", None) in (f"{place}.py", str(place / "__init__.py"))


def _make(kind: object, what: str) -> Task:
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        raise UserError(f"{what} is no class derived from wann.Task")
    try:
        return kind()
    except Exception as error:
        raise UserError(f"{what} cannot be made: {_told(error)}") from error


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
    _FOLDERS.add(path.parent)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
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


def _tasks(module: ModuleType) -> list[str]:
    """The tasks that a module makes, and the classes of tasks that are defined in it."""
    return [name for name, value in vars(module).items() if isinstance(value, Task) or _defined(value, module)]


def _defined(value: object, module: ModuleType) -> bool:
    return isinstance(value, type) and issubclass(value, Task) and value.__module__ == module.__name__
