"""The ``wann`` command: it parses, calls, prints."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wann.errors import UserError, suggestion

if TYPE_CHECKING:
    from wann.runs import Run

F = TypeVar("F", bound=Callable[..., Any])

INTERRUPTED = 130


class _Group(click.Group):
    """Commands, with the nearest valid name for one that does not exist."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            raise UserError(f"there is no command {args[0]!r}: {suggestion(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


class _SettingsCommand(click.Command):
    """A command that also takes every setting of a search as an option."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
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


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The settings among a command's options, as text to be decoded; lists at commas."""
    from wann.settings import Settings, decode_text

    names = Settings.__struct_fields__
    return {name: decode_text(name, text) for name, text in options.items() if name in names and text is not None}


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="wann", message="%(package)s %(version)s")
def wann() -> None:
    """Evolve weight agnostic neural networks."""


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return apply


_WORKERS = click.option("--workers", type=click.IntRange(1), help="Threads or Ray workers.  [default: all cores]")
_RAY = click.option("--ray", metavar="local|ADDRESS", help="Evaluate on Ray workers instead of threads.")
_CONNECTIONS = click.option(
    "--connections", type=click.IntRange(0), help="The best of a run's archive with at most so many, not the champion."
)
_QUIET = click.option("--quiet", is_flag=True, help="No progress, no messages.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_RUNNING = _options(_WORKERS, _RAY, _QUIET, _JSON)


@wann.command(cls=_SettingsCommand)
@click.argument("task")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with settings, as a run's config.toml.")
@click.option("--preset", metavar="default|paper", default="default", show_default=True, help="Settings to start from.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder.  [default: a new one under runs/]")
@_RUNNING
def search(task: str, config: Path | None, preset: str, out: Path | None, **options: Any) -> None:
    """Evolve networks for TASK, in a new run folder.

    The defaults shown are the general ones; `wann tasks` shows where a task has its own.
    """
    from wann import api

    run = api.prepare(task, config=config, preset=preset, out=out, **_given(options))
    _finish(run, options)


@wann.command(cls=_SettingsCommand)
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@_RUNNING
def resume(folder: Path, **options: Any) -> None:
    """Continue the run in the folder RUN; --generations extends it."""
    from wann import api

    _finish(api.reopen(folder, **_given(options)), options)


def _finish(run: Run, options: dict[str, Any]) -> None:
    from wann import api
    from wann.jit import compiled_before
    from wann.progress import watching

    quiet = options["quiet"]
    if quiet:
        logging.disable(logging.CRITICAL)
    _say(
        quiet,
        f"{run.settings.task}: {run.settings.generations} generations of {run.settings.population}, seed "
        f"{run.settings.seed}, in {run.folder}",
    )
    if not compiled_before():
        _say(quiet, "compiling the kernels, once on this machine: about half a minute")
    try:
        with watching(run.settings.generations, run.generation, quiet) as watch:
            api.finish(run, workers=options["workers"], ray=options["ray"], watch=watch)
    except KeyboardInterrupt:
        _say(quiet, f"interrupted after generation {run.generation}; continue with: wann resume {run.folder}")
        raise
    champion = run.champion
    scores = champion.scores
    assert scores is not None
    _say(
        quiet,
        f"champion: mean return {scores.mean:.1f} over {len(scores.weights)} weights and {scores.trials} fresh "
        f"trials each, {len(champion.genome.enabled)} connections; see {run.folder / api.TOPOLOGY}",
    )
    if options["as_json"]:
        _print_json({"run": str(run.folder), "generations": run.generation, "champion": json.loads(champion.encode())})


@wann.command()
@click.argument("path", type=click.Path(path_type=Path))
@_CONNECTIONS
@click.option("--episodes", type=int, default=100, show_default=True, help="Episodes for each weight.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the trials and random weights.")
@click.option("--weights", metavar="A,B,...", help="Shared weights to test.  [default: those of the search]")
@click.option("--draws", type=int, default=100, show_default=True, help="Random weights to test.")
@click.option("--task", help="What to play.  [default: the network's own task]")
@click.option("--format", metavar="text|md|csv", default="text", show_default=True, help="How to print the table.")
@_WORKERS
@_JSON
def test(path: Path, weights: str | None, format: str, as_json: bool, **options: Any) -> None:
    """Score the network in PATH, a network file or a run folder, on fresh trials: the paper's four regimes."""
    from wann import api
    from wann.scoring import check_format
    from wann.settings import decode_text

    check_format(format)
    chosen = None if weights is None else decode_text("weights", weights)
    report = api.test(path, weights=chosen, **options)
    if as_json:
        _print_json(report)
    else:
        print(report.table(format), end="")


@wann.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--mode", metavar="individual|shared", default="individual", show_default=True, help="Weights to find.")
@click.option("--generations", type=int, default=900, show_default=True, help="Generations of CMA-ES.")
@click.option("--population", type=int, default=64, show_default=True, help="Candidates a generation.")
@click.option("--trials", type=int, default=32, show_default=True, help="Episodes of each candidate at first.")
@click.option("--sigma", type=float, default=0.1, show_default=True, help="First standard deviation around the start.")
@click.option("--horizons", metavar="A,B,...", help="Shares of an episode to tune on in turn.  [default: 0.15,0.3,1]")
@click.option("--seed", type=int, default=0, show_default=True, help="All chance of the tuning comes from it.")
@click.option("--task", help="What to play.  [default: the network's own task]")
@click.option("--out", type=click.Path(path_type=Path), help="Network file.  [default: tuned.json beside the network]")
@_RUNNING
def tune(path: Path, horizons: str | None, out: Path | None, quiet: bool, as_json: bool, **options: Any) -> None:
    """Find weights for the network in PATH, a network file or a run folder: a shared one, then one a connection."""
    from wann import api
    from wann.tuning import Lines

    target, shares = api.tuned_path(path, out), None if horizons is None else _numbers("horizons", horizons)
    try:
        tuned = api.tune(path, horizons=shares, out=target, watch=None if quiet else Lines(), **options)
    except KeyboardInterrupt:
        _say(quiet, "interrupted and saved; the same command goes on")
        raise
    found = tuned.provenance["tuning"]
    _say(
        quiet,
        f"mean return {found['result']['mean']:.1f} on fresh trials, from {found['start']['mean']:.1f}; best shared "
        f"weight {found['shared_weight']:.3f}; see {target}",
    )
    if as_json:
        _print_json({"file": str(target), **found})


@wann.command()
@click.argument("path", type=click.Path(path_type=Path))
@_CONNECTIONS
@click.option("--out", type=click.Path(path_type=Path), help="The figure: .svg, .png or .pdf.  [default: topology.svg]")
@click.option("--disabled", is_flag=True, help="Draw disabled connections too.")
def show(path: Path, **options: Any) -> None:
    """Draw the network in PATH, a network file or a run folder."""
    from wann import api

    print(api.show(path, **options))


@wann.command()
@click.argument("task", default="swingup")
@click.option("--network", type=click.Path(path_type=Path), help="Network file or run folder.  [default: a fixed one]")
@_JSON
def bench(task: str, network: Path | None, as_json: bool) -> None:
    """Measure what a step of TASK and a step of evolution cost here."""
    import msgspec

    from wann import api

    result = api.bench(task, network=network)
    if as_json:
        _print_json(result)
        return
    for name, value in msgspec.structs.asdict(result).items():
        print(f"{name:<34}{f'{value:,.1f}' if isinstance(value, float) else value}")


@wann.command(name="import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--task", help="Installed task whose labels name the inputs and outputs.")
@click.option("--inputs", metavar="A,B,...|N", help="Labels of the inputs, or how many.  [default: the task's]")
@click.option("--outputs", metavar="A,B,...|N", help="Labels of the outputs, or how many.  [default: the task's]")
@click.option("--weights", type=click.Path(path_type=Path), help="Tuned weights, a .wann.json file.")
@click.option("--weight-bias", type=float, metavar="X", help="Added to each.  [default: the release's for the task]")
@click.option("--keep-weights", is_flag=True, help="Keep the weights in FILE instead of sharing one.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Network file to write.")
@_JSON
def import_(path: Path, inputs: str | None, outputs: str | None, as_json: bool, **options: Any) -> None:
    """Read FILE, a network of the 2019 release (.out), into a network file."""
    from wann import exchange

    champion = exchange.import_network(path, inputs=_labels(inputs), outputs=_labels(outputs), **options)
    for line in champion.provenance["unknown"]:
        print(f"wann: not in the file: {line}", file=sys.stderr)
    if as_json:
        _print_json({"file": str(options["out"]), **champion.provenance})
    else:
        print(options["out"])


def _labels(text: str | None) -> list[str] | int | None:
    """Labels at commas, or a number of them."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() else [label.strip() for label in text.split(",")]


@wann.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORM", help="onnx, c, python, torch, networkx or release.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write; its suffix suits FORM.")
@click.option("--dtype", metavar="float32|float64", help="Precision.  [default: float32; python: float64]")
@click.option("--weight", type=float, metavar="X", help="Default of the shared weight.  [default: the best one known]")
@_JSON
def export(path: Path, to: str, as_json: bool, **options: Any) -> None:
    """Write the network in PATH, a network file or a run folder, in another FORM.

    networkx writes GraphML or DOT, as the suffix says; release is the format of 2019.
    """
    from wann import exchange

    result = exchange.export_network(path, to, **options)
    if as_json:
        _print_json(result)
        return
    for file in result.files:
        print(file)
    for name, value in result.details.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        print(f"{name.replace('_', ' '):<20}{shown}")


@wann.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Network file to write.")
@click.option("--merge-linear", is_flag=True, help="Join connections past linear nodes; needs individual weights.")
@_JSON
def simplify(path: Path, out: Path, merge_linear: bool, as_json: bool) -> None:
    """Remove what cannot matter from the network in PATH, a network file or a run folder."""
    import msgspec

    from wann.simplify import simplify_network

    result = simplify_network(path, out=out, merge_linear=merge_linear)
    if as_json:
        _print_json(result)
        return
    for name, value in msgspec.structs.asdict(result).items():
        change = f"{value[0]} -> {value[1]}" if name in ("nodes", "connections") else None
        listed = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        print(f"{name.replace('_', ' '):<20}{change or listed or 'none'}")


@wann.command()
@_JSON
def tasks(as_json: bool) -> None:
    """List the installed tasks."""
    from wann import api

    found = api.tasks()
    if as_json:
        names = ("name", "inputs", "outputs", "reward_range", "paper", "preset")
        _print_json([{name: getattr(task, name) for name in names} for task in found])
        return
    for task in found:
        inputs, outputs = ", ".join(task.inputs), ", ".join(task.outputs)
        low, high = task.reward_range
        print(f"{task.name}: in {inputs}; out {outputs}; return {low:g} to {high:g}")
        for preset, settings in (("paper", task.paper), ("default", {**task.paper, **task.preset})):
            print(f"  --preset {preset}: {', '.join(f'{name}={value}' for name, value in settings.items())}")


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"{name}: expected numbers between commas, got {text!r}") from None


def _say(quiet: bool, message: str) -> None:
    if not quiet:
        print(message, file=sys.stderr, flush=True)


def _print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 failed, 2 wrong request or file, 130 interrupted."""
    logging.basicConfig(format="wann: %(message)s", level=logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a label need not fit the terminal's encoding
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
