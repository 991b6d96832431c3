"""Ray workers that crash, hang, are slow, lose what they were given, or lack something: real processes, real kills."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import grown

import wann
from tasks.swingup import SwingUp
from wann.api.searches import prepare
from wann.errors import TaskError, UserError
from wann.evaluation import crew, delivery
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation, Evaluator
from wann.network import express
from wann.runs import CLOCK_COLUMNS, Progress, Run
from wann.task import load_task

POPULATION = grown(12, n_inputs=4, n_outputs=2, steps=4)
SEEDS = np.arange(8).reshape(2, 4)

MISCHIEF = '''
import os, signal, time
import gymnasium, wann

class Mischief(gymnasium.Wrapper):
    """Does what a file beside this one says, in the episode with seed 5."""

    def reset(self, *, seed=None, options=None):
        if seed == 5:
            for deed in (self.crash, self.crash_once, self.hang, self.hang_once):
                if os.path.exists(os.path.join(FOLDER, deed.__name__)):
                    deed()
        return self.env.reset(seed=seed)

    def crash(self):
        os._exit(1)

    def crash_once(self):
        os.remove(os.path.join(FOLDER, "crash_once"))
        os._exit(1)

    def hang(self):
        while True:
            time.sleep(0.01)

    def hang_once(self):
        os.remove(os.path.join(FOLDER, "hang_once"))
        os.kill(os.getpid(), signal.SIGSTOP)

class Task(wann.GymTask):
    environment = "CartPole-v1"

    def make(self):
        return Mischief(super().make())
'''


@pytest.fixture
def task(tmp_path: Path) -> wann.GymTask:
    file = tmp_path / "mischief.py"
    file.write_text(MISCHIEF.replace("FOLDER", repr(str(tmp_path))))
    loaded = load_task(f"{file}:Task")
    assert isinstance(loaded, wann.GymTask)
    return loaded


@contextmanager
def closing(evaluator: Evaluator) -> Iterator[Any]:
    try:
        yield evaluator
    finally:
        evaluator.close()


def evaluated(evaluator: Evaluator) -> Evaluation:
    return evaluator.evaluate(express(POPULATION), (-1.0, 0.5), SEEDS)


def assert_same(found: Evaluation, task: wann.GymTask) -> None:
    expected = evaluated(ThreadEvaluator(task, 1))
    np.testing.assert_array_equal(found.returns, expected.returns)
    assert found.steps == expected.steps


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers count as hung after a second and the time that they would need."""
    monkeypatch.setattr(delivery, "HUNG_SECONDS", 1.0)


