"""Runs with islands: the same result on threads and on any number of Ray nodes, after kills and resumes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from outcomes import outcome

import wann
from wann.api.searches import prepare, reopen
from wann.checkpoint import load_checkpoint
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.fleet import fleet
from wann.runs import Progress

SETTINGS: dict[str, Any] = {
    "population": 12,
    "generations": 14,
    "trials": 1,
    "verify_trials": 8,
    "seed": 3,
    "islands": 4,
    "migrate_every": 4,
    "migration": "random",
    "crossover": 0.3,
    "species_distance": 0.4,
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """The outcome with one thread, one island after the other."""
    folder = tmp_path_factory.mktemp("reference") / "run"
    run_on_threads(folder, 1)
    return outcome(folder)


def run_on_threads(folder: Path, workers: int) -> None:
    run = prepare("swingup", out=folder, **SETTINGS)
    evaluator = ThreadEvaluator(run.task, workers)
    run.advance(evaluator)
    evaluator.close()


@contextmanager
def nodes(count: int) -> Iterator[Any]:
    """A cluster of Ray nodes, each with a core, on this machine."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(count - 1):
        cluster.add_node(num_cpus=1)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def test_threads_do_not_matter(reference: tuple[Any, ...], tmp_path: Path) -> None:
    run_on_threads(tmp_path / "run", 3)
    assert outcome(tmp_path / "run") == reference


@pytest.mark.parametrize("count", [1, 2, 4])
def test_nodes_do_not_matter(reference: tuple[Any, ...], tmp_path: Path, count: int) -> None:
    run = prepare("swingup", out=tmp_path / "run", **SETTINGS)
    with nodes(count) as cluster, fleet(run.task, run.settings, None, cluster.address) as players:
        run.advance(players)
    assert outcome(run.folder) == reference


def test_on_a_ring_too(tmp_path: Path) -> None:
    ring = {**SETTINGS, "migration": "ring"}
    wann.search("swingup", out=tmp_path / "threads", **ring)
    wann.search("swingup", out=tmp_path / "ray", ray="local", workers=2, **ring)
    assert outcome(tmp_path / "ray") == outcome(tmp_path / "threads")


def test_a_node_that_dies_and_one_that_joins_do_not_matter(reference: tuple[Any, ...], tmp_path: Path) -> None:
    run = prepare("swingup", out=tmp_path / "run", **SETTINGS)
    with nodes(1) as cluster:
        raylet = cluster.add_node(num_cpus=1).all_processes["raylet"][0].process

        def watch(progress: Progress) -> None:
            if progress.row["generation"] == 4:
                cluster.add_node(num_cpus=1)
                subprocess.Popen(["sh", "-c", f"sleep 0.02; kill -9 {raylet.pid}"])

        with fleet(run.task, run.settings, None, cluster.address) as players:
            run.advance(players, watch)
        assert raylet.poll() == -signal.SIGKILL
    assert outcome(run.folder) == reference


def test_the_command_on_ray_gives_the_same(reference: tuple[Any, ...], tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", ray="local", workers=2, **SETTINGS)
    assert outcome(tmp_path / "run") == reference
    assert (tmp_path / "run" / "report.html").exists()


def test_from_threads_to_ray_between_two_meetings_and_back(reference: tuple[Any, ...], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    wann.search("swingup", out=folder, **{**SETTINGS, "generations": 6})
    wann.resume(folder, generations=9, ray="local")
    wann.resume(folder, generations=SETTINGS["generations"])
    assert outcome(folder) == reference


@pytest.mark.parametrize("ray", [False, True])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_broken_off_goes_on(
    reference: tuple[Any, ...], tmp_path: Path, number: signal.Signals, ray: bool
) -> None:
    folder = tmp_path / "run"
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]
    start = [sys.executable, "-c", "from wann.cli import main; main()", "search", "swingup", "--out", str(folder)]
    process = subprocess.Popen([*start, "--quiet", *options, *(["--ray=local"] if ray else [])])
    while not (folder / "history.csv").exists() or (folder / "history.csv").read_text().count("\n") < 5:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    assert process.wait() == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        generation = int(load_checkpoint(folder)["generation"])
        assert 4 <= generation < SETTINGS["generations"]
        assert not ray or generation % 4 == 0, "islands on Ray are saved where they meet"
    evaluator = ThreadEvaluator((run := reopen(folder)).task, 2)
    run.advance(evaluator)
    evaluator.close()
    assert outcome(folder) == reference


def test_settings_of_islands_cannot_change_within_a_run(tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", **{**SETTINGS, "generations": 2})
    for name, value in (("islands", 1), ("migrate_every", 5)):
        with pytest.raises(UserError, match=f"^{name} cannot change within a run"):
            wann.resume(tmp_path / "run", **{name: value})


def test_the_history_counts_all_islands(tmp_path: Path) -> None:
    small = {**SETTINGS, "generations": 3, "islands": 1}
    one = wann.search("swingup", out=tmp_path / "one", **small)
    two = wann.search("swingup", out=tmp_path / "two", **{**small, "islands": 2})
    assert (two.history["steps"] > 1.5 * one.history["steps"]).all()
    assert two.history["best_mean"][0] >= one.history["best_mean"][0], "the first island starts as the run alone does"
    assert two.history["champion_mean"][-1] == two.champion.scores.mean  # type: ignore[union-attr]
