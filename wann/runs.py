"""The run folder: settings, history, checkpoints, the archive and its champion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from wann.archive import Archive, Crowned, Entry, Verified
from wann.champion import Champion, NetworkScores, read_champion, versions
from wann.checkpoint import check_genes, has_checkpoint, load_checkpoint, save_checkpoint
from wann.errors import UserError
from wann.evaluation.work import Evaluator, Play, Request
from wann.evolution import Scores, Search
from wann.files import append, decode_json, locked, read_bytes, write_atomically, writing
from wann.interruption import Interruption
from wann.islands import Archipelago, Archives, apart
from wann.lineage import Individual
from wann.network import express
from wann.population import Arrays, Floats, Integers, Population
from wann.racing import play_generation
from wann.seeds import Purpose, trial_seeds
from wann.settings import Settings, first_difference, make_settings, read_config
from wann.task import Part, Task

if TYPE_CHECKING:
    from wann.fleet import Fleet

CONFIG, HISTORY, FRONT, CHAMPION = "config.toml", "history.csv", "front.json", "champion.json"
CHAMPIONS, LINEAGE, ENTRIES = "champions.json", "lineage.json", "front.csv"
CHECKPOINT_SECONDS = 10.0
LONG_SAVE_SECONDS = 0.5
"""Saves that take longer than this come less often in proportion: a twentieth of the time goes into them at most."""
COLUMNS = (
    "generation",
    "steps",
    "best_mean",
    "best_connections",
    "best_weight",
    "median_mean",
    "median_connections",
    "front",
    "champion_mean",
    "champion_connections",
    "seconds",
    "evolution_seconds",
)
"""Of ``history.csv``; the last two are read off a clock, all others are the same in every repetition of a run."""
CLOCK_COLUMNS = COLUMNS[-2:]


@dataclass(frozen=True)
class Progress:
    """One generation, told to whoever watches."""

    row: dict[str, float]
    """The generation's row of ``history.csv``."""
    generations: int
    """How many the run will have."""


class Played(NamedTuple):
    """A generation that has been played."""

    population: Population
    births: Integers
    returns: Floats
    scores: Scores
    steps: int


class Outcome(NamedTuple):
    """What is known of a generation in the end, and how long it took."""

    scores: Scores
    findings: Any
    """What the archive, or that of each island, found: ``Findings``, or a list of them."""
    steps: int
    seconds: float
    evolving: float
    """The seconds that were not evaluation."""
    arrival: Arrays | None = None
    """Where islands that have bred by themselves are after the last generation before they meet."""


Watch = Callable[[Progress], None]


