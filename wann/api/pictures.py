"""Figures, films and the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wann.api.tasks import evaluator, task_for
from wann.champion import Champion
from wann.errors import UserError
from wann.runs import beside, load
from wann.task import Task

REPORT = "report.html"


def show(
    *paths: Path | str,
    what: str = "topology",
    connections: int | None = None,
    out: Path | str | None = None,
    disabled: bool = False,
    generations: Sequence[int] | None = None,
    episodes: int | None = None,
    task: str | Task | None = None,
    html: bool = False,
) -> Path:
    """Draw a network, how it grew, how a run went, or how several runs went together.

    Args:
        *paths: A network file, or a run folder for its champion; ``curves``, ``front``, ``weights`` and
            ``activations`` put several runs together: their median and quartiles.
        what: "topology": the network. "growth": its ancestors side by side, or one after the other in a GIF.
            "curves": returns and sizes over the run. "front": performance against connections, and how that moved.
            "weights": performance against the shared weight. "activations": those of the champions over the run.
        connections: The best of the run's archive with at most so many, instead of the champion.
        out: The figure, .svg, .png or .pdf, and .gif for growth; WHAT.svg beside the network unless given.
        disabled: Draw disabled connections of a topology too.
        generations: Those whose ancestors ``growth`` shows; some, evenly spread over the line, unless given.
        episodes: Episodes for each weight of ``weights``; 100 unless given.
        task: What ``weights`` plays; the file's own task unless given.
        html: Write the report instead, a page with the network at work; ``report.html`` unless ``out`` is given.

    Returns:
        The path of the figure or page.

    Raises:
        UserError: A file or an argument is wrong, or the figure cannot be written.
    """
    from wann import pictures
    from wann.profile import Profile, play_profile

    if html:
        return _report_of(paths, out, connections, disabled)

    def play(champion: Champion, path: Path) -> Profile:
        chosen = task_for(champion, path, task)
        with evaluator(chosen, None, None) as threads:
            return play_profile(champion, threads, episodes=episodes)

    request = pictures.Request(
        what=what,
        paths=tuple(map(Path, paths)),
        out=None if out is None else Path(out),
        connections=connections,
        disabled=disabled,
        generations=generations,
        episodes=episodes,
        task=task,
    )
    return pictures.draw(request, play)


def play(
    path: Path | str,
    *,
    weights: Sequence[float] | None = None,
    seed: int = 0,
    network: bool = False,
    connections: int | None = None,
    task: str | Task | None = None,
    out: Path | str | None = None,
) -> Path | None:
    """Show a network at play, as a film or in a window.

    Args:
        path: A network file, or a run folder for its champion.
        weights: Shared weights, an episode for each, side by side. Unless given, the network's own weights, or the
            best shared one known where it has none.
        seed: Of the start of the episodes, the same for all weights.
        network: Show the network too, with its signals.
        connections: The best of the run's archive with at most so many, instead of the champion.
        task: What to play; the file's own task unless given.
        out: The film, .gif or .mp4; a window unless given.

    Returns:
        The film's path; None for a window.

    Raises:
        UserError: The file or an argument is wrong, the film cannot be written, or there is no display.
    """
    from wann import replays

    target = None if out is None else replays.check_film(Path(out))
    champion = load(path, connections)
    chosen = task_for(champion, path, task)
    return replays.play(champion, chosen, weights, seed=seed, network=network, out=target)


def _report_of(paths: Sequence[Path | str], out: Path | str | None, connections: int | None, disabled: bool) -> Path:
    """The report of the only path, where it is asked to go."""
    from wann.report.write import write_report

    if len(paths) != 1:
        raise UserError(f"html: expected one network or run, got {len(paths)}")
    source = Path(paths[0])
    target = beside(source, REPORT) if out is None else Path(out)
    write_report(source, target, connections=connections, disabled=disabled)
    return target
