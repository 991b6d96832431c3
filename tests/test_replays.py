"""Films and windows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image

import wann
from tasks.swingup import SwingUp
from wann.champion import Champion
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene


class Short(SwingUp):
    """Over after two fifths of a second."""

    max_steps = 40


def champion(weight: float | None = None) -> Champion:
    nodes = [NodeGene(0, "bias"), *(NodeGene(i, "input") for i in range(1, 6)), NodeGene(6, "output")]
    genome = Genome(tuple(nodes), (ConnectionGene(0, 1, 6, weight=weight), ConnectionGene(1, 5, 6, weight=weight)))
    return Champion(
        task="swingup",
        inputs=SwingUp.inputs,
        outputs=SwingUp.outputs,
        nodes=genome.nodes,
        connections=genome.connections,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    champion().save(tmp_path / "network.json")
    return tmp_path / "network.json"


def test_a_gif_lasts_as_long_as_the_episode(file: Path, tmp_path: Path) -> None:
    assert wann.play(file, out=tmp_path / "a.gif", task=Short(), weights=[1]) == tmp_path / "a.gif"
    film = Image.open(tmp_path / "a.gif")
    shown = []
    for index in range(film.n_frames):  # type: ignore[attr-defined]
        film.seek(index)
        shown.append(film.info["duration"])
    assert sum(shown[:-1]) == 400
    wann.play(file, out=tmp_path / "b.gif", task=Short(), weights=[1])
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_an_mp4_shows_the_same(file: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "a.gif"):
        wann.play(file, out=tmp_path / name, task=Short(), weights=[-1, 2], network=True)
    with imageio.get_reader(tmp_path / "a.mp4") as reader:
        assert reader.get_meta_data()["fps"] == 25
        frames = [np.asarray(frame, dtype=float) for frame in reader]
    film = Image.open(tmp_path / "a.gif")
    assert len(frames) == film.n_frames == 11  # type: ignore[attr-defined]
    film.seek(5)
    assert np.abs(frames[5] - np.asarray(film.convert("RGB"))).mean() < 6
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "a.gif", "network.json"}


def test_a_tuned_network_plays_with_its_own_weights(tmp_path: Path) -> None:
    champion(0.5).save(tmp_path / "tuned.json")
    champion().save(tmp_path / "shared.json")
    wann.play(tmp_path / "tuned.json", out=tmp_path / "own.gif", task=Short())
    wann.play(tmp_path / "shared.json", out=tmp_path / "half.gif", task=Short(), weights=[0.5])
    films = [Image.open(tmp_path / name) for name in ("own.gif", "half.gif")]
    for film in films:
        film.seek(10)
    own, half = (np.asarray(film.convert("RGB"))[40:] for film in films)
    assert np.abs(own.astype(int) - half).mean() < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out": "a.avi"}, r"a\.avi ends in '\.avi': expected one of: gif, mp4"),
        ({"out": "no/a.gif"}, r"cannot write the film no/a\.gif: there is no folder no"),
        ({"out": "a.gif", "weights": []}, r"weights: expected one to 9 finite numbers, got \[\]"),
        ({"out": "a.gif", "weights": [1.0] * 10}, "weights: expected one to 9 finite numbers"),
        ({"out": "a.gif", "weights": [float("nan")]}, "weights: expected one to 9 finite numbers"),
        ({"out": "a.gif", "weights": 1.0}, "weights: expected one to 9 finite numbers, got 1.0"),
        ({"out": "a.gif", "seed": -1}, "seed: expected a whole number of 0 or more, got -1"),
        ({"out": "a.gif", "task": "nope"}, "there is no task 'nope'"),
    ],
)
def test_what_will_not_do_is_told_and_nothing_is_written(
    file: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], message: str
) -> None:
    monkeypatch.chdir(file.parent)
    with pytest.raises(UserError, match=message):
        wann.play(file, **options)  # type: ignore[arg-type]
    assert [path.name for path in file.parent.iterdir()] == ["network.json"]


def test_without_a_display_a_film_is_recommended(file: Path) -> None:
    code = "import matplotlib; matplotlib.use('agg'); from wann.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "play", str(file)], capture_output=True, text=True, check=False)
    message = "wann: there is no display to play in: name a film with --out, .gif or .mp4\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_without_the_package_for_mp4_its_extra_is_recommended(file: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['imageio_ffmpeg'] = None; from wann.cli import main; main()"
    command = [sys.executable, "-c", code, "play", str(file), "--out", str(tmp_path / "a.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    message = "wann: MP4 needs imageio with its ffmpeg: pip install 'wann[video]', or name a .gif\n"
    assert (done.returncode, done.stderr) == (2, message)


SHORT = "from tasks.swingup import SwingUp\n\n\nclass Short(SwingUp):\n    max_steps = 200\n"
SCREEN = (1600, 1000)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The name of a display without a monitor, and the file that holds its picture."""
    pytest.importorskip("tkinter", reason="Python has no tkinter: the window of wann play was not tested")
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: the window of wann play was not tested")
    read, write = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-fbdir", str(tmp_path), "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        yield f":{number}", tmp_path / "Xvfb_screen0"
        server.terminate()


def picture(dump: Path) -> np.ndarray:
    """The red, green and blue of an X window dump."""
    data = dump.read_bytes()
    header = np.frombuffer(data[:100], dtype=">u4")
    start, width, height, line = header[0] + 12 * header[19], header[4], header[5], header[12]
    pixels = np.frombuffer(data[start : start + line * height], dtype=np.uint8).reshape(height, line // 4, 4)
    return pixels[:, :width, 2::-1]


def test_a_window_plays_the_episode_to_its_end(file: Path, screen: tuple[str, Path]) -> None:
    display, dump = screen
    (file.parent / "short.py").write_text(SHORT)
    film = file.parent / "a.gif"
    task = f"{file.parent / 'short.py'}:Short"
    wann.play(file, task=task, weights=[1.0], network=True, out=film)
    first = np.asarray(Image.open(film).convert("RGB"))
    command = [sys.executable, "-c", "from wann.cli import main; main()", "play", str(file), "--task", task]
    environment = {**os.environ, "DISPLAY": display, "MPLBACKEND": "TkAgg"}
    views = []
    with subprocess.Popen([*command, "--weights", "1", "--network"], env=environment) as window:
        while window.poll() is None:
            views.append(picture(dump))
            time.sleep(0.1)
    assert window.returncode == 0
    assert views[0].shape == (SCREEN[1], SCREEN[0], 3)
    shown = [view for view in views if (view == 255).all(axis=2).sum() > 0.4 * first.shape[0] * first.shape[1]]
    assert any((one != other).any() for one, other in pairwise(shown)), "nothing moved"
