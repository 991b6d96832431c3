"""The comparison: cells that survive a kill, the same results whatever the workers, tables, figures, clear refusals."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from dense import data_set

import wann
from wann import cli
from wann.champion import read_champion
from wann.compare import comparison, plots
from wann.compare.cells import Cell
from wann.compare.comparison import Comparison, Progress, compare_task
from wann.compare.costs import Seconds
from wann.compare.plan import make_keys
from wann.errors import UserError

SMALL: dict[str, Any] = {
    "methods": ["magnitude", "lottery", "neurons"],
    "densities": (0.5, 0.2),
    "seeds": (0, 1),
    "hidden": (8, 6),
    "budget": 2,
}


@pytest.fixture
def toy(tmp_path: Path) -> str:
    data = data_set()
    parts = {f"{x}_{part}": getattr(data, part)[i] for part in data._fields[1:] for i, x in enumerate("xy")}
    np.savez(tmp_path / "toy.npz", **parts)
    return str(tmp_path / "toy.npz")


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer than all else that these tests do."""
    monkeypatch.setattr(plots, "figures", lambda comparison: {})


def all_cells(found: Comparison) -> list[Cell]:
    """The cells, those of parents among them."""
    return [*found.cells, *(cell for parent in found.parents for cell in parent.cells)]


def timeless(cells: list[Cell]) -> list[Cell]:
    """The cells without what is read off a clock."""
    return [msgspec.structs.replace(cell, seconds=Seconds(0.0)) for cell in cells]


