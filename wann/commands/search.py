"""The commands ``search``, ``resume`` and ``watch``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wann.commands.options import RUNNING, SettingsCommand, given_settings, print_json, say, silenced
from wann.text import number

if TYPE_CHECKING:
    from wann.runs import Run

TENSORBOARD = click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard into the run folder.")


@click.command(cls=SettingsCommand)
@click.argument("task")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with settings, as a run's config.toml.")
@click.option("--preset", metavar="default|paper", default="default", show_default=True, help="Settings to start from.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder.  [default: a new one under runs/]")
@TENSORBOARD
@RUNNING
def search(task: str, config: Path | None, preset: str, out: Path | None, tensorboard: bool, **options: Any) -> None:
    """Evolve networks for TASK, in a new run folder.

    The defaults shown are the general ones; `wann tasks` shows where a task has its own.
    """
    from wann.api import searches

    settings = given_settings(options)
    run = searches.prepare(task, config=config, preset=preset, out=out, tensorboard=tensorboard, **settings)
    _finish(run, tensorboard, options)


@click.command(cls=SettingsCommand)
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@TENSORBOARD
@RUNNING
def resume(folder: Path, tensorboard: bool, **options: Any) -> None:
    """Continue the run in the folder RUN; --generations extends it."""
    from wann.api import searches

    _finish(searches.reopen(folder, tensorboard=tensorboard, **given_settings(options)), tensorboard, options)


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Show the present state, and end.")
def watch(run: Path, once: bool) -> None:
    """Show the run in the folder RUN as it goes on, from any terminal; ends with the run, or with Ctrl-C."""
    from wann.api import searches

    searches.watch(run, once=once)


def _finish(run: Run, tensorboard: bool, options: dict[str, Any]) -> None:
    from wann.api import searches
    from wann.api.pictures import REPORT
    from wann.jit import compiled_before
    from wann.progress import watching

    quiet, s = options["quiet"], run.settings
    size = str(s.population) if s.islands == 1 else f"{s.islands} x {s.population}"
    say(quiet, f"{s.task}: {s.generations} generations of {size}, seed {s.seed}, in {run.folder}")
    if not compiled_before():
        say(quiet, "compiling the kernels, once on this machine: about half a minute")
    try:
        with silenced(quiet), watching(s.generations, run.generation, quiet) as watch:
            searches.finish(run, workers=options["workers"], ray=options["ray"], tensorboard=tensorboard, watch=watch)
    except KeyboardInterrupt:
        say(quiet, f"interrupted after generation {run.generation}; continue with: wann resume {run.folder}")
        raise
    champion = run.champion
    scores = champion.scores
    assert scores is not None
    say(
        quiet,
        f"champion: mean return {number(scores.mean)} over {len(scores.weights)} weights and {scores.trials} fresh "
        f"trials each, {len(champion.genome.enabled)} connections; see {run.folder / REPORT}",
    )
    if options["as_json"]:
        print_json({"run": str(run.folder), "generations": run.generation, "champion": json.loads(champion.encode())})
