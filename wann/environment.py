"""A jitted task as a ``gymnasium.Env``: the episodes that the lanes play, one step at a time."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from wann.errors import UserError
from wann.evaluation.compiled import compile_for
from wann.population import Floats
from wann.task import JittedTask, load_task

_KERNELS = '''"""A task's functions for Python: written by wann, which compiles this file once. Safe to delete."""


@kernel
def advance(state, action):
    return task_step(state, action)


@kernel
def observe(state):
    return task_observe(state)
'''


class JittedEnv(gymnasium.Env[Floats, Floats]):
    """Plays a jitted task with the task's own compiled functions.

    Every number is the one that the lanes give. ``reset(seed=s)`` starts where ``task.start(default_rng(s))`` does.
    An episode is truncated after ``task.max_steps`` steps; ``info`` is empty. An action is what a network's outputs
    give, also where the task makes a choice of them. ``metadata["render_fps"]`` is the pace of the task's clock.

    Example:
        >>> from tasks.swingup import SwingUp
        >>> env = JittedEnv(SwingUp())
        >>> observation, _ = env.reset(seed=0)
        >>> observation.shape
        (5,)
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}  # noqa: RUF012 (gymnasium's type)

    def __init__(self, task: JittedTask | str, *, render_mode: str | None = None) -> None:
        """An environment without a start: call ``reset`` first.

        Args:
            task: The task, or the name of an installed one.
            render_mode: None, or "rgb_array" for ``render`` to give pictures.

        Raises:
            UserError: The task is unknown or not jitted, or there is no such render mode.
        """
        found = load_task(task) if isinstance(task, str) else task
        if not isinstance(found, JittedTask):
            raise UserError(f"task must be a jitted task, got {type(found).__name__}")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(f"render_mode must be None or 'rgb_array', got {render_mode!r}")
        self.task, self.render_mode = found, render_mode
        self.observation_space = Box(-np.inf, np.inf, (len(found.inputs),), np.float64)
        self.action_space = Box(-1.0, 1.0, (len(found.outputs),), np.float64)
        self.metadata = self.metadata | {"render_fps": round(1.0 / found.time_step)}
        kernels = compile_for(found, _KERNELS, "environment")
        self._advance, self._observe = kernels["advance"], kernels["observe"]
        self._state: tuple[float, ...] | None = None
        self._action: tuple[float, ...] | None = None
        self._steps = 0

    @property
    def state(self) -> tuple[float, ...]:
        """The task's state.

        Raises:
            gymnasium.error.ResetNeeded: No episode has been started.
        """
        if self._state is None:
            raise gymnasium.error.ResetNeeded("call reset() before step() and render()")
        return self._state

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Restarts the generator from which the start is drawn; None goes on with it.
            options: ``{"state": (...)}`` starts there instead.

        Returns:
            The observation, (inputs,), and an empty dictionary.

        Raises:
            UserError: An option is unknown, or the state is not made of as many finite numbers as the task's.
        """
        super().reset(seed=seed)
        drawn = _floats(self.task.start(self.np_random))
        self._state = _start_option(options or {}, drawn)
        self._action, self._steps = None, 0
        return self._observation(), {}

    def step(self, action: Floats) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Advance by one step.

        Args:
            action: One number for each output, (outputs,).

        Returns:
            The observation, (inputs,); the reward; whether the task ends the episode here; whether this was its
            last step; and an empty dictionary.

        Raises:
            UserError: The action has another shape.
            gymnasium.error.ResetNeeded: No episode has been started.
        """
        values = np.asarray(action, dtype=np.float64)
        if values.shape != self.action_space.shape:
            raise UserError(f"action must have the shape {self.action_space.shape}, got {values.shape}")
        self._action = _floats(values)
        self._state, reward, ended = self._advance(self.state, self._action)
        self._steps += 1
        return self._observation(), float(reward), bool(ended), self._steps >= self.task.max_steps, {}

    def render(self) -> NDArray[np.uint8] | None:
        """The picture of the present state and the latest action, (height, width, 3); None without a render mode.

        Raises:
            UserError: The task has no picture.
            gymnasium.error.ResetNeeded: No episode has been started.
        """
        return None if self.render_mode is None else self.task.render(self.state, self._action)

    def _observation(self) -> Floats:
        return np.array(self._observe(self.state), dtype=np.float64)


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _start_option(options: dict[str, Any], drawn: tuple[float, ...]) -> tuple[float, ...]:
    """The state that the options ask for, or else the one that was drawn."""
    if unknown := set(options) - {"state"}:
        raise UserError(f"options has the unknown key {min(unknown, key=str)!r}: expected only 'state'")
    given = options.get("state", drawn)
    try:
        state = _floats(given)
    except (TypeError, ValueError):
        state = ()
    if len(state) != len(drawn) or not all(map(math.isfinite, state)):
        raise UserError(f"options['state'] must be {len(drawn)} finite numbers, got {given!r}")
    return state
