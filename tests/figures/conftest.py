"""Two small finished runs that the figures are drawn of."""

from __future__ import annotations

from pathlib import Path

import pytest

import wann

SETTINGS = {"population": 32, "generations": 30, "trials": 1, "verify_trials": 8}


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Their folders; copy one before changing it."""
    folders = [tmp_path_factory.mktemp("runs") / f"seed-{seed}" for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        wann.search("swingup", out=folder, seed=seed, workers=1, **SETTINGS)
    return folders
