"""What all exports have in common: names, packages, and files that are written whole or not at all."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from exports import champion_of, grown_genome, single

from wann.champion import Champion, NetworkScores
from wann.errors import UserError
from wann.export import TARGETS, load_exporter, write, write_all

CHAMPION = champion_of(single("tanh"))
NO_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: pip install torch")
FORMS = [pytest.param(to, marks=NO_TORCH) if to == "torch" else to for to in TARGETS]


@pytest.mark.parametrize("to", FORMS)
def test_every_form_writes_the_files_it_names(to: str, tmp_path: Path) -> None:
    for suffix in TARGETS[to].suffixes:
        result = write(champion_of(grown_genome(4, steps=12)), to, out=tmp_path / f"net{suffix}")
        assert result.to == to
        assert result.files[-1] == str(tmp_path / f"net{suffix}")
        assert {Path(name) for name in result.files} == set(tmp_path.iterdir())
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.mark.parametrize("to", FORMS)
def test_files_are_the_same_every_time(to: str, tmp_path: Path) -> None:
    suffix = TARGETS[to].suffixes[0]
    first, second = (
        [Path(name).read_bytes() for name in write(CHAMPION, to, out=tmp_path / f"a{suffix}").files] for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("to", "arguments", "message"),
    [
        ("onx", {"out": "a.onnx"}, "to: there is no form 'onx': did you mean 'onnx'?"),
        ("c", {"out": "a.h"}, "out: a file for c must end in .c, got "),
        ("networkx", {"out": "a"}, "out: a file for networkx must end in .graphml or .dot or .gv, got "),
        ("c", {"out": "a.c", "dtype": "float16"}, "dtype: there is no precision 'float16': did you mean"),
        ("release", {"out": "a.out", "dtype": "float32"}, "dtype: the form release has no precision to choose"),
        ("networkx", {"out": "a.dot", "weight": 1.0}, "weight: the form networkx holds no shared weight, got 1.0"),
    ],
)
def test_a_wrong_request_is_refused_and_writes_nothing(
    to: str, arguments: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        write(CHAMPION, to, **{**arguments, "out": tmp_path / str(arguments["out"])})  # type: ignore[arg-type]
    assert str(error.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", FORMS)
def test_a_path_that_cannot_be_written_is_refused(to: str, tmp_path: Path) -> None:
    suffix = TARGETS[to].suffixes[0]
    with pytest.raises(UserError, match=r"^cannot write .*: No such file or directory$"):
        write(CHAMPION, to, out=tmp_path / "no" / f"a{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(UserError, match=r"^cannot write .*: Is a directory$"):
        write(CHAMPION, to, out=tmp_path / f"folder{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"folder{suffix}"]


def test_of_two_files_neither_is_written_where_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(UserError, match=r"cannot write .*/b: Is a directory"):
        write_all({tmp_path / "a": b"new", tmp_path / "c": b"new", tmp_path / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("to", ["onnx", "torch"])
def test_a_missing_package_is_named_with_its_extra(to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, to, None)
    with pytest.raises(UserError) as error:
        write(CHAMPION, to, out=tmp_path / f"a{TARGETS[to].suffixes[0]}")
    assert str(error.value) == f"the form {to} needs the package {to}: pip install 'wann[{to}]'"
    assert list(tmp_path.iterdir()) == []


def test_other_forms_load_neither() -> None:
    for to in ("c", "python", "networkx", "release"):
        assert load_exporter(to).files is not None


def test_the_best_verified_weight_is_the_default(tmp_path: Path) -> None:
    scores = NetworkScores(mean=2.0, weights=(-1.0, 0.5, 2.0), means=(1.0, 4.0, 1.0), trials=3)
    known = Champion(
        inputs=CHAMPION.inputs,
        outputs=CHAMPION.outputs,
        nodes=CHAMPION.nodes,
        connections=CHAMPION.connections,
        scores=scores,
    )
    write(known, "python", out=tmp_path / "a.py")
    assert "def network(x, weight=0.5):" in (tmp_path / "a.py").read_text()