@pytest.mark.parametrize("deed", ["crash_once", "hang_once"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_fails_once_does_not_matter(
    task: wann.GymTask, tmp_path: Path, impatient: None, deed: str, workers: int
) -> None:
    with closing(RayEvaluator(task, "local", workers)) as evaluator:
        before = evaluator.pids()
        evaluated(evaluator)  # a hung worker is known by how long others took
        (tmp_path / deed).touch()
        assert_same(evaluated(evaluator), task)
        assert not (tmp_path / deed).exists(), "nothing failed: the test would prove nothing"
        if workers == 1:
            assert evaluator.pids() != before


def test_late_pieces_are_played_by_another_worker(
    task: wann.GymTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LATE_SECONDS", 0.1)
    with closing(RayEvaluator(task, "local", 2)) as evaluator:
        pids = evaluator.pids()
        (tmp_path / "hang_once").touch()
        assert_same(evaluated(evaluator), task)
        assert_same(evaluated(evaluator), task)  # one worker is still at the piece before
        assert {state(pid) for pid in pids} >= {"T"}, "no worker was stopped: the test would prove nothing"
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def state(pid: int) -> str:
    """What /proc says of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class Deed:
    """Lets the environment do its deed from the third generation on."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, progress: Progress) -> None:
        if progress.row["generation"] == 2:
            self._file.touch()


@pytest.mark.parametrize("deed", ["crash", "hang"])
def test_a_task_that_always_fails_stops_the_run_with_all_generations_saved(
    task: wann.GymTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impatient: None, deed: str
) -> None:
    settings = {"population": 8, "generations": 5, "trials": 2, "verify_trials": 4}
    monkeypatch.setattr(wann.evolution, "trial_seeds", lambda *_: np.arange(4, 16).reshape(6, 2))
    expected = wann.search(task, out=tmp_path / "threads", workers=1, **settings)
    run = prepare(task, out=tmp_path / "run", **settings)
    failed = pytest.raises(TaskError, match=f"{delivery.FAILURES} workers failed")
    with closing(RayEvaluator(task, "local", 2)) as evaluator, failed as caught:
        run.advance(evaluator, Deed(tmp_path / deed))
    assert "mischief.py:Task" in str(caught.value)
    assert "\n" not in str(caught.value)
    (tmp_path / deed).unlink()
    resumed = wann.resume(run.folder, workers=1)
    assert run.generation in (2, 3), "the third may have been verified before the fourth failed"
    assert without_clock(resumed) == without_clock(expected)


def without_clock(run: Run) -> dict[str, list[float]]:
    return {name: column.tolist() for name, column in run.history.items() if name not in CLOCK_COLUMNS}


@pytest.mark.parametrize("deed", ["crash", "hang"])
def test_exit_code_and_one_line(task: wann.GymTask, tmp_path: Path, deed: str) -> None:
    (tmp_path / deed).touch()
    code = (
        "import numpy as np, wann.evolution, wann.evaluation.delivery as delivery; from wann.cli import main\n"
        "delivery.HUNG_SECONDS = delivery.UNKNOWN_SECONDS = 1.0\n"
        "wann.evolution.trial_seeds = lambda *_: np.arange(4, 16).reshape(6, 2); main()"
    )
    settings = ["--population", "2", "--generations", "1", "--trials", "2", "--verify-trials", "2"]
    arguments = ["search", task.name, "--out", str(tmp_path / "run"), "--ray", "local", "--workers", "2", "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *arguments, *settings], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"wann: the task '{task.name}' cannot go on: 3 workers failed")


def test_work_that_ray_loses_is_sent_again(task: wann.GymTask, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    class Owner:
        """Keeps an object as long as it lives."""

        def keep(self, value: Any) -> list[Any]:
            return [original(value)]

    lost: list[Any] = []

    def put(value: Any) -> Any:
        if lost:
            return original(value)
        owner = ray.remote(Owner).options(num_cpus=0).remote()
        lost.extend(ray.get(owner.keep.remote(value)))
        ray.kill(owner)
        return lost[0]

    original = ray.put
    with closing(RayEvaluator(task, "local", 2)) as evaluator:
        monkeypatch.setattr(ray, "put", put)
        assert_same(evaluated(evaluator), task)
    assert lost


def test_a_bad_address_is_refused() -> None:
    with pytest.raises(UserError, match=r"no Ray cluster answers at '127.0.0.1:1': .*refused"):
        RayEvaluator(SwingUp(), "127.0.0.1:1")


def listening() -> dict[str, str]:
    """The sockets of this machine that wait for connections: the address of each, by its inode."""
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()]
    return {words[9]: words[1].partition(":")[0] for words in lines if words[3] == "0A"}


def below(process: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from below(int(child))


def open_files(process: int) -> Iterator[str]:
    """What a process has open; some of it may be closed while it is looked at."""
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(file)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")
def test_local_workers_listen_on_loopback_only() -> None:
    before = dict(os.environ)
    with closing(RayEvaluator(SwingUp(), "local", 1)):
        links = {link for process in below(os.getpid()) for link in open_files(process)}
        found = [address for inode, address in listening().items() if f"socket:[{inode}]" in links]
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert len(found) >= 4
    assert set(found) <= loopback
    assert os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER") == before.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")


def test_a_task_that_cannot_be_sent(task: wann.GymTask) -> None:
    import threading

    vars(task)["lock"] = threading.Lock()
    with pytest.raises(UserError, match=r"cannot be sent to Ray workers: .*lock"):
        RayEvaluator(task, "local", 1)


@pytest.fixture
def nodes() -> Iterator[Any]:
    """A cluster of one Ray node with a core, on this machine."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


def shadowed(folder: Path, name: str, content: str) -> dict[str, str]:
    """The environment of a node on which a module or file is found before the real one."""
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


MISSING = "raise ModuleNotFoundError(\"No module named '{0}'\", name='{0}')"
NODES = {
    "version": (
        "swingup",
        "wann-9.9.dist-info/METADATA",
        "Name: wann\nVersion: 9.9\n",
        "other versions .*wann 9.9, here",
    ),
    "package": ("swingup", "wann/__init__.py", MISSING.format("wann"), "cannot import wann"),
    "extra": ("biped:gymnasium", "Box2D/__init__.py", MISSING.format("Box2D"), r"needs the extra box2d"),
}


@pytest.mark.parametrize("lack", list(NODES))
def test_a_node_that_cannot_play(
    nodes: Any, tmp_path: Path, lack: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # Ray makes nodes look for modules in the driver's folder first
    name, file, content, message = NODES[lack]
    if lack == "extra":
        pytest.importorskip("Box2D", reason="the extra box2d is not installed")
    task = load_task(name)
    evaluator = RayEvaluator(task, nodes.address)
    population = grown(4, n_inputs=len(task.inputs), n_outputs=len(task.outputs), steps=1)
    nodes.add_node(num_cpus=1, env_vars=shadowed(tmp_path, file, content))
    with closing(evaluator), caplog.at_level(logging.WARNING, "wann"):
        while not caplog.messages:  # a node that joins a run is left alone
            evaluator.evaluate(express(population), (1.0,), np.zeros((1, 1), dtype=np.int64))
        assert len(evaluator.pids()) == 1
    assert "the search goes on without it" in caplog.text
    with pytest.raises(UserError, match=message) as caught:  # a node that is there from the start stops it
        RayEvaluator(task, nodes.address)
    assert "\n" not in str(caught.value)


def test_another_version_of_ray(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "__version__", "0.0.1")
    with pytest.raises(UserError, match=r"Version mismatch: .*Ray: 0\.0\.1") as caught:
        RayEvaluator(SwingUp(), nodes.address)
    assert "\n" not in str(caught.value)


def test_workers_spread_over_nodes_and_follow_them(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "NODES_SECONDS", 0.0)
    second = nodes.add_node(num_cpus=3)
    nodes.add_node(num_cpus=0)
    with closing(RayEvaluator(SwingUp(), nodes.address, 2)) as evaluator:
        assert sorted(m.threads for m in evaluator._crew.members) == [2], "the node with most free cores"
    with closing(RayEvaluator(SwingUp(), nodes.address)) as evaluator:
        assert sorted(m.threads for m in evaluator._crew.members) == [1, 3]
        nodes.remove_node(second, allow_graceful=False)
        third = nodes.add_node(num_cpus=2)
        while {m.node for m in evaluator._crew.members} != {nodes.head_node.node_id, third.node_id}:
            evaluator._crew.refresh()
        assert sorted(m.threads for m in evaluator._crew.members) == [1, 2]


def test_one_core_each_where_python_plays(nodes: Any, task: wann.GymTask) -> None:
    nodes.add_node(num_cpus=2)
    with closing(RayEvaluator(task, nodes.address)) as evaluator:
        assert sorted(m.threads for m in evaluator._crew.members) == [1, 1, 1]
        assert_same(evaluated(evaluator), task)