def test_tables_figures_and_networks_are_written(toy: str, tmp_path: Path) -> None:
    found = compare_task(toy, **SMALL, out=tmp_path / "out", workers=1)
    assert len(found.cells) == 2 * (1 + 2 * 4)  # dense, and the random control with the three that were asked for
    folder = found.folder
    with (folder / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    dense = [cell for cell in found.cells if cell.method == "dense"]
    assert float(table[0]["score"]) == pytest.approx(np.mean([cell.score for cell in dense]))
    searched = [row for row in table if row["method"].startswith("evolved")]
    assert [(row["method"], row["parent"]) for row in table[: -len(searched)]] == [
        ("dense", ""),
        *[("lottery", "")] * 2,
        *[("magnitude", "")] * 2,
        *[("neurons", "")] * 2,
        *[("random", "")] * 2,
        ("dense", "1"),
        *[("lottery", "1")] * 2,
        *[("magnitude", "1")] * 2,
        *[("random", "1")] * 2,
    ]
    assert (folder / "table.md").read_text().count("\n| ") == 1 + len(table)
    assert len(json.loads((folder / "results.json").read_text())["cells"]) == 18
    for name in ("score-connections", "score-operations", "score-bytes", "agnosticism", "layers", "stopping", "masks"):
        assert (folder / f"{name}.svg").stat().st_size > 1000
        assert (folder / f"{name}.png").stat().st_size > 1000
    cell = next(cell for cell in found.cells if (cell.method, cell.asked, cell.seed) == ("magnitude", 0.2, 0))
    kept = read_champion(folder / "networks" / "magnitude-0.2-0.json")
    assert len(kept.connections) == cell.costs.connections
    assert cell.costs.weights <= round(0.2 * (7 * 8 + 8 * 6 + 6 * 3))


@pytest.mark.usefixtures("no_figures")
def test_without_runs_a_search_spends_what_the_dearest_curve_cost(tmp_path: Path) -> None:
    few: dict[str, Any] = {"methods": ["obd"], "densities": (0.5, 0.3), "seeds": (0,), "hidden": (4,), "budget": 20}
    found = compare_task("swingup", **few, out=tmp_path / "out", workers=2)
    steps = wann.resume(tmp_path / "out" / "search").history["steps"]
    budget = sum(cell.price for cell in found.cells if cell.method == "obd")
    assert steps[-1] >= budget
    assert len(steps) > 2
    assert steps[-2] < budget
    assert {network.run for network in found.evolved} == {str(tmp_path / "out" / "search")}
    assert {network.price for network in found.evolved} == {int(steps[-1])}
    front = (tmp_path / "out" / "search" / "front.json").read_bytes()
    assert compare_task("swingup", **few, out=tmp_path / "out").evolved == found.evolved
    assert (tmp_path / "out" / "search" / "front.json").read_bytes() == front
    assert len(found.parents[0].cells) == 1 + 2 * 2  # of the parent itself, the control and obd at both densities


@pytest.mark.usefixtures("no_figures")
def test_on_data_the_budget_counts_connections_that_examples_pass(toy: str, tmp_path: Path) -> None:
    found = compare_task(toy, **SMALL, out=tmp_path / "out", workers=1)
    curve = sum(cell.price for cell in found.cells if cell.method == "lottery" and cell.seed == 0)
    budget = 3 * (7 * 8 + 8 * 6 + 6 * 3) * curve
    with (tmp_path / "out" / "search" / "history.csv").open() as file:
        rows = [(float(row["steps"]), float(row["median_connections"])) for row in csv.DictReader(file)]
    passed = np.cumsum(np.diff([steps for steps, _ in rows], prepend=0.0) * [size for _, size in rows])
    assert passed[-1] >= budget
    assert (passed[:-1] < budget).all()


@pytest.mark.usefixtures("no_figures")
def test_workers_change_nothing(toy: str, tmp_path: Path) -> None:
    one = compare_task(toy, **SMALL, out=tmp_path / "one", workers=1)
    two = compare_task(toy, **SMALL, out=tmp_path / "two", workers=2)
    assert timeless(all_cells(one)) == timeless(all_cells(two))
    first, second = ((tmp_path / name / "table.md").read_text() for name in ("one", "two"))
    assert first.replace(str(tmp_path / "one"), str(tmp_path / "two")) == second  # the search's folder is named


def kill_a_worker(progress: Progress) -> None:
    """End one of this process's Ray workers, once."""
    if progress.done == 2:
        parents = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                number, _, rest = path.read_text().partition(" (")
                name, _, fields = rest.rpartition(") ")
                parents[int(number)] = int(fields.split()[1]), name
        own = [n for n, (raylet, name) in parents.items() if name.startswith("ray::_Worker") and _ours(raylet, parents)]
        os.kill(own[0], signal.SIGKILL)


def _ours(process: int, parents: dict[int, tuple[int, str]]) -> bool:
    return process == os.getpid() or (process in parents and _ours(parents[process][0], parents))


@pytest.mark.usefixtures("no_figures")
def test_cells_on_ray_are_the_same_though_a_worker_dies(toy: str, tmp_path: Path) -> None:
    few: dict[str, Any] = {**SMALL, "methods": ["magnitude"]}
    one = compare_task(toy, **few, out=tmp_path / "one", workers=1)
    some = [tmp_path / "one" / "networks" / "magnitude-0.2-0.json"]  # in the place of a search
    two = compare_task(toy, **few, runs=some, out=tmp_path / "two", workers=2, ray="local", watch=kill_a_worker)
    assert timeless(one.cells) == timeless(two.cells)
    for name in ("networks/magnitude-0.2-0.json", "masks/magnitude-0.2-0.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.usefixtures("no_figures")
def test_policies_on_ray_are_the_same(tmp_path: Path) -> None:
    few: dict[str, Any] = {"methods": ["snip"], "densities": (0.5,), "seeds": (0,), "hidden": (4,), "budget": 2}
    run = wann.search("swingup", out=tmp_path / "run", population=8, generations=2, trials=1, verify_trials=2)
    one = compare_task("swingup", **few, runs=[run.folder], out=tmp_path / "one", workers=2)
    two = compare_task("swingup", **few, runs=[run.folder], out=tmp_path / "two", workers=1, ray="local")
    assert timeless(all_cells(one)) == timeless(all_cells(two))


def interrupt_after(cells: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.done == cells:
            raise KeyboardInterrupt

    return watch


@pytest.mark.usefixtures("no_figures")
def test_an_interruption_loses_no_cell_that_is_done(toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare_task(toy, **SMALL, out=tmp_path / "whole", workers=1)
    with pytest.raises(KeyboardInterrupt):
        compare_task(toy, **SMALL, out=tmp_path / "out", workers=1, watch=interrupt_after(7))
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 7
    with pytest.raises(KeyboardInterrupt):
        compare_task(toy, **SMALL, out=tmp_path / "out", workers=1, watch=interrupt_after(18 + 5))
    computed, original = [], comparison.run_cell
    monkeypatch.setattr(comparison, "run_cell", lambda *args: computed.append(args[2]) or original(*args))
    again = compare_task(toy, **SMALL, out=tmp_path / "out", workers=1)
    assert len(computed) == 14 - 5  # those of the parent that were not done
    assert timeless(all_cells(again)) == timeless(all_cells(whole))


@pytest.mark.usefixtures("no_figures")
def test_more_methods_can_join_but_settings_cannot_change(toy: str, tmp_path: Path) -> None:
    compare_task(toy, **{**SMALL, "methods": []}, out=tmp_path / "out", workers=1)
    more = compare_task(toy, **{**SMALL, "methods": ["snip"]}, out=tmp_path / "out", workers=1)
    assert {cell.method for cell in more.cells} == {"dense", "random", "snip"}
    with pytest.raises(UserError, match="budget cannot change within a comparison"):
        compare_task(toy, **{**SMALL, "budget": 3}, out=tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(UserError, match="holds files of something else"):
        compare_task(toy, **SMALL, out=tmp_path / "full")


@pytest.mark.usefixtures("no_figures")
def test_policies_stand_beside_what_evolved(tmp_path: Path) -> None:
    run = wann.search("swingup", out=tmp_path / "run", population=8, generations=3, trials=1, verify_trials=4)
    tuned = wann.tune(run.folder, generations=2, population=4, trials=2, out=tmp_path / "tuned.json")
    found = wann.compare_task(
        "swingup",
        methods=["magnitude"],
        densities=[0.5],
        seeds=[0],
        hidden=[4],
        budget=3,
        runs=[run.folder, tmp_path / "tuned.json"],
        out=tmp_path / "out",
        workers=2,
    )
    assert [cell.method for cell in found.cells] == ["dense", "random", "magnitude"]
    assert found.unit == "environment steps"
    assert len(found.evolved) >= 2
    assert found.evolved[-1].regimes.tuned is not None
    assert found.evolved[0].regimes.tuned is None
    assert found.evolved[0].price == run.history["steps"][-1]
    assert found.evolved[-1].price is None
    assert found.evolved[-1].costs.connections == len(tuned.genome.enabled)
    for cell in found.cells:
        assert cell.regimes.tuned == pytest.approx(cell.score, abs=2.0)  # the network file plays like the perceptron
    assert "evolved, tuned weights" in (tmp_path / "out" / "table.md").read_text()
    report = wann.test(tmp_path / "out" / "networks" / "magnitude-0.5-0.json", episodes=5)
    assert report.tuned is not None


WRONG = [
    (["digit"], "there is no task 'digit': did you mean 'digits'?"),
    (["nothing.npz"], "cannot read the file nothing.npz"),
    (["digits", "--methods", "magnitud"], "methods: there is no 'magnitud': did you mean 'magnitude'?"),
    (["digits", "--densities", "0.5,0"], "density: expected the share of weights to keep, in (0, 1], got 0"),
    (["digits", "--densities", "half"], "densities: expected numbers between commas, got 'half'"),
    (["digits", "--seeds", "-1"], "seeds: expected whole numbers of 0 or more, got -1"),
    (["digits", "--hidden", "0"], "hidden: expected whole numbers of 1 or more, got [0]"),
    (["digits", "--activation", "step"], "dense layers have no activation 'step'"),
    (["digits", "--budget", "0"], "budget: expected whole numbers of 1 or more, got 0"),
    (["swingup", "--runs", "nowhere"], "cannot read the network file nowhere"),
]


@pytest.mark.parametrize(("args", "message"), WRONG)
def test_wrong_requests_get_one_clear_line(args: list[str], message: str, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["compare", *args, "--out", str(tmp_path / "out")])
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err


def test_a_network_of_another_task_is_refused(toy: str, tmp_path: Path) -> None:
    reference = Path(__file__).parents[2] / "runs" / "reference"
    with pytest.raises(UserError, match="is for the task 'swingup', not for 'toy'"):
        compare_task(toy, **SMALL, runs=[reference], out=tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_test": None}, "is not an .npz with x_ and y_"),
        ({"x_test": np.zeros((3, 2))}, "x_test must be numbers"),
        ({"y_train": np.zeros(3)}, "y_train must be classes"),
        ({"x_train": np.full((400, 7), np.nan)}, "not finite"),
        ({"y_test": np.array([{}], dtype=object)}, "is not an .npz with x_ and y_"),
    ],
)
def test_wrong_data_is_refused(toy: str, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with np.load(toy) as file:
        parts = {**file, **change}
    np.savez(tmp_path / "wrong.npz", **{name: part for name, part in parts.items() if part is not None})
    with pytest.raises(UserError, match=message):
        compare_task(str(tmp_path / "wrong.npz"), **SMALL, out=tmp_path / "out")


@pytest.mark.usefixtures("no_figures")
def test_the_command_prints_the_table(toy: str, tmp_path: Path, capsys: Any) -> None:
    args = ["--methods", "magnitude", "--densities", "0.5", "--seeds", "0", "--hidden", "4", "--budget", "1"]
    for extra, check in (([], "| magnitude | 0.5 |"), (["--json", "--quiet"], '"cells":[')):
        with pytest.raises(SystemExit) as end:
            cli.main(["compare", toy, *args, *extra, "--out", str(tmp_path / "out"), "--workers", "1"])
        assert end.value.code == 0
        out, err = capsys.readouterr()
        assert check in out
        assert ("3 cells" in err) == (not extra)


def test_cells_of_a_seed_stand_together() -> None:
    keys = make_keys(["obd", "random", "obd"], [0.1, 1.0, 0.5, 0.1], [3, 1])
    assert [key.name for key in keys[:5]] == ["dense-1-3", "random-0.5-3", "random-0.1-3", "obd-0.5-3", "obd-0.1-3"]
    assert len(keys) == 10


def test_help_does_not_load_what_comparing_needs() -> None:
    code = (
        "import sys; from wann.cli import wann; import wann.commands.compare\n"
        "assert not {'numpy', 'matplotlib', 'torch', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
