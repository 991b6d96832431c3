"""Sweeps: each run is what the search gives, whatever happens on the way, and the summary tells how they did."""

from __future__ import annotations

import csv
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outcomes import outcome

import wann
from wann.champion import read_champion
from wann.errors import UserError
from wann.figures.sweep import draw
from wann.grid import SweepProgress, make_grid, parse_seeds, parse_values
from wann.records import read_history
from wann.settings import make_settings
from wann.summary import bootstrap

FIXED: dict[str, list[Any]] = {"generations": [6], "trials": [1], "verify_trials": [4]}
SET: dict[str, list[Any]] = {"population": [8, 12], **FIXED}
COMMAND = [sys.executable, "-c", "from wann.cli import main; main()", "sweep", "swingup", "--seeds", "0"]


def outcomes(sweep: Path) -> list[tuple[Any, ...]]:
    """Of all runs of a sweep, by population and seed."""
    return [outcome(folder) for n in (8, 12) for folder in sorted((sweep / f"population={n}").glob("seed-*"))]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The same four runs by themselves."""
    folders = []
    for n, seed in itertools.product((8, 12), (0, 1)):
        folders.append(tmp_path_factory.mktemp("searched") / "run")
        settings = {name: value for name, (value,) in FIXED.items()}
        wann.search("swingup", out=folders[-1], workers=1, population=n, seed=seed, **settings)
    return [outcome(folder) for folder in folders]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "swept"
    wann.sweep("swingup", seeds=range(2), set=SET, out=folder, workers=2)
    return folder


def test_each_run_is_what_the_search_gives(swept: Path, searched: list[tuple[Any, ...]]) -> None:
    assert outcomes(swept) == searched


def test_ray_gives_the_same_runs(swept: Path, tmp_path: Path) -> None:
    wann.sweep("swingup", seeds=range(2), set=SET, out=tmp_path / "ray", ray="local")
    assert outcomes(tmp_path / "ray") == outcomes(swept)
    assert (tmp_path / "ray" / "summary.csv").read_bytes() == (swept / "summary.csv").read_bytes()


def command(out: Path, ray: bool) -> list[str]:
    options = [f"--set={name}={','.join(map(str, values))}" for name, values in SET.items()]
    return [*COMMAND, *options, "--out", str(out), "--quiet", *(["--ray", "local"] if ray else [])]


def wait_for_a_generation(sweep: Path, process: subprocess.Popen[bytes]) -> None:
    while not any(path.read_text().count("\n") > 2 for path in sweep.glob("*/*/history.csv")):
        assert process.poll() is None
        time.sleep(0.01)


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """The processes that a process has started, directly or not, with their titles."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    for child, parent, *title in rows:
        if int(parent) == pid:
            yield int(child), " ".join(title)
            yield from descendants(int(child))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_was_broken_off_goes_on(
    searched: list[tuple[Any, ...]], tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(command(tmp_path / "x", ray=False), stdout=subprocess.DEVNULL)
    wait_for_a_generation(tmp_path / "x", process)
    process.send_signal(number)
    assert process.wait() == (130 if number == signal.SIGINT else -number)
    assert not (tmp_path / "x" / "summary.md").exists()
    wann.sweep("swingup", seeds=[0], set=SET, out=tmp_path / "x")
    assert outcomes(tmp_path / "x") == searched[::2]


def test_an_interruption_after_the_last_evaluation_of_a_run_still_ends_the_sweep(tmp_path: Path) -> None:
    sent = []

    def watch(progress: SweepProgress) -> None:
        if progress.share >= 0.5 and not sent:  # the first run has evaluated its last generation
            sent.append(progress.done)
            signal.raise_signal(signal.SIGINT)

    values = {name: [value[0]] for name, value in SET.items()}
    with pytest.raises(KeyboardInterrupt):
        wann.sweep("swingup", seeds=range(2), set=values, out=tmp_path / "x", watch=watch)
    assert sent == [0]
    assert read_history(tmp_path / "x" / "seed-0")["generation"][-1] == 6
    assert not (tmp_path / "x" / "seed-1").exists()


def test_a_sweep_on_ray_whose_workers_are_killed_gives_the_same(
    searched: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    process = subprocess.Popen(command(tmp_path / "x", ray=True), stdout=subprocess.DEVNULL)
    wait_for_a_generation(tmp_path / "x", process)
    workers = [pid for pid, title in descendants(process.pid) if "_play_there" in title]
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert process.wait() == 0
    assert workers, "no worker died: the test would prove nothing"
    assert outcomes(tmp_path / "x") == searched[::2]


def test_a_sweep_on_ray_that_is_interrupted_saves_and_goes_on(searched: list[tuple[Any, ...]], tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path / "x", ray=True), stdout=subprocess.DEVNULL)
    wait_for_a_generation(tmp_path / "x", process)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert list((tmp_path / "x").glob("*/*/checkpoint.npz"))
    wann.sweep("swingup", seeds=[0], set=SET, out=tmp_path / "x")
    assert outcomes(tmp_path / "x") == searched[::2]


def test_more_seeds_leave_alone_what_is_done(swept: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(swept, tmp_path / "more"))
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/*/*.npz")}
    summary = wann.sweep("swingup", seeds=range(3), set=SET, out=folder)
    assert [row.runs for row in summary.rows] == [3, 3]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_summary_is_that_of_the_champions(swept: Path) -> None:
    with (swept / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["configuration"] for row in rows] == ["population=8", "population=12"]
    for row in rows:
        folders = [swept / row["configuration"] / f"seed-{seed}" for seed in (0, 1)]
        champions = [read_champion(folder / "champion.json") for folder in folders]
        means = [champion.scores.mean for champion in champions if champion.scores]
        assert float(row["median"]) == sum(means) / 2
        assert float(row["lower_quartile"]) == pytest.approx(min(means) + 0.25 * abs(means[0] - means[1]))
        assert float(row["interval_low"]) == min(means)
        assert float(row["connections"]) == sum(len(champion.genome.enabled) for champion in champions) / 2
        assert float(row["steps"]) == sum(read_history(folder)["steps"][-1] for folder in folders) / 2
    assert "| population=12 | 2 |" in (swept / "summary.md").read_text()


def test_the_bootstrap_is_near_that_of_all_resamples() -> None:
    values = np.array([3.0, 10.0, 4.0, 20.0, 7.0])
    medians = [np.median(resample) for resample in itertools.product(values, repeat=5)]
    assert bootstrap(values) == tuple(np.quantile(medians, [0.025, 0.975]))
    assert bootstrap(np.array([5.0])) == (5.0, 5.0)


def test_the_curves_show_every_configuration(swept: Path) -> None:
    assert "population=12" in (swept / "curves.svg").read_text()
    histories = [read_history(swept / "population=8" / f"seed-{seed}") for seed in (0, 1)]
    line = draw({"a": histories}).axes[1].get_lines()[0]
    expected = np.mean([history["champion_mean"][-1] for history in histories])
    assert np.asarray(line.get_ydata())[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"set": {**SET, "trials": [2]}}, r"swept holds another sweep: its trials: 1, not 2; name another folder"),
        ({"set": {**SET, "population": [8]}}, r"its varied settings: \['population'\], not \[\]; name another"),
        ({"set": {**SET, "generations": [5]}}, "seed-0 has 6 already: expected as many or more, got 5"),
        ({"task": "cartpole"}, "its task: swingup, not cartpole"),
        ({"set": {"population": 8}}, "population: expected a list of one or more values, got 8"),
        ({"seeds": ()}, r"seeds: expected a list of one or more values, got \(\)"),
        ({"seeds": [0.5]}, "seed: expected int, got 0.5"),
        ({"workers": 0}, "workers: expected a whole number of 1 or more, got 0"),
    ],
)
def test_wrong_requests_leave_a_sweep_alone(swept: Path, change: dict[str, Any], message: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in swept.rglob("*")}
    with pytest.raises(UserError, match=message):
        wann.sweep(**{"task": "swingup", "seeds": range(2), "set": SET, "out": swept, **change})
    assert {path: path.stat().st_mtime_ns for path in swept.rglob("*")} == before


def test_other_files_are_not_taken_for_a_sweep(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(UserError, match="holds files already: name another folder with --out"):
        wann.sweep("swingup", seeds=[0], out=tmp_path)


def test_a_damaged_manifest_is_refused(swept: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(swept, tmp_path / "damaged"))
    (folder / "sweep.toml").write_text("task = 5\n")
    with pytest.raises(UserError, match=r"sweep\.toml is not a sweep's: "):
        wann.sweep("swingup", seeds=range(2), set=SET, out=folder)


def test_the_grid_has_every_combination_once() -> None:
    values = {"population": [8, 12], "weights": [[1.0], [-1.0, 1.0]], "trials": [2]}
    grid = make_grid(Path("x"), [3, 5], values, lambda given: make_settings({"task": "swingup", **given}))
    assert [str(cell.folder) for cell in grid.cells] == [
        f"x/population={n},weights={w}/seed-{seed}" for n in (8, 12) for w in ("1.0", "-1.0_1.0") for seed in (3, 5)
    ]
    assert {(s.population, s.weights, s.trials, s.seed) for _, _, s in grid.cells} == {
        (n, w, 2, seed) for n in (8, 12) for w in ((1.0,), (-1.0, 1.0)) for seed in (3, 5)
    }
    assert [(name, len(cells)) for name, cells in grid.configurations][:2] == [
        ("population=8,weights=1.0", 2),
        ("population=8,weights=-1.0_1.0", 2),
    ]


def test_what_the_command_line_says() -> None:
    assert list(parse_seeds("0..3,7,9..9")) == [0, 1, 2, 3, 7, 9]
    assert parse_values(["verify-trials=5", "crossover=0.5, 1", "weights=-1,1;2"]) == {
        "verify_trials": [5],
        "crossover": [0.5, 1.0],
        "weights": [[-1.0, 1.0], [2.0]],
    }
