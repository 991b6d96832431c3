"""Figures as files and as pixels."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from wann.errors import UserError
from wann.figures.output import encode, pixels, save


@pytest.mark.parametrize("name", ["it.gif", "it.svgg", "it"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="svg"):
        save(Figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("PNG", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_ending_chooses_the_format(tmp_path, suffix, start):
    path = tmp_path / f"it.{suffix}"
    save(Figure(), path)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_pixels_are_those_of_the_png():
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.4, "words")
    picture = pixels(figure, 50)
    assert picture.shape == (50, 100, 3)
    assert (picture[[0, -1]] == 255).all()
    assert (picture < 100).any()
    np.testing.assert_array_equal(pixels(figure, 50), picture)


def test_the_dots_of_a_png_can_be_chosen():
    figure = Figure(figsize=(2, 1))
    assert encode(figure, "png", 30)[16:24] == (60).to_bytes(4, "big") + (30).to_bytes(4, "big")
