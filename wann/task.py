"""What a task must offer, and where tasks are found."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import IntEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from wann.errors import UserError, suggestion

FITNESS = "fitness"
"""What the names of tasks begin with that are a plain Python function, before a colon."""


class Part(IntEnum):
    """What a trial is for. A data set takes its samples from another part for each."""

    TRAINING = 0
    """Selection and tuning."""
    VALIDATION = 1
    """The choice among what these found."""
    TEST = 2
    """The final score."""


class Task(ABC):
    """What a network is for: its inputs, its outputs and how it is played."""

    name: ClassVar[str]
    """What the command calls it."""
    inputs: ClassVar[tuple[str, ...]]
    """Labels of the inputs, in the order of an observation."""
    outputs: ClassVar[tuple[str, ...]]
    """Labels of the outputs, in the order of an action."""
    reward_range: ClassVar[tuple[float, float]]
    """The lowest and highest return of an episode."""
    paper: ClassVar[dict[str, Any]] = {}
    """Settings that the paper used, where they differ from the general defaults."""
    preset: ClassVar[dict[str, Any]] = {}
    """Where this toolkit's defaults for the task differ from the paper's, because several seeds show that it helps."""
    tuning: ClassVar[dict[str, Any]] = {}
    """Settings of ``wann tune`` that suit the task better than the general ones."""
    paper_scores: ClassVar[dict[str, float]] = {}
    """What the paper reports in each of its regimes: the mean return (table 1), or a classifier's accuracy."""
    needs: ClassVar[str] = ""
    """The extra that must be installed for it, if any; ``mnist`` does without it where it has the files."""
    exhaustive: ClassVar[bool] = False
    """Whether a trial of validation or test plays all that there is, so that one is enough."""
    python: ClassVar[bool] = False
    """Whether its steps run in the Python interpreter: threads are of no use then, processes are."""

    def episodes(self, wanted: int) -> int:
        """How many trials of validation or test to play where ``wanted`` are: one, where that plays all there is."""
        return 1 if self.exhaustive else wanted

    @property
    def remarks(self) -> Sequence[str]:
        """What ``config.toml`` says about the task in its comments, a line each."""
        return ()

    @abstractmethod
    def trial(self, seed: int, part: Part) -> Sequence[float]:
        """All that sets one trial apart from another, as a few numbers; it depends on nothing but the arguments."""


class JittedTask(Task):
    """A task whose dynamics are two plain functions of numbers, which the toolkit compiles into its kernels.

    ``step`` and ``observe`` take and give tuples of floats. For speed they use ``wann.trigonometry`` for sine and
    cosine, other arithmetic as it comes, and conditional expressions rather than loops: then many episodes step at
    once. They must not keep anything from one call to the next.
    """

    max_steps: ClassVar[int]
    """Steps after which an episode ends."""
    time_step: ClassVar[float] = 0.01
    """Seconds of the task's clock that a step takes: pictures are shown at this pace."""
    javascript: ClassVar[str | None] = None
    """A file beside the task's module with the same dynamics in JavaScript, for the live panel of reports.

    It counts for the class that names it, not for those derived from it, whose dynamics may be others.
    """

    @staticmethod
    @abstractmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        """The state in which an episode starts. All chance of an episode comes from ``rng``."""

    @staticmethod
    @abstractmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        """What the network sees of a state: one number for each of ``inputs``."""

    @staticmethod
    @abstractmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        """The next state, the reward, and whether the episode ends there, after ``action`` in ``state``.

        ``action`` is what the outputs gave, one number for each, not yet limited to any range.
        """

    def trial(self, seed: int, part: Part) -> Sequence[float]:
        """The state in which the episode starts."""
        return self.start(np.random.default_rng(seed))

    def render(self, state: Sequence[float], action: Sequence[float] | None) -> NDArray[np.uint8]:
        """A picture of ``state`` and of the ``action`` that led to it, for tasks that have one.

        Args:
            state: The task's state.
            action: What the outputs gave, one number for each; None at the start of an episode.

        Returns:
            Red, green and blue, (height, width, 3); all pictures of a task have one size.

        Raises:
            UserError: The task has no picture.
        """
        raise UserError(f"the task {self.name!r} has no picture")


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="wann.tasks")}


def task_names() -> list[str]:
    """The names of all installed tasks."""
    return sorted(_registered())


def load_kind(name: str) -> type[Task]:
    """The class of the task with that name.

    Raises:
        UserError: No installed task has the name, or its module or file cannot be loaded.
    """
    entry = _registered().get(name)
    if entry is None:
        raise UserError(f"there is no task {name!r}: {suggestion(name, task_names())}")
    try:
        kind = entry.load()
    except (Exception, SystemExit) as error:  # whatever a module may do while it is imported
        raise UserError(f"the task {name!r} ({entry.value}) cannot be loaded: {error}{_hidden(entry)}") from error
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        raise UserError(f"the task {name!r} ({entry.value}) is no subclass of wann.Task")
    return kind


def load_task(name: str) -> Task:
    """The task of that name; what follows a colon is an argument to it, as in ``gym:LunarLander-v3``.

    The class of a file, ``path/to/my_task.py:MyTask``, is a task too: the file is executed.

    Raises:
        UserError: No installed task has the name, its module or file cannot be loaded, or it refuses its argument.
    """
    if ".py:" in name or name.endswith(".py"):
        from wann.taskfile import load_file_task

        return load_file_task(name)
    head, _, argument = name.partition(":")
    if head == FITNESS:
        raise UserError(
            f"the task {name!r} is a Python function, which no name leads to: give it again, "
            "as task=wann.FitnessTask(function, inputs=..., outputs=...)"
        )
    kind = load_kind(head)
    if argument and kind.__init__ is object.__init__:
        raise UserError(f"the task {head!r} takes no argument, got {argument!r}")
    try:
        return kind(argument) if argument else kind()  # type: ignore[call-arg]
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"the task {name!r} cannot be made: {error}") from error


def _hidden(entry: EntryPoint) -> str:
    """A hint for when another module of the same name hides the installed one."""
    package = entry.module.partition(".")[0]
    try:
        if importlib.util.find_spec(entry.module) is not None:
            return ""
    except (Exception, SystemExit):  # looking for a module imports what is above it
        pass
    found = getattr(importlib.util.find_spec(package), "origin", None)
    return f" (Python finds another {package!r} first, at {found}: rename it or start from another folder)"
