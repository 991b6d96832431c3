"""The score table: returns in the paper's four regimes (Gaier & Ha 2019, section 4 and table 1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from wann.classification import Accuracy
from wann.text import check_format, markdown_table, number, text_table


class OwnScore(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the return over episodes, with the network's own weights."""

    mean: float
    std: float


class WeightScore(msgspec.Struct, frozen=True):
    """Mean and standard deviation of the return over episodes, with one shared weight."""

    weight: float
    mean: float
    std: float


class RandomScore(msgspec.Struct, frozen=True):
    """The return with weights from U(-2, 2)."""

    mean: float
    std_episodes: float
    """Standard deviation over episodes, at one draw, averaged over the draws (root mean square)."""
    std_weights: float
    """Standard deviation over weight draws of the mean over episodes."""
    draws: int


class Row(NamedTuple):
    """A line of the table; what a regime does not have is None."""

    weights: str
    weight: float | None
    mean: float
    std_episodes: float
    std_weights: float | None
    draws: int
    accuracy: float | None


class Report(msgspec.Struct, frozen=True):
    """What ``wann test`` found."""

    task: str
    connections: int
    episodes: int
    """For each weight."""
    seed: int
    mean: float
    """Over all of ``weights``."""
    weights: tuple[WeightScore, ...]
    individual: RandomScore
    """Every connection with a weight of its own from U(-2, 2)."""
    random: RandomScore
    """All connections with the same weight from U(-2, 2)."""
    best: WeightScore
    """The best of a sweep over U(-2, 2)'s range, scored on other episodes than it was chosen on."""
    tuned: OwnScore | None = None
    """With the weights that the file carries, on the episodes of ``best``; None where it carries none."""
    accuracy: Accuracy | None = None
    """For classifiers."""
    classes: tuple[str, ...] = ()
    """Labels of the classes, for classifiers."""

    @property
    def rows(self) -> list[Row]:
        """The fixed shared weights, their mean, then the paper's regimes from no tuning to most."""
        right = self.accuracy
        found = right.weights if right else [None] * len(self.weights)
        fixed = [
            Row("shared", row.weight, row.mean, row.std, None, 1, share)
            for row, share in zip(self.weights, found, strict=True)
        ]
        means, stds = np.array([[row.mean, row.std] for row in self.weights]).T
        spread = float(np.sqrt((stds**2).mean()))
        share = float(np.mean(right.weights)) if right else None
        fixed.append(Row("mean over these", None, self.mean, spread, float(means.std()), len(fixed), share))
        for name, score in (("individual", self.individual), ("shared", self.random)):
            share = (right.individual if name == "individual" else right.random) if right else None
            spreads = score.std_episodes, score.std_weights
            fixed.append(Row(f"random {name}", None, score.mean, *spreads, score.draws, share))
        share = right.best if right else None
        fixed.append(Row("best shared", self.best.weight, self.best.mean, self.best.std, None, 1, share))
        if self.tuned is not None:
            share = right.tuned if right else None
            fixed.append(Row("tuned individual", None, self.tuned.mean, self.tuned.std, None, 1, share))
        return fixed

    def table(self, format: str = "text") -> str:
        """The rows as a table.

        Args:
            format: "text", "md" for Markdown, or "csv" with all digits.

        Raises:
            UserError: There is no such format.
        """
        check_format(format)
        if format == "csv":
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([Row._fields, *self.rows])
            return text.getvalue()
        return self._markdown() if format == "md" else self._text()

    @property
    def _title(self) -> str:
        samples = f"{self.episodes} episodes for each weight" if self.accuracy is None else "all test samples"
        return f"{self.task}, {self.connections} connections, {samples}"

    @property
    def cells(self) -> Iterator[list[str]]:
        """The table, heads first, as people read it."""
        spread = [] if self.accuracy else ["std over episodes"]  # all test samples are one episode
        yield ["weights", "mean return", *spread, "std over weights", *(["accuracy"] if self.accuracy else [])]
        most = max(abs(row.mean) for row in self.rows)
        for row in self.rows:
            cells = [_name(row), number(row.mean, most), *([number(row.std_episodes, most)] if spread else [])]
            cells.append("" if row.std_weights is None else number(row.std_weights, most))
            yield cells if row.accuracy is None else [*cells, f"{row.accuracy:.2%}"]

    @property
    def _by_class(self) -> Iterator[list[str]]:
        """The accuracy for each class with each fixed weight, heads first."""
        if self.accuracy is not None:
            yield ["accuracy by class", *self.classes]
            for row, shares in zip(self.weights, self.accuracy.classes, strict=True):
                yield [f"{row.weight:g}", *(f"{share:.1%}" for share in shares)]

    @property
    def _together(self) -> str:
        share = self.accuracy.ensemble if self.accuracy else float("nan")
        return f"The {len(self.weights)} fixed weights together, by vote: {share:.2%} right."

    def _markdown(self) -> str:
        parts = [f"{self._title}:", markdown_table(list(self.cells))]
        if self.accuracy is not None:
            parts += [self._together, markdown_table(list(self._by_class))]
        return "\n\n".join(parts) + "\n"

    def _text(self) -> str:
        parts = [self._title, text_table(list(self.cells), 20)]
        if self.accuracy is not None:
            parts += [self._together, text_table(list(self._by_class), 8)]
        return "\n\n".join(parts) + "\n"


def _name(row: Row) -> str:
    if row.weight is not None:
        return f"{row.weight:g}" if row.weights == "shared" else f"{row.weights}, {row.weight:.2f}"
    return f"{row.weights}, U(-2, 2)" if row.weights.startswith("random") else row.weights
