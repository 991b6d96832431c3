"""Run folders on file systems that can do less: no locks, no renames from folder to folder."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wann

SETTINGS = {"population": 8, "generations": 3, "trials": 1, "verify_trials": 4}

WATCHED = """
import os, sys
import wann
def hook(event, arguments):
    if event in ("os.rename", "os.link", "os.symlink"):
        print(event, *map(os.fsdecode, arguments[:2]), sep="|")
sys.addaudithook(hook)
wann.search("swingup", out=sys.argv[1], workers=1, population=8, generations=3, trials=1, verify_trials=4)
"""


def test_files_are_renamed_within_their_folder_only(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WATCHED, tmp_path / "run"], capture_output=True, text=True, check=True)
    events = [line.split("|") for line in done.stdout.splitlines()]
    moved = [(Path(source), Path(target)) for _, source, target in events if str(tmp_path) in source + target]
    assert {event for event, *_ in events} == {"os.rename"}
    assert {target.name for _, target in moved} >= {"checkpoint.npz", "champion.json", "report.html"}
    assert all(source.parent == target.parent == tmp_path / "run" for source, target in moved)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with caplog.at_level(logging.WARNING, "wann"):
        run = wann.search("swingup", out=tmp_path / "run", workers=1, **SETTINGS)
    assert run.generation == 3
    assert f"{tmp_path / 'run'} cannot be locked" in caplog.text
