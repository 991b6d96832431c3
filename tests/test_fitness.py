"""A plain Python function as a task: called with each network, weight and trial, and told off in one line."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import grown

import wann
from wann.champion import Network
from wann.cli import main
from wann.errors import TaskError, UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.network import express
from wann.task import Part, load_task

WEIGHTS = (-1.0, 0.5, 2.0)
SEEDS = np.array([[1, 2], [3, 4], [5, 6]])
SMALL: dict[str, Any] = {"generations": 4, "population": 12, "trials": 2, "verify_trials": 3}

TEMPLATE = '''"""A cart on ice comes to its mark."""

import numpy as np

import wann


def score(network, seed):
    """How close the cart stays: it sees the way to the mark and its own speed."""
    mark, place, speed, total = np.random.default_rng(seed).uniform(-1.0, 1.0), 0.0, 0.0, 0.0
    for _ in range(60):
        (push,) = network([mark - place, speed])
        speed += 0.1 * float(np.clip(push, -1.0, 1.0))
        place += 0.1 * speed
        total += max(0.0, 1.0 - abs(mark - place))
    return total


cart = wann.FitnessTask(score, inputs=["to the mark", "speed"], outputs=["push"])

if __name__ in ("__main__", "example"):
    run = wann.search(cart, generations=20, population=32, trials=1, verify_trials=10)
'''


def curve(network: Any) -> float:
    """Minus the distance from a parabola; takes no seed."""
    x = np.linspace(-1.0, 1.0, 9)
    y = network(np.stack([x, x**2], axis=1))[:, 0]
    return -float(np.abs(np.clip(y, -9.0, 9.0) - x**2).mean())


def walk(network: Any, seed: int) -> float:
    """A number of steps that the seed decides."""
    rng, total = np.random.default_rng(seed), 0.0
    for _ in range(rng.integers(2, 6)):
        total += float(np.tanh(network(rng.normal(size=2))[0]))
    return total


def task_of(score: Any) -> wann.FitnessTask:
    return wann.FitnessTask(score, inputs=2, outputs=1)


def played(score: Any) -> Any:
    evaluator = ThreadEvaluator(task_of(score), 1)
    try:
        return evaluator.evaluate(express(grown(3, n_inputs=2, n_outputs=1, steps=6)), WEIGHTS, SEEDS)
    finally:
        evaluator.close()


def test_the_score_is_that_of_calling_the_function_with_each_network_weight_and_seed() -> None:
    found, genomes = played(walk), grown(3, n_inputs=2, n_outputs=1, steps=6)
    for i, genome in enumerate(genomes):
        network = Network(genome)
        for w, weight in enumerate(WEIGHTS):
            for t in range(2):
                expected = walk(lambda x, n=network, w=weight: n(x, w), int(SEEDS[w, t]))
                assert found.returns[i, w, t] == expected
    assert found.steps == 3 * sum(int(np.random.default_rng(seed).integers(2, 6)) for seed in SEEDS.ravel())


def test_a_function_may_choose_weights_itself() -> None:
    found = played(lambda network: float(network([0.3, 0.4], weight=0.7)[0]) + 100.0 * network.weight)
    for i, genome in enumerate(grown(3, n_inputs=2, n_outputs=1, steps=6)):
        expected = Network(genome)([0.3, 0.4], 0.7)[0] + 100.0 * np.array(WEIGHTS)
        np.testing.assert_array_equal(found.returns[i, :, 0], expected)


def test_individual_weights_reach_the_network() -> None:
    networks = express(grown(1, n_inputs=2, n_outputs=1, steps=8))
    evaluator = ThreadEvaluator(task_of(walk), 1)
    shared = evaluator.evaluate(networks, [0.7], np.array([[1, 2]]), Part.TEST).returns[0]
    vectors = np.full((1, networks.sources.size), 0.7)
    np.testing.assert_allclose(evaluator.evaluate_weights(networks, vectors, np.array([1, 2])).returns, shared)


def test_a_function_without_a_seed_is_called_once_a_weight(tmp_path: Path) -> None:
    run = wann.search(fitness=curve, inputs=["x", "x²"], outputs=1, generations=4, population=12, out=tmp_path / "run")
    assert (run.settings.trials, run.settings.verify_trials) == (1, 1)
    assert (run.champion.task, run.champion.inputs, run.champion.outputs) == ("fitness:curve", ("x", "x²"), ("y0",))
    report = wann.test(run.folder, task=task_of(curve), draws=2)
    assert run.champion.scores is not None
    assert report.mean == run.champion.scores.mean
    alone = [curve(lambda x, w=weight: run.champion.network(x, w)) for weight in run.settings.weights]
    assert report.mean == pytest.approx(np.mean(alone), rel=1e-12)


def test_a_report_calls_no_function(tmp_path: Path) -> None:
    calls = []

    def counted(network: Any) -> float:
        def answer(x: Any) -> Any:
            calls.extend(x)
            return network(x)

        return curve(answer)

    run = wann.search(fitness=counted, inputs=2, outputs=1, generations=3, population=8, out=tmp_path / "run")
    assert len(calls) == run.history["steps"][-1]
    assert (run.folder / "report.html").exists()


def test_threads_ray_and_resuming_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "cart.py").write_text(TEMPLATE)
    task = load_task(f"{tmp_path}/cart.py:cart")
    whole = wann.search(task, out=tmp_path / "whole", **SMALL)
    threads = wann.search(task, out=tmp_path / "threads", workers=3, **SMALL)
    ray = wann.search(task, out=tmp_path / "ray", ray="local", workers=2, **SMALL)
    half = wann.search(task, out=tmp_path / "half", **{**SMALL, "generations": 2})
    resumed = wann.resume(half.folder, task=task, generations=4)
    for other in (threads, ray, resumed):
        for name in ("champion.json", "front.json"):
            assert (other.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_function_that_no_worker_could_have_is_called_here(tmp_path: Path) -> None:
    lock, callers = threading.Lock(), set()

    def guarded(network: Any) -> float:
        callers.add(threading.current_thread().name)
        with lock:
            return curve(network)

    wann.search(fitness=guarded, inputs=2, outputs=1, generations=2, population=8, out=tmp_path / "run")
    assert len(callers) == 1, "by one thread, unless several are asked for"
    with pytest.raises(
        UserError, match=r"^the task 'fitness:guarded' cannot be sent to Ray workers \(TypeError: .*lock"
    ):
        wann.search(fitness=guarded, inputs=2, outputs=1, ray="local", workers=1, out=tmp_path / "ray")


def _leaves(network: Any) -> float:
    raise SystemExit(3)


WRONG: dict[str, tuple[Any, str]] = {
    "raises": (lambda network: 1 / 0, "raised ZeroDivisionError: division by zero: give a low score instead"),
    "exits": (_leaves, "raised SystemExit: 3: give a low score instead"),
    "wrong inputs": (lambda network: network([1.0]), "raised ValueError: x must be (2,) or (batch, 2), got (1,): give"),
    "nan": (lambda network: float("nan"), "gave nan: expected a finite number, a low one for a network that fails"),
    "infinite": (lambda network: -np.inf, "gave -inf: expected a finite number"),
    "nothing": (lambda network: None, "gave NoneType: expected a number, higher for better networks"),
    "text": (lambda network: "7", "gave str: expected a number"),
    "complex": (lambda network: 1j, "gave complex: expected a number"),
    "outputs": (lambda network: network([1.0, 2.0]), "gave an array of the shape (1,): expected a number"),
}


@pytest.mark.parametrize(("score", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_score_is_told_in_one_line(score: Any, message: str) -> None:
    with pytest.raises(TaskError) as error:
        played(score)
    assert str(error.value).startswith(f"the function of the task {task_of(score).name!r}, with the weight -1, ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_trial_is_named_where_there_is_one() -> None:
    with pytest.raises(TaskError, match=r"with the weight 0\.5 and the seed 4, gave nan"):
        played(lambda network, seed: np.nan if seed == 4 else 0)


@pytest.mark.parametrize("score", [lambda network: 2, lambda network: np.float32(2.0), lambda network: np.int64(2)])
def test_every_real_number_is_a_score(score: Any) -> None:
    np.testing.assert_array_equal(played(score).returns, 2.0)


REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({}, "expected either a task or fitness=..., got neither"),
    ({"task": "swingup", "fitness": curve}, "expected either a task or fitness=..., got both"),
    ({"task": "swingup", "inputs": 2}, "inputs and outputs go with fitness=...: a task has its own"),
    ({"fitness": curve, "inputs": 2}, "fitness: say what the network sees and does, with inputs=... and outputs=..."),
    ({"fitness": 7, "inputs": 2, "outputs": 1}, "fitness: expected a function that takes a network and gives a number"),
    ({"fitness": curve, "inputs": 0, "outputs": 1}, "inputs: expected how many there are, 1 or more, or a list of"),
    ({"fitness": curve, "inputs": 2, "outputs": "y"}, "outputs: expected how many there are, 1 or more, or a list of"),
    ({"fitness": curve, "inputs": True, "outputs": 1}, "inputs: expected how many there are, 1 or more"),
    ({"fitness": curve, "inputs": [1, 2], "outputs": 1}, "inputs: expected how many there are, 1 or more"),
]


@pytest.mark.parametrize(("given", "message"), REQUESTS)
def test_a_wrong_request_is_refused(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        wann.search(**given, out=tmp_path / "run")
    assert str(error.value).startswith(message)
    assert not (tmp_path / "run").exists()


def test_a_name_alone_does_not_lead_to_a_function(tmp_path: Path) -> None:
    run = wann.search(fitness=curve, inputs=2, outputs=1, generations=2, population=8, out=tmp_path / "run")
    with pytest.raises(UserError, match=r"'fitness:curve' is a Python function, .* task=wann\.FitnessTask\(function"):
        wann.resume(run.folder, generations=3)


def test_the_template_is_short_and_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TEMPLATE.count("\n") < 40
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(TEMPLATE, "example.py", "exec"), names)
    scores = names["run"].champion.scores
    assert scores is not None
    assert scores.mean > 35, "0 connections give 30"


def test_a_function_in_a_file_is_searched_and_tested_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cart.py").write_text(TEMPLATE)
    small = ["--generations", "2", "--population", "8", "--trials", "1", "--verify-trials", "2", "--quiet"]
    for arguments in (["search", "cart.py:cart", *small], ["test", "runs/cart-0", "--episodes", "2", "--json"]):
        with pytest.raises(SystemExit) as exit:
            main(arguments)
        assert exit.value.code == 0
    assert json.loads(capsys.readouterr().out)["task"] == f"{tmp_path}/cart.py:cart"
    with pytest.raises(UserError, match=r"cart\.py:cart' is a function: it has no episodes to play"):
        wann.play("runs/cart-0", out="play.gif")


def test_closing_the_evaluator_calls_the_function_no_more() -> None:
    called, closed = threading.Event(), threading.Event()

    def score(network: Any) -> float:
        called.set()
        closed.wait()
        return 0.0

    task = wann.FitnessTask(score, inputs=["x"], outputs=["y"])
    evaluator, networks = ThreadEvaluator(task, 1), express(grown(4, n_inputs=1, n_outputs=1, steps=2))
    with ThreadPoolExecutor(2) as pool:
        found = pool.submit(evaluator.evaluate, networks, WEIGHTS, SEEDS)
        called.wait()
        closing = pool.submit(evaluator.close)
        while not evaluator._player.cancelled:
            time.sleep(0.001)
        closed.set()
        closing.result()
        with pytest.raises(CancelledError):
            found.result()
