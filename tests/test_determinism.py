"""The result of a run is a function of its settings and its seed: bit for bit, whatever happens on the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outcomes import outcome

import wann
from tasks.swingup import SwingUp
from wann import runs
from wann.api.searches import prepare, reopen
from wann.checkpoint import load_checkpoint
from wann.evaluation import crew
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.rollout import RolloutPlayer
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Piece, Play, cut, make_episodes, make_trials
from wann.network import express
from wann.population import Population
from wann.runs import Run
from wann.seeds import Purpose, trial_seeds
from wann.task import Part

SETTINGS = {"population": 24, "generations": 10, "trials": 2, "verify_trials": 20, "seed": 7}
WEIGHTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The outcome with one thread."""
    folder = tmp_path_factory.mktemp("reference") / "run"
    wann.search("swingup", out=folder, workers=1, **SETTINGS)
    return outcome(folder)


def test_another_seed_gives_another_result(reference: tuple[object, ...], tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", workers=1, **{**SETTINGS, "seed": 8})
    assert outcome(tmp_path / "run")[2] != reference[2]


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_do_not_matter(reference: tuple[object, ...], tmp_path: Path, workers: int) -> None:
    wann.search("swingup", out=tmp_path / "run", workers=workers, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


@pytest.mark.parametrize("pieces", [1, 5, 100])
def test_chunking_does_not_matter(
    reference: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr(RolloutPlayer, "pieces_per_thread", pieces)
    wann.search("swingup", out=tmp_path / "run", workers=2, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_every_way_to_cut_the_work_covers_it_once() -> None:
    cases = [(1, 1, 8), (192, 18, 16), (3, 600, 16), (2, 100, 7), (5, 33, 64)]
    for (networks, episodes, parts), alike in product(cases, (1, 2, 5)):
        count = np.zeros((networks, episodes), dtype=int)
        for piece in cut(Piece(0, networks, 0, episodes), parts, alike=alike):
            count[piece.first_network : piece.last_network, piece.first_episode : piece.last_episode] += 1
        assert (count == 1).all()


def test_an_episode_does_not_know_its_neighbours() -> None:
    population = Population.minimal(5, 1, np.random.default_rng(3).random((4, 6)) < 0.7)
    networks, task = express(population), SwingUp()
    player = RolloutPlayer(task)
    trials = make_trials(task, trial_seeds(1, Purpose.TEST, 6, 11), Part.TEST)
    episodes = make_episodes(np.array(WEIGHTS), trials, 11)
    whole, steps = player.play(networks, episodes, Piece(0, 4, 0, 66))
    single = [[player.play(networks, episodes, Piece(i, i + 1, e, e + 1)) for e in range(66)] for i in range(4)]
    np.testing.assert_array_equal(whole, np.array([[returns[0, 0] for returns, _ in row] for row in single]))
    assert steps == sum(count for row in single for _, count in row)


@pytest.mark.parametrize("workers", [1, 2])
def test_ray_workers_do_not_matter(reference: tuple[object, ...], tmp_path: Path, workers: int) -> None:
    wann.search("swingup", out=tmp_path / "run", ray="local", workers=workers, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_three_ray_nodes_do_not_matter(reference: tuple[object, ...], tmp_path: Path, cluster: Any) -> None:
    wann.search("swingup", out=tmp_path / "run", ray=cluster.address, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_workers_and_a_node_killed_in_mid_generation_do_not_matter(
    reference: tuple[object, ...], tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "NODES_SECONDS", 0.0)
    run = prepare("swingup", out=tmp_path / "run", **SETTINGS)
    evaluator = RayEvaluator(run.task, cluster.address)
    before = evaluator.pids()
    trouble = _Trouble(cluster, before)
    try:
        run.advance(evaluator, trouble)
        while trouble.gone.node_id in (after := {member.node for member in evaluator._crew.members}):
            evaluator._crew.refresh()
        assert set(evaluator.pids()).isdisjoint(before), "not all workers died: the test would prove little"
    finally:
        evaluator.close()
    assert outcome(run.folder) == reference
    assert len(before) == 3
    assert trouble.new.node_id in after


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A cluster of three Ray nodes, each with a core, on this machine."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        made.add_node(num_cpus=1)
    yield made
    made.shutdown()


class _Trouble:
    """Kills a worker a moment after generations 2, 4 and 6: in the middle of the next one; a node comes, one goes."""

    def __init__(self, cluster: Any, pids: list[int]) -> None:
        self._cluster, self._pids = cluster, list(pids)
        self.gone = next(node for node in cluster.list_all_nodes() if not node.is_head())

    def __call__(self, progress: wann.runs.Progress) -> None:
        generation = progress.row["generation"]
        if generation in (2, 4, 6):
            subprocess.Popen(["sh", "-c", f"sleep 0.005; kill -9 {self._pids.pop()}"])
        if generation == 5:
            self.new = self._cluster.add_node(num_cpus=1)
        if generation == 7:
            self._cluster.remove_node(self.gone, allow_graceful=False)


def test_stopping_and_resuming_does_not_matter(reference: tuple[object, ...], tmp_path: Path) -> None:
    wann.search("swingup", out=tmp_path / "run", **{**SETTINGS, "generations": 4})
    run = wann.resume(tmp_path / "run", generations=SETTINGS["generations"])
    assert isinstance(run, Run)
    assert outcome(tmp_path / "run") == reference


class SideBySide(ThreadEvaluator):
    """Lets all plays ask before it answers any, as Ray's does, the last one first; breaks off after some answers."""

    def __init__(self, answers: float = float("inf")) -> None:
        super().__init__(SwingUp(), 1)
        self.answers = answers

    def follow_all(self, plays: Sequence[Play[Any]]) -> list[Any]:
        ends: dict[int, Any] = {}
        found: dict[int, Any] = dict.fromkeys(range(len(plays)))
        while len(ends) < len(plays):
            for place in found.keys() - ends.keys():
                try:
                    found[place] = plays[place].send(found[place])
                except StopIteration as end:
                    ends[place] = end.value
            for place in sorted(found.keys() - ends.keys(), reverse=True):
                self.answers -= 1
                if self.answers < 0:
                    raise KeyboardInterrupt
                found[place] = self.evaluate(*found[place])
        return [ends[place] for place in range(len(plays))]


MANNERS: list[dict[str, Any]] = [{}, {"racing": 1, "species_distance": 0.4, "crossover": 0.3}, {"islands": 2}]


@pytest.mark.parametrize("changes", MANNERS)
def test_a_generation_beside_the_verification_of_the_one_before(tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = {**SETTINGS, **changes, "migrate_every": 3}
    wann.search("swingup", out=tmp_path / "one after the other", workers=1, **settings)
    expected = outcome(tmp_path / "one after the other")
    run = prepare("swingup", out=tmp_path / "run", **settings)
    run.advance(SideBySide())
    assert outcome(tmp_path / "run") == expected
    broken = prepare("swingup", out=tmp_path / "broken", **settings)
    ends = []
    while broken.generation < settings["generations"]:
        with suppress(KeyboardInterrupt):
            broken.advance(SideBySide(7 + len(ends)))  # somewhere in a generation, elsewhere each time
        ends.append(broken.generation)
        assert load_checkpoint(broken.folder)["generation"] == rows(broken.folder) == broken.generation
        broken = reopen(broken.folder)
    assert len(ends) > 2
    assert outcome(tmp_path / "broken") == expected


@pytest.mark.parametrize("answers", range(6, 10))
def test_what_is_saved_when_it_is_broken_off_is_a_generation_that_is_done(tmp_path: Path, answers: int) -> None:
    broken = prepare("swingup", out=tmp_path / "broken", **SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        broken.advance(SideBySide(answers))
    assert broken.generation > 0
    wann.search("swingup", out=tmp_path / "run", workers=1, **{**SETTINGS, "generations": broken.generation})
    states = [dict(load_checkpoint(tmp_path / name)) for name in ("broken", "run")]
    for state in states:
        del state["history"]  # it has a clock
    assert {name: array.tobytes() for name, array in states[0].items()} == {
        name: array.tobytes() for name, array in states[1].items()
    }


@pytest.mark.parametrize(("long", "expected"), [(1e9, 7), (1e-12, 2)])
def test_saves_that_take_long_come_less_often(
    long: float, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever one of five generations has been played or verified, and at the end; or once, and at the end."""
    saves, save = [], runs.save_checkpoint
    monkeypatch.setattr(runs, "save_checkpoint", lambda *arguments: (saves.append(1), save(*arguments)))
    monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", 1e-9)
    monkeypatch.setattr(runs, "LONG_SAVE_SECONDS", long)
    wann.search("swingup", out=tmp_path / "run", workers=1, **{**SETTINGS, "generations": 5})
    assert len(saves) == expected


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """The command, with a checkpoint after every generation."""
    code = "import wann.runs; wann.runs.CHECKPOINT_SECONDS = 0; from wann.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE)


LONG = {**SETTINGS, "generations": 60}


def options(settings: dict[str, int]) -> list[str]:
    return [text for name, value in settings.items() for text in (f"--{name.replace('_', '-')}", str(value))]


@pytest.fixture(scope="module")
def long_reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    folder = tmp_path_factory.mktemp("long") / "run"
    wann.search("swingup", out=folder, **LONG)
    return outcome(folder)


def rows(folder: Path) -> int:
    return max(0, (folder / "history.csv").read_bytes().count(b"\n") - 1) if (folder / "history.csv").exists() else 0


def wait_for(folder: Path, generation: int, process: subprocess.Popen[bytes]) -> None:
    """Until the run has done some generations, or has ended."""
    while rows(folder) < generation and process.poll() is None:
        time.sleep(0.002)


def test_sigkill_at_random_moments_does_not_matter(long_reference: tuple[object, ...], tmp_path: Path) -> None:
    folder, chance, kills = tmp_path / "run", random.Random(0), 0
    arguments = ["search", "swingup", "--out", str(folder), *options(LONG)]
    for goal in (1, 8, 20, 33, 47, 10_000):
        process = start(arguments)
        wait_for(folder, goal, process)
        time.sleep(chance.random() * 0.05)
        if goal < 10_000:
            kills += process.poll() is None
            process.kill()
        process.communicate()
        arguments = ["resume", str(folder)]
    assert kills >= 3, "the run was over too soon: the test would prove little"
    assert outcome(folder) == long_reference


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves_and_resumes(
    long_reference: tuple[object, ...], tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    process = start(["search", "swingup", "--out", str(folder), *options(LONG)])
    wait_for(folder, 5, process)
    process.send_signal(number)
    _, messages = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in messages
    assert f"wann resume {folder}".encode() in messages
    done = int(load_checkpoint(folder)["generation"])
    assert 5 <= done < LONG["generations"]
    assert rows(folder) == done
    wann.resume(folder)
    assert outcome(folder) == long_reference


def test_global_randomness_does_not_matter(reference: tuple[object, ...], tmp_path: Path) -> None:
    random.seed(os.urandom(8))
    np.random.seed(12345)  # noqa: NPY002  # the 2019 release drew from here
    wann.search("swingup", out=tmp_path / "run", workers=2, **SETTINGS)
    assert outcome(tmp_path / "run") == reference


def test_threads_evaluate_what_one_piece_gives() -> None:
    population = Population.minimal(5, 1, np.random.default_rng(5).random((3, 6)) < 0.7)
    networks, seeds = express(population), trial_seeds(1, Purpose.TEST, 6, 40)
    evaluators = [ThreadEvaluator(SwingUp(), workers) for workers in (1, 2, 5)]
    results = [evaluator.evaluate(networks, WEIGHTS, seeds) for evaluator in evaluators]
    for evaluator in evaluators:
        evaluator.close()
    for returns, steps in results[1:]:
        np.testing.assert_array_equal(returns, results[0].returns)
        assert steps == results[0].steps
