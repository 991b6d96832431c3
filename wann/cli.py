"""The ``wann`` command."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Sequence
from typing import Any

import click

from wann.commands import compare, exchange, machine, networks, pictures, search, sweep
from wann.errors import TaskError, UserError, suggestion

INTERRUPTED = 130


class _Group(click.Group):
    """Commands, with the nearest valid name for one that does not exist."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            raise UserError(f"there is no command {args[0]!r}: {suggestion(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="wann", message="%(package)s %(version)s")
def wann() -> None:
    """Evolve weight agnostic neural networks."""


for _command in (
    search.search,
    search.resume,
    search.watch,
    sweep.sweep,
    pictures.show,
    pictures.play,
    networks.test,
    networks.tune,
    compare.compare,
    exchange.import_,
    exchange.export,
    exchange.simplify,
    machine.tasks,
    machine.bench,
):
    wann.add_command(_command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong request or file, 130 interrupted."""
    logging.basicConfig(format="wann: %(message)s", level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a label need not fit the terminal's encoding
    if "" not in sys.path:
        sys.path.append("")  # environments and wrappers of the user's own, as with `python -m`; installed ones go first
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        wann.main(args=args, prog_name="wann", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
    except click.NoSuchOption as error:
        return _fail(2, f"there is no option {error.option_name!r}: {suggestion(error.option_name, _flags(error))}")
    except click.ClickException as error:
        return _fail(2, error.format_message())
    except UserError as error:
        return _fail(2, str(error))
    except TaskError as error:
        return _fail(1, str(error))
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except MemoryError as error:
        return _fail(1, f"out of memory: {error or 'try fewer individuals, trials or episodes'}")
    except OSError as error:
        _close_output()
        return _fail(1, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return 0


def _flags(error: click.NoSuchOption) -> list[str]:
    """The options that there are where an unknown one was given."""
    if (context := error.ctx) is None:
        return []
    return [flag for part in context.command.get_params(context) for flag in part.opts if "--" in flag]


def _close_output() -> None:
    """Drop what standard output did not take (a full disk, a closed pipe): Python would try, and complain, again."""
    try:
        sys.stdout.flush()
    except (AttributeError, OSError):
        sys.stdout = io.StringIO()


def _fail(code: int, message: str) -> int:
    print(f"wann: {' '.join(message.split())}", file=sys.stderr)
    return code
