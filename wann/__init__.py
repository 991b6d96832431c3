"""Evolve weight agnostic neural networks (Gaier & Ha 2019).

    >>> import wann
    >>> run = wann.search("swingup", generations=1024, seed=0)
    >>> run.champion.network(observation, weight=1.0)

Everything here is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wann.api.machine import bench
    from wann.api.networks import test, thin, tune
    from wann.api.pictures import play, show
    from wann.api.searches import resume, search, watch
    from wann.api.sweeps import sweep
    from wann.api.tasks import tasks
    from wann.champion import Champion, Network
    from wann.compare.comparison import compare_task
    from wann.dataset import DataTask
    from wann.errors import TaskError, UserError
    from wann.evolution import Search
    from wann.exchange import export_network, import_network
    from wann.fitness import FitnessTask
    from wann.genome import ConnectionGene, Genome, NodeGene
    from wann.gymtask import GymTask
    from wann.runs import Run, load
    from wann.settings import Settings
    from wann.simplify import simplify_network
    from wann.task import JittedTask, Task

_HOMES = {
    "wann.api.machine": ("bench",),
    "wann.api.networks": ("test", "thin", "tune"),
    "wann.api.pictures": ("play", "show"),
    "wann.api.searches": ("resume", "search", "watch"),
    "wann.api.sweeps": ("sweep",),
    "wann.api.tasks": ("tasks",),
    "wann.champion": ("Champion", "Network"),
    "wann.compare.comparison": ("compare_task",),
    "wann.dataset": ("DataTask",),
    "wann.errors": ("TaskError", "UserError"),
    "wann.evolution": ("Search",),
    "wann.exchange": ("export_network", "import_network"),
    "wann.fitness": ("FitnessTask",),
    "wann.gymtask": ("GymTask",),
    "wann.genome": ("ConnectionGene", "Genome", "NodeGene"),
    "wann.runs": ("Run", "load"),
    "wann.settings": ("Settings",),
    "wann.simplify": ("simplify_network",),
    "wann.task": ("JittedTask", "Task"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Champion",
    "ConnectionGene",
    "DataTask",
    "FitnessTask",
    "Genome",
    "GymTask",
    "JittedTask",
    "Network",
    "NodeGene",
    "Run",
    "Search",
    "Settings",
    "Task",
    "TaskError",
    "UserError",
    "bench",
    "compare_task",
    "export_network",
    "import_network",
    "load",
    "play",
    "resume",
    "search",
    "show",
    "simplify_network",
    "sweep",
    "tasks",
    "test",
    "thin",
    "tune",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'wann' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