class Run:
    """A search and its folder.

    The archive's verification has no part in selection. So each generation is played side by side with the
    verification of the one before, and a generation is done when it is verified: the search is then one ahead.

    Attributes:
        folder: Where its files are.
        task: What it searches on.
        settings: What it depends on.
        generation: How many generations are done.
        new: Whether its folder was just made, and nothing has been done there.
    """

    def __init__(self, folder: Path, task: Task, settings: Settings, *, new: bool = False) -> None:
        self.folder = folder
        self.task = task
        self.settings = settings
        self.generation = 0
        self.new = new
        shape = len(task.inputs), len(task.outputs)
        self._search: Search | Archipelago = Search(*shape, settings)
        self._archive: Archive | Archives = Archive(settings.verify_trials)
        if settings.islands > 1:
            self._search = Archipelago(*shape, settings)
            self._archive = Archives(settings.verify_trials, settings.islands)
        self._history: list[list[float]] = []
        self._interruption = Interruption()
        self._watch: Watch | None = None
        self._played: Played | None = None
        """What is being verified."""
        self._before: Search | Archipelago | None = None
        """The search before it was told of that, where it has been."""
        self._since, self._evolving = 0.0, 0.0

    @property
    def front(self) -> list[Champion]:
        """The networks of the archive, smallest first."""
        return [self._as_champion(member) for member in self._archive.front]

    @property
    def champions(self) -> list[Champion]:
        """The champions that the run had, first to last; no verified mean is below the one before.

        Of very many, some are left out.
        """
        return [self._as_champion(former) for former in self._archive.champions]

    @property
    def lineage(self) -> list[Individual]:
        """The networks of the archive and all their ancestors, by birth."""
        return self._search.lineage.of(self._archive.births)

    @property
    def champion(self) -> Champion:
        """The network with the highest verified mean.

        Raises:
            UserError: No generation is done yet.
        """
        if (best := self._archive.champion) is None:
            raise UserError(f"{self.folder} has no champion yet: no generation is done")
        return self._as_champion(best)

    @property
    def history(self) -> dict[str, Floats]:
        """The columns of ``history.csv``; (generations,) each."""
        table = np.array(self._history).reshape(-1, len(COLUMNS))
        return dict(zip(COLUMNS, table.T, strict=True))

    def advance(self, evaluator: Evaluator | Fleet, watch: Watch | None = None) -> None:
        """Run up to the last generation, saving as it goes.

        Raises:
            KeyboardInterrupt: Ctrl-C or SIGTERM; everything up to the last full generation is saved.
            UserError: Another process is working in the folder.
        """
        self.new = False
        with locked(self.folder, f"working on the run in {self.folder}"), self._interruption.handled():
            for stray in self.folder.glob(".*.tmp"):  # left over from a kill
                stray.unlink()
            write_atomically(self.folder / CONFIG, _config(self.task, self.settings))
            self._write_history()
            due = time.monotonic() + CHECKPOINT_SECONDS
            self._watch, self._since = watch, time.perf_counter()
            while self.generation < self.settings.generations:
                try:
                    self._go_on(evaluator)
                except BaseException:
                    self._go_back()
                    self._save()
                    raise
                if time.monotonic() >= due:
                    due = self._save_and_plan()
            self._save()

    def _go_on(self, evaluator: Evaluator | Fleet) -> None:
        """The next generation; with a fleet, all up to the next meeting of the islands."""
        if isinstance(evaluator, Evaluator):
            self._play(evaluator, self.settings.generations)
            return
        state = {**self._search.state, **self._archive.state}
        with self._interruption.allowed():
            outcomes = evaluator.evolve(state, self.generation, self.settings.generations)
        for outcome in outcomes:
            self._archive.update(outcome.findings)
            self._search.generation += 1
            if outcome.arrival is not None and isinstance(self._search, Archipelago):
                self._archive.restore(outcome.arrival)
                self._search.arrive(outcome.arrival)
            self._conclude(outcome)

    def _play(self, evaluator: Evaluator, last: int) -> None:
        """Verify the generation that was played before, and play the next one, if there is one up to the last."""
        plays: list[Play[Played | None]] = []
        if self._played is not None:
            plays.append(self._verification(self._played))
        if self.generation + len(plays) < last:
            plays.append(self._next_generation())
        with self._interruption.allowed():
            self._played = evaluator.follow_all(plays)[-1]

    def _next_generation(self) -> Play[Played]:
        """Play a generation, having bred it first where the one before is still being verified."""
        start = time.perf_counter()
        with self._interruption.held():
            if (played := self._played) is not None:
                self._before = self._search.copy()
                self._search.tell(played.returns, keep=[*self._archive.births, *played.births.tolist()])
            population, births = self._search.ask(), self._search.lineage.births
            networks = express(population)
            self._evolving += time.perf_counter() - start
        returns, steps = yield from play_generation(self._search, networks)
        return Played(population, births, returns, Scores.of(returns, population.connections), steps)

    def _verification(self, played: Played) -> Play[None]:
        """Let the archive verify what looks good enough, and conclude the generation."""
        verifier = _Verifier(self.settings)
        asked = played.population, played.births, played.scores, self.generation
        findings: Any = yield from self._archive.examine(*asked, verifier)
        start = time.perf_counter()
        with self._interruption.held():
            self._archive.update(findings)
            if self._before is None:
                self._search.tell(played.returns, keep=self._archive.births)
            self._played = self._before = None
            now, evolving = time.perf_counter(), self._evolving
            steps, seconds = played.steps + verifier.steps, now - self._since
            self._since, self._evolving = now, 0.0
            self._conclude(Outcome(played.scores, findings, steps, seconds, evolving + now - start))

    def _go_back(self) -> None:
        """Give up what was played and is not verified."""
        self._search, self._played, self._before = self._before or self._search, None, None

    def _conclude(self, outcome: Outcome) -> None:
        """A generation is done."""
        self.generation += 1
        self._record(outcome)
        if self._watch is not None:
            self._watch(Progress(dict(zip(COLUMNS, self._history[-1], strict=True)), self.settings.generations))

    def _record(self, outcome: Outcome) -> None:
        scores = outcome.scores
        best = int(scores.mean.argmax())
        champion = self._archive.champion
        last = dict(zip(COLUMNS, self._history[-1], strict=True)) if self._history else {}
        row = {
            "generation": self.generation,
            "steps": last.get("steps", 0) + outcome.steps,
            "best_mean": float(scores.mean[best]),
            "best_connections": int(scores.connections[best]),
            "best_weight": float(scores.best_weight.max()),
            "median_mean": float(np.median(scores.mean)),
            "median_connections": float(np.median(scores.connections)),
            "front": scores.front.size,
            "champion_mean": champion.mean if champion else float("nan"),
            "champion_connections": champion.connections if champion else 0,
            "seconds": last.get("seconds", 0.0) + outcome.seconds,
            "evolution_seconds": last.get("evolution_seconds", 0.0) + outcome.evolving,
        }
        self._history.append([row[name] for name in COLUMNS])
        append(self.folder / HISTORY, _csv([self._history[-1]]))

    def _save_and_plan(self) -> float:
        """Save; gives when to do it again: later where it takes long, so that it never takes most of the time."""
        start = time.monotonic()
        self._save()
        end = time.monotonic()
        return end + CHECKPOINT_SECONDS * max(1.0, (end - start) / LONG_SAVE_SECONDS)

    def _save(self) -> None:
        self._search.lineage.forget(keep=self._archive.births)
        history = np.array(self._history, dtype=np.float64).reshape(-1, len(COLUMNS))
        lasting = msgspec.structs.replace(self.settings, generations=1)
        settings = np.frombuffer(msgspec.json.encode(lasting), dtype=np.uint8)
        state = {**self._search.state, **self._archive.state}
        save_checkpoint(self.folder, {**state, "settings": settings, "history": history})
        if self._archive.front:
            write_atomically(self.folder / FRONT, _json_lines(member.encode() for member in self.front))
            write_atomically(self.folder / ENTRIES, self._entries())
            write_atomically(self.folder / LINEAGE, _json_lines(map(msgspec.json.encode, self.lineage)))
            write_atomically(self.folder / CHAMPIONS, _json_lines(champion.encode() for champion in self.champions))
            self.champion.save(self.folder / CHAMPION)

    def _restore(self, state: Arrays) -> None:
        """Go back to a checkpoint's state, which is trusted in nothing: kernels do not check what they are given."""
        before = msgspec.json.decode(state["settings"].tobytes(), type=Settings)
        if name := first_difference(before, self.settings):
            raise UserError(
                f"{name} cannot change within a run: {self.folder / CONFIG} has {getattr(self.settings, name)}, the "
                f"checkpoint {getattr(before, name)}"
            )
        shape = len(self.task.inputs), len(self.task.outputs)
        for part in apart(state, self.settings.islands):
            for prefix in ("", "species_", "archive_", "champions_"):
                if f"{prefix}first_node" not in part and prefix:
                    continue
                check_genes(part, *shape, prefix)
                if tuple(part.get(f"{prefix}shape", shape)) != shape:
                    raise ValueError(f"{prefix}shape: expected {shape}")
        history, generation = state["history"], state["generation"]
        if generation.shape != () or history.dtype != np.float64 or history.shape != (generation, len(COLUMNS)):
            raise ValueError("history: expected a row for each generation")
        self.generation = int(generation)
        self._search.restore(state)
        self._archive.restore(state)
        self._search.lineage.of(self._archive.births)
        self._history = history.tolist()
        expected = self.settings.islands * self.settings.population
        if len(self._search.ask()) != expected:
            raise ValueError(f"{len(self._search.ask())} genomes, expected {expected}")

    def _entries(self) -> bytes:
        rows = [[entry.generation + 1.0, entry.connections, entry.mean] for entry in self._archive.entries]
        return (",".join(Entry._fields) + "\n" + _csv(rows)).encode()

    def _write_history(self) -> None:
        """Rewrite ``history.csv`` from the checkpoint: rows of generations that were lost with a kill go."""
        write_atomically(self.folder / HISTORY, (",".join(COLUMNS) + "\n" + _csv(self._history)).encode())

    def _as_champion(self, member: Verified | Crowned) -> Champion:
        s = self.settings
        means = tuple(member.means.tolist())
        nodes, connections = member.individual.genes_of(0)
        return Champion(
            task=self.task.name,
            inputs=self.task.inputs,
            outputs=self.task.outputs,
            nodes=nodes,
            connections=connections,
            scores=NetworkScores(mean=member.mean, weights=s.weights, means=means, trials=s.verify_trials),
            provenance={
                "settings": msgspec.json.decode(msgspec.json.encode(s)),  # lists, as a file gives them
                "seed": s.seed,
                "generation": member.generation,
                "birth": member.birth,
                "versions": versions(),
            },
        )


