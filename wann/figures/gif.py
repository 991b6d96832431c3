"""Moving pictures as GIF: equal frames give equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.uint8]
"""A picture: (height, width, 3), red, green and blue."""

_SAMPLES, _COLOURS = 6, 192
_NEARLY_WHITE = 248


def encode_gif(frames: Sequence[Frame], milliseconds: Sequence[int]) -> bytes:
    """The frames as a GIF that starts over at its end.

    All frames share one palette, without dithering: what stands still costs nothing and does not flicker.

    Args:
        frames: Pictures of one size.
        milliseconds: How long each is shown; a GIF counts in tens.
    """
    palette = _palette(frames)
    images = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    data = BytesIO()
    images[0].save(
        data, "GIF", save_all=True, append_images=images[1:], duration=list(milliseconds), loop=0, optimize=False
    )
    return data.getvalue()


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """The colours of a few frames, spread over all."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, _SAMPLES).round().astype(int))
    sheet = Image.fromarray(np.vstack([frames[index] for index in chosen]))
    reduced = sheet.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(reduced.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) >= _NEARLY_WHITE] = 255  # a white page stays white
    reduced.putpalette(colours.ravel().tolist())
    return reduced
