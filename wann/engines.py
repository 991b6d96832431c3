"""Environments that two engines have: gymnasium's own, and EnvPool's in C++ (Weng et al. 2022), which is faster."""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar

from wann.errors import UserError, suggestion
from wann.gymtask import GymTask

ENVPOOL, GYMNASIUM = "envpool", "gymnasium"
ENGINES = (ENVPOOL, GYMNASIUM)


class EngineTask(GymTask):
    """An environment by gymnasium's id that EnvPool has under the same id, with the same observations and actions.

    The engines draw the chance of an episode differently, so that results are those of one engine. Hence it is part of
    the task's name, which runs and networks record: ``biped:envpool`` or ``biped:gymnasium``. Pictures are always
    gymnasium's.

    Args:
        engine: "envpool" or "gymnasium"; EnvPool where it is installed, unless given.

    Raises:
        UserError: There is no such engine, or it is not installed.
    """

    largest_pool: ClassVar[int] = 1024
    """Environments that are made at once: each takes memory, about 0.2 MB for ``biped``, until all have ended."""

    def __init__(self, engine: str = "") -> None:
        installed = importlib.util.find_spec("envpool") is not None
        self.engine = engine or (ENVPOOL if installed else GYMNASIUM)
        self.name = f"{type(self).name}:{self.engine}"  # type: ignore[misc]
        if self.engine not in ENGINES:
            raise UserError(f"the task {type(self).name!r} has no engine {engine!r}: {suggestion(engine, ENGINES)}")
        if self.engine == ENVPOOL and not installed:
            raise UserError(f"the task {self.name!r} needs the extra envpool: pip install 'wann[envpool]'")
        self.python = self.engine == GYMNASIUM  # type: ignore[misc]
        super().__init__()

    def pool(self, seeds: list[int]) -> Any:
        """A pool of EnvPool's environments, one for each seed, which step one after the other on a thread of their own.

        EnvPool takes seeds when it makes environments, and an environment that has played an episode keeps traces of
        it: each episode has an environment of its own.
        """
        import envpool

        arguments = {**self._arguments, "max_episode_steps": self.max_steps}
        return envpool.make(self._id, env_type="gymnasium", num_envs=len(seeds), num_threads=1, seed=seeds, **arguments)
