"""A run as event files for TensorBoard, in the run's folder: ``tensorboard --logdir runs`` shows them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from wann.champion import Champion
from wann.errors import UserError
from wann.runs import Progress, Run

log = logging.getLogger("wann")

TAGS = {
    "best_mean": "mean_return/best",
    "median_mean": "mean_return/median",
    "champion_mean": "mean_return/champion_verified",
    "best_weight": "mean_return/with_best_weight",
    "best_connections": "connections/best",
    "median_connections": "connections/median",
    "champion_connections": "connections/champion",
    "front": "search/front",
    "steps": "search/steps",
    "seconds": "search/seconds",
    "evolution_seconds": "search/evolution_seconds",
}
"""What TensorBoard calls the columns of ``history.csv``."""
TOPOLOGY, PROFILE = "champion", "weight_profile/{:g}"
_SHARE = 0.05
"""Of a search's time that may go into pictures."""


def check_installed() -> None:
    """Make sure that event files can be written.

    Raises:
        UserError: The extra is missing.
    """
    if find_spec("tensorboardX") is None:
        raise UserError("tensorboard: tensorboardX is not installed: pip install 'wann[tensorboard]'")


@contextmanager
def recording(run: Run) -> Iterator[Recorder]:
    """What to call after each generation; the files are complete at the end.

    Raises:
        UserError: The extra is missing.
    """
    recorder = Recorder(run)
    try:
        yield recorder
    finally:
        recorder.close()


class Recorder:
    """Writes the history's columns, and of each new champion its mean return with each weight and its picture.

    Of champions that follow each other fast, only some are drawn; the last one always is. Events of generations that
    a kill undid are marked as such.
    """

    def __init__(self, run: Run) -> None:
        check_installed()
        from tensorboardX import SummaryWriter

        self._run = run
        own_name = f".{run.generation}"  # a file's name tells the second; the next part of a run may start in the same
        self._writer = SummaryWriter(
            str(run.folder), purge_step=run.generation + 1, flush_secs=5, filename_suffix=own_name
        )
        self._champion: tuple[float, float] | None = None
        self._undrawn, self._draw_after = False, 0.0

    def __call__(self, progress: Progress) -> None:
        """Write a generation."""
        row, step = progress.row, int(progress.row["generation"])
        for column, tag in TAGS.items():
            self._writer.add_scalar(tag, row[column], step)
        champion = row["champion_mean"], row["champion_connections"]
        if champion != self._champion:
            self._champion, self._undrawn = champion, True
            self._write_profile(step)
        if self._undrawn and time.monotonic() >= self._draw_after:
            self._write_picture(step)

    def close(self) -> None:
        """Draw what is left to draw, and complete the files."""
        if self._undrawn:
            self._write_picture(self._run.generation)
        self._writer.close()

    def _write_profile(self, step: int) -> None:
        scores = self._run.champion.scores
        if scores is not None:
            for weight, mean in zip(scores.weights, scores.means, strict=True):
                self._writer.add_scalar(PROFILE.format(weight), mean, step)

    def _write_picture(self, step: int) -> None:
        self._undrawn, start = False, time.monotonic()
        try:
            self._writer.add_image(TOPOLOGY, _picture(self._run.champion), step, dataformats="HWC")
        except Exception as error:  # a figure is never worth a run
            log.warning("the champion could not be drawn for TensorBoard: %s", error)
        now = time.monotonic()
        self._draw_after = now + (now - start) / _SHARE


def _picture(champion: Champion) -> NDArray[np.uint8]:
    """The topology; (height, width, 3)."""
    from PIL import Image

    from wann.figures.output import encode
    from wann.figures.topology import draw

    figure = draw(champion.genome, champion.inputs, champion.outputs)
    return np.asarray(Image.open(BytesIO(encode(figure, "png"))).convert("RGB"))
