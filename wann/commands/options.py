"""Options that several commands share, and how commands print."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from wann.errors import UserError

F = TypeVar("F", bound=Callable[..., Any])
N = TypeVar("N", int, float)


class SettingsCommand(click.Command):
    """A command that also takes every setting of a search as an option."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters, and the settings before the last, which is the help."""
        own = super().get_params(ctx)
        return [*own[:-1], *_settings_options({name for p in own for name in p.opts}), own[-1]]


def _settings_options(taken: set[str]) -> list[click.Parameter]:
    import msgspec

    from wann.settings import Settings, describe

    options: list[click.Parameter] = []
    for field in msgspec.structs.fields(Settings):
        flag = f"--{field.name.replace('_', '-')}"
        if field.name != "task" and flag not in taken:
            options.append(click.Option([flag], metavar=_metavar(field.default), help=describe(field.name)))
    return options


def _metavar(default: object) -> str:
    if isinstance(default, tuple):
        return "A,B,..."
    return "N" if isinstance(default, int) else "X"


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    """The settings among a command's options, as text to be decoded; lists at commas."""
    from wann.settings import Settings, decode_text

    names = Settings.__struct_fields__
    return {name: decode_text(name, text) for name, text in options.items() if name in names and text is not None}


def options(*chosen: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator."""

    def apply(function: F) -> F:
        for option in reversed(chosen):
            function = option(function)
        return function

    return apply


WORKERS = click.option("--workers", type=click.IntRange(1), help="Threads or Ray workers.  [default: all cores]")
RAY = click.option("--ray", metavar="local|ADDRESS", help="Evaluate on Ray workers instead of threads.")
CONNECTIONS = click.option(
    "--connections", type=click.IntRange(0), help="The best of a run's archive with at most so many, not the champion."
)
QUIET = click.option("--quiet", is_flag=True, help="No progress, no messages.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
RUNNING = options(WORKERS, RAY, QUIET, JSON)


def numbers(name: str, text: str, kind: type[N]) -> list[N]:
    """The numbers in an option, between commas.

    Raises:
        UserError: They are none, or not of that kind.
    """
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        expected = "whole numbers" if kind is int else "numbers"
        raise UserError(f"{name}: expected {expected} between commas, got {text!r}") from None


@contextmanager
def silenced(quiet: bool) -> Iterator[None]:
    """Without warnings, where it is to be quiet."""
    before = logging.root.manager.disable
    if quiet:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def say(quiet: bool, message: str) -> None:
    """A message on standard error."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """A result on standard output."""
    import msgspec

    print(msgspec.json.encode(value).decode())
