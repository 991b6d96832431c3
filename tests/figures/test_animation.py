"""The growth of a network as a GIF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from wann.champion import Champion
from wann.figures.animation import animate
from wann.figures.style import FRESH
from wann.records import read_champions

COURSE = np.arange(1.0, 31), np.linspace(0, 500, 30)


@pytest.fixture(scope="module")
def champions(runs: list[Path]) -> list[Champion]:
    return read_champions(runs[0])[:8]


def frames(data: bytes) -> tuple[list[np.ndarray], list[int]]:
    image = Image.open(BytesIO(data))
    pictures, shown = [], []
    for index in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(index)
        pictures.append(np.asarray(image.convert("RGB")))
        shown.append(image.info["duration"])
    assert image.info["loop"] == 0
    return pictures, shown


def test_a_frame_for_each_network_all_of_one_size_and_the_same_bytes_again(champions: list[Champion]) -> None:
    times = list(range(1, len(champions) + 1))
    data = animate(champions, times, COURSE)
    pictures, shown = frames(data)
    assert len(pictures) == len(champions)
    assert len({picture.shape for picture in pictures}) == 1
    assert shown == [400] * (len(champions) - 1) + [3000]
    assert (pictures[0][:3] == 255).all(), "the page is white"
    assert animate(champions, times, COURSE) == data


def test_what_is_new_stands_out(champions: list[Champion]) -> None:
    first, *_, last = champions
    pictures, _ = frames(animate([first, last, last], [1, 2, 3], COURSE))
    orange = [(np.abs(picture / 255 - to_rgb(FRESH)).max(axis=2) < 0.08).sum() for picture in pictures]
    assert orange[1] > 2 * max(orange[0], orange[2])


@pytest.mark.parametrize("means", [[-np.inf] * 30, [5.0] * 30, [np.nan, *[1.0] * 4]])
def test_any_course_can_be_drawn(champions: list[Champion], means: list[float]) -> None:
    course = np.arange(1.0, len(means) + 1), np.array(means)
    assert len(frames(animate(champions[:2], [1, 20], course))[0]) == 2
