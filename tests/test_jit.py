"""The folder of compiled kernels: one for each state of the code, and those that nobody uses any more go."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numba
import pytest

from wann.jit import cache_folder

DAY = 86_400


def aged(path: Path, days: float) -> Path:
    """A folder with a file in it, last used so many days ago."""
    path.mkdir()
    (path / "kernel.nbi").write_text("compiled")
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_folders_that_nobody_used_for_a_month_are_removed_and_nothing_else(base: Path) -> None:
    old = aged(base / f"kernels-{'a' * 16}", 31)
    kept = [
        aged(base / f"kernels-{'b' * 16}", 29),
        aged(base / "kernels-of-mine", 400),
        aged(base / f"kernels-{'c' * 17}", 400),
        aged(base / "elsewhere", 400),
    ]
    link = base / f"kernels-{'d' * 16}"
    link.symlink_to(kept[-1])
    os.utime(link, (0, 0), follow_symlinks=False)
    cache_folder.__wrapped__()
    assert not old.exists()
    assert all((path / "kernel.nbi").exists() for path in [*kept, link])


def test_a_start_counts_as_use(base: Path) -> None:
    folder = cache_folder.__wrapped__()
    (folder / "kernel.nbi").write_text("compiled")
    os.utime(folder, (0, 0))
    assert cache_folder.__wrapped__() == folder
    assert (folder / "kernel.nbi").exists()
    assert folder.stat().st_mtime > time.time() - DAY
