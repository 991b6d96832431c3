"""The command ``sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wann.commands.options import JSON, QUIET, RAY, print_json, say, silenced


@click.command()
@click.argument("task")
@click.option("--seeds", metavar="0..9|A,B,...", required=True, help="Of the runs.")
@click.option(
    "--set", "set", multiple=True, metavar="NAME=A,B,...", help="Values of a setting; lists apart by semicolons."
)
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with settings, as a run's config.toml.")
@click.option("--preset", metavar="default|paper", default="default", show_default=True, help="Settings to start from.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: runs/sweep-TASK]")
@click.option("--workers", type=click.IntRange(1), help="Cores of each run.  [default: all; on Ray an equal share]")
@RAY
@QUIET
@JSON
def sweep(task: str, seeds: str, set: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Search on TASK with every combination of some settings and seeds.

    The runs come one after the other, or with --ray side by side. The same command goes on where it was interrupted.
    `--set population=64,192 --set generations=500` are two configurations.
    """
    from wann.api import sweeps
    from wann.grid import parse_seeds, parse_values
    from wann.progress import SweepLines

    chosen, values = parse_seeds(seeds), parse_values(set)
    try:
        with silenced(quiet):
            watch = None if quiet else SweepLines()
            summary = sweeps.sweep(task, seeds=chosen, set=values, watch=watch, **options)
    except KeyboardInterrupt:
        say(quiet, "interrupted; the runs are saved, and the same command goes on")
        raise
    if as_json:
        print_json(summary)
    else:
        print(summary.table(), end="")
