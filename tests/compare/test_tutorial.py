"""The tutorial's example runs as printed, and names no method that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import wann.compare
from wann.compare.method import methods

TEXT = (Path(wann.compare.__path__[0]) / "README.md").read_text()


def test_the_example_runs() -> None:
    (code,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})


def test_every_method_is_there() -> None:
    named = {name for text in re.findall(r"--methods (\S+)", TEXT) for name in text.split(",")}
    assert named <= set(methods())
    families = {method.__module__.rpartition(".")[2] for method in map(type, methods().values())}
    assert families - {"gradient", "random"} <= set(re.findall(r"`([a-z]+)", TEXT))
