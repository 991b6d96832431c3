"""What a run folder tells of the run's course, and what is said when it does not."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import msgspec
import pytest

import wann
from wann.errors import UserError
from wann.records import generation_of, read_champions, read_history
from wann.runs import COLUMNS, load


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records") / "run"
    wann.search("swingup", out=folder, workers=1, population=24, generations=15, trials=1, verify_trials=6)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def table(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open() as file:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def test_the_history_is_what_the_file_says(finished: Path) -> None:
    history, rows = read_history(finished), table(finished)
    assert len(rows) == 15
    assert {name: column.tolist() for name, column in history.items()} == {n: [row[n] for row in rows] for n in COLUMNS}


def test_a_line_that_a_kill_broke_off_is_left_out(copied: Path) -> None:
    path = copied / "history.csv"
    path.write_bytes(path.read_bytes()[:-9])
    assert len(read_history(copied)["generation"]) == 14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "history.csv: expected the columns generation,.* got ''"),
        ("a,b\n1,2\n", "history.csv: expected the columns generation,.* got 'a,b'"),
        (",".join(COLUMNS) + "\n", "history.csv has no generation yet"),
        (",".join(COLUMNS) + "\n1,2\n", "history.csv, line 2: expected 12 numbers, got '1,2'"),
        (",".join(COLUMNS) + "\n" + "1," * 11 + "x\n", "history.csv, line 2: expected 12 numbers"),
    ],
)
def test_what_is_no_history_is_refused(copied: Path, text: str, message: str) -> None:
    (copied / "history.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_history(copied)


def test_the_champions_are_those_that_the_history_saw(finished: Path) -> None:
    rows, champions = table(finished), read_champions(finished)
    path = finished / "champions.json"
    changes = [
        row
        for before, row in zip([None, *rows], rows, strict=False)
        if before is None or any(row[name] != before[name] for name in ("champion_mean", "champion_connections"))
    ]
    assert [generation_of(champion, path) for champion in champions] == [row["generation"] for row in changes]
    for champion, row in zip(champions, changes, strict=True):
        assert champion.scores is not None
        assert champion.scores.mean == row["champion_mean"]
        assert len(champion.genome.enabled) == row["champion_connections"]
    assert champions[-1] == load(finished)


def test_a_run_of_an_earlier_version_says_so(copied: Path) -> None:
    (copied / "champions.json").unlink()
    with pytest.raises(UserError, match=r"run has no champions\.json: an earlier version of wann made this run"):
        read_champions(copied)


def test_a_folder_that_is_no_run_has_no_champions(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the list of champions"):
        read_champions(tmp_path)


def test_champions_that_do_not_follow_each_other_are_refused(copied: Path) -> None:
    path = copied / "champions.json"
    listed = msgspec.json.decode(path.read_bytes())
    forged = {
        "no champion": [],
        "generation in which": [{**listed[0], "provenance": {}}],
        "with scores": [{name: value for name, value in listed[0].items() if name != "scores"}],
        "of later generations": [listed[1], listed[0]],
        "Expected `array`": {},
    }
    for message, content in forged.items():
        path.write_bytes(msgspec.json.encode(content))
        with pytest.raises(UserError, match=message):
            read_champions(copied)
