"""The parts of the report that are words and numbers: heading, scores, settings. All text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import msgspec

from wann.champion import Champion
from wann.scores import Report
from wann.settings import NAMES_OF_SETTINGS, describe
from wann.text import number

_MINUS = "\N{MINUS SIGN}"


def heading(champion: Champion) -> str:
    """What the page is about, in one line."""
    return escape(f"{champion.task or 'A network'}, {champion.size}")


def lead(champion: Champion) -> str:
    """Where the network comes from and how good it is, in a sentence or two."""
    sentences = []
    if champion.scores is not None:
        found = champion.scores
        mean, low, high = (
            _text(text) for text in (number(found.mean), f"{min(found.weights):g}", f"{max(found.weights):g}")
        )
        sentences.append(
            f"Mean return <strong>{mean}</strong> over {len(found.weights)} shared weights from {low} to {high}, "
            f"{found.trials} fresh episode{'s' * (found.trials != 1)} each."
        )
    generation, seed = champion.generation, champion.provenance.get("seed")
    if generation is not None and isinstance(seed, int):
        sentences.append(f"Found in generation {generation:,} of the search with seed {seed}.")
    return " ".join(sentences)


def scores(champion: Champion, report: Report | None) -> str:
    """The four regimes where the task was played, else the verified scores that the file carries."""
    if report is not None:
        played = "All test samples" if report.accuracy else f"{report.episodes} new episodes for each weight"
        head, *rows = report.cells
        return _table(f"{played}, which neither selection nor verification saw", head, rows)
    if champion.scores is None:
        return "<p>The file carries no scores.</p>"
    rows = [[f"{w:g}", number(m)] for w, m in zip(champion.scores.weights, champion.scores.means, strict=True)]
    rows.append(["mean over these", number(champion.scores.mean)])
    caption = f"{champion.scores.trials} verification episodes for each weight"
    return _table(caption, ("weights", "mean return"), rows)


def settings(champion: Champion) -> str:
    """What the network was found with: every setting, with what it means; then the versions."""
    given = champion.provenance.get("settings")
    if not isinstance(given, dict) or not given:
        return "<p>The file does not say how the network was found.</p>"
    rows = [_setting(str(name), value) for name, value in given.items()]
    return f"<dl>{''.join(rows)}</dl>"


def versions(champion: Champion) -> str:
    """What the network was made with."""
    found = champion.provenance.get("versions")
    if not isinstance(found, dict) or not found:
        return ""
    names = ", ".join(f"{name} {version}" for name, version in found.items())
    return escape(f"Found with {names}.")


def scrolling(label: str, content: str) -> str:
    """HTML in a frame of its own that scrolls where it is too wide, by keyboard too."""
    return f"<div class='scroll' tabindex='0' role='region' aria-label='{escape(label)}'>{content}</div>"


def _setting(name: str, value: Any) -> str:
    meaning = describe(name).partition("  [")[0] if name in NAMES_OF_SETTINGS else ""
    shown = ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else _plain(value)
    note = f"<small>{escape(meaning)}</small>" if meaning else ""
    return f"<div><dt>{escape(name)}{note}</dt><dd>{escape(shown)}</dd></div>"


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:g}".replace("-", _MINUS) if isinstance(value, float) else msgspec.json.encode(value).decode()


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr><th scope='row'>{_text(first)}</th>{_cells(rest)}</tr>" for first, *rest in rows)
    columns = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    table = f"<caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody>"
    return scrolling("Scores", f"<table>{table}</table>")


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{_text(text)}</td>" for text in texts)


def _text(text: str) -> str:
    return escape(text.replace("-", _MINUS))
