"""The README's examples run as printed, and its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from wann.cli import wann as command

README = (Path(__file__).parent.parent / "README.md").read_text()
EXAMPLES = dict(re.findall(r"<!-- example: (.+?) -->\n```python\n(.*?)```", README, re.DOTALL))
COMMANDS = [line.partition("#")[0] for line in README.splitlines() if line.startswith("wann ")]


def test_the_examples_are_found() -> None:
    assert set(EXAMPLES) >= {"api", "ask and tell", "task", "environment", "data set", "function"}
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_printed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "example.py"
    path.write_text(EXAMPLES[name])
    names = {"__name__": "example"}
    exec(compile(EXAMPLES[name], str(path), "exec"), names)
    if name == "task":
        assert (tmp_path / "runs" / "pendulum-0" / "champion.json").exists()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_printed_command_parses(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    subcommand = command.commands[name]
    with click.Context(subcommand) as context:
        subcommand.make_parser(context).parse_args(list(arguments))


def test_both_commands_make_their_own_environment() -> None:
    for name in ("search", "test"):
        text = re.search(rf"<!-- command: {name} -->\n```sh\n(.*?)```", README, re.DOTALL)
        assert text is not None
        assert text[1].startswith("python3 -m venv ")
        assert text[1].count("\n") == 1
