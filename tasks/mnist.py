"""MNIST as in the paper: 16 x 16 pixels, deskewed (Gaier & Ha 2019, section 4)."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from wann.dataset import DataTask
from wann.errors import UserError
from wann.jit import inlined, kernel

Images = NDArray[np.float64]
Labels = NDArray[np.int64]
Pair = tuple[Images, Labels]

SIDE = 28
SMALL = 16
FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)
FOLDER = "WANN_MNIST"
"""The environment variable that names the folder with the files."""
LARGEST = 1 << 28


class Mnist(DataTask):
    """The standard files from a folder, ``mnist:FOLDER`` or $WANN_MNIST; or else by scikit-learn's OpenML loader.

    Args:
        folder: Where the four IDX files are, gzipped or not.
    """

    name = "mnist"
    needs = "datasets"
    inputs = tuple(f"{row},{column}" for row in range(SMALL) for column in range(SMALL))
    outputs = tuple(str(digit) for digit in range(10))
    paper: ClassVar = {"population": 960, "generations": 4096, "trials": 1, "initial_enabled": 0.05, "tournament": 32}
    paper_scores: ClassVar = {
        "accuracy with a random shared weight": 0.82,
        "ensemble of shared weights": 0.916,
        "best shared": 0.919,
        "tuned": 0.942,
    }

    def __init__(self, folder: str = "") -> None:
        self._folder = folder or os.environ.get(FOLDER, "")
        if folder:
            self.name = f"mnist:{folder}"  # type: ignore[misc]
            if not Path(folder).is_dir():
                raise UserError(f"the task mnist: {folder} is not a folder")

    def load(self) -> tuple[Pair, Pair]:
        """The 60,000 training and the 10,000 test samples.

        Raises:
            UserError: A file is missing, damaged or of another kind; or nothing can be downloaded.
        """
        pairs = [read_pair(Path(self._folder), *names) for names in FILES] if self._folder else list(_openml())
        (x, y), (test_x, test_y) = ((prepare(images), labels) for images, labels in pairs)
        return (x, y), (test_x, test_y)


def read_pair(folder: Path, images: str, labels: str) -> tuple[NDArray[np.uint8], Labels]:
    """Images, (n, 28, 28), and labels, (n,), from two IDX files.

    Raises:
        UserError: A file is missing, damaged, or of another shape.
    """
    pixels, classes = read_idx(folder / images), read_idx(folder / labels)
    if pixels.shape[1:] != (SIDE, SIDE):
        raise UserError(f"{folder / images}: expected images of {SIDE} x {SIDE}, got the shape {pixels.shape}")
    if classes.shape != pixels.shape[:1]:
        raise UserError(f"{folder / labels}: expected {len(pixels)} labels, got the shape {classes.shape}")
    return pixels, classes.astype(np.int64)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes; ``path`` or ``path`` with ``.gz`` behind it.

    Raises:
        UserError: It is missing, damaged, or holds something else.
    """
    packed = path.with_name(f"{path.name}.gz")
    if not path.exists() and not packed.exists():
        raise UserError(f"the task mnist: there is neither {path} nor {packed.name} beside it")
    try:
        with path.open("rb") if path.exists() else gzip.open(packed) as file:
            data = file.read(LARGEST)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise UserError(f"{path}: not an IDX file of unsigned bytes, it begins with {data[:4].hex()}")
    head = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:head]) if len(data) >= head else ()
    size = int(np.prod(shape, dtype=object)) if shape else -1
    if len(data) - head != size:
        raise UserError(f"{path}: truncated or too long: {len(data) - head:,} bytes for the shape {shape}")
    return np.frombuffer(data, dtype=np.uint8, offset=head).reshape(shape)


def prepare(images: NDArray[np.uint8]) -> Images:
    """Deskewed images of 16 x 16 with grey levels from 0 to 1, a row each: (n, 256).

    Args:
        images: (n, 28, 28)
    """
    prepared = np.empty((len(images), SMALL, SMALL))
    _prepare(np.ascontiguousarray(images), _area(SIDE, SMALL), prepared)
    return prepared.reshape(-1, SMALL * SMALL)


