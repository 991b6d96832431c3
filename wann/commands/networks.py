"""The commands ``test`` and ``tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wann.commands.options import CONNECTIONS, JSON, RUNNING, WORKERS, numbers, print_json, say
from wann.text import number


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@CONNECTIONS
@click.option("--episodes", type=int, help="Episodes for each weight.  [default: 100; data sets: 1, all samples]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the trials and random weights.")
@click.option("--weights", metavar="A,B,...", help="Shared weights to test.  [default: those of the search]")
@click.option("--draws", type=int, default=100, show_default=True, help="Random weights to test.")
@click.option("--task", help="What to play.  [default: the network's own task]")
@click.option("--format", metavar="text|md|csv", default="text", show_default=True, help="How to print the table.")
@WORKERS
@JSON
def test(path: Path, weights: str | None, format: str, as_json: bool, **options: Any) -> None:
    """Score the network in PATH, a network file or a run folder, on fresh trials: the paper's four regimes."""
    from wann.api import networks
    from wann.settings import decode_text
    from wann.text import check_format

    check_format(format)
    chosen = None if weights is None else decode_text("weights", weights)
    report = networks.test(path, weights=chosen, **options)
    if as_json:
        print_json(report)
    else:
        print(report.table(format), end="")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@CONNECTIONS
@click.option(
    "--mode", metavar="individual|gradient|shared", default="individual", show_default=True, help="Weights to find."
)
@click.option("--generations", type=int, default=2000, show_default=True, help="Of CMA-ES, or batches.")
@click.option("--population", type=int, default=64, show_default=True, help="Candidates a generation.")
@click.option("--trials", type=int, default=16, show_default=True, help="Episodes of each candidate on each horizon.")
@click.option("--sigma", type=float, default=0.1, show_default=True, help="First standard deviation around the start.")
@click.option("--rate", type=float, default=0.01, show_default=True, help="Learning rate at first, for gradients.")
@click.option("--horizons", metavar="A,B,...", help="Shares of an episode to rank on.  [default: the task's]")
@click.option("--seed", type=int, default=0, show_default=True, help="All chance of the tuning comes from it.")
@click.option("--task", help="What to play.  [default: the network's own task]")
@click.option("--out", type=click.Path(path_type=Path), help="Network file.  [default: tuned.json beside the network]")
@RUNNING
def tune(path: Path, horizons: str | None, out: Path | None, quiet: bool, as_json: bool, **options: Any) -> None:
    """Find weights for the network in PATH, a network file or a run folder: a shared one, then one a connection."""
    from wann.api import networks
    from wann.tuning import Lines

    target, shares = networks.tuned_path(path, out), None if horizons is None else numbers("horizons", horizons, float)
    try:
        tuned = networks.tune(path, horizons=shares, out=target, watch=None if quiet else Lines(), **options)
    except KeyboardInterrupt:
        say(quiet, "interrupted and saved; the same command goes on")
        raise
    found = tuned.provenance["tuning"]
    before, after = (number(found[when]["mean"]) for when in ("start", "result"))
    best = f"best shared weight {found['shared_weight']:.3f}"
    say(quiet, f"mean return {after} on fresh trials, from {before}; {best}; see {target}")
    if as_json:
        print_json({"file": str(target), **found})
