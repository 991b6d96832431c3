"""Which figure of which runs: what a request may ask for, what is read for it, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from wann.champion import Champion
from wann.errors import UserError, suggestion
from wann.files import write_atomically, writing
from wann.genome import Genome
from wann.lineage import Individual, ancestors
from wann.profile import Profile
from wann.records import generation_of, read_champions, read_entries, read_history, read_line
from wann.runs import CHAMPIONS, FRONT, beside, load, read_front, read_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from wann.figures.front import Found

OPTIONS: dict[str, tuple[str, ...]] = {
    "topology": ("connections", "disabled"),
    "growth": ("connections", "generations"),
    "curves": (),
    "front": (),
    "weights": ("connections", "episodes", "task"),
    "activations": (),
}
"""The figures that there are, and the options that each takes."""
_OF_ONE = ("topology", "growth")
_FORMATS = ("svg", "png", "pdf")

Play = Callable[[Champion, Path], Profile]
"""Plays the network that was found at a path over shared weights."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A figure that was asked for; what was not given is None or False.

    Raises:
        UserError: There is no such figure, it takes no such option or not so many paths, or ``out`` has another suffix.
    """

    what: str
    paths: tuple[Path, ...]
    out: Path | None = None
    connections: int | None = None
    disabled: bool = False
    generations: Sequence[int] | None = None
    episodes: int | None = None
    task: object = None

    def __post_init__(self) -> None:
        if self.what not in OPTIONS:
            raise UserError(f"what: there is no figure {self.what!r}: {suggestion(self.what, OPTIONS)}")
        for name in sorted({name for names in OPTIONS.values() for name in names} - set(OPTIONS[self.what])):
            if getattr(self, name) is not None and getattr(self, name) is not False:
                users = " and ".join(what for what, names in OPTIONS.items() if name in names)
                raise UserError(f"{name}: expected only with {users}, got it with {self.what}")
        if not self.paths or (len(self.paths) > 1 and self.what in _OF_ONE):
            raise UserError(f"{self.what}: expected one network or run to draw, got {len(self.paths)}")
        if len(self.paths) > 1 and self.out is None:
            raise UserError("out: expected the name of a figure for several runs together, got none")
        kinds = (*_FORMATS, "gif") if self.what == "growth" else _FORMATS
        if self.kind not in kinds:
            raise UserError(f"{self.target} ends in {self.target.suffix!r}: {suggestion(self.kind, kinds)}")

    @property
    def target(self) -> Path:
        """The file to write."""
        return self.out or beside(self.paths[0], f"{self.what}.svg")

    @property
    def kind(self) -> str:
        """Its format."""
        return self.target.suffix.lower().removeprefix(".")


def draw(request: Request, play: Play) -> Path:
    """Draw a figure and write it.

    Returns:
        The figure's path.

    Raises:
        UserError: A file is missing or wrong, or the figure cannot be written.
    """
    from wann.figures.output import save

    with writing(f"the figure {request.target}"):
        if request.kind == "gif":
            write_atomically(request.target, _animation(request))
        else:
            save(figure(request, play), request.target)
    return request.target


def figure(request: Request, play: Play) -> Figure:
    """The figure, drawn.

    Raises:
        UserError: A file is missing or wrong.
    """
    return _weights(request, play) if request.what == "weights" else _DRAWN[request.what](request)


def _topology(request: Request) -> Figure:
    from wann.figures.topology import draw

    champion = load(request.paths[0], request.connections)
    title, disabled = _title_of(champion), request.disabled
    return draw(champion.genome, champion.inputs, champion.outputs, title=title, disabled=disabled)


def _title_of(champion: Champion) -> str:
    return f"{champion.task}, {champion.summary}" if champion.task else champion.summary


Succession = tuple[list[Champion], list[int]]
"""Networks of a run, first to last, and the generation of each."""


def _succession(folder: Path) -> Succession:
    champions = read_champions(folder)
    return champions, [generation_of(champion, folder / CHAMPIONS) for champion in champions]


def _growth(request: Request) -> Figure:
    from wann.figures.growth import PANELS, draw

    title = _title(request)
    return draw(*_line(request, PANELS), title=title)


def _animation(request: Request) -> bytes:
    from wann.figures.animation import MOST_FRAMES, animate

    read_settings(request.paths[0])
    history = read_history(request.paths[0])
    return animate(*_line(request, MOST_FRAMES), (history["generation"], history["champion_mean"]))


def _line(request: Request, most: int) -> Succession:
    folder = request.paths[0]
    return ancestors_of(load(folder, request.connections), folder, most, request.generations)


def ancestors_of(champion: Champion, folder: Path, most: int, wanted: Sequence[int] | None = None) -> Succession:
    """Ancestors of a network of a run's archive, and when they were born; they have no scores, but the network itself.

    Args:
        champion: The network.
        folder: The run's.
        most: How many, evenly spread over the line.
        wanted: The generations whose ancestors to give, instead.

    Raises:
        UserError: The run's lineage is missing or wrong, or there was no ancestor yet in one of the generations.
    """
    from wann.figures.growth import choose

    descent = read_line(folder, champion)
    chosen = choose([individual.generation + 1 for individual in descent], wanted, most)
    found = [
        champion if place == len(descent) - 1 else _ancestor(champion, genome, descent[place])
        for place, genome in zip(chosen, ancestors(champion.genome, descent, chosen), strict=True)
    ]
    return found, [descent[place].generation + 1 for place in chosen]


def _ancestor(champion: Champion, genome: Genome, individual: Individual) -> Champion:
    born = {"generation": individual.generation, "birth": individual.birth}
    provenance = {**champion.provenance, **born}
    return replace(champion, nodes=genome.nodes, connections=genome.connections, scores=None, provenance=provenance)


def _curves(request: Request) -> Figure:
    from wann.figures.curves import draw

    title = _title(request)
    return draw([read_history(folder) for folder in request.paths], title=title)


def _front(request: Request) -> Figure:
    from wann.figures.front import draw

    title, fronts = _title(request), [_found(read_front(folder), folder / FRONT) for folder in request.paths]
    if len(request.paths) > 1:
        return draw(fronts, title=title)
    folder = request.paths[0]
    known, champions = _entered(folder), _found(read_champions(folder), folder / CHAMPIONS)
    return draw([known], champions=champions, title=title)


def _entered(folder: Path) -> Found:
    from wann.figures.front import Found

    generation, connections, means = read_entries(folder).values()
    return Found(generation.astype(np.int64), connections.astype(np.int64), means)


def _found(champions: list[Champion], path: Path) -> Found:
    from wann.figures.front import Found

    if not champions:
        raise UserError(f"{path} has no network: expected one or more")
    generations = [generation_of(champion, path) for champion in champions]
    means = [champion.scores.mean for champion in champions if champion.scores]
    connections = [len(champion.genome.enabled) for champion in champions]
    return Found(np.array(generations), np.array(connections), np.array(means))


def _weights(request: Request, play: Play) -> Figure:
    from wann.figures.weights import draw

    champions = [load(path, request.connections) for path in request.paths]
    profiles = [play(champion, path) for champion, path in zip(champions, request.paths, strict=True)]
    title = _title_of(champions[0]) if len(champions) == 1 else _common([champion.task or "" for champion in champions])
    return draw(profiles, title=title)


def _activations(request: Request) -> Figure:
    from wann.figures.activations import draw

    title, runs = _title(request), [_succession(folder) for folder in request.paths]
    last = min(int(read_history(folder)["generation"][-1]) for folder in request.paths)
    genomes = [([champion.genome for champion in champions], generations) for champions, generations in runs]
    return draw(genomes, last, title=title)


_DRAWN: dict[str, Callable[[Request], Figure]] = {
    "topology": _topology,
    "growth": _growth,
    "curves": _curves,
    "front": _front,
    "activations": _activations,
}


def _title(request: Request) -> str:
    """The task, and the seed of a single run."""
    settings = [read_settings(folder) for folder in request.paths]
    task = _common([each.task for each in settings])
    return f"{task}, seed {settings[0].seed}" if len(settings) == 1 else task


def _common(tasks: Sequence[str]) -> str:
    if len(set(tasks)) > 1:
        raise UserError(f"the runs are on different tasks ({', '.join(sorted(set(tasks)))}): expected one")
    return tasks[0]
