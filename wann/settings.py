"""The settings of a search, each with its range; the same names on the command line, in files and in Python."""

from __future__ import annotations

import inspect
import reprlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import tomli_w

from wann.activations import DEFAULT_SET, NAMES
from wann.errors import UserError, suggestion
from wann.files import read_bytes
from wann.task import Task

LARGEST = 2**20
"""Bytes of a settings file."""

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


MIGRATIONS = ("ring", "random")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the result of a search depends on. The defaults are the paper's for CartPoleSwingUp."""

    task: str
    """What to search on."""
    seed: Natural = 0
    """All chance of the run comes from it."""
    population: Annotated[int, msgspec.Meta(ge=2, le=1_000_000)] = 192
    """Individuals a generation."""
    generations: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1024
    """Generations to run."""
    trials: Count = 3
    """Episodes for each weight, the same for every individual of a generation."""
    weights: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)] = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
    """Shared weights that everyone is evaluated with."""
    initial_enabled: Fraction = 0.5
    """Probability of a connection to be enabled at the start."""
    tournament: Count = 8
    """Individuals that compete to be a parent."""
    elite_fraction: Fraction = 0.2
    """Part of the parent pool that is copied unchanged."""
    cull_fraction: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.2
    """Worst part of a generation that leaves the parent pool."""
    rank_connections: Fraction = 0.8
    """Probability that a generation is ranked on (mean, fewer connections), not on (mean, best weight)."""
    change_activation: Fraction = 0.5
    """Share of mutations that change a hidden node's activation."""
    add_node: Fraction = 0.25
    """Share of mutations that split a connection with a new node."""
    add_connection: Fraction = 0.2
    """Share of mutations that connect two nodes."""
    enable_connection: Fraction = 0.05
    """Share of mutations that enable a disabled connection."""
    activations: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = DEFAULT_SET
    """Activations that hidden nodes may have."""
    crossover: Fraction = 0.0
    """Probability of a child to have two parents."""
    species_distance: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
    """Compatibility distance that keeps species together; 0 for no species."""
    racing: Annotated[int, msgspec.Meta(ge=0, le=999_999)] = 0
    """Trials that everyone plays first, the better half alone then playing the rest; 0 for all trials for everyone."""
    verify_trials: Count = 100
    """Fresh episodes for each weight before a network enters the archive; 1 where one plays all there is."""
    islands: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """Populations that evolve side by side, each of as many individuals."""
    migrate_every: Count = 16
    """Generations from one migration between islands to the next."""
    migration: str = "ring"
    """Where migrants come from: ring, the island before; random, another one, drawn at each migration."""

    def __post_init__(self) -> None:
        for name in self.activations:
            if name not in NAMES:
                raise ValueError(f"activations: unknown {name!r}: {suggestion(name, NAMES)}")
        if len(set(self.activations)) != len(self.activations):
            raise ValueError(f"activations: each at most once, got {', '.join(self.activations)}")
        if not all(-1e6 <= weight <= 1e6 for weight in self.weights):
            raise ValueError(f"weights: expected numbers in [-1e6, 1e6], got {reprlib.repr(self.weights)}")
        if self.racing >= self.trials:
            raise ValueError(f"racing: expected fewer than the {self.trials} trials, got {self.racing}")
        if sum(self.mutation_probabilities) <= 0:
            raise ValueError("one of change_activation, add_node, add_connection, enable_connection must be above 0")
        if self.migration not in MIGRATIONS:
            raise ValueError(f"migration: unknown {self.migration!r}: {suggestion(self.migration, MIGRATIONS)}")
        if self.islands > 1 and not self.elites:
            raise ValueError("islands: expected an elite to migrate: raise elite_fraction or population")

    @property
    def elites(self) -> int:
        """Individuals of a generation that are copied unchanged."""
        return int(self.elite_fraction * (self.population - int(self.cull_fraction * self.population)))

    @property
    def mutation_probabilities(self) -> tuple[float, float, float, float]:
        """Shares of the four mutations, in the order of ``wann.mutation.OPERATORS``."""
        return self.change_activation, self.add_node, self.add_connection, self.enable_connection

    def to_toml(self) -> bytes:
        """All settings, defaults included, as a file that ``--config`` takes."""
        return tomli_w.dumps(msgspec.to_builtins(self)).encode()


