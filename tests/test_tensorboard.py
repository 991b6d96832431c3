"""Event files, read back by a reader of their format of its own: what the run did, and the champion's picture."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import wann
from wann import cli
from wann.errors import UserError
from wann.figures.output import encode
from wann.figures.topology import draw
from wann.runs import COLUMNS, Run
from wann.tensorboard import TAGS

SETTINGS: dict[str, Any] = {"population": 8, "generations": 4, "trials": 1, "verify_trials": 3, "workers": 1}

Value = tuple[int, str, Any]
"""Step, tag, and a number or the bytes of a picture."""


def records(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file: length, its checksum, data, its checksum."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked_crc(data[at : at + 8])
        content = data[at + 12 : at + 12 + size]
        assert struct.unpack_from("<I", data, at + 12 + size)[0] == masked_crc(content)
        yield content
        at += 16 + size


def masked_crc(data: bytes) -> int:
    """The CRC-32C of the format, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer: number and raw value."""
    at = 0

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind == 2:
            size = varint()
            yield key >> 3, data[at : at + size]
            at += size
        else:
            size = {1: 8, 5: 4}[kind]
            yield key >> 3, struct.unpack_from({8: "<d", 4: "<f"}[size], data, at)[0]
            at += size


def events(folder: Path) -> list[Value]:
    """All values of a folder's event files, in their order."""
    found: list[Value] = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in records(path):
            event = dict(fields(record))
            step = event.get(2, 0)
            for number, value in fields(event.get(5, b"")):
                assert number == 1
                parts = dict(fields(value))
                content = dict(fields(parts[4]))[4] if 4 in parts else parts.get(2, 0.0)
                found.append((step, parts[1].decode(), content))
    return found


def series(values: list[Value], tag: str) -> dict[int, Any]:
    return {step: value for step, name, value in values if name == tag}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("tensorboard") / "run"
    return wann.search("swingup", out=folder, seed=3, tensorboard=True, **SETTINGS)


def test_every_column_of_the_history_is_there(run: Run) -> None:
    assert set(TAGS) == set(COLUMNS) - {"generation"}
    values, history = events(run.folder), run.history
    for column, tag in TAGS.items():
        found = series(values, tag)
        assert list(found) == [1, 2, 3, 4]
        np.testing.assert_allclose(list(found.values()), history[column], rtol=1e-6)


def test_the_last_champion_is_there_as_picture_and_profile(run: Run) -> None:
    values, scores = events(run.folder), run.champion.scores
    assert scores is not None
    for weight, mean in zip(scores.weights, scores.means, strict=True):
        assert list(series(values, f"weight_profile/{weight:g}").values())[-1] == pytest.approx(mean, rel=1e-6)
    *_, picture = series(values, "champion").values()
    champion = wann.load(run.folder)
    expected = encode(draw(champion.genome, champion.inputs, champion.outputs), "png")
    np.testing.assert_array_equal(pixels(picture), pixels(expected))


def pixels(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def test_events_change_nothing_in_the_run(run: Run, tmp_path: Path) -> None:
    plain = wann.search("swingup", out=tmp_path / "run", seed=3, **SETTINGS)
    assert (plain.folder / "champion.json").read_bytes() == (run.folder / "champion.json").read_bytes()
    assert not list(plain.folder.glob("events*"))


def test_a_run_that_goes_on_adds_to_its_events(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    wann.search("swingup", out=folder, tensorboard=True, **SETTINGS)
    wann.resume(folder, generations=6, tensorboard=True, workers=1)
    assert list(series(events(folder), TAGS["best_mean"])) == [1, 2, 3, 4, 5, 6]


def test_without_the_extra_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    folder = tmp_path / "run"
    with pytest.raises(UserError, match=r"pip install 'wann\[tensorboard\]'"):
        wann.search("swingup", out=folder, tensorboard=True, **SETTINGS)
    with pytest.raises(SystemExit) as end:
        cli.main(["search", "swingup", "--out", str(folder), "--tensorboard"])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not folder.exists()
