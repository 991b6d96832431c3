"""Tests of ``wann.environment``: a jitted task as a gymnasium environment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tasks.registration import ENVIRONMENTS, register
from tasks.swingup import SwingUp
from wann.environment import JittedEnv
from wann.errors import UserError
from wann.task import JittedTask, Part, Task, load_task

REGISTERED = "wann/CartPoleSwingUp-v0"


class Walk(JittedTask):
    """Two counters that add up their actions; the episode ends when the first is above 3."""

    name = "walk"
    inputs = ("a", "b", "a + b")
    outputs = ("right", "up")
    reward_range = (-10.0, 10.0)
    max_steps = 7

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        return [rng.random(), 0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        return state[0], state[1], state[0] + state[1]

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        a, b = state[0] + action[0], state[1] + action[1]
        return (a, b), a - b, a > 3.0


class Words(Task):
    name = "words"
    inputs: ClassVar = ("a",)
    outputs: ClassVar = ("b",)
    reward_range: ClassVar = (0.0, 1.0)

    def trial(self, seed: int, part: Part) -> Sequence[float]:
        return [seed]


def play(env: gymnasium.Env[Any, Any], seed: int, actions: Sequence[float]) -> list[Any]:
    """Everything that an episode gives, as plain numbers."""
    told: list[Any] = [env.reset(seed=seed)[0].tolist()]
    for action in actions:
        observation, *rest, _ = env.step(np.array([action]))
        told.append((observation.tolist(), *rest))
    return told


@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_gymnasium_approves(render_mode: str | None) -> None:
    env = gymnasium.make(REGISTERED, render_mode=render_mode)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env.unwrapped)
    assert [str(w.message) for w in caught if "observation space m" not in str(w.message)] == []


def test_spaces_follow_the_task() -> None:
    env = JittedEnv(Walk())
    assert env.observation_space == gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float64)
    assert env.action_space == gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float64)


def test_steps_are_the_tasks() -> None:
    env = JittedEnv(Walk())
    observation, info = env.reset(options={"state": (1, 2)})
    assert (observation.tolist(), info) == ([1.0, 2.0, 3.0], {})
    observation, reward, terminated, truncated, info = env.step(np.array([0.5, -1.0]))
    assert observation.dtype == np.float64
    assert (observation.tolist(), reward, terminated, truncated, info) == ([1.5, 1.0, 2.5], 0.5, False, False, {})
    assert env.state == (1.5, 1.0)
    assert env.step(np.array([2.0, 0.0]))[2:4] == (True, False)


@pytest.mark.parametrize("seed", [0, 1, 123, 2**40])
def test_a_seed_gives_the_start_that_the_toolkit_draws(seed: int) -> None:
    env = JittedEnv(SwingUp())
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    assert env.state == tuple(SwingUp.start(rng))
    env.reset()
    assert env.state == tuple(SwingUp.start(rng)), "a reset without a seed goes on with the same generator"


def test_same_seed_same_episode() -> None:
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, 100).tolist()
    one, other = JittedEnv(SwingUp()), JittedEnv(SwingUp())
    assert play(one, 5, actions) == play(other, 5, actions) == play(one, 5, actions)
    assert play(one, 5, actions) != play(one, 6, actions)


def test_global_randomness_plays_no_part() -> None:
    env, actions, told = JittedEnv(SwingUp()), [0.3, -0.2, 1.0] * 10, []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        before = repr((random.getstate(), np.random.get_state()))  # noqa: NPY002
        told.append(play(env, 9, actions))
        assert repr((random.getstate(), np.random.get_state())) == before  # noqa: NPY002
    assert told[0] == told[1]


def test_an_episode_is_truncated_after_max_steps() -> None:
    env = JittedEnv(Walk())
    for _ in range(2):
        env.reset(seed=0)
        ends = [env.step(np.zeros(2))[2:4] for _ in range(Walk.max_steps)]
        assert ends == [(False, False)] * (Walk.max_steps - 1) + [(False, True)]


@pytest.mark.parametrize("state", [(1.0,), (1.0, 2.0, 3.0), (0.0, np.nan), (np.inf, 0.0), "ab", 5, None])
def test_bad_start_states_are_refused(state: Any) -> None:
    with pytest.raises(UserError, match=r"options\['state'\] must be 2 finite numbers, got "):
        JittedEnv(Walk()).reset(options={"state": state})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UserError, match="unknown key 'stat'"):
        JittedEnv(Walk()).reset(options={"stat": (0.0, 0.0)})


@pytest.mark.parametrize("action", [0.0, [0.0], [[0.0, 0.0]], [0.0] * 3])
def test_actions_of_another_shape_are_refused(action: Any) -> None:
    env = JittedEnv(Walk())
    env.reset(seed=0)
    with pytest.raises(UserError, match=r"action must have the shape \(2,\), got "):
        env.step(action)


@pytest.mark.parametrize("call", [lambda env: env.step(np.zeros(1)), lambda env: env.render()])
def test_reset_comes_first(call: Any) -> None:
    with pytest.raises(gymnasium.error.ResetNeeded):
        call(JittedEnv(SwingUp(), render_mode="rgb_array"))


def test_what_cannot_be_played_is_refused() -> None:
    with pytest.raises(UserError, match="must be a jitted task, got Words"):
        JittedEnv(Words())  # type: ignore[arg-type]
    with pytest.raises(UserError, match="did you mean 'swingup'"):
        JittedEnv("swing_up")
    with pytest.raises(UserError, match="render_mode must be None or 'rgb_array', got 'human'"):
        JittedEnv(Walk(), render_mode="human")


def test_frames() -> None:
    env = JittedEnv(SwingUp(), render_mode="rgb_array")
    env.reset(options={"state": (0.0, 0.0, np.pi, 0.0)})
    hanging = env.render()
    assert hanging is not None
    assert (hanging.shape, hanging.dtype) == ((400, 600, 3), np.uint8)
    env.reset(options={"state": (0.0, 0.0, 0.0, 0.0)})
    upright = env.render()
    env.step(np.array([1.0]))
    pushed = env.render()
    assert (hanging != upright).any()
    assert (upright != pushed).any(), "the force is not shown"


def test_without_a_render_mode_there_is_no_picture() -> None:
    env = JittedEnv(SwingUp())
    env.reset(seed=0)
    assert env.render() is None


def test_a_task_without_a_picture_says_so() -> None:
    env = JittedEnv(Walk(), render_mode="rgb_array")
    env.reset(seed=0)
    with pytest.raises(UserError, match="the task 'walk' has no picture"):
        env.render()


def test_registered_environments() -> None:
    assert REGISTERED in ENVIRONMENTS
    for name, task in ENVIRONMENTS.items():
        env = gymnasium.make(name).unwrapped
        assert isinstance(env, JittedEnv)
        assert type(env.task) is type(load_task(task))


def test_registering_twice_is_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register()


def test_vector_environments_play_the_same_episodes() -> None:
    vector = gymnasium.make_vec(REGISTERED, num_envs=3, vectorization_mode="sync")
    observations, _ = vector.reset(seed=[4, 5, 6])
    expected = [JittedEnv(SwingUp()).reset(seed=seed)[0] for seed in (4, 5, 6)]
    np.testing.assert_array_equal(observations, expected)


PROGRAM = f"""
import json, sys
import gymnasium
heavy = ["numba", "PIL", "matplotlib"]
after_gymnasium = [name for name in heavy if name in sys.modules]
gymnasium.spec("CartPole-v1")
import tasks.registration
after_registration = [name for name in heavy if name in sys.modules]
gymnasium.registry.pop("{REGISTERED}")
del sys.modules["tasks.registration"]
env = gymnasium.make("tasks.registration:{REGISTERED}", render_mode="rgb_array")
env.reset(seed=0)
shape = env.render().shape
print(json.dumps([after_gymnasium, after_registration, shape, "numba" in sys.modules]))
"""


def test_a_fresh_process_without_a_display(tmp_path: Path) -> None:
    """Gymnasium finds the environment through its id alone; nothing heavy is imported before one is made."""
    headless = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=headless,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], [], [400, 600, 3], True]


SCRIPT = """
import sys
import numpy as np
from helper import half
from wann.environment import JittedEnv
from wann.task import JittedTask