class _Verifier:
    """Plays candidates on the run's verification trials, and counts the steps."""

    def __init__(self, settings: Settings) -> None:
        self.steps = 0
        self._weights = settings.weights
        shape = len(settings.weights), settings.verify_trials
        self._seeds = trial_seeds(settings.seed, Purpose.VERIFICATION, *shape)

    def __call__(self, population: Population, trials: slice) -> Play[Floats]:
        seeds = self._seeds[:, trials]
        returns, steps = yield Request(express(population), self._weights, seeds, Part.VALIDATION)
        self.steps += steps
        return returns


def _csv(rows: list[list[float]]) -> str:
    return "".join(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def _config(task: Task, settings: Settings) -> bytes:
    """The settings, below what there is to know about the task."""
    return "".join(f"# {remark}\n" for remark in task.remarks).encode() + settings.to_toml()


def _json_lines(values: Iterable[bytes]) -> bytes:
    """Several values in JSON as a list."""
    return b"[\n" + b",\n".join(value.rstrip() for value in values) + b"\n]\n"


def create_run(folder: Path, task: Task, settings: Settings) -> Run:
    """A new run in a new or empty folder.

    Raises:
        UserError: The folder holds a run or other files, or cannot be written.
    """
    with writing(f"to the run folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            what = "a run: continue it with `wann resume`, or" if (folder / CONFIG).exists() else "files already:"
            raise UserError(f"{folder} holds {what} name another folder with --out")
        (folder / CONFIG).touch(exist_ok=False)  # of two processes that come at once, one is refused
        write_atomically(folder / CONFIG, _config(task, settings))
    return Run(folder, task, settings, new=True)


def remove_if_new(run: Run) -> None:
    """Remove the folder of a run that could not begin, so that the same command can be given again."""
    if run.new:
        (run.folder / CONFIG).unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it by now
            run.folder.rmdir()


def read_settings(folder: Path) -> Settings:
    """The settings of a run.

    Raises:
        UserError: The folder holds no run, or its settings are not valid.
    """
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder} is not a run folder: it has no {CONFIG}")
    return make_settings(read_config(folder / CONFIG), str(folder / CONFIG))


def open_run(folder: Path, task: Task, settings: Settings) -> Run:
    """A run at its latest checkpoint, or at its start where it was stopped before the first one."""
    run = Run(folder, task, settings)
    if has_checkpoint(folder):
        load_checkpoint(folder, run._restore)
    return run


def beside(path: Path, name: str) -> Path:
    """Where a file about a network goes by itself: into its run folder, or beside its file."""
    return (path if path.is_dir() else path.parent) / name


def load(path: Path | str, connections: int | None = None) -> Champion:
    """The network in a network file, or one of a run folder.

    Args:
        path: The file or folder.
        connections: The best network of the run's archive with at most so many; its champion unless given.

    Raises:
        UserError: There is none, or it cannot be read.
    """
    path = Path(path)
    if connections is None:
        return read_champion(path / CHAMPION if path.is_dir() else path)
    if not path.is_dir():
        raise UserError(f"connections chooses from the archive of a run, and {path} is not a run folder")
    small = [c for c in read_front(path) if len(c.genome.enabled) <= connections]
    if not small:
        raise UserError(f"the archive of {path} has no network with {connections} connections or fewer")
    return small[-1]


def read_front(folder: Path) -> list[Champion]:
    """The archive of a run, smallest network first.

    Raises:
        UserError: There is none, or it cannot be read.
    """
    return decode_json(read_bytes(folder / FRONT, "archive"), list[Champion], str(folder / FRONT))
