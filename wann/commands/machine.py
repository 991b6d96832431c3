"""The commands ``bench`` and ``tasks``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wann.commands.options import JSON, print_json
from wann.text import shortened

if TYPE_CHECKING:
    from wann.task import Task

COLUMNS = ("name", "inputs", "outputs", "reward_range", "needs", "paper", "paper_scores", "preset")


@click.command()
@click.argument("task", default="swingup")
@click.option("--network", type=click.Path(path_type=Path), help="Network file or run folder.  [default: a fixed one]")
@JSON
def bench(task: str, network: Path | None, as_json: bool) -> None:
    """Measure what a step of TASK and a step of evolution cost here."""
    import msgspec

    from wann.api.machine import bench as measure

    result = measure(task, network=network)
    if as_json:
        print_json(result)
        return
    for name, value in msgspec.structs.asdict(result).items():
        print(f"{name:<34}{f'{value:,.1f}' if isinstance(value, float) else value}")


@click.command()
@JSON
def tasks(as_json: bool) -> None:
    """List the installed tasks."""
    from wann.api.tasks import tasks as installed

    found = installed()
    if as_json:
        print_json([{name: getattr(task, name, None) for name in COLUMNS} for task in found])
        return
    for task in found:
        print("\n".join(_lines(task)))


def _lines(task: type[Task]) -> Iterator[str]:
    """What people want to know of a task."""
    if not hasattr(task, "inputs"):
        summary = (inspect.getdoc(task) or "").partition("\n")[0].replace("`", "")
        yield f"{task.name}:...\n    {summary}"
        return
    low, high = task.reward_range
    yield f"{task.name}"
    yield f"    in {len(task.inputs)}: {shortened(task.inputs)}; out {len(task.outputs)}: {shortened(task.outputs)}"
    yield f"    return {low:g} to {high:g}" + (f"; needs pip install 'wann[{task.needs}]'" if task.needs else "")
    if task.paper_scores:
        yield "    paper: " + ", ".join(f"{regime} {score:g}" for regime, score in task.paper_scores.items())
    for preset, settings in (("paper", task.paper), ("default", {**task.paper, **task.preset})):
        if settings:
            yield f"    --preset {preset}: {', '.join(f'{name}={value}' for name, value in settings.items())}"
