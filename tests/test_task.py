"""Tasks are found by name; what cannot be loaded gives one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tasks.swingup import SwingUp
from wann import task as module
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
