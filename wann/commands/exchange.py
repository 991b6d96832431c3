"""The commands ``import``, ``export`` and ``simplify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wann.commands.options import JSON, WORKERS, print_json
from wann.text import number

if TYPE_CHECKING:
    from wann.thinning import Thinning


@click.command(name="import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--task", help="Installed task whose labels name the inputs and outputs.")
@click.option("--inputs", metavar="A,B,...|N", help="Labels of the inputs, or how many.  [default: the task's]")
@click.option("--outputs", metavar="A,B,...|N", help="Labels of the outputs, or how many.  [default: the task's]")
@click.option("--weights", type=click.Path(path_type=Path), help="Tuned weights, a .wann.json file.")
@click.option("--weight-bias", type=float, metavar="X", help="Added to each.  [default: the release's for the task]")
@click.option("--keep-weights", is_flag=True, help="Keep the weights in FILE instead of sharing one.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Network file to write.")
@JSON
def import_(path: Path, inputs: str | None, outputs: str | None, as_json: bool, **options: Any) -> None:
    """Read FILE, a network of the 2019 release (.out), into a network file."""
    from wann import exchange

    champion = exchange.import_network(path, inputs=_labels(inputs), outputs=_labels(outputs), **options)
    for line in champion.provenance["unknown"]:
        print(f"wann: not in the file: {line}", file=sys.stderr)
    if as_json:
        print_json({"file": str(options["out"]), **champion.provenance})
    else:
        print(options["out"])


def _labels(text: str | None) -> list[str] | int | None:
    """Labels at commas, or a number of them."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() else [label.strip() for label in text.split(",")]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORM", help="onnx, c, python, torch, networkx or release.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write; its suffix suits FORM.")
@click.option("--dtype", metavar="float32|float64", help="Precision.  [default: float32; python: float64]")
@click.option("--weight", type=float, metavar="X", help="Default of the shared weight.  [default: the best one known]")
@JSON
def export(path: Path, to: str, as_json: bool, **options: Any) -> None:
    """Write the network in PATH, a network file or a run folder, in another FORM.

    networkx writes GraphML or DOT, as the suffix says; release is the format of 2019.
    """
    from wann import exchange

    result = exchange.export_network(path, to, **options)
    if as_json:
        print_json(result)
        return
    for file in result.files:
        print(file)
    for name, value in result.details.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        print(f"{name.replace('_', ' '):<20}{shown}")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Network file to write.")
@click.option("--merge-linear", is_flag=True, help="Join connections past linear nodes; needs individual weights.")
@click.option("--loss", type=float, help="Remove connections, too, that cost no more than so much of the mean return.")
@click.option("--episodes", type=int, default=100, show_default=True, help="For each weight, to measure the loss.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of these episodes.")
@click.option("--task", help="What to play then.  [default: the network's own task]")
@WORKERS
@JSON
def simplify(path: Path, out: Path, merge_linear: bool, loss: float | None, as_json: bool, **options: Any) -> None:
    """Remove what cannot matter from the network in PATH, a network file or a run folder."""
    import msgspec

    from wann.api.networks import thin
    from wann.simplify import simplify_network

    if loss is not None:
        _thin(thin(path, out=out, loss=loss, **options), as_json)
        return
    result = simplify_network(path, out=out, merge_linear=merge_linear)
    if as_json:
        print_json(result)
        return
    for name, value in msgspec.structs.asdict(result).items():
        change = f"{value[0]} -> {value[1]}" if name in ("nodes", "connections") else None
        listed = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        print(f"{name.replace('_', ' '):<20}{change or listed or 'none'}")


def _thin(result: Thinning, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    print(f"{'connections':<20}{result.connections[0]} -> {result.connections[1]}")
    for name, (before, after) in (("mean return", result.verified), ("on fresh episodes", result.fresh)):
        print(f"{name:<20}{number(before)} -> {number(after)}")
