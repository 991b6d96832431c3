"""MNIST: small IDX files of our own are read, prepared and refused as the standard ones would be."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

import wann
from tasks.mnist import FILES, FOLDER, SIDE, SMALL, Mnist, prepare, read_idx
from wann.errors import UserError
from wann.task import Part, load_task


def idx(array: NDArray[np.uint8]) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(folder: Path, n: int = 40, packed: bool = False) -> dict[str, NDArray[np.uint8]]:
    rng, arrays = np.random.default_rng(0), {}
    for images, labels in FILES:
        arrays[images] = rng.integers(0, 256, (n, SIDE, SIDE)).astype(np.uint8)
        arrays[labels] = rng.integers(0, 10, n).astype(np.uint8)
    for name, array in arrays.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array))) if packed else (folder / name).write_bytes(
            idx(array)
        )
    return arrays


@pytest.mark.parametrize("packed", [False, True])
def test_the_files_are_read_as_they_were_written(tmp_path: Path, packed: bool) -> None:
    for name, array in write(tmp_path, packed=packed).items():
        np.testing.assert_array_equal(read_idx(tmp_path / name), array)


def test_the_parts_hold_the_prepared_images_and_their_labels(tmp_path: Path) -> None:
    arrays = write(tmp_path)
    parts = Mnist(str(tmp_path)).parts
    np.testing.assert_array_equal(parts[Part.TEST].x, prepare(arrays[FILES[1][0]]))
    np.testing.assert_array_equal(parts[Part.TEST].y, arrays[FILES[1][1]])
    training = {
        (x.tobytes(), int(y)) for part in (Part.TRAINING, Part.VALIDATION) for x, y in zip(*parts[part], strict=True)
    }
    prepared = prepare(arrays[FILES[0][0]])
    assert training == {(x.tobytes(), int(y)) for x, y in zip(prepared, arrays[FILES[0][1]], strict=True)}


def stroke(slant: float, column: float = 14.0) -> NDArray[np.uint8]:
    """A smooth slanted line."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    ink = np.exp(-0.5 * ((columns - column - slant * (rows - 14)) / 1.2) ** 2) * (np.abs(rows - 13.5) < 8)
    return np.asarray((255 * ink).astype(np.uint8))


def covariance(image: NDArray[np.float64]) -> float:
    rows, columns = np.mgrid[:SMALL, :SMALL]
    ink = image.reshape(SMALL, SMALL) / image.sum()
    return float((ink * (rows - (ink * rows).sum()) * (columns - (ink * columns).sum())).sum())


@pytest.mark.parametrize("slant", [-0.6, -0.2, 0.4, 0.7])
def test_slanted_ink_is_put_upright_in_the_middle(slant: float) -> None:
    image = prepare(stroke(slant, 12.0)[None])[0]
    rows, columns = np.mgrid[:SMALL, :SMALL]
    ink = image.reshape(SMALL, SMALL) / image.sum()
    assert abs(covariance(image)) < 0.25
    assert (ink * columns).sum() == pytest.approx((SMALL - 1) / 2, abs=0.15)
    assert (ink * rows).sum() == pytest.approx((SMALL - 1) / 2, abs=0.15)
    np.testing.assert_allclose(image, prepare(stroke(0.0)[None])[0], atol=0.2)


def test_grey_levels_are_averages_of_areas() -> None:
    bright, dark = prepare(np.full((1, SIDE, SIDE), 255, np.uint8)), prepare(np.zeros((1, SIDE, SIDE), np.uint8))
    np.testing.assert_allclose(bright, 1.0)
    np.testing.assert_array_equal(dark, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_any_image_is_sheared_and_averaged_as_scipy_does_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (SIDE, SIDE)) * (rng.random((SIDE, SIDE)) < 0.3 * seed)
    grey, ink = image / 255.0, max(image.sum() / 255.0, 1e-12)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    down, right = (grey * rows).sum() / ink, (grey * columns).sum() / ink
    slant = (grey * (rows - down) * (columns - right)).sum() / max((grey * (rows - down) ** 2).sum(), 1e-12)
    shear, middle = np.array([[1.0, 0.0], [slant, 1.0]]), np.full(2, (SIDE - 1) / 2)
    offset = np.array([down, right]) - shear @ middle
    sheared = affine_transform(grey, shear, offset, order=1, mode="grid-constant")
    small = sheared.repeat(SMALL, axis=0).repeat(SMALL, axis=1).reshape(SMALL, SIDE, SMALL, SIDE).mean(axis=(1, 3))
    np.testing.assert_allclose(prepare(image.astype(np.uint8)[None])[0], small.ravel(), atol=1e-12)


def test_a_search_runs_on_a_folder_and_finds_it_again(tmp_path: Path) -> None:
    write(tmp_path)
    run = wann.search(f"mnist:{tmp_path}", population=8, generations=2, tournament=2, out=tmp_path / "run")
    assert run.champion.task == f"mnist:{tmp_path}"
    report = wann.test(tmp_path / "run", draws=2)
    assert report.accuracy is not None


def test_the_variable_names_the_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert len(Mnist().parts[Part.TEST].x) == 40


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file of unsigned bytes, it begins with "),
        (b"PK\3\4 something", "not an IDX file of unsigned bytes, it begins with 504b0304"),
        (b"\0\0\x08\3\0\0", "truncated or too long"),
        (idx(np.zeros((3, SIDE, SIDE), np.uint8))[:-1], "truncated or too long: 2,351 bytes for the shape (3, 28, 28)"),
        (idx(np.zeros((3, SIDE, SIDE), np.uint8)) + b"x", "truncated or too long"),
        (b"\0\0\x08\3" + b"\xff" * 12, "truncated or too long"),
        (idx(np.zeros((3, 20, 20), np.uint8)), "expected images of 28 x 28, got the shape (3, 20, 20)"),
        (idx(np.zeros((3, SIDE, SIDE), np.uint8)), "expected 3 labels, got the shape (40,)"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    write(tmp_path)
    (tmp_path / FILES[0][0]).write_bytes(content)
    with pytest.raises(UserError) as error:
        Mnist(str(tmp_path)).load()
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:10] + b"\xff" * 40 + data[50:]])
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, damage: Any) -> None:
    write(tmp_path, packed=True)
    path = tmp_path / f"{FILES[0][0]}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="cannot be read"):
        Mnist(str(tmp_path)).load()


def test_labels_that_are_no_digits_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / FILES[0][1]).write_bytes(idx(np.arange(40, dtype=np.uint8)))
    with pytest.raises(UserError, match=r"'mnist.*', training samples: expected classes from 0 to 9, got 0 to 39"):
        _ = Mnist(str(tmp_path)).parts


def test_a_missing_file_or_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is neither .*train-images-idx3-ubyte nor .*\.gz beside it"):
        Mnist(str(tmp_path)).load()
    with pytest.raises(UserError, match="is not a folder"):
        load_task(f"mnist:{tmp_path / 'nothing'}")
