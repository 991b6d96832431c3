"""The commands ``show`` and ``play``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wann.commands.options import CONNECTIONS, numbers

_WHAT = "topology|growth|curves|front|weights|activations"


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--what", metavar=_WHAT, default="topology", show_default=True, help="The figure.")
@CONNECTIONS
@click.option("--out", type=click.Path(path_type=Path), help=".svg, .png, .pdf; .gif for growth.  [default: WHAT.svg]")
@click.option("--disabled", is_flag=True, help="Draw disabled connections of a topology too.")
@click.option("--generations", metavar="A,B,...", help="Those whose ancestors growth shows.  [default: evenly spread]")
@click.option("--episodes", type=int, help="Episodes for each weight of weights.  [default: 100]")
@click.option("--task", help="What weights plays.  [default: the network's own task]")
@click.option("--html", is_flag=True, help="Write report.html instead: one page, with the network at work.")
def show(paths: tuple[Path, ...], generations: str | None, **options: Any) -> None:
    """Draw the network in PATH, a network file or a run folder, or how the run went.

    Several runs come into one figure of curves, front, weights or activations: their median and quartiles.
    """
    from wann.api import pictures

    chosen = None if generations is None else numbers("generations", generations, int)
    print(pictures.show(*paths, generations=chosen, **options))


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--weights", metavar="A,B,...", help="Shared weights, side by side.  [default: its own, or the best known]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the start.")
@click.option("--network", is_flag=True, help="Show the network too, with its signals.")
@CONNECTIONS
@click.option("--task", help="What to play.  [default: the network's own task]")
@click.option("--out", type=click.Path(path_type=Path), help="The film: .gif or .mp4.  [default: play in a window]")
def play(path: Path, weights: str | None, **options: Any) -> None:
    """Show the network in PATH, a network file or a run folder, at play: as a film, or in a window."""
    from wann.api import pictures
    from wann.settings import decode_text

    chosen = None if weights is None else decode_text("weights", weights)
    if (target := pictures.play(path, weights=chosen, **options)) is not None:
        print(target)
