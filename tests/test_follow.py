"""A run seen from its folder: what it tells while the folder grows, when it ends, and what it makes of damage."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wann
from wann import follow
from wann.errors import UserError
from wann.follow import read_state

REFERENCE = Path(__file__).parents[1] / "runs" / "reference"
COMMAND = [sys.executable, "-c", "from wann.cli import main; main()", "watch"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that another process would be at work in: the reference run up to generation 10."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(REFERENCE / "config.toml", folder)
    (folder / "history.csv").write_text("".join(lines(10)))
    return folder


def lines(count: int) -> list[str]:
    """The head and the first generations of the reference run's history."""
    return (REFERENCE / "history.csv").read_text().splitlines(keepends=True)[: count + 1]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the folder often."""
    monkeypatch.setattr(follow, "SECONDS", 0.01)
    monkeypatch.setattr(follow, "LINE_SECONDS", 0.0)


def test_the_state_is_that_of_the_last_whole_line(run: Path) -> None:
    history = run / "history.csv"
    history.write_text("".join(lines(11))[:-20])
    state = read_state(run)
    assert state is not None
    assert state.progress.row["generation"] == 10
    assert state.progress.generations == 1024
    assert not state.done
    assert len(state.curve) == 10
    last, first = ([float(cell) for cell in lines(10)[k].split(",")] for k in (10, 1))
    seconds = last[10] - first[10]
    assert state.pace.steps == pytest.approx((last[1] - first[1]) / seconds)
    assert state.pace.left == pytest.approx(seconds / 9 * (1024 - 10))


def test_plain_lines_follow_the_run_to_its_end(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, history = run / "config.toml", run / "history.csv"
    config.write_text(config.read_text().replace("generations = 1024", "generations = 12"))
    history.unlink()
    grown = growing(run)
    original = time.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        next(grown, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow.time, "sleep", sleep)
        wann.watch(run)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{run}: no generation is done yet"
    assert [line.split()[1] for line in shown[1:]] == ["5/12", "9/12", "12/12"]


def growing(run: Path) -> Iterator[None]:
    """What another process does: a row, then more, a resume that takes some back, the last."""
    for count in (0, 5, 9, 9, 12):
        (run / "history.csv").write_text("".join(lines(count)))
        yield


def test_once_shows_the_present_state_and_ends(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(REFERENCE / "front.json", run)
    wann.watch(run, once=True)
    shown = capsys.readouterr().out
    assert "generation 10 of 1024" in shown
    assert "champion, verified" in shown
    sizes = [int(word) for word in shown.split("archive   connections")[1].splitlines()[0].split()]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (0, 69)
    (run / "history.csv").unlink()
    wann.watch(run, once=True)
    assert "no generation is done yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "expected the columns generation,"),
        ("".join(lines(2)) + "x\n", "expected 12 numbers in a line, got 'x'"),
        ("".join(lines(2)) + "1,2,3\n", "expected 12 numbers in a line, got '1,2,3'"),
    ],
)
def test_a_damaged_history_is_one_line(run: Path, text: str, message: str) -> None:
    (run / "history.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        wann.watch(run)


def test_a_folder_that_is_no_run_is_refused() -> None:
    done = subprocess.run([*COMMAND, "/"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wann: / is not a run folder: it has no config.toml\n"


def test_on_a_terminal_it_shows_the_run_and_ends_with_ctrl_c(run: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, str(run)], stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    seen, stopped = b"", False
    with contextlib.suppress(OSError):  # what a terminal gives when nobody writes to it any more
        while part := os.read(ours, 4096):
            seen += part
            if b"connections" in seen and not stopped:
                process.send_signal(signal.SIGINT)
                stopped = True
    _, errors = process.communicate()
    os.close(ours)
    assert b"generation 10 of 1024" in seen
    assert (process.returncode, errors.strip()) == (130, "")
