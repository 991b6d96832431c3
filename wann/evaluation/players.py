"""Which player plays which kind of task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.checks import check_task
from wann.evaluation.functions import FunctionPlayer
from wann.evaluation.rollout import RolloutPlayer
from wann.evaluation.samples import SamplePlayer
from wann.evaluation.work import Player
from wann.fitness import FitnessTask
from wann.task import JittedTask, Task

if TYPE_CHECKING:
    from wann.gymtask import GymTask


def make_player(task: Task) -> Player:
    """The player for a task.

    Raises:
        UserError: It is of no kind that can be played, or a jitted task whose functions cannot.
    """
    if isinstance(task, JittedTask):
        check_task(task)
        return RolloutPlayer(task)
    if isinstance(task, DataTask):
        return SamplePlayer(task)
    if isinstance(task, FitnessTask):
        return FunctionPlayer(task)
    from wann.gymtask import GymTask

    if isinstance(task, GymTask):
        return _environment_player(task)
    expected = "a JittedTask, DataTask, GymTask or FitnessTask"
    raise UserError(f"the task {task.name!r} is a {type(task).__name__}: expected {expected}")


def _environment_player(task: GymTask) -> Player:
    from wann.engines import ENVPOOL, EngineTask

    if isinstance(task, EngineTask) and task.engine == ENVPOOL:
        from wann.evaluation.envpool import EnvPoolPlayer

        return EnvPoolPlayer(task)
    from wann.evaluation.lockstep import LockstepPlayer

    return LockstepPlayer(task)
