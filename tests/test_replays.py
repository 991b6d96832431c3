"""Films and windows."""

from __future__ import annotations

import subprocess
import sys
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
