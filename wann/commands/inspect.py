"""The commands ``bench`` and ``tasks``."""

from __future__ import annotations

from pathlib import Path

import click

from wann.commands.options import JSON, print_json


@click.command()
@click.argument("task", default="swingup")
@click.option("--network", type=click.Path(path_type=Path), help="Network file or run folder.  [default: a fixed one]")
@JSON
def bench(task: str, network: Path | None, as_json: bool) -> None:
    """Measure what a step of TASK and a step of evolution cost here."""
    import msgspec

    from wann import api

    result = api.bench(task, network=network)
    if as_json:
        print_json(result)
        return
    for name, value in msgspec.structs.asdict(result).items():
        print(f"{name:<34}{f'{value:,.1f}' if isinstance(value, float) else value}")


@click.command()
@JSON
def tasks(as_json: bool) -> None:
    """List the installed tasks."""
    from wann import api

    found = api.tasks()
    if as_json:
        names = ("name", "inputs", "outputs", "reward_range", "paper", "preset")
        print_json([{name: getattr(task, name) for name in names} for task in found])
        return
    for task in found:
        inputs, outputs = ", ".join(task.inputs), ", ".join(task.outputs)
        low, high = task.reward_range
        print(f"{task.name}: in {inputs}; out {outputs}; return {low:g} to {high:g}")
        for preset, settings in (("paper", task.paper), ("default", {**task.paper, **task.preset})):
            print(f"  --preset {preset}: {', '.join(f'{name}={value}' for name, value in settings.items())}")
