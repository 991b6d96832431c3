"""CarRacing from pixels: a fixed encoder sees the frame, the network its 16 numbers (Gaier & Ha 2019, section 4)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from wann.engines import EngineTask
from wann.errors import UserError
from wann.jit import kernel
from wann.population import Floats, sealed

ENCODER = Path(__file__).with_name("racing_encoder.npz")
ROWS, COLUMNS = 28, 32
"""Of a small picture; a pixel is the mean of 3 x 3, the bar at the bottom is left out."""
BLOCK = 3
GREEN = 1
"""The colour that tells the road from the grass best."""
LATENTS = 16


class Encoder(NamedTuple):
    """A principal component analysis of small pictures."""

    mean: Floats
    """(pixels,)"""
    projection: Floats
    """What pixels add to the numbers, which have a standard deviation of 1 on the fitted frames; (pixels, 16)."""


@cache
def load_encoder(path: Path = ENCODER) -> Encoder:
    """The encoder that ``python -m tasks.racing_encoder`` has fitted.

    Raises:
        UserError: The file is missing, damaged or of another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = Encoder(arrays["mean"].astype(np.float64), arrays["projection"].astype(np.float64))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise UserError(f"the encoder {path} cannot be read: {error}") from None
    if (found.mean.shape, found.projection.shape) != ((ROWS * COLUMNS,), (ROWS * COLUMNS, LATENTS)):
        raise UserError(f"the encoder {path} has the shapes {found.mean.shape} and {found.projection.shape}")
    sealed(*found)
    return found


@kernel
def shrink(frames: NDArray[np.uint8], pictures: Floats) -> None:
    """Fill ``pictures``, (frames, pixels), with the small pictures of ``frames``, (frames, 96, 96, 3), from 0 to 1."""
    for i in range(frames.shape[0]):
        for row in range(ROWS):
            for column in range(COLUMNS):
                total = 0
                for y in range(row * BLOCK, row * BLOCK + BLOCK):
                    for x in range(column * BLOCK, column * BLOCK + BLOCK):
                        total += frames[i, y, x, GREEN]
                pictures[i, row * COLUMNS + column] = total / (255.0 * BLOCK * BLOCK)


@kernel
def project(pictures: Floats, mean: Floats, projection: Floats, latents: Floats) -> None:
    """Fill ``latents``, (pictures, 16); each in the same order of operations, however many there are."""
    latents[:] = 0.0
    for i in range(pictures.shape[0]):
        for pixel in range(pictures.shape[1]):
            difference = pictures[i, pixel] - mean[pixel]
            for k in range(projection.shape[1]):
                latents[i, k] += difference * projection[pixel, k]


def small(frames: NDArray[np.uint8]) -> Floats:
    """The small pictures of frames; (frames, pixels)."""
    pictures = np.empty((len(frames), ROWS * COLUMNS))
    shrink(np.ascontiguousarray(frames), pictures)
    return pictures


class Pedals:
    """Outputs in [-1, 1] steer and give gas, from none to full; the brake's are limited to [0, 1], as in the paper.

    So an output of 0 does not brake.
    """

    def __call__(self, outputs: Floats) -> NDArray[np.float32]:
        """The action for the outputs, (3,), or the actions for many, (episodes, 3)."""
        steer, gas, brake = np.moveaxis(np.nan_to_num(outputs), -1, 0)
        limited = np.clip(steer, -1.0, 1.0), np.clip(gas, -1.0, 1.0) / 2 + 0.5, np.clip(brake, 0.0, 1.0)
        return np.stack(limited, axis=-1).astype(np.float32)

    def __str__(self) -> str:
        return "steer limited to [-1, 1], gas limited to [-1, 1] and scaled to [0, 1], brake limited to [0, 1]"


class Racing(EngineTask):
    """CarRacing-v3: 1000 points for all tiles of the track, -0.1 for each frame, -100 for leaving the field.

    Episodes of a search end when 100 steps in a row have earned nothing, with the rest estimated; those of validation
    and test never do.
    """

    name = "racing"
    needs = "box2d"
    environment = "CarRacing-v3"
    inputs = tuple(f"latent {k}" for k in range(1, LATENTS + 1))
    outputs = ("steer", "gas", "brake")
    patience = 100
    largest_pool = 128  # EnvPool has room for a frame of each, at every step
    paper: ClassVar = {"population": 64, "generations": 1024, "trials": 2, "initial_enabled": 0.5, "tournament": 8}
    paper_scores: ClassVar = {"random individual": -69, "random shared": 375, "best shared": 608, "tuned": 893}
    preset: ClassVar = {"verify_trials": 10}

    def __init__(self, engine: str = "") -> None:
        self._encoder = load_encoder()
        super().__init__(engine)
        self.action = Pedals()

    def observe(self, observation: Any) -> Floats:
        """The 16 numbers of a frame, (16,), or of many, (frames, 16)."""
        frames = np.asarray(observation)
        if frames.shape[-3:] != (96, 96, 3):
            return frames.ravel().astype(np.float64)  # refused by whoever plays
        many = frames.reshape(-1, 96, 96, 3)
        latents = np.empty((len(many), LATENTS))
        project(small(many), *self._encoder, latents)
        return latents.reshape(*frames.shape[:-3], LATENTS)
