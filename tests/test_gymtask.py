"""Gymnasium environments as tasks: what a network sees and does there, and every return by a plain loop."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from numpy.typing import NDArray
from strategies import grown

import wann
from wann.champion import Network
from wann.errors import TaskError, UserError
from wann.evaluation import lockstep
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluation, Evaluator
from wann.gymtask import GymTask
from wann.network import express
from wann.population import Population
from wann.task import load_task

WEIGHTS = (-1.0, 0.5)
SEEDS = np.array([[1, 2, 3], [4, 5, 6]])


class Odd(gymnasium.Env[Any, Any]):
    """Counts to a number drawn at the reset; the parameters choose spaces and faults."""

    open = 0

    def __init__(self, action: gymnasium.Space[Any] | None = None, fault: str = "", render_mode: str | None = None):
        self.observation_space = spaces.Box(-1, 1, (2, 3))
        self.action_space = action or spaces.Discrete(2, start=5)
        self.fault, self.taken = fault, []
        if fault == "make":
            raise OSError("no simulator\nhere")
        Odd.open += 1

    def close(self) -> None:
        Odd.open -= 1
        if self.fault == "close":
            raise OSError("still running")

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[Any], dict[str, Any]]:
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(3, 9))
        self.taken = []
        if self.fault == "reset":
            raise ValueError("cannot reset")
        if self.fault == "old reset":
            return self._seen()
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), action
        self.left -= 1
        self.taken.append(action)
        if self.fault == "step" and self.left == 1:
            raise RuntimeError("the simulator\nis gone")
        if self.fault == "exit":
            raise SystemExit(0)
        if self.fault == "old step":
            return self._seen(), 0.0, False, {}
        wrong: dict[str, Any] = {"reward": float("nan"), "huge": float("inf"), "none": None, "vector": np.zeros(2)}
        reward = wrong.get(self.fault, float(np.sum(action)))
        return self._seen(), reward, self.fault != "endless" and self.left <= 0, False, {}

    def _seen(self) -> Any:
        if self.fault == "shape":
            return np.zeros(4)
        seen = self.np_random.normal(size=(2, 3))
        if self.fault == "nan":
            seen[1, 1] = np.nan
        if self.fault == "infinite":
            seen[1, 2] = -np.inf
        return "everything" if self.fault == "text" else seen


gymnasium.register("Odd-v0", entry_point=f"{__name__}:Odd")


def odd(**arguments: Any) -> GymTask:
    """The task, by a subclass that hands over what no id can."""

    class OddTask(GymTask):
        environment = "Odd-v0"

        def make(self) -> gymnasium.Env[Any, Any]:
            return Odd(**arguments)

    if arguments.get("fault") in ("close", "make"):  # the task asks an environment for its spaces, and closes it
        task = odd(**{**arguments, "fault": ""})
        task.make = lambda: Odd(**arguments)  # type: ignore[method-assign]
        return task

    return OddTask()


def played(evaluator: Evaluator, population: Population) -> Evaluation:
    try:
        return evaluator.evaluate(express(population), WEIGHTS, SEEDS)
    finally:
        evaluator.close()


def plainly(task: GymTask, network: Network, weight: float, seed: int) -> tuple[float, int]:
    """Return and length of an episode, step by step."""
    environment = task.make()
    observation, _ = environment.reset(seed=seed)
    total, steps, ended = 0.0, 0, False
    while not ended and steps < task.max_steps:
        action = task.action(network(np.ravel(observation), weight))
        observation, reward, terminated, truncated, _ = environment.step(action)
        total, steps, ended = total + float(reward), steps + 1, terminated or truncated
    return total, steps


@pytest.mark.parametrize(
    "name", ["CartPole-v1", "Pendulum-v1", "MountainCarContinuous-v0?max_episode_steps=40", "LunarLander-v3", "Odd-v0"]
)
def test_returns_are_those_of_a_plain_loop(name: str) -> None:
    if name.startswith("Lunar"):
        pytest.importorskip("Box2D", reason="the extra box2d is not installed")
    task = GymTask(name)
    population = grown(3, n_inputs=len(task.inputs), n_outputs=len(task.outputs), steps=8)
    found, steps = played(ThreadEvaluator(task, 1), population), 0
    for i, genome in enumerate(population):
        for w, weight in enumerate(WEIGHTS):
            for t in range(3):
                total, length = plainly(task, Network(genome), weight, int(SEEDS[w, t]))
                assert found.returns[i, w, t] == total
                steps += length
    assert found.steps == steps


@pytest.mark.parametrize("slots", [1, 2, 5, 1000])
def test_how_many_step_at_once_does_not_matter(slots: int, monkeypatch: pytest.MonkeyPatch) -> None:
    population = grown(7, n_inputs=6, n_outputs=2, steps=4)
    expected = played(ThreadEvaluator(GymTask("Odd-v0"), 1), population)
    monkeypatch.setattr(lockstep, "SLOTS", slots)
    found = played(ThreadEvaluator(GymTask("Odd-v0"), 1), population)
    np.testing.assert_array_equal(found.returns, expected.returns)
    assert found.steps == expected.steps


class Patient(gymnasium.Env[Any, Any]):
    """Plays for a long time, and tells when it has begun."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)
    begun = threading.Event()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[NDArray[Any], dict[str, Any]]:
        return np.zeros(2), {}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        self.begun.set()
        return np.zeros(2), 0.0, False, False, {}


