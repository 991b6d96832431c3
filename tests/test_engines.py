"""Which engine plays an environment that two have, and how names say so."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import wann
from tasks.biped import Biped
from wann.errors import UserError
from wann.task import load_task

pytest.importorskip("Box2D", reason="the extra box2d is not installed")


def test_the_name_says_which_engine_plays() -> None:
    engine = "envpool" if importlib.util.find_spec("envpool") else "gymnasium"
    assert load_task("biped").name == f"biped:{engine}"
    assert load_task("biped:gymnasium").name == "biped:gymnasium"
    assert Biped.name == "biped"


def test_without_envpool_gymnasium_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envpool", None)  # as if it were not installed
    task = load_task("biped")
    assert (task.name, task.python) == ("biped:gymnasium", True)
    message = r"^the task 'biped:envpool' needs the extra envpool: pip install 'wann\[envpool\]'$"
    with pytest.raises(UserError, match=message):
        load_task("biped:envpool")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UserError, match=r"^the task 'biped' has no engine 'gymnasum': did you mean 'gymnasium'"):
        load_task("biped:gymnasum")


def test_a_run_from_before_there_were_engines_is_refused(tmp_path: Path) -> None:
    """Its settings name no engine; to take the one that is installed would change the run's result."""

    class Short(Biped):
        environment = "BipedalWalker-v3?max_episode_steps=20"

    wann.search(Short("gymnasium"), population=4, generations=1, trials=1, verify_trials=1, out=tmp_path, workers=1)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace('"biped:gymnasium"', '"biped"'))
    with pytest.raises(UserError, match=r"^task cannot change within a run: .* has biped, got biped:"):
        wann.resume(tmp_path)
