"""Tasks are found by name; what cannot be loaded gives one clear line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from ray import cloudpickle

from tasks.swingup import SwingUp
from wann import task as module
from wann.cli import main
from wann.errors import UserError
from wann.task import JittedTask, load_task, task_names

ROOT = Path(__file__).parents[1]


def test_swingup_is_installed() -> None:
    assert "swingup" in task_names()
    found = load_task("swingup")
    assert isinstance(found, SwingUp)
    assert isinstance(found, JittedTask)


def test_an_unknown_task_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^there is no task 'swing-up': did you mean 'swingup'\?$"):
        load_task("swing-up")


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(UserError, match=r"^there is no task 'zzz': expected one of: .*swingup"):
        load_task("zzz")


def register(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint(name="broken", value=value, group="wann.tasks")
    monkeypatch.setattr(module, "_registered", lambda: {"broken": entry})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tasks.nothing:Task", "No module named 'tasks.nothing'"),
        ("tasks.swingup:Nothing", "has no attribute 'Nothing'"),
        ("nowhere.at_all:Task", "No module named 'nowhere'"),
    ],
)
def test_a_broken_installation_is_told(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    register(monkeypatch, value)
    with pytest.raises(UserError, match=rf"^the task 'broken' \({value}\) cannot be loaded: .*{message}"):
        load_task("broken")


def test_an_attribute_that_is_missing_is_not_blamed_on_another_module(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "tasks.swingup:Nothing")
    with pytest.raises(UserError) as error:
        load_task("broken")
    assert "another" not in str(error.value)


def test_what_is_no_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "collections:Counter")
    with pytest.raises(UserError, match=r"is no subclass of wann.Task"):
        load_task("broken")


SHADOWS: dict[str, str | None] = {
    "a module": "x = 1",
    "one that fails": "1 / 0",
    "one that is no Python": "def (",
    "one that exits": "import sys; sys.exit(0)",
    "a package": None,
}


@pytest.mark.parametrize("content", SHADOWS.values(), ids=SHADOWS.keys())
def test_another_module_named_tasks_is_named(tmp_path: Path, content: str | None) -> None:
    if content is None:
        (tmp_path / "tasks").mkdir()
    shadow = tmp_path / "tasks" / "__init__.py" if content is None else tmp_path / "tasks.py"
    shadow.write_text(content or "")
    done = subprocess.run(
        [sys.executable, "-c", "from wann.cli import main; main(['search', 'swingup', '--out', 'run'])"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("wann: the task 'swingup' (tasks.swingup:SwingUp) cannot be loaded: ")
    hint = f"(Python finds another 'tasks' first, at {shadow}: rename it or start from another folder)"
    assert lines[0].endswith(hint)
    assert not (tmp_path / "run").exists()


def test_a_task_without_a_picture_says_so() -> None:
    class Blind(SwingUp):
        render = JittedTask.render

    with pytest.raises(UserError, match="the task 'swingup' has no picture"):
        Blind().render([0.0], None)


TEMPLATE = '''"""Hover: keep a rocket at a height of 10 m."""

import wann


class Hover(wann.JittedTask):
    """The state is (height, speed): metres and seconds."""

    name = "hover"
    inputs = ("height", "speed")
    outputs = ("thrust",)
    reward_range = (0.0, 200.0)
    max_steps = 200
    time_step = 0.05

    @staticmethod
    def start(rng):
        return [rng.uniform(5.0, 15.0), rng.uniform(-1.0, 1.0)]

    @staticmethod
    def observe(state):
        height, speed = state
        return (height - 10.0) / 10.0, speed / 10.0

    @staticmethod
    def step(state, action):
        height, speed = state
        thrust = min(20.0, max(0.0, 10.0 + 10.0 * action[0]))
        speed = speed + (thrust - 9.81) * 0.05
        height = height + speed * 0.05
        reward = max(0.0, 1.0 - abs(height - 10.0) / 10.0)
        return (height, speed), reward, height < 0.0
'''
"""A task of one's own, as the README shows it."""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the template as ``mine/hover.py``, in which the test runs."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hover.py").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(arguments: list[str]) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    return int(exit.value.code or 0)


def test_the_template_is_short() -> None:
    assert TEMPLATE.count("\n") < 40


