"""Gymnasium environments as tasks."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import gymnasium
import numpy as np
from gymnasium import spaces

from wann.errors import UserError
from wann.population import Floats
from wann.task import Part, Task

DEFAULT_MAX_STEPS = 1000
"""Where an environment names no limit of its own."""
WRAPPER = "wrapper"
"""The argument of a spec that is no argument of the environment."""


class GymTask(Task):
    """Any environment that gymnasium can make, by its id: ``gym:LunarLander-v3``.

    Box observations are flattened. Actions: the largest output for Discrete, one group of outputs for each part of a
    MultiDiscrete; an output above 0 for each bit of MultiBinary; for Box, each output is limited to [-1, 1] and scaled
    to the bounds, or taken as it is where there are none. An output that is no number counts as 0.

    Args:
        spec: An environment's id, ``LunarLander-v3`` or ``module_that_registers:My-v0``, with keyword arguments for
            ``gymnasium.make`` behind a question mark: ``LunarLander-v3?continuous=true&wind_power=5``. Each
            ``wrapper=...`` there names a wrapper, of ``gymnasium.wrappers`` or as ``module:Class``, innermost first.

    Raises:
        UserError: There is no such environment, it cannot be made, or its spaces are of another kind.
    """

    reward_range = (-np.inf, np.inf)
    name = "gym"
    python = True
    environment: ClassVar[str] = ""
    """The spec, for tasks that are one environment."""
    scale: ClassVar[Sequence[float] | None] = None
    """What each observation is multiplied by, (inputs,), where a task declares it. Nothing is scaled by itself."""
    patience: ClassVar[int] = 0
    """Steps in a row without a reward above 0 that end an episode of a search; 0 for never.

    All further steps count as these did on average. Episodes of validation and test, whose scores are reported, always
    go on.
    """
    module_folder: str = ""
    """Where the task's file is, if it has one: a module beside it may have the environment."""

    wrappers: ClassVar[Sequence[Callable[[gymnasium.Env[Any, Any]], gymnasium.Env[Any, Any]]]] = ()
    """What is put around the environment, innermost first."""

    def __init__(self, spec: str = "") -> None:
        if not spec and not self.environment:
            raise UserError("the task gym needs an environment's id, as in gym:CartPole-v1")
        if spec:
            self.name = f"gym:{spec}"  # type: ignore[misc]
        self._id, _, query = (spec or self.environment).partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        self._arguments = {key: _value(text) for key, text in pairs if key != WRAPPER}
        self._wrappers = [*self.wrappers, *(_wrapper(text) for key, text in pairs if key == WRAPPER)]
        environment = self.make()
        try:
            self._describe(environment)
        finally:
            environment.close()

    def make(self, **options: Any) -> gymnasium.Env[Any, Any]:
        """A new environment.

        Args:
            **options: More arguments for ``gymnasium.make``.

        Raises:
            UserError: Gymnasium cannot make it.
        """
        if self.module_folder and self.module_folder not in sys.path:  # on a worker
            sys.path.append(self.module_folder)
        try:
            environment = gymnasium.make(self._id, **self._arguments, **options, disable_env_checker=True)
            for wrapper in self._wrappers:
                environment = wrapper(environment)
            return environment
        except Exception as error:  # whatever an environment may do while it is made
            if self.needs and isinstance(error, gymnasium.error.DependencyNotInstalled):
                raise UserError(
                    f"the task {self.name!r} needs the extra {self.needs}: pip install 'wann[{self.needs}]'"
                ) from None
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"the environment {self._id!r} cannot be made: {reason}") from error

    def _known(self) -> bool:
        return self._id in gymnasium.registry

    def _describe(self, environment: gymnasium.Env[Any, Any]) -> None:
        """Take over labels, the limit and the kind of action from an environment."""
        seen, done = environment.observation_space, environment.action_space
        if not isinstance(seen, spaces.Box):
            raise UserError(
                f"the environment {self._id!r} has observations {seen}: expected a Box of numbers, which "
                f"gym:ID?{WRAPPER}=FlattenObservation makes of some"
            )
        self.max_steps = (environment.spec and environment.spec.max_episode_steps) or DEFAULT_MAX_STEPS
        self._axes = len(seen.shape)
        size = self.observe(np.zeros(seen.shape, seen.dtype)).size
        n_outputs, self.action = _actions(self._id, done)
        cls = type(self)
        self.inputs = getattr(cls, "inputs", None) or tuple(f"observation {i}" for i in range(size))  # type: ignore[misc]
        self.outputs = getattr(cls, "outputs", None) or tuple(f"action {i}" for i in range(n_outputs))  # type: ignore[misc]
        if (len(self.inputs), len(self.outputs)) != (size, n_outputs):
            raise UserError(
                f"the task {self.name!r} has {len(self.inputs)} inputs and {len(self.outputs)} outputs: "
                f"{self._id!r} has {size} and {n_outputs}"
            )

    @property
    def remarks(self) -> Sequence[str]:
        """How outputs become actions, what observations are multiplied by, when an episode is cut off."""
        scaled = [] if self.scale is None else [f"observations: multiplied by {_listed(self.scale)}"]
        lines = [f"actions: {self.action}", *scaled, f"episodes: {self.max_steps} steps at most"]
        if self.patience:
            lines.append(
                f"episodes of the search end after {self.patience} steps in a row without a reward above 0: all "
                "further ones count as these did on average"
            )
        return lines

    def trial(self, seed: int, part: Part) -> Sequence[float]:
        """The seed that the environment is reset with, and the patience where the episode may end for want of it."""
        return (float(seed), float(self.patience)) if self.patience and part == Part.TRAINING else (float(seed),)

    def observe(self, observation: Any) -> Floats:
        """An observation as the network sees it, (inputs,); or many, with more axes in front of their own."""
        seen = np.asarray(observation, dtype=np.float64)
        flat = seen.reshape(*seen.shape[: seen.ndim - self._axes], -1)
        return flat if self.scale is None else flat * np.asarray(self.scale)

    action: Callable[[Floats], Any]
    """What the environment does for the network's outputs, (outputs,); in a box, also for many, (episodes, outputs)."""