@kernel
def _prepare(images: NDArray[np.uint8], area: Images, prepared: Images) -> None:
    """The same with the same bits on every machine, which sums and products of NumPy do not promise."""
    padded, sheared = np.zeros((SIDE + 2, SIDE + 2)), np.empty((SIDE, SIDE))
    for i in range(images.shape[0]):
        for row in range(SIDE):
            for column in range(SIDE):
                padded[1 + row, 1 + column] = images[i, row, column] / 255.0
        _deskew(padded, sheared)
        _average(sheared, area, prepared[i])


@inlined
def _deskew(padded: Images, sheared: Images) -> None:
    """Shear an image along its rows so that its ink stands upright, and move it to the middle."""
    ink, down, right = 0.0, 0.0, 0.0
    for row in range(SIDE):
        for column in range(SIDE):
            grey = padded[1 + row, 1 + column]
            ink += grey
            down += grey * row
            right += grey * column
    ink = max(ink, 1e-12)
    down, right = down / ink, right / ink
    variance, covariance = 0.0, 0.0
    for row in range(SIDE):
        for column in range(SIDE):
            moment = padded[1 + row, 1 + column] * (row - down)
            variance += moment * (row - down)
            covariance += moment * (column - right)
    slant = covariance / max(variance, 1e-12 * ink)
    centre = (SIDE - 1) / 2
    for row in range(SIDE):
        for column in range(SIDE):
            source = column - centre + right + slant * (row - centre)
            sheared[row, column] = _sample(padded, row - centre + down, source)


@inlined
def _sample(padded: Images, row: float, column: float) -> float:
    """A bilinear sample of an image with a dark margin, dark outside."""
    row, column = min(max(row + 1, 0.0), SIDE + 1.0), min(max(column + 1, 0.0), SIDE + 1.0)
    top, left = min(int(row), SIDE), min(int(column), SIDE)
    down, right = row - top, column - left
    upper = padded[top, left] * (1 - right) + padded[top, left + 1] * right
    lower = padded[top + 1, left] * (1 - right) + padded[top + 1, left + 1] * right
    return float(upper * (1 - down) + lower * down)


@inlined
def _average(image: Images, area: Images, small: Images) -> None:
    """Each pixel of ``small`` is the average of an area of ``image``."""
    for row in range(SMALL):
        for column in range(SMALL):
            total = 0.0
            for i in range(SIDE):
                if area[row, i] > 0:
                    for k in range(SIDE):
                        if area[column, k] > 0:
                            total += area[row, i] * area[column, k] * image[i, k]
            small[row, column] = total


def _area(old: int, new: int) -> Images:
    """How much of each of ``old`` pixels in a row lies in each of ``new`` larger ones; rows add up to 1, (new, old)."""
    edges = np.linspace(0, old, new + 1)
    start, stop = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    overlap = np.minimum(stop, pixels + 1) - np.maximum(start, pixels)
    return np.asarray(np.clip(overlap, 0, None) * new / old)


def _openml() -> tuple[tuple[NDArray[np.uint8], Labels], tuple[NDArray[np.uint8], Labels]]:
    try:
        from sklearn.datasets import fetch_openml
    except ImportError:
        raise UserError(
            f"the task mnist needs a folder with the IDX files (mnist:FOLDER or ${FOLDER}), or scikit-learn to "
            "download them: pip install 'wann[datasets]'"
        ) from None
    try:
        x, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff")
    except Exception as error:  # whatever a network may do
        raise UserError(f"the task mnist cannot be downloaded: {error}; name a folder with the files") from None
    images, labels = x.reshape(-1, SIDE, SIDE).astype(np.uint8), y.astype(np.int64)
    return (images[:60000], labels[:60000]), (images[60000:], labels[60000:])