def test_closing_the_evaluator_ends_what_is_being_played() -> None:
    """Ctrl-C does that: nobody waits for the ends of long episodes."""
    gymnasium.register("Patient-v0", Patient, max_episode_steps=200_000)
    evaluator = ThreadEvaluator(GymTask("Patient-v0"), 1)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(evaluator.evaluate, express(grown(1, n_inputs=2, n_outputs=2, steps=2)), WEIGHTS, SEEDS)
        Patient.begun.wait()
        evaluator.close()
        with pytest.raises(CancelledError):
            found.result()


def test_threads_and_ray_workers_do_not_matter() -> None:
    task = GymTask("CartPole-v1")
    population = grown(9, n_inputs=4, n_outputs=2, steps=4)
    one = played(ThreadEvaluator(task, 1), population)
    for other in (ThreadEvaluator(task, 3), RayEvaluator(task, "local", 2)):
        found = played(other, population)
        np.testing.assert_array_equal(found.returns, one.returns)
        assert found.steps == one.steps


def test_an_episode_does_not_know_those_before_it() -> None:
    """BipedalWalker keeps traces of earlier episodes in an environment; here each has its own."""
    pytest.importorskip("Box2D", reason="the extra box2d is not installed")
    task = GymTask("BipedalWalker-v3?max_episode_steps=150")
    population = grown(1, n_inputs=24, n_outputs=4, steps=5)
    evaluator = ThreadEvaluator(task, 1)
    networks = express(population)
    together = evaluator.evaluate(networks, [1.5], np.arange(6)[None]).returns[0, 0]
    alone = [evaluator.evaluate(networks, [1.5], np.array([[seed]])).returns[0, 0, 0] for seed in reversed(range(6))]
    np.testing.assert_array_equal(together, alone[::-1])


def test_individual_weights_are_played() -> None:
    task, population = GymTask("Odd-v0"), grown(1, n_inputs=6, n_outputs=2, steps=8)
    networks = express(population)
    evaluator = ThreadEvaluator(task, 1)
    shared = evaluator.evaluate(networks, [0.7], np.array([[1, 2]])).returns[0]
    vectors = np.full((1, networks.sources.size), 0.7)
    np.testing.assert_array_equal(evaluator.evaluate_weights(networks, vectors, np.array([1, 2])).returns, shared)


BOX = spaces.Box(np.array([-2.0, 0.0], np.float32), np.array([2.0, 1.0], np.float32))


@pytest.mark.parametrize(
    ("space", "outputs", "expected"),
    [
        (spaces.Discrete(3), [0.1, 0.9, 0.9], 1),
        (spaces.Discrete(3, start=4), [np.nan, -1.0, -2.0], 4),
        (spaces.MultiDiscrete([2, 3]), [0.0, 1.0, 5.0, 4.0, 9.0], [1, 2]),
        (spaces.MultiBinary(3), [-1.0, 0.0, 0.1], [0, 0, 1]),
        (BOX, [0.5, 0.5], [1.0, 0.75]),
        (BOX, [-7.0, np.inf], [-2.0, 1.0]),
        (BOX, [np.nan, -3.0], [0.0, 0.0]),
        (spaces.Box(-np.inf, np.inf, (2,)), [7.0, -8.0], [7.0, -8.0]),
        (spaces.Box(0.0, np.inf, (1, 2)), [7.0, -8.0], [[7.0, 0.0]]),
    ],
)
def test_outputs_become_actions(space: Any, outputs: list[float], expected: Any) -> None:
    action = odd(action=space).action(np.array(outputs))
    np.testing.assert_allclose(action, expected)
    assert space.contains(action)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reset", "in reset of the episode with seed 1: ValueError: cannot reset;"),
        ("step", "with seed 1: RuntimeError: the simulator is gone;"),
        ("reward", "in step 1 of the episode with seed 1: ValueError: the reward is nan;"),
        ("huge", "ValueError: the reward is inf;"),
        ("nan", "ValueError: observation 4 is not finite;"),
        ("shape", "ValueError: the observation has 4 numbers, expected 6;"),
        ("infinite", "ValueError: observation 5 is not finite;"),
        ("text", "ValueError: could not convert string to float: 'everything';"),
        ("none", "ValueError: the reward is no number but NoneType;"),
        ("vector", "ValueError: the reward is no number but ndarray;"),
        ("exit", "in step 1 of the episode with seed 1: SystemExit: 0;"),
        ("old reset", "in reset of the episode with seed 1: ValueError: expected (observation, info), got ndarray;"),
        ("old step", "expected (observation, reward, terminated, truncated, info), got a tuple of 4;"),
        ("make", "in make of the episode with seed 1: OSError: no simulator here;"),
        ("close", "in close of the episode with seed "),
    ],
)
def test_what_an_environment_does_wrong_is_told(fault: str, message: str) -> None:
    Odd.open = 0
    with pytest.raises(TaskError) as error:
        played(ThreadEvaluator(odd(fault=fault), 1), grown(1, n_inputs=6, n_outputs=2, steps=1))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("the task 'gym' failed")
    assert str(error.value).endswith("reset the environment with that seed to see it alone")
    assert Odd.open <= 0, "an environment was left open"


