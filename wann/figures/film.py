"""Frames as a GIF, an MP4 or in a window."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from wann.errors import UserError
from wann.figures.gif import Frame, encode_gif
from wann.files import write_atomically

_HOLD = 1.2  # seconds that the last frame of a GIF stays


def save(frames: Iterable[Frame], seconds: float, path: Path) -> None:
    """Write a film.

    Args:
        frames: Pictures of one size.
        seconds: Between two of them.
        path: Ends in .gif or .mp4.

    Raises:
        UserError: The package that writes MP4 is missing.
        OSError: The file cannot be written.
    """
    gif = path.suffix.lower() == ".gif"
    write_atomically(path, encode_gif(frames, seconds, _HOLD) if gif else _mp4(frames, seconds))


def _mp4(frames: Iterable[Frame], seconds: float) -> bytes:
    imageio = load_imageio()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with imageio.get_writer(path, format="FFMPEG", fps=1 / seconds, quality=8, macro_block_size=2) as writer:
            for frame in frames:
                writer.append_data(frame)
        return path.read_bytes()


def load_imageio() -> Any:
    """What writes MP4.

    Raises:
        UserError: It is not installed.
    """
    try:
        import_module("imageio_ffmpeg")
        return import_module("imageio.v2")
    except ImportError:
        raise UserError("MP4 needs imageio with its ffmpeg: pip install 'wann[video]', or name a .gif") from None


def show(frames: Iterable[Frame], seconds: float, title: str) -> None:
    """Play frames in a window, in their own time, until they end or the window is closed.

    Raises:
        UserError: There is no display.
    """
    import matplotlib.pyplot as plt

    with plt.rc_context({"toolbar": "None"}):
        figure = plt.figure(title)
    if getattr(figure.canvas, "required_interactive_framework", None) is None:
        plt.close(figure)
        raise UserError("there is no display to play in: name a film with --out, .gif or .mp4")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    image, due = None, time.monotonic()
    for frame in frames:
        if image is None:
            figure.set_size_inches(frame.shape[1] / figure.dpi, frame.shape[0] / figure.dpi)
            image = axes.imshow(frame)
        image.set_data(frame)
        due += seconds
        plt.pause(max(0.001, due - time.monotonic()))
        if not plt.fignum_exists(figure.number):
            return
    plt.close(figure)