def _value(text: str) -> Any:
    """A number, a truth value or a text, as JSON writes the first two."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wrapper(name: str) -> Callable[[gymnasium.Env[Any, Any]], gymnasium.Env[Any, Any]]:
    """A wrapper by its name."""
    module, _, wanted = name.rpartition(":")
    try:
        found = getattr(importlib.import_module(module or "gymnasium.wrappers"), wanted)
    except Exception as error:  # whatever a module may do while it is imported
        what = " ".join(str(error).split())
        raise UserError(f"there is no wrapper {name!r}: {what}; expected one of gymnasium or module:Class") from error
    if not callable(found):
        raise UserError(f"the wrapper {name!r} cannot be put around an environment: expected a class")
    return found  # type: ignore[no-any-return]


def _listed(numbers: Sequence[float]) -> str:
    """Numbers, once where they are all the same."""
    texts = [f"{number:g}" for number in numbers]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts)


class _Largest:
    """The largest output, or the largest of each group."""

    def __init__(self, space: spaces.Discrete | spaces.MultiDiscrete) -> None:
        single = isinstance(space, spaces.Discrete)
        self._groups = [int(space.n)] if isinstance(space, spaces.Discrete) else [int(n) for n in space.nvec.ravel()]
        self._start = np.asarray(space.start).ravel()
        self._single = single

    def __call__(self, outputs: Floats) -> Any:
        edges = np.cumsum(self._groups)[:-1]
        chosen = np.array([int(part.argmax()) for part in np.split(np.nan_to_num(outputs), edges)]) + self._start
        return chosen[0] if self._single else chosen

    def __str__(self) -> str:
        counts = ", ".join(map(str, self._groups))
        return f"the largest of {counts} outputs" if self._single else f"the largest in groups of {counts} outputs"


class _Bits:
    """A bit for each output above 0."""

    def __init__(self, space: spaces.MultiBinary) -> None:
        self._shape = space.shape

    def __call__(self, outputs: Floats) -> Any:
        return (outputs > 0.0).astype(np.int8).reshape(self._shape)

    def __str__(self) -> str:
        return "each output above 0 sets its bit"


class _Scaled:
    """Outputs in [-1, 1], scaled to a box's bounds where it has them."""

    def __init__(self, space: spaces.Box) -> None:
        low, high = space.low.astype(np.float64).ravel(), space.high.astype(np.float64).ravel()
        self._bounded = np.isfinite(low) & np.isfinite(high)
        self._most = np.where(self._bounded, 1.0, np.finfo(np.float64).max)
        finite_low, finite_high = np.where(self._bounded, low, -1.0), np.where(self._bounded, high, 1.0)
        self._middle, self._half = (finite_low + finite_high) / 2, (finite_high - finite_low) / 2
        self._low, self._high = low, high
        self._shape, self._dtype = space.shape, space.dtype

    def __call__(self, outputs: Floats) -> Any:
        numbers = np.where(np.isnan(outputs), 0.0, outputs)
        limited = np.maximum(np.minimum(numbers, self._most), -self._most)
        scaled = np.maximum(np.minimum(self._middle + self._half * limited, self._high), self._low)
        return scaled.astype(self._dtype).reshape(*outputs.shape[:-1], *self._shape)

    def __str__(self) -> str:
        if not self._bounded.any():
            return "the outputs as they are"
        kinds = zip(self._bounded.tolist(), self._low.tolist(), self._high.tolist(), strict=True)
        bounds = [f"[{low:g}, {high:g}]" if bounded else "as it is" for bounded, low, high in kinds]
        return (
            f"each output limited to [-1, 1] and scaled to {bounds[0] if len(set(bounds)) == 1 else ', '.join(bounds)}"
        )


def _actions(name: str, space: gymnasium.Space[Any]) -> tuple[int, Callable[[Floats], Any]]:
    """How many outputs an action space takes, and what makes an action of them."""
    if isinstance(space, spaces.Discrete):
        return int(space.n), _Largest(space)
    if isinstance(space, spaces.MultiDiscrete):
        return int(space.nvec.sum()), _Largest(space)
    if isinstance(space, spaces.MultiBinary):
        return int(np.prod(space.shape)), _Bits(space)
    if isinstance(space, spaces.Box):
        return int(np.prod(space.shape)), _Scaled(space)
    raise UserError(
        f"the environment {name!r} has actions {space}: expected Box, Discrete, MultiDiscrete or MultiBinary"
    )