def test_a_task_of_a_file_is_searched_resumed_and_tested(
    template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["search", "mine/hover.py:Hover", "--generations", "3", "--population", "16", "--workers", "1"]) == 0
    run = template / "runs" / "Hover-0"
    assert f'task = "{template}/mine/hover.py:Hover"' in (run / "config.toml").read_text()
    (template / "elsewhere").mkdir()
    monkeypatch.chdir(template / "elsewhere")
    assert command(["resume", str(run), "--generations", "5", "--workers", "1"]) == 0
    capsys.readouterr()
    assert command(["test", str(run), "--episodes", "5", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["task"] == f"{template}/mine/hover.py:Hover"
    assert report["mean"] > 100
    assert command(["show", str(run)]) == 0


def test_ray_gets_a_file_task_whole(template: Path) -> None:
    """As a worker gets it, which has no such module."""
    sent = cloudpickle.dumps(load_task("mine/hover.py:Hover"))
    program = "import pickle, sys; t = pickle.load(sys.stdin.buffer); print(t.name, t.step((10.0, 0.0), (0.0,))[1])"
    done = subprocess.run([sys.executable, "-c", program], input=sent, capture_output=True, cwd="/", check=True)
    assert done.stdout.decode().split()[0] == f"{template}/mine/hover.py:Hover"


HELPER = """
DRAG = 0.3


def drag(speed):
    return -DRAG * speed
"""
ENVIRONMENT = """
import gymnasium
import numpy as np


class Lane(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-1.0, 1.0, 1).astype(np.float32)
        return self.x, {}

    def step(self, action):
        self.x = np.clip(self.x + 0.1 * (2 * action - 1), -1.0, 1.0).astype(np.float32)
        return self.x, -float(abs(self.x[0])), False, False, {}


gymnasium.register("Lane-v0", Lane, max_episode_steps=20)
"""
SMALL = ["--generations", "2", "--population", "8", "--trials", "1", "--verify-trials", "2"]


@pytest.fixture
def project(template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with tasks that import what lies beside them."""
    folder = template / "mine"
    slowed = TEMPLATE.replace("import wann\n", "import hover_helper\nimport wann\n")
    slowed = slowed.replace("(thrust - 9.81)", "(thrust - 9.81 + hover_helper.drag(speed))")
    (folder / "slowed.py").write_text(slowed)
    (folder / "hover_helper.py").write_text(HELPER)
    (folder / "lane_environment.py").write_text(ENVIRONMENT)
    lane = 'class Lane(wann.GymTask):\n    name = "lane"\n    environment = "lane_environment:Lane-v0"\n'
    (folder / "lane.py").write_text(f"import wann\n\n\n{lane}")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield template
    for name in ("hover_helper", "lane_environment"):
        sys.modules.pop(name, None)


def test_a_task_uses_modules_beside_its_file(project: Path) -> None:
    helped, alone = load_task("mine/slowed.py:Hover"), load_task("mine/hover.py:Hover")
    assert isinstance(helped, JittedTask)
    assert isinstance(alone, JittedTask)
    assert helped.step((10.0, 2.0), (0.5,))[0][1] == pytest.approx(alone.step((10.0, 2.0), (0.5,))[0][1] - 0.03)


@pytest.mark.parametrize("task", ["slowed.py:Hover", "lane.py:Lane"])
def test_ray_workers_have_the_modules_beside_a_file_as_well(
    project: Path, task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    rows = []
    for where in (["--ray", "local"], []):
        out = project / f"run{len(rows)}"
        arguments = ["search", f"../mine/{task}", *SMALL, "--workers", "1", "--out", str(out), *where]
        assert command(arguments) == 0, capsys.readouterr().err
        rows.append([line.split(",")[:10] for line in (out / "history.csv").read_text().splitlines()])
    assert rows[0] == rows[1]


def test_an_environment_of_the_present_folder_is_found(project: Path) -> None:
    """By the installed script, too, whose own folder is another one."""
    script = Path(sys.executable).with_name("wann")
    arguments = ["search", "gym:lane_environment:Lane-v0", *SMALL, "--workers", "1", "--out", "run", "--quiet"]
    subprocess.run([script, *arguments], cwd=project / "mine", check=True)
    assert (project / "mine" / "run" / "champion.json").exists()


BROKEN: dict[str, tuple[str, str]] = {
    "no class named": ("mine/hover.py", "expected a task of a file as path/to/file.py:Class, got 'mine/hover.py'"),
    "an empty class": ("mine/hover.py:", "expected a task of a file as path/to/file.py:Class, got 'mine/hover.py:'"),
    "no file": ("mine/hoover.py:Hover", "there is no file .*/mine/hoover.py for the task 'mine/hoover.py:Hover'"),
    "a folder": ("folder.py:Hover", "there is no file .*/folder.py for the task"),
    "no class": ("mine/hover.py:Hoover", "/mine/hover.py has no class 'Hoover': did you mean 'Hover'[?]"),
    "no task": ("mine/hover.py:wann", "'wann' in .*/mine/hover.py is no class derived from wann.Task"),
    "raises": ("raises.py:Hover", "/raises.py cannot be loaded: ZeroDivisionError: division by zero"),
    "exits": ("exits.py:Hover", "/exits.py cannot be loaded: SystemExit: 3"),
    "no Python": ("text.py:Hover", "/text.py cannot be loaded: SyntaxError: "),
    "an abstract class": ("half.py:Half", "'Half' in .*/half.py cannot be made: TypeError: .*abstract"),
}


@pytest.mark.parametrize(("name", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_gives_one_line(
    template: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (template / "folder.py").mkdir()
    (template / "raises.py").write_text("1 / 0")
    (template / "exits.py").write_text("raise SystemExit(3)")
    (template / "text.py").write_text("Dear Python,")
    (template / "half.py").write_text("import wann\n\nclass Half(wann.JittedTask):\n    name = 'half'\n")
    before = set(sys.modules)
    assert command(["search", name, "--out", "run"]) == 2
    assert re.fullmatch(f"wann: .*{message}.*\n", capsys.readouterr().err)
    assert not (template / "run").exists()
    assert not [module for module in set(sys.modules) - before if module.startswith("wann_task_file")]
