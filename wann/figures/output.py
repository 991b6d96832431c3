"""Figures as bytes and files; equal figures give equal bytes."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wann.errors import UserError, suggestion
from wann.files import write_atomically

FORMATS = ("svg", "png", "pdf")
_SAVING = threading.Lock()


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as SVG, PNG or PDF, as the ending of ``path`` says.

    Raises:
        UserError: The ending is none of these.
        OSError: The file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UserError(f"{path} ends in {path.suffix!r}: {suggestion(kind, FORMATS)}")
    write_atomically(path, encode(figure, kind))


def encode(figure: Figure, kind: str, dpi: float = 200) -> bytes:
    """``figure`` as a file of one of ``FORMATS``; ``dpi`` are the dots an inch of a PNG."""
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    settings: dict[Any, Any] = {
        "svg.hashsalt": "wann",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "savefig.bbox": None,
    }
    data = BytesIO()
    with _SAVING, matplotlib.rc_context(settings):
        figure.savefig(data, format=kind, dpi=dpi, metadata=date[kind])
    return data.getvalue()


def pixels(figure: Figure, dpi: float) -> NDArray[np.uint8]:
    """``figure`` as a picture, (height, width, 3): red, green and blue, ``dpi`` dots an inch."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
