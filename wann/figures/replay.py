"""A network at play: what the task shows, frame by frame, for one shared weight or several side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gymnasium
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wann.champion import Champion
from wann.dataset import DataTask
from wann.environment import JittedEnv
from wann.errors import UserError
from wann.figures.gif import Frame
from wann.figures.lights import Lights
from wann.figures.style import FRESH, INK, QUIET
from wann.gymtask import GymTask
from wann.population import Floats
from wann.task import JittedTask, Task

RATE = 25.0
"""Frames a second, at most; a GIF of more grows large."""
_WIDTHS = {1: 600, 2: 480, 4: 480}
_WIDTH = 400  # of a scene, in pixels, where there are more
_HEAD, _GAP, _TEXT = 40, 12, 16  # pixels
_NETWORK_ASPECT = 1.9


class Replay:
    """The frames of an episode, or of one for each of several weights.

    Attributes:
        seconds: Between two frames; as much of the task's own time.
    """

    def __init__(
        self, champion: Champion, task: Task, weights: Sequence[float | None], *, seed: int = 0, network: bool = False
    ) -> None:
        """Start the episodes.

        Args:
            champion: Who plays.
            task: What is played.
            weights: A shared weight for each episode; None for the network's own weights.
            seed: Of the episodes' start, the same for all.
            network: Whether to show the network with its signals, too.

        Raises:
            UserError: The task has no episodes or no picture, or the network is too large to be shown.
        """
        self._games = [_Game(champion, task, weight, seed) for weight in weights]
        rate = self._games[0].rate
        self._stride = max(1, round(rate / RATE))
        self.seconds = self._stride / rate
        width = _WIDTHS.get(len(weights), _WIDTH)
        height, full = self._games[0].picture.shape[:2]
        self._scene = width, round(height * width / full)
        self._beside = len(weights) == 1
        of_network = round(self._scene[1] * _NETWORK_ASPECT) if self._beside else width, self._scene[1]
        self._lights = Lights(champion, of_network) if network else None

    def __iter__(self) -> Iterator[Frame]:
        """The frames, up to the end of the longest episode."""
        yield self._frame()
        while not all(game.over for game in self._games):
            for game in self._games:
                game.advance(self._stride)
            yield self._frame()

    def _frame(self) -> Frame:
        cells = [self._cell(game) for game in self._games]
        columns = {1: 1, 2: 2, 4: 2}.get(len(cells), 3)
        rows = math.ceil(len(cells) / columns)
        width, height = cells[0].size
        sheet = Image.new("RGB", (_even(columns * (width + _GAP) + _GAP), _even(rows * (height + _GAP))), "white")
        for index, cell in enumerate(cells):
            row, column = divmod(index, columns)
            sheet.paste(cell, (_GAP + column * (width + _GAP), row * (height + _GAP)))
        return np.array(sheet)

    def _cell(self, game: _Game) -> Image.Image:
        """One episode: a line of words, the scene, the network."""
        parts = [Image.fromarray(game.picture).resize(self._scene, Image.Resampling.LANCZOS)]
        if self._lights is not None:
            parts.append(Image.fromarray(self._lights.draw(game.signals)))
        across = sum(part.width for part in parts) if self._beside else parts[0].width
        down = parts[0].height if self._beside else sum(part.height for part in parts)
        cell = Image.new("RGB", (across, _HEAD + down), "white")
        x, y = 0, _HEAD
        for part in parts:
            cell.paste(part, (x, y))
            x, y = (x + part.width, y) if self._beside else (x, y + part.height)
        _write(cell, game, self._scene[0])
        return cell


class _Game:
    """One episode."""

    def __init__(self, champion: Champion, task: Task, weight: float | None, seed: int) -> None:
        self.weight = weight
        self._task, self._network = task, champion.network
        self._environment = _open(task)
        self.rate = float(self._environment.metadata.get("render_fps") or RATE)
        self._observation = self._seen(self._environment.reset(seed=seed)[0])
        self._steps = 0
        self.total = 0.0
        self.over = False

    @property
    def picture(self) -> Frame:
        """What the task shows."""
        try:
            picture = self._environment.render()
        except gymnasium.error.DependencyNotInstalled as error:
            raise UserError(f"the task {self._task.name!r} cannot be drawn: {error}") from None
        if not isinstance(picture, np.ndarray):
            raise UserError(f"the task {self._task.name!r} has no picture")
        return picture

    @property
    def signals(self) -> Floats:
        """The values of the network's nodes."""
        return self._network.activations(self._observation, self.weight)

    @property
    def seconds(self) -> float:
        """How long it has lasted, in the task's time."""
        return self._steps / self.rate

    def advance(self, steps: int) -> None:
        """Play on, but not beyond the end."""
        for _ in range(steps):
            if self.over:
                return
            outputs = self._network(self._observation, self.weight)
            action = self._task.action(outputs) if isinstance(self._task, GymTask) else outputs
            observation, reward, ended, cut, _ = self._environment.step(action)
            self._observation = self._seen(observation)
            self.total += float(reward)
            self._steps += 1
            self.over = bool(ended or cut)

    def _seen(self, observation: Any) -> Floats:
        return self._task.observe(observation) if isinstance(self._task, GymTask) else observation


def _open(task: Task) -> gymnasium.Env[Any, Any]:
    """The environment that plays a task, with pictures."""
    if isinstance(task, GymTask):
        return task.make(render_mode="rgb_array")
    if isinstance(task, JittedTask):
        return JittedEnv(task, render_mode="rgb_array")
    kind = "data set" if isinstance(task, DataTask) else "function"
    raise UserError(f"the task {task.name!r} is a {kind}: it has no episodes to play")


def _even(length: int) -> int:
    """Films want even sizes."""
    return length + length % 2


def _write(cell: Image.Image, game: _Game, width: int) -> None:
    """The weight on the left, the return so far and the time on the right."""
    draw, y = ImageDraw.Draw(cell), _HEAD / 2
    name = "its own weights" if game.weight is None else f"weight {game.weight:g}".replace("-", "\N{MINUS SIGN}")
    draw.text((2, y), name, fill=INK, font=_font(True), anchor="lm")
    words = f"return {game.total:.0f}    {game.seconds:.1f} s"
    colour = FRESH if game.over else QUIET
    draw.text((width - 2, y), words, fill=colour, font=_font(False), anchor="rm")


@lru_cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), _TEXT)
