"""The command ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wann.commands.options import RUNNING, numbers, print_json, say


@click.command()
@click.argument("task")
@click.option("--methods", metavar="A,B,...", help="Pruning methods; the random control always runs.  [default: all]")
@click.option("--densities", metavar="X,Y,...", default="0.5,0.2,0.1,0.05,0.02", show_default=True, help="To prune to.")
@click.option("--seeds", metavar="N,M,...", default="0,1,2,3,4", show_default=True, help="Of the dense networks.")
@click.option("--hidden", metavar="N,M,...", help="Hidden layers.  [default: 100,50 for a data set, 10 for control]")
@click.option("--budget", type=int, help="Epochs (default 40) or generations of CMA-ES (300) of a full training.")
@click.option(
    "--dense", type=click.Path(path_type=Path), help="A trained network to prune: .npz, .pt, .safetensors, .zip."
)
@click.option("--activation", help="Of hidden neurons.  [default: relu for a data set, tanh for control]")
@click.option(
    "--runs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Run folder or network file that evolved.  [default: a search for the price of a curve]",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: runs/compare-TASK]")
@RUNNING
def compare(
    task: str,
    methods: str | None,
    densities: str,
    seeds: str,
    hidden: str | None,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Prune dense networks on TASK by every method, and put them beside what evolved.

    TASK is a data set (digits, or an .npz file) or a control task. The same command goes on where it was interrupted.
    """
    from wann.compare.comparison import compare_task
    from wann.compare.report import PAGE, TABLE, results
    from wann.compare.watching import watching

    try:
        with watching(quiet) as watch:
            found = compare_task(
                task,
                methods=None if methods is None else [name.strip() for name in methods.split(",")],
                densities=numbers("densities", densities, float),
                seeds=numbers("seeds", seeds, int),
                hidden=None if hidden is None else numbers("hidden", hidden, int),
                watch=watch,
                **options,
            )
    except KeyboardInterrupt:
        say(quiet, "interrupted; the cells that were done are saved, and the same command goes on")
        raise
    say(quiet, f"{len(found.cells)} cells, {len(found.evolved)} evolved networks; see {found.folder / PAGE}")
    if as_json:
        print_json(results(found))
    else:
        print((found.folder / TABLE).read_text(), end="")