_DEFAULTS = Settings(task="")
NAMES_OF_SETTINGS: tuple[str, ...] = tuple(field.name for field in msgspec.structs.fields(Settings))


def describe(name: str) -> str:
    """What a setting means, and its general default, in one line."""
    source = inspect.getsource(Settings)
    text = source.partition(f"\n    {name}: ")[2].partition('"""')[2].partition('"""')[0]
    default = getattr(_DEFAULTS, name)
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{text}  [default: {shown}]"


def holds_many(name: str) -> bool:
    """Whether a setting is a list."""
    return isinstance(getattr(_DEFAULTS, name), tuple)


def decode_text(name: str, text: str) -> Any:
    """The value of a setting as the command line gives it: a number, or several things between commas.

    Raises:
        UserError: It is not of the setting's type.
    """
    default, many = getattr(_DEFAULTS, name), holds_many(name)
    kind: Any = type(default[0] if many else default)
    try:
        values = [msgspec.convert(part.strip(), kind, strict=False) for part in (text.split(",") if many else [text])]
    except msgspec.ValidationError:
        expected = {int: "a whole number", float: "a number", str: "a name"}[kind]
        raise UserError(f"{name}: expected {expected}{' or several, between commas' * many}, got {text!r}") from None
    return values if many else values[0]


def make_settings(given: Mapping[str, Any], source: str = "") -> Settings:
    """Settings from a mapping, strictly checked.

    Args:
        given: Values by name; the names that are missing take their defaults.
        source: The file that they come from, for messages.

    Raises:
        UserError: A name is unknown, or a value has the wrong type or range.
    """
    prefix = f"{source}: " if source else ""
    for name in given:
        if name not in NAMES_OF_SETTINGS:
            raise UserError(f"{prefix}there is no setting {name!r}: {suggestion(name, NAMES_OF_SETTINGS)}")
    try:
        return msgspec.convert(dict(given), Settings)
    except msgspec.ValidationError as error:
        raise UserError(f"{prefix}{_explain(str(error), given)}") from None


def _explain(message: str, given: Mapping[str, Any]) -> str:
    """Msgspec's message, with the setting's name in front and what came behind."""
    text, _, place = message.partition(" - at `$.")
    name = place.rstrip("`").partition("[")[0]
    if name not in given:
        return text
    expected = text.partition(", got ")[0].replace("`", "")
    return f"{name}: {expected[0].lower()}{expected[1:]}, got {reprlib.repr(given[name])}"


PRESETS = ("default", "paper")


def task_settings(task: Task, given: Mapping[str, Any], source: str = "", preset: str = "default") -> Settings:
    """The settings of a search on ``task``: those of the preset, changed by what is ``given``.

    Raises:
        UserError: A name is unknown, or a value has the wrong type or range.
    """
    if preset not in PRESETS:
        raise UserError(f"there is no preset {preset!r}: {suggestion(preset, PRESETS)}")
    start = task.paper if preset == "paper" else {**task.paper, **task.preset}
    settings = make_settings({**start, **given, "task": task.name}, source)
    return msgspec.structs.replace(settings, verify_trials=task.episodes(settings.verify_trials))


def read_config(path: Path) -> dict[str, Any]:
    """The values of a TOML file with settings.

    Raises:
        UserError: The file cannot be read or is not TOML.
    """
    data = read_bytes(path, "settings file", LARGEST)
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # a whole number of 5,000 digits is a plain ValueError
        raise UserError(f"{path}: not a TOML file: {error}") from None


def first_difference(old: Settings, new: Settings) -> str | None:
    """The name of the first setting, but for ``generations``, in which two differ."""
    for name in NAMES_OF_SETTINGS:
        if name != "generations" and getattr(old, name) != getattr(new, name):
            return name
    return None
