"""The commands as Python functions, with the same names and defaults."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.champion import Champion
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator, cores
from wann.evaluation.work import Evaluator
from wann.runs import CHAMPION, CONFIG, Progress, Run, Watch, beside, create_run, load, open_run, read_settings
from wann.scores import Report
from wann.scoring import RANDOM_WEIGHTS, score
from wann.settings import NAMES_OF_SETTINGS, Settings, first_difference, make_settings, read_config, task_settings
from wann.task import Task, load_kind, load_task, task_names

if TYPE_CHECKING:
    from wann.benchmark import Benchmark
    from wann.descent import Watch as TuningWatch
    from wann.thinning import Thinning

log = logging.getLogger("wann")

RUNS = Path("runs")
TOPOLOGY, REPORT = "topology.svg", "report.html"
TUNED = "tuned.json"


def search(
    task: str | Task,
    *,
    config: Path | str | None = None,
    preset: str = "default",
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
    **settings: Any,
) -> Run:
    """Evolve networks for a task, in a new run folder.

    Args:
        task: A task, or the name of an installed one.
        config: A TOML file with settings, such as the ``config.toml`` of another run.
        preset: "default", or "paper" for the settings of Gaier & Ha 2019.
        out: The run folder; a new one under ``runs/`` unless given.
        workers: Threads or Ray workers; one for each core unless given. It does not change the result.
        ray: "local" or a cluster's address to evaluate on Ray workers; threads unless given.
        tensorboard: Write event files for TensorBoard into the folder, too; needs the extra ``tensorboard``.
        watch: Called after each generation.
        **settings: Any of ``wann.Settings``; they go before those of ``config``, and those before the task's own.

    Returns:
        The finished run.

    Raises:
        UserError: A name, a setting, a file or the folder is wrong.
        KeyboardInterrupt: The run was interrupted; it is saved and can be resumed.
    """
    chosen = prepare(task, config=config, preset=preset, out=out, tensorboard=tensorboard, **settings)
    return finish(chosen, workers=workers, ray=ray, tensorboard=tensorboard, watch=watch)


def prepare(
    task: str | Task,
    *,
    config: Path | str | None = None,
    preset: str = "default",
    out: Path | str | None = None,
    tensorboard: bool = False,
    **settings: Any,
) -> Run:
    """The run that ``search`` would do, with its folder made and nothing evaluated yet."""
    _check_extra(tensorboard)
    loaded = _task(task)
    given = read_config(Path(config)) if config is not None else {}
    if given.get("task", loaded.name) != loaded.name:
        raise UserError(f"{config} is for the task {given['task']!r}, not for {loaded.name!r}")
    complete = task_settings(loaded, given, str(config)) if config is not None else None
    if complete is not None:
        given = {name: getattr(complete, name) for name in given}
    final = task_settings(loaded, {**given, **settings}, preset=preset)
    return create_run(Path(out) if out is not None else _new_folder(final), loaded, final)


def _task(task: str | Task) -> Task:
    if not isinstance(task, str | Task):
        raise UserError(f"task: expected a task or the name of one, got {task!r}")
    return load_task(task) if isinstance(task, str) else task


def _new_folder(settings: Settings) -> Path:
    """The first of runs/TASK-SEED, runs/TASK-SEED-2, ... that does not exist; TASK is the class for a file's task."""
    task = settings.task.rpartition(".py:")[2].replace("/", "-")
    name, count = f"{task}-{settings.seed}", 1
    while (folder := RUNS / (name if count == 1 else f"{name}-{count}")).exists():
        count += 1
    return folder


def resume(
    folder: Path | str,
    *,
    task: Task | None = None,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
    **settings: Any,
) -> Run:
    """Continue a run exactly where it was saved.

    Args:
        folder: The run folder.
        task: What the run searches on; looked up by its name unless given.
        workers: As for ``search``.
        ray: As for ``search``.
        tensorboard: As for ``search``.
        watch: As for ``search``.
        **settings: ``generations`` extends the run; any other that differs from the run's own is refused.

    Raises:
        UserError: The folder holds no run that can be continued, or a setting would change its result.
        KeyboardInterrupt: The run was interrupted again.
    """
    run = reopen(folder, task=task, tensorboard=tensorboard, **settings)
    return finish(run, workers=workers, ray=ray, tensorboard=tensorboard, watch=watch)


def reopen(folder: Path | str, *, task: Task | None = None, tensorboard: bool = False, **settings: Any) -> Run:
    """The run that ``resume`` would continue, at its latest checkpoint."""
    _check_extra(tensorboard)
    folder = Path(folder)
    old = read_settings(folder)
    given = {**settings, "task": task.name} if task is not None else settings
    new = make_settings({**{name: getattr(old, name) for name in NAMES_OF_SETTINGS}, **given})
    if name := first_difference(old, new):
        raise UserError(
            f"{name} cannot change within a run: {folder / CONFIG} has {getattr(old, name)}, got {getattr(new, name)}"
        )
    run = open_run(folder, task or load_task(old.task), new)
    if new.generations < run.generation:
        raise UserError(
            f"generations: {folder} has {run.generation} already: expected as many or more, got {new.generations}"
        )
    return run