class Own(JittedTask):
    name, inputs, outputs, reward_range, max_steps = "own", ("a",), ("b",), (0.0, 1.0), 5
    start = staticmethod(lambda rng: [0.0])
    observe = staticmethod(lambda state: (state[0],))

    @staticmethod
    def step(state, action):
        return (state[0] + half(action[0]),), 0.0, False

env = JittedEnv(Own())
env.reset(seed=0)
print(env.step(np.ones(1))[0][0])
"""
HELPER = "from wann.jit import inlined\n@inlined\ndef half(x):\n    return x * {}\n"


def run_script(folder: Path, helper: str, *command: str) -> float:
    (folder / "helper.py").write_text(helper)
    (folder / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[1]}"}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize(
    "command",
    [("script.py",), ("-c", "exec(open('script.py').read(), {'__name__': 'nowhere'})"), ("-c", "import script")],
    ids=["a script", "no module", "a module"],
)
def test_a_task_from_anywhere_is_the_present_one_in_each_process(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Neither an older version of a helper, nor a module that is no longer there, comes back from the cache."""
    assert [run_script(tmp_path, HELPER.format(factor), *command) for factor in (0.5, 0.5, 0.25)] == [0.5, 0.5, 0.25]


def test_pictures_are_shown_at_the_pace_of_the_task() -> None:
    class Slow(Walk):
        time_step = 0.2

    assert JittedEnv(Slow()).metadata["render_fps"] == 5
    assert JittedEnv(Walk()).metadata["render_fps"] == JittedEnv(SwingUp()).metadata["render_fps"] == 100
    assert JittedEnv.metadata["render_fps"] == 100
