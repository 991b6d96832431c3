"""The report of a network: from its file, or from its run folder, to the page."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wann.champion import Champion
from wann.dataset import DataTask
from wann.errors import UserError
from wann.evaluation.work import Evaluator
from wann.gymtask import GymTask
from wann.report import data, tables
from wann.report.inline import inline
from wann.report.page import render
from wann.report.recording import record
from wann.scores import Report
from wann.scoring import DEFAULT_WEIGHTS, score
from wann.task import JittedTask, Task

LARGEST = 3_000_000
"""Bytes of the page; figures that would make it larger are left out."""
MOST_CONNECTIONS, MOST_CHAMPIONS = 5_000, 40
"""Connections of all networks of a page together, and how many networks its slider has."""
EPISODES, DRAWS, PROFILE_EPISODES = 20, 50, 8
"""Of the score table and the curve at the slider: enough to read, at a fraction of what ``wann test`` takes."""


class Figure(NamedTuple):
    """A picture for the page."""

    title: str
    svg: str
    """The content of an SVG file."""


def build(
    champion: Champion,
    succession: Sequence[Champion],
    figures: Sequence[Figure],
    task: Task | None = None,
    evaluator: Evaluator | None = None,
    *,
    order: str = "Networks of the archive, smallest first",
    note: str = "",
) -> bytes:
    """The page.

    Args:
        champion: The network that it is about, and opens with.
        succession: The networks that its slider steps through.
        figures: Pictures to show below the live panel.
        task: Its episodes or samples are shown; without one there are none.
        evaluator: Scores the network on ``task``; without one the page shows the scores of the file.
        order: What the networks of ``succession`` are and how they are ordered, in a few words.
        note: Something that the reader must know.

    Raises:
        UserError: The network is too large for a page, or the task's JavaScript is wrong.
    """
    if (count := len(champion.genome.enabled)) > MOST_CONNECTIONS:
        raise UserError(
            f"the network has {count:,} connections, a report shows {MOST_CONNECTIONS:,} at most: draw it as a figure"
        )
    shown = _thinned(champion, succession)
    live = {
        "champions": data.of_champions(shown),
        "first": shown.index(champion),
        "order": order,
        "colours": data.colours(),
        "reach": data.REACH,
        "marks": _weights(champion),
        "profile": None if task is None or evaluator is None else _profiles(shown, task, evaluator),
        **_played(champion, shown, task),
    }
    script = _script(task) if isinstance(task, JittedTask) else ""
    report = None if task is None or evaluator is None else _scored(champion, task, evaluator)
    parts = {
        "title": tables.heading(champion),
        "lead": tables.lead(champion),
        "note": f"<p class='note'>{escape(note)}</p>" if note else "",
        "scores": tables.scores(champion, report),
        "settings": tables.settings(champion),
        "versions": tables.versions(champion),
        "figures": "",
    }
    room = LARGEST - len(render(parts, live, script))
    return render({**parts, "figures": gallery(figures, room)}, live, script)


def topology(champion: Champion, disabled: bool = False) -> Figure:
    """The figure of the network that ``wann show`` draws."""
    from wann.figures.output import encode
    from wann.figures.topology import draw

    drawn = draw(champion.genome, champion.inputs, champion.outputs, disabled=disabled)
    return Figure("Topology", encode(drawn, "svg").decode())


def _played(champion: Champion, shown: Sequence[Champion], task: Task | None) -> dict[str, Any]:
    """What episodes on the page need: starts for dynamics in JavaScript, samples of a data set, or recordings."""
    if isinstance(task, JittedTask) and _script(task):
        return {"task": {**data.of_task(task), "starts": data.starts(task)}}
    if isinstance(task, DataTask):
        return {"task": data.of_samples(task)}
    if not isinstance(task, JittedTask | GymTask):
        return {"task": None}
    only = champion if isinstance(task, GymTask) else None
    return {"task": data.of_task(task), "recordings": record(shown, only, task, _weights(champion))}


def _thinned(champion: Champion, succession: Sequence[Champion]) -> list[Champion]:
    """The networks of the slider: the one that the page is about, and of the others no more than it can hold."""
    others = list(succession) if champion in succession else [*succession, champion]
    largest = max(1, *(len(other.genome.enabled) for other in others))
    room = min(MOST_CHAMPIONS, MOST_CONNECTIONS // largest)
    places = {round(place) for place in np.linspace(0, len(others) - 1, min(room, len(others)))}
    return [others[place] for place in sorted(places | {others.index(champion)})]


def _weights(champion: Champion) -> list[float]:
    """The shared weights of the search."""
    return list((champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS)


def _profiles(shown: Sequence[Champion], task: Task, evaluator: Evaluator) -> dict[str, Any]:
    return data.profiles(shown, evaluator, task.episodes(PROFILE_EPISODES))


def _scored(champion: Champion, task: Task, evaluator: Evaluator) -> Report:
    return score(champion, task, evaluator, episodes=task.episodes(EPISODES), draws=DRAWS)


def _script(task: JittedTask) -> str:
    """The task's dynamics in JavaScript, if it has them.

    Raises:
        UserError: The file that the task names cannot be read, or cannot stand in a page.
    """
    name = vars(type(task)).get("javascript")  # not inherited: a derived task may have other dynamics
    if name is None:
        return ""
    path = Path(inspect.getfile(type(task))).with_name(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"task {task.name!r}: its JavaScript {path} cannot be read: {error}") from None
    if "</script" in text.lower() or "<!--" in text:
        raise UserError(f"task {task.name!r}: {path} must not contain '</script' or '<!--'")
    return text


def gallery(figures: Sequence[Figure], room: int) -> str:
    """The figures, as far as there is room for them."""
    parts, omitted = [], []
    for number, figure in enumerate(figures):
        picture = inline(figure.svg, f"f{number}-", figure.title)
        frame = tables.scrolling(figure.title, picture)
        part = f"<figure>{frame}<figcaption>{escape(figure.title)}</figcaption></figure>"
        if (size := len(part.encode())) > room:
            omitted.append(figure.title)
            continue
        parts.append(part)
        room -= size
    if omitted:
        note = f"Too large for this page: {', '.join(omitted)}. wann show writes figures to files of their own."
        parts.append(f"<p>{escape(note)}</p>")
    return "".join(parts)