def test_every_environment_is_closed_and_no_more_are_open_than_step_at_once() -> None:
    most, made = [], odd()
    Odd.open = 0
    make = made.make

    def counted() -> gymnasium.Env[Any, Any]:
        environment = make()
        most.append(Odd.open)
        return environment

    made.make = counted  # type: ignore[method-assign]
    played(ThreadEvaluator(made, 1), grown(40, n_inputs=6, n_outputs=2, steps=1))
    assert len(most) == 240
    assert max(most) <= lockstep.SLOTS
    assert Odd.open == 0


def test_an_environment_that_no_worker_could_have_is_refused_by_ray_and_played_here(tmp_path: Path) -> None:
    class Locked(GymTask):
        environment = "CartPole-v1"

        def __init__(self) -> None:
            self.lock = threading.Lock()
            super().__init__()

    small: dict[str, Any] = {"population": 4, "generations": 1, "trials": 1, "verify_trials": 1}
    with pytest.raises(UserError) as error:
        wann.search(Locked(), out=tmp_path / "ray", workers=2, **small)
    assert str(error.value).startswith("the task 'gym' cannot be sent to Ray workers (TypeError: ")
    assert str(error.value).endswith("or play it in this process, with workers=1 and without ray")
    assert wann.search(Locked(), out=tmp_path / "here", workers=1, **small).generation == 1


def test_an_environment_that_never_ends_is_cut_off() -> None:
    task = odd(fault="endless")
    found = played(ThreadEvaluator(task, 1), grown(1, n_inputs=6, n_outputs=2, steps=1))
    assert found.steps == 6 * task.max_steps == 6000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gym", "the task gym needs an environment's id, as in gym:CartPole-v1"),
        ("gym:CartPoll-v1", "the environment 'CartPoll-v1' cannot be made: Environment `CartPoll` doesn't exist."),
        ("gym:CartPole-v1?colour=1", "the environment 'CartPole-v1' cannot be made: "),
        ("gym:no_such_module:My-v0", "the environment 'no_such_module:My-v0' cannot be made: No module named"),
        ("gym:FrozenLake-v1", "the environment 'FrozenLake-v1' has observations Discrete(16): expected a Box"),
        (
            "gym:CartPole-v1?wrapper=Flat",
            "there is no wrapper 'Flat': module 'gymnasium.wrappers' has no attribute 'Flat'",
        ),
        ("gym:CartPole-v1?wrapper=no_such:X", "there is no wrapper 'no_such:X': No module named 'no_such'"),
        ("gym:CartPole-v1?wrapper=json:__doc__", "the wrapper 'json:__doc__' cannot be put around an environment"),
        ("gym:CartPole-v1?wrapper=TransformReward", "the environment 'CartPole-v1' cannot be made: TransformReward"),
        ("swingup:7", "the task 'swingup' takes no argument, got '7'"),
    ],
)
def test_a_wrong_environment_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load_task(name)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_spaces_that_no_network_fits_are_refused() -> None:
    with pytest.raises(UserError, match="has actions Tuple"):
        odd(action=spaces.Tuple([spaces.Discrete(2)]))


def test_arguments_reach_the_environment() -> None:
    task = load_task("gym:MountainCarContinuous-v0?goal_velocity=0.5&max_episode_steps=12")
    assert isinstance(task, GymTask)
    environment: Any = task.make().unwrapped
    assert (environment.goal_velocity, task.max_steps) == (0.5, 12)
    assert task.name == "gym:MountainCarContinuous-v0?goal_velocity=0.5&max_episode_steps=12"