def _check_extra(tensorboard: bool) -> None:
    if tensorboard:
        from wann.tensorboard import check_installed

        check_installed()


def finish(
    run: Run,
    *,
    workers: int | None = None,
    ray: str | None = None,
    tensorboard: bool = False,
    watch: Watch | None = None,
) -> Run:
    """Run up to the last generation, draw the champion and write the report."""
    with evaluator(run.task, workers, ray) as chosen, ExitStack() as stack:
        watches = [] if watch is None else [watch]
        if tensorboard:
            from wann.tensorboard import recording

            watches.append(stack.enter_context(recording(run)))

        def tell(progress: Progress) -> None:
            for each in watches:
                each(progress)

        run.advance(chosen, tell)
    for what in ("topology", "curves"):
        try:
            show(run.folder, what=what)
        except Exception as error:  # a figure is never worth a run
            log.warning("the figure of the %s could not be drawn: %s", what, error)
    try:
        _report(run.folder, run.folder / REPORT, task=run.task, workers=workers)
    except Exception as error:
        log.warning("the report could not be written: %s", error)
    return run


def _report(path: Path | str, target: Path, **options: Any) -> Path:
    from wann.report.write import write_report

    write_report(path, target, **options)
    return target


def _report_of(paths: Sequence[Path | str], out: Path | str | None, connections: int | None, disabled: bool) -> Path:
    """The report of the only path, where it is asked to go."""
    if len(paths) != 1:
        raise UserError(f"html: expected one network or run, got {len(paths)}")
    source = Path(paths[0])
    target = beside(source, REPORT) if out is None else Path(out)
    return _report(source, target, connections=connections, disabled=disabled)


@contextmanager
def evaluator(task: Task, workers: int | None, ray: str | None) -> Iterator[Evaluator]:
    """Threads, or Ray where an address is given or Python environments are to use several cores; closed at the end."""
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise UserError(f"workers: expected a whole number of 1 or more, got {workers!r}")
    if ray is None and task.python and (workers or cores()) > 1:
        ray = "local"
    if ray is None:
        chosen: Evaluator = ThreadEvaluator(task, workers)
    else:
        from wann.evaluation.ray import RayEvaluator

        chosen = RayEvaluator(task, ray, workers)
    try:
        yield chosen
    finally:
        chosen.close()


def test(
    path: Path | str,
    *,
    connections: int | None = None,
    episodes: int | None = None,
    seed: int = 0,
    weights: Sequence[float] | None = None,
    draws: int = RANDOM_WEIGHTS,
    task: str | Task | None = None,
    workers: int | None = None,
) -> Report:
    """Score a network in the paper's four regimes, on trials that neither selection nor verification ever saw.

    Args:
        path: A network file, or a run folder for its champion.
        connections: The best of the run's archive with at most so many, instead of the champion.
        episodes: Episodes for each weight; 100 unless given, or 1 for a data set, whose episode is all samples.
        seed: Of the test's trials and random weights.
        weights: Shared weights to test; those of the search unless given.
        draws: Random weights, and random vectors of individual weights, to test.
        task: What to play; the file's own task unless given.
        workers: Threads; one for each core unless given. It does not change the result.

    Raises:
        UserError: The file is wrong, or does not fit the task.
    """
    champion = load(path, connections)
    chosen = _task_of(champion, path, task)
    with evaluator(chosen, workers, None) as threads:
        return score(champion, chosen, threads, episodes=episodes, seed=seed, weights=weights, draws=draws)


def tune(
    path: Path | str,
    *,
    connections: int | None = None,
    mode: str = "individual",
    generations: int = 900,
    population: int = 64,
    trials: int = 32,
    sigma: float = 0.1,
    rate: float = 0.01,
    horizons: Sequence[float] | None = None,
    seed: int = 0,
    task: str | Task | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    watch: TuningWatch | None = None,
) -> Champion:
    """Find weights for a network: the best shared weight, then from there one for each connection by CMA-ES.

    A tuning that was interrupted goes on, with the same result, when it is repeated.

    Args:
        path: A network file, or a run folder for its champion.
        connections: The best of the run's archive with at most so many, instead of the champion.
        mode: "individual" for CMA-ES, "gradient" for gradient descent on a data set, or "shared" for the best shared
            weight alone.
        generations: Generations of CMA-ES, shared out among the horizons, or batches of gradient descent.
        population: Candidates a generation.
        trials: Episodes of each candidate on the first horizon; twice as many on the second, and so on.
        sigma: Standard deviation of the first candidates around the start.
        rate: Learning rate of gradient descent at first; it falls to 0.
        horizons: Shares of an episode to tune on, one after the other; the task's own, or whole episodes, unless given.
        seed: All chance of the tuning comes from it.
        task: What to play; the file's own task unless given.
        out: The network file to write; ``tuned.json`` beside the network unless given.
        workers: As for ``search``.
        ray: As for ``search``.
        watch: Called after each generation.

    Returns:
        The network with weights on its connections, as written; ``provenance["tuning"]`` has its scores.

    Raises:
        UserError: The file or an argument is wrong, does not fit the task, or ``out`` cannot be written.
        KeyboardInterrupt: The tuning was interrupted; it is saved beside ``out``.
    """
    from wann import tuning
    from wann.unfinished import Unfinished

    champion, target = load(path, connections), tuned_path(path, out)
    chosen = _task_of(champion, path, task)
    given: dict[str, Any] = {
        "mode": mode,
        "generations": generations,
        "population": population,
        "trials": trials,
        "sigma": sigma,
        "rate": rate,
    }
    if horizons is not None:
        given["horizons"] = horizons
    settings = tuning.make_tuning_settings(chosen, **given, seed=seed)
    store = Unfinished(target, tuning.identity(champion, chosen, settings))
    with store.open(), evaluator(chosen, workers, ray) as player:
        tuned, _ = tuning.tune(champion, chosen, player, settings, store=store, watch=watch)
        tuned.save(target)
    return tuned


