from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from exports import champion_of, grown_genome

import wann
from wann.champion import read_champion
from wann.cli import main
from wann.errors import UserError
from wann.exchange import import_network

# Swing-up's shape: bias, five inputs, a gaussian hidden node, one output.
ROWS = [
    "0,0,0,0,0,0,1,nan,1",
    *["0,0,0,0,0,0,0,0.5,1"] * 4,
    "0,0,0,0,0,0,-2,0,1",
    "0,0,0,0,0,0,0,1,4",
    "0,0,0,0,0,0,0,0,1",
]
N_CONNECTIONS = 7


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "net.out").write_text("\n".join(ROWS) + "\n")
    return tmp_path / "net.out"


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    (tmp_path / "net.wann.json").write_text(json.dumps([list(np.arange(N_CONNECTIONS) / 4), 900]))
    return tmp_path / "net.wann.json"


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    return int(exit_.value.code or 0)


def test_the_task_gives_the_labels(file: Path) -> None:
    champion = import_network(file, task="swingup")
    assert champion.task == "swingup"
    assert champion.inputs == ("x", "x'", "cos θ", "sin θ", "θ'")
    assert champion.outputs == ("force",)
    assert len(champion.connections) == N_CONNECTIONS
    assert not champion.genome.weighted


def test_labels_and_numbers_of_nodes_can_be_given(file: Path) -> None:
    champion = import_network(file, inputs=["a", "b", "c", "d", "e"], outputs=1)
    assert champion.task is None
    assert (champion.inputs, champion.outputs) == (("a", "b", "c", "d", "e"), ("output 1",))


def test_what_could_not_be_known_is_in_the_provenance(file: Path) -> None:
    provenance = import_network(file, task="swingup").provenance
    assert provenance["imported"] == {
        "format": "2019 release",
        "file": "net.out",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    text = "; ".join(provenance["unknown"])
    for word in ("settings, seed", "labels and numbers", "task: 'swingup', as it was given", "weights", "1 NaN"):
        assert word in text


@pytest.mark.parametrize(
    ("task", "given", "bias"), [("swingup", None, -1.5), (None, None, 0.0), ("swingup", 0.25, 0.25)]
)
def test_tuned_weights_get_the_bias_of_the_task(
    task: str | None, given: float | None, bias: float, file: Path, tuned: Path
) -> None:
    sizes = {"task": task} if task else {"inputs": 5, "outputs": 1}
    champion = import_network(file, weights=tuned, weight_bias=given, **sizes)  # type: ignore[arg-type]
    assert [gene.weight for gene in champion.connections] == (np.arange(N_CONNECTIONS) / 4 + bias).tolist()
    assert champion.provenance["imported"]["weight_bias"] == bias
    assert champion.provenance["imported"]["claimed"] == 900


def test_the_weights_in_the_file_can_be_kept(file: Path) -> None:
    champion = import_network(file, task="swingup", keep_weights=True)
    assert [gene.weight for gene in champion.connections] == [1.0, 0.5, 0.5, 0.5, 0.5, -2.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "does not say how many inputs and outputs it has: give a task, or inputs and outputs"),
        ({"inputs": 5}, "does not say how many inputs and outputs it has"),
        ({"task": "swingupp"}, "there is no task 'swingupp': did you mean 'swingup'?"),
        ({"task": "swingup", "inputs": 4}, "inputs: the task 'swingup' has 5, got 4"),
        ({"inputs": 5, "outputs": 0}, "outputs: expected one label or more, got none"),
        ({"inputs": -1, "outputs": 1}, "inputs: expected one label or more, got none"),
        ({"inputs": 5, "outputs": 4}, "has 8 nodes: too few for a bias, 5 inputs and 4 outputs"),
        ({"inputs": 6, "outputs": 1}, "row 1, column 7: a connection into an input, with 6 inputs"),
        ({"task": "swingup", "weight_bias": 1.0}, "weight_bias: expected only together with weights"),
        ({"task": "swingup", "weights": "x", "keep_weights": True}, "weights and keep_weights: expected one of them"),
        ({"task": "swingup", "weights": "no/such.json"}, "cannot read the file of tuned weights no/such.json"),
    ],
)
def test_a_wrong_request_is_refused(arguments: dict[str, object], message: str, file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        import_network(file, out=tmp_path / "a.json", **arguments)  # type: ignore[arg-type]
    assert message in str(error.value)
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("bias", [float("nan"), float("inf")])
def test_a_bias_must_be_finite(bias: float, file: Path, tuned: Path) -> None:
    with pytest.raises(UserError, match="expected a finite number"):
        import_network(file, task="swingup", weights=tuned, weight_bias=bias)


def test_the_command_imports_and_says_what_it_could_not_know(
    file: Path, tuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "champion.json"
    assert command("import", file, "--task", "swingup", "--weights", tuned, "--out", out) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out}\n"
    assert all(line.startswith("wann: not in the file: ") for line in shown.err.splitlines())
    assert len(shown.err.splitlines()) == len(read_champion(out).provenance["unknown"])
    assert read_champion(out).genome == import_network(file, task="swingup", weights=tuned).genome


def test_the_command_takes_labels(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import", file, "--inputs", "a, b,c,d,e", "--outputs", "1", "--out", tmp_path / "a.json", "--json"]
    assert command(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(tmp_path / "a.json")
    assert read_champion(tmp_path / "a.json").inputs == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "FILE", "--out", "OUT"],
        ["import", "FILE", "--task", "swingup", "--out", "no/such/a.json"],
        ["import", "no.out", "--task", "swingup", "--out", "OUT"],
        ["import", "FILE", "--task", "swingup", "--weights", "FILE", "--out", "OUT"],
        ["export", "NETWORK", "--to", "c", "--out", "no/such/a.c"],
        ["export", "NETWORK", "--to", "d", "--out", "OUT"],
        ["export", "FILE", "--to", "c", "--out", "a.c"],
        ["simplify", "NETWORK", "--out", "no/such/a.json"],
        ["simplify", "NETWORK", "--merge-linear", "--out", "OUT"],
    ],
)
def test_bad_input_gives_one_line_and_code_2(
    arguments: list[str], file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    champion_of(grown_genome(3, steps=8)).save(tmp_path / "net.json")
    before = set(tmp_path.iterdir())
    names = {"FILE": str(file), "NETWORK": str(tmp_path / "net.json"), "OUT": str(tmp_path / "out.json")}
    assert command(*[names.get(word, word) for word in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("wann: ")
    assert shown.err.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


def test_the_command_exports_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    champion_of(grown_genome(3, steps=8)).save(tmp_path / "net.json")
    assert command("export", tmp_path / "net.json", "--to", "c", "--out", tmp_path / "a.c") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [str(tmp_path / "a.h"), str(tmp_path / "a.c")]
    assert any(line.startswith("multiplications ") for line in lines)
    command("export", tmp_path / "net.json", "--to", "c", "--out", tmp_path / "a.c", "--json")
    assert json.loads(capsys.readouterr().out)["details"]["function"] == "wann_a"


def test_the_functions_are_in_the_package(file: Path, tmp_path: Path) -> None:
    wann.import_network(file, task="swingup", out=tmp_path / "a.json")
    wann.export_network(tmp_path / "a.json", "release", out=tmp_path / "b.out")
    assert len(wann.import_network(tmp_path / "b.out", task="swingup").connections) == N_CONNECTIONS
    assert wann.simplify_network(tmp_path / "a.json", out=tmp_path / "c.json").connections == (7, 7)