def test_wrappers_are_put_around_the_environment_innermost_first() -> None:
    task = load_task("gym:FrozenLake-v1?is_slippery=false&wrapper=FlattenObservation&wrapper=TimeAwareObservation")
    assert isinstance(task, GymTask)
    environment = task.make()
    observation, _ = environment.reset(seed=0)
    assert isinstance(environment, gymnasium.wrappers.TimeAwareObservation)
    assert isinstance(environment.env, gymnasium.wrappers.FlattenObservation)
    assert len(task.inputs) == 17
    np.testing.assert_array_equal(task.observe(observation), [1.0] + [0.0] * 16)

    class Doubled(GymTask):
        environment = "CartPole-v1"
        wrappers = (lambda inner: gymnasium.wrappers.TransformReward(inner, lambda reward: 2 * reward),)

    population = grown(2, n_inputs=4, n_outputs=2, steps=4)
    found, single = (played(ThreadEvaluator(task, 1), population) for task in (Doubled(), GymTask("CartPole-v1")))
    np.testing.assert_array_equal(found.returns, 2 * single.returns)


class Scaled(GymTask):
    """Declares what observations are multiplied by."""

    environment = "Pendulum-v1?max_episode_steps=5"
    scale = (1.0, 1.0, 0.125)


@pytest.mark.parametrize(
    ("task", "actions"),
    [
        (odd(action=spaces.Discrete(3)), "the largest of 3 outputs"),
        (odd(action=spaces.MultiDiscrete([2, 3])), "the largest in groups of 2, 3 outputs"),
        (odd(action=spaces.MultiBinary(3)), "each output above 0 sets its bit"),
        (odd(action=BOX), "each output limited to [-1, 1] and scaled to [-2, 2], [0, 1]"),
        (odd(action=spaces.Box(-1, 1, (3,))), "each output limited to [-1, 1] and scaled to [-1, 1]"),
        (odd(action=spaces.Box(-np.inf, np.inf, (2,))), "the outputs as they are"),
    ],
)
def test_what_becomes_of_outputs_is_told(task: GymTask, actions: str) -> None:
    assert list(task.remarks) == [f"actions: {actions}", "episodes: 1000 steps at most"]


def test_the_settings_of_a_run_say_what_becomes_of_outputs_and_can_be_fed_back(tmp_path: Path) -> None:
    small: dict[str, Any] = {"population": 4, "generations": 1, "trials": 1, "verify_trials": 1, "workers": 1}
    wann.search(Scaled(), out=tmp_path / "run", **small)
    lines = (tmp_path / "run" / "config.toml").read_text().splitlines()
    assert lines[:4] == [
        "# actions: each output limited to [-1, 1] and scaled to [-2, 2]",
        "# observations: multiplied by 1, 1, 0.125",
        "# episodes: 5 steps at most",
        'task = "gym"',
    ]
    again = wann.search(Scaled(), config=tmp_path / "run" / "config.toml", out=tmp_path / "again", workers=1)
    assert (again.folder / "config.toml").read_text().splitlines() == lines


def test_a_run_remembers_its_environment(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"population": 8, "trials": 1, "verify_trials": 2, "workers": 1}
    name = "gym:Pendulum-v1?max_episode_steps=20"
    whole = wann.search(name, generations=4, out=tmp_path / "whole", **settings)
    wann.search(name, generations=2, out=tmp_path / "run", **settings)
    resumed = wann.resume(tmp_path / "run", generations=4, workers=1)
    assert resumed.champion.task == name
    assert resumed.champion.genome == whole.champion.genome
    report = wann.test(tmp_path / "run", episodes=2, draws=2, workers=1)
    assert report.task == name


def test_a_task_that_fails_under_ray_ends_the_command_with_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "breaks.py"
    module.write_text(
        "import gymnasium\n"
        "from gymnasium.envs.classic_control.pendulum import PendulumEnv\n"
        "class Breaks(PendulumEnv):\n"
        "    def step(self, action):\n"
        "        raise RuntimeError('out of order')\n"
        "gymnasium.register('Breaks-v0', entry_point='breaks:Breaks', max_episode_steps=9)\n"
    )
    command = [sys.executable, "-c", "from wann.cli import main; main()", "search", "gym:breaks:Breaks-v0"]
    options = ["--ray", "local", "--workers", "1", "--population", "4", "--out", "run", "--quiet"]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, env=_with_path(tmp_path), check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "failed in step 1 of the episode with seed" in done.stderr
    assert "RuntimeError: out of order" in done.stderr


def _with_path(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
