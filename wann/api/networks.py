"""Scoring, tuning and thinning a network that was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.api.tasks import evaluator, task_for
from wann.champion import Champion
from wann.errors import UserError
from wann.files import writing
from wann.runs import CHAMPION, beside, load
from wann.scores import Report
from wann.scoring import RANDOM_WEIGHTS, score
from wann.task import Task

if TYPE_CHECKING:
    from wann.descent import Watch
    from wann.thinning import Thinning

TUNED = "tuned.json"


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
    chosen = task_for(champion, path, task)
    with evaluator(chosen, workers, None) as threads:
        return score(champion, chosen, threads, episodes=episodes, seed=seed, weights=weights, draws=draws)


def tune(
    path: Path | str,
    *,
    connections: int | None = None,
    mode: str = "individual",
    generations: int = 2000,
    population: int = 64,
    trials: int = 16,
    sigma: float = 0.1,
    rate: float = 0.01,
    horizons: Sequence[float] | None = None,
    seed: int = 0,
    task: str | Task | None = None,
    out: Path | str | None = None,
    workers: int | None = None,
    ray: str | None = None,
    watch: Watch | None = None,
) -> Champion:
    """Find weights for a network: the best shared weight, then from there one for each connection by CMA-ES.

    A tuning that was interrupted goes on, with the same result, when it is repeated.

    Args:
        path: A network file, or a run folder for its champion.
        connections: The best of the run's archive with at most so many, instead of the champion.
        mode: "individual" for CMA-ES, "gradient" for gradient descent on a data set, or "shared" for the best shared
            weight alone.
        generations: Generations of CMA-ES, or batches of gradient descent.
        population: Candidates a generation.
        trials: Episodes of each candidate on each horizon.
        sigma: Standard deviation of the first candidates around the start.
        rate: Learning rate of gradient descent at first; it falls to 0.
        horizons: Shares of an episode that candidates are ranked on; the task's own, or whole episodes, unless given.
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
    chosen = task_for(champion, path, task)
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
    chosen = task_for(champion, path, task)
    with evaluator(chosen, workers, None) as player:
        thinner, report = thinning.thin(champion, chosen, player, loss=loss, episodes=episodes, seed=seed)
    with writing(out):
        thinner.save(out)
    return report
