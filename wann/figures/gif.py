"""Moving pictures as GIF: equal frames give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import chain, islice, pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.uint8]
"""A picture: (height, width, 3), red, green and blue."""

_SAMPLES, _COLOURS = 6, 128
_NEARLY_WHITE = 248
_LOOKED_AT = 100  # frames from which the palette is taken


def encode_gif(frames: Iterable[Frame], seconds: float, hold: float) -> bytes:
    """The frames as a GIF that starts over at its end.

    All frames share one palette, without dithering: what stands still costs nothing and does not flicker.

    Args:
        frames: Pictures of one size.
        seconds: How long each is shown; a GIF counts in hundredths, and every frame ends at the nearest one.
        hold: How long the last is shown.
    """
    stream = iter(frames)
    first = list(islice(stream, _LOOKED_AT))
    palette = _palette(first)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in chain(first, stream)
    ]
    ends = [round(100 * seconds * count) for count in range(len(images))]
    shown = [10 * (end - start) for start, end in pairwise(ends)]
    data = BytesIO()
    images[0].save(
        data,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=[*shown, round(1000 * hold)],
        loop=0,
        optimize=True,
    )
    return data.getvalue()


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """The colours of a few of these frames."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, _SAMPLES).round().astype(int))
    sheet = Image.fromarray(np.vstack([frames[index] for index in chosen]))
    reduced = sheet.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(reduced.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) >= _NEARLY_WHITE] = 255  # a white page stays white
    reduced.putpalette(colours.ravel().tolist())
    return reduced