def thin(
    path: Path | str,
    *,
    out: Path | str,
    loss: float,
    episodes: int = 100,
    seed: int = 0,
    task: str | Task | None = None,
    workers: int | None = None,
) -> Thinning:
    """Write a network without the connections that cost little, taken one after the other; see ``wann.thinning``.

    Args:
        path: A network file, or a run folder for its champion.
        out: The network file to write.
        loss: How much of the mean return may be lost.
        episodes: Episodes for each weight.
        seed: Of the episodes.
        task: What to play; the file's own task unless given.
        workers: Threads; one for each core unless given. It does not change the result.

    Raises:
        UserError: The file or an argument is wrong, or the new file cannot be written.
    """
    from wann import thinning

    champion = load(path)
    chosen = _task_of(champion, path, task)
    with evaluator(chosen, workers, None) as player:
        thinner, report = thinning.thin(champion, chosen, player, loss=loss, episodes=episodes, seed=seed)
    try:
        thinner.save(out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}") from None
    return report


def tuned_path(path: Path | str, out: Path | str | None) -> Path:
    """Where ``tune`` writes.

    Raises:
        UserError: That is the file that it reads.
    """
    source = Path(path)
    target = beside(source, TUNED) if out is None else Path(out)
    if target.resolve() == (source / CHAMPION if source.is_dir() else source).resolve():
        raise UserError(f"{target} is the network that is tuned: name another file with --out")
    return target


def _task_of(champion: Champion, path: Path | str, task: str | Task | None) -> Task:
    given = task if task is not None else champion.task
    if given is None:
        raise UserError(f"{path} does not say which task it is for: name one with --task")
    loaded = _task(given)
    sizes = len(champion.inputs), len(champion.outputs)
    expected = len(loaded.inputs), len(loaded.outputs)
    if sizes != expected:
        raise UserError(
            f"{path} has {sizes[0]} inputs and {sizes[1]} outputs; the task {loaded.name!r} has {expected[0]} and "
            f"{expected[1]}"
        )
    return loaded


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
        what: "topology": the network. "growth": champions of the run side by side, or one after the other in a GIF.
            "curves": returns and sizes over the run. "front": performance against connections, and how that moved.
            "weights": performance against the shared weight. "activations": those of the champions over the run.
        connections: The best of the run's archive with at most so many, instead of the champion.
        out: The figure, .svg, .png or .pdf, and .gif for growth; WHAT.svg beside the network unless given.
        disabled: Draw disabled connections of a topology too.
        generations: Those whose champions ``growth`` shows; some, evenly spread over all champions, unless given.
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
        chosen = _task_of(champion, path, task)
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
    chosen = _task_of(champion, path, task)
    return replays.play(champion, chosen, weights, seed=seed, network=network, out=target)


def watch(run: Path | str, *, once: bool = False) -> None:
    """Show a run as it goes on, from its folder alone; ends when the run has all its generations.

    Args:
        run: The run folder; another process may be at work in it.
        once: Show the present state, and end.

    Raises:
        UserError: The folder holds no run, or its files are damaged.
    """
    from wann.follow import follow

    follow(Path(run), once=once)


def bench(task: str | Task = "swingup", *, network: Path | str | None = None) -> Benchmark:
    """Measure what a step of the task and a step of evolution cost on this machine.

    Args:
        task: What to play.
        network: A network file or run folder; a fixed network of 22 hidden nodes and 52 connections unless given.
    """
    from wann.benchmark import measure

    champion = load(network) if network is not None else None
    chosen = _task(task)
    if champion is not None:
        chosen = _task_of(champion, str(network), chosen)
    return measure(chosen, champion)


def tasks() -> list[type[Task]]:
    """All installed tasks; of those that cannot be loaded a warning says why."""
    found = []
    for name in task_names():
        try:
            found.append(load_kind(name))
        except UserError as error:
            log.warning("%s", error)
    return found
