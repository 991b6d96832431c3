"""Moving pictures."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from wann.figures.gif import Frame, encode_gif


def moving(count: int) -> list[Frame]:
    frames = [np.full((20, 30, 3), 255, dtype=np.uint8) for _ in range(count)]
    for index, frame in enumerate(frames):
        frame[5:9, index : index + 4] = (200, 30, 30)
    return frames


def read(data: bytes) -> tuple[list[Frame], list[int]]:
    image = Image.open(BytesIO(data))
    frames, shown = [], []
    for index in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(index)
        frames.append(np.asarray(image.convert("RGB")))
        shown.append(image.info["duration"])
    return frames, shown


def test_frames_come_back_as_they_were() -> None:
    frames, shown = read(encode_gif(iter(moving(20)), 0.05, 1.0))
    assert shown == [50] * 19 + [1000]
    for frame, original in zip(frames, moving(20), strict=True):
        np.testing.assert_allclose(frame, original, atol=6)
        assert (frame[0] == 255).all()


@pytest.mark.parametrize("seconds", [1 / 30, 0.04, 1 / 24, 0.0151])
def test_the_time_is_true_on_the_whole_though_a_gif_counts_in_hundredths(seconds: float) -> None:
    _, shown = read(encode_gif(moving(25), seconds, 1.0))
    assert abs(sum(shown[:-1]) / 1000 - 24 * seconds) <= 0.005


def test_a_single_frame() -> None:
    assert len(read(encode_gif(moving(1), 0.1, 1.0))[0]) == 1


def test_the_same_frames_give_the_same_bytes() -> None:
    assert encode_gif(moving(9), 0.1, 1.0) == encode_gif(moving(9), 0.1, 1.0)
