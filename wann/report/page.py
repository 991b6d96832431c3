"""The file itself: the template with its parts, its script and its style, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec

SCRIPTS = (
    "network.js",
    "words.js",
    "svg.js",
    "diagram.js",
    "explore.js",
    "episodes.js",
    "traces.js",
    "samples.js",
    "start.js",
    "panel.js",
)
"""In the order in which they run; a task's own script comes before the last one."""

_POLICY = (
    "default-src 'none'; {script}style-src '{style}'; style-src-attr 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


def render(parts: Mapping[str, str], data: Any, task_script: str = "") -> bytes:
    """The page.

    Args:
        parts: HTML for each place of the template but those of head, script and data.
        data: What the script reads.
        task_script: A task's dynamics in JavaScript.
    """
    script = _script(task_script)
    head = _head(parts["title"], f"script-src '{_digest(script)}'; ")
    return fill(_resource("page.html"), {**parts, "head": head, "script": script, "data": embedded(data)}).encode()


def render_still(template: str, parts: Mapping[str, str]) -> bytes:
    """A page with the same head that has no script: a template of its own, with its parts."""
    return fill(template, {**parts, "head": _head(parts["title"], "")}).encode()


def _head(title: str, script: str) -> str:
    """Title, style, and a policy that lets nothing in but them and ``script``."""
    style = _resource("page.css")
    policy = _POLICY.format(script=script, style=_digest(style))
    return fill(_resource("head.html"), {"title": title, "style": style, "policy": policy})


def fill(template: str, parts: Mapping[str, str]) -> str:
    """The template with ``{{name}}`` replaced; what a part holds is not looked at again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)


def embedded(data: Any) -> str:
    """JSON that stays data inside a script element, whatever its strings hold; what is not finite is null."""
    text = msgspec.json.encode(data).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _script(task_script: str) -> str:
    *before, last = (_resource(name) for name in SCRIPTS)
    return "\n".join(f"(() => {{\n'use strict';\n{text}}})();" for text in (*before, task_script, last))


def _resource(name: str) -> str:
    return files("wann.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
