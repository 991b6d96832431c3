"""The report of a network file or of a run folder, written to a file."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from wann.champion import Champion
from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.files import write_atomically, writing
from wann.pictures import Request, ancestors_of, figure
from wann.profile import Profile, play_profile
from wann.report.build import MOST_CHAMPIONS, Figure, build, topology
from wann.runs import FRONT, LINEAGE, load, read_front
from wann.task import JittedTask, Task, load_task

log = logging.getLogger("wann")

FIGURES = {
    "curves": "Learning curves",
    "growth": "Growth: the champion and its ancestors",
    "front": "Performance against connections",
    "weights": "Performance against the shared weight",
    "activations": "Activations of the champions",
}
"""The figures of a run, and their titles on the page."""


def write_report(
    path: Path | str,
    target: Path,
    *,
    connections: int | None = None,
    disabled: bool = False,
    task: Task | None = None,
    workers: int | None = None,
) -> None:
    """Write the report.

    Args:
        path: A network file, or a run folder for its champion and archive.
        target: The file to write.
        connections: The page opens with the best of the archive with at most so many, instead of the champion.
        disabled: Draw disabled connections in the figure of the topology, too.
        task: What to play; the network's own task unless given, and nothing where that is not installed. Scores are
            played only on jitted dynamics and data sets: on others that could take longer than the search did.
        workers: Threads that play; one for each core unless given.

    Raises:
        UserError: The file is wrong, the network is too large for a page, or ``target`` cannot be written.
    """
    champion, source = load(path, connections), Path(path)
    succession, order = _succession(source, champion)
    player, note = _player(champion, task)
    threads = ThreadEvaluator(player, workers) if isinstance(player, JittedTask | DataTask) else None
    try:
        shown = _alike(champion, succession)
        figures = [topology(champion, disabled), *_figures(source, threads)]
        page = build(champion, shown, figures, player, threads, note=note, order=order)
    finally:
        if threads is not None:
            threads.close()
    with writing(f"the report {target}"):
        write_atomically(target, page)


def _succession(source: Path, champion: Champion) -> tuple[list[Champion], str]:
    """The networks that the page steps through, and what their order is."""
    if (source / LINEAGE).exists():
        return ancestors_of(champion, source, MOST_CHAMPIONS)[0], "The network's ancestors, first to last"
    if (source / FRONT).exists():
        return read_front(source), "Networks of the archive, smallest first"
    return [champion], ""


def _figures(source: Path, threads: ThreadEvaluator | None) -> Iterator[Figure]:
    """How the run went, as far as its files tell."""
    from wann.figures.output import encode

    def play(champion: Champion, path: Path) -> Profile:
        if threads is None:
            raise UserError("there is nothing to play")
        return play_profile(champion, threads)

    for what, title in FIGURES.items() if source.is_dir() else ():
        try:
            drawn = figure(Request(what=what, paths=(source,)), play)
        except UserError as error:
            log.info("no figure of the %s on the page: %s", what, error)
            continue
        yield Figure(title, encode(drawn, "svg").decode())


def _alike(champion: Champion, succession: Sequence[Champion]) -> list[Champion]:
    """The networks that see and do the same as the champion: others could not play its task."""
    return [other for other in succession if (other.inputs, other.outputs) == (champion.inputs, champion.outputs)]


def _player(champion: Champion, task: Task | None) -> tuple[Task | None, str]:
    """The task to play, or else why there is none."""
    try:
        found = task or (None if champion.task is None else load_task(champion.task))
    except UserError as error:
        return None, f"No episodes and no new scores: {error}"
    if found is None:
        return None, "No episodes and no new scores: the file does not name a task."
    if (len(champion.inputs), len(champion.outputs)) != (len(found.inputs), len(found.outputs)):
        return None, f"No episodes and no new scores: the network does not fit the task {found.name!r}."
    return found, ""
