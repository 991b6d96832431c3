from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from exports import champion_of, grown_genome, networks, observations, single, weighted
from numpy.typing import NDArray

from wann.activations import NAMES
from wann.errors import UserError
from wann.export import write
from wann.export.release import make_genome, matrix, read_matrix, read_tuned

EXACT = {
    "linear": lambda x: x,
    "step": lambda x: float(x > 0),
    "sin": lambda x: math.sin(math.pi * x),
    "gaussian": lambda x: math.exp(-x * x / 2),
    "tanh": math.tanh,
    "sigmoid": lambda x: (math.tanh(x / 2) + 1) / 2,
    "inverse": lambda x: -x,
    "abs": abs,
    "relu": lambda x: max(x, 0.0),
    "cos": lambda x: math.cos(math.pi * x),
    "square": lambda x: x * x,
}

# Bias, two inputs, hidden nodes (gaussian, square), outputs (linear, tanh); NaN and 0 both mean no connection.
TEXT = """0,0,0,0.5,nan,1,0,1
0,0,0,-2,0,0,nan,1
0,0,0,NaN,1e-3,0,0,1.00e+00
0,0,0,0,3,7,0,4
0,0,0,0,0,0,-1,11
0,0,0,0,0,0,0,1
0,0,0,0,0,0,0,5
"""


def play(table: NDArray[np.float64], x: NDArray[np.float64], n_outputs: int, weight: float | None) -> list[float]:
    """One forward pass over a file's table, node by node, with the shared weight unless it is None."""
    weights = np.nan_to_num(table[:, :-1])
    if weight is not None:
        weights = np.where(weights != 0, weight, 0.0)
    values = np.zeros(len(table))
    values[: 1 + len(x)] = 1.0, *x
    for node in range(1 + len(x), len(table)):
        values[node] = EXACT[NAMES[int(table[node, -1]) - 1]](float(values @ weights[:, node]))
    return values[-n_outputs:].tolist()


def file_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "net.out").write_text(text)
    return tmp_path / "net.out"


def test_a_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    found = read_matrix(file_with(tmp_path, TEXT))
    assert found.activations == ("linear", "linear", "linear", "gaussian", "square", "linear", "tanh")
    assert found.disabled == 3
    genome = make_genome(found, 2, 2, "net.out")
    assert [(node.id, node.kind, node.activation) for node in genome.nodes] == [
        (0, "bias", "linear"),
        (1, "input", "linear"),
        (2, "input", "linear"),
        (3, "output", "linear"),
        (4, "output", "tanh"),
        (5, "hidden", "gaussian"),
        (6, "hidden", "square"),
    ]
    assert [(gene.innovation, gene.source, gene.target) for gene in genome.connections] == [
        (0, 0, 5),
        (1, 0, 3),
        (2, 1, 5),
        (3, 2, 6),
        (4, 5, 6),
        (5, 5, 3),
        (6, 6, 4),
    ]


@pytest.mark.parametrize("weight", [-2.0, 0.5, None])
def test_a_network_plays_as_in_the_release(weight: float | None, tmp_path: Path) -> None:
    path = file_with(tmp_path, TEXT)
    found = read_matrix(path)
    own = None if weight is not None else found.weights[found.weights != 0]
    network = champion_of(make_genome(found, 2, 2, "net.out", own)).network
    table = np.genfromtxt(path, delimiter=",")
    for x in np.random.default_rng(0).normal(size=(20, 2)):
        np.testing.assert_allclose(network(x, weight), play(table, x, 2, weight), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("own", [False, True])
def test_written_files_play_as_the_kernel_does(own: bool, tmp_path: Path) -> None:
    for champion in networks(own=own)[:8]:
        write(champion, "release", out=tmp_path / "net.out")
        table = np.genfromtxt(tmp_path / "net.out", delimiter=",", ndmin=2)
        weight = None if own else 0.5
        x = observations(champion, 10)
        found = [play(table, row, len(champion.outputs), weight) for row in x]
        np.testing.assert_allclose(found, champion.network(x, weight), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("own", [False, True])
def test_written_files_are_read_again(own: bool, tmp_path: Path) -> None:
    for champion in networks(own=own):
        write(champion, "release", out=tmp_path / "net.out")
        found = read_matrix(tmp_path / "net.out")
        np.testing.assert_array_equal(found.weights, matrix(champion)[:, :-1])
        weights = found.weights[found.weights != 0] if own else None
        again = champion_of(make_genome(found, len(champion.inputs), len(champion.outputs), "net.out", weights))
        np.testing.assert_array_equal(matrix(again), matrix(champion))


def test_a_weight_of_zero_is_refused() -> None:
    with pytest.raises(
        UserError, match="the connection from node 1 to node 2 has a weight of 0, which the 2019 format"
    ):
        matrix(champion_of(single("tanh", own=0.0)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: expected a matrix"),
        ("\n \n", "is empty: expected a matrix"),
        ("1,2\n3,4\n", "expected N rows of N . 1 columns.*got 2 rows and 2 columns in row 1"),
        ("0,0,1\n0,1\n", "got 2 rows and 2 columns in row 2"),
        ("0,0,1\n0,abc,1\n", "row 2, column 2: expected a number or NaN, got 'abc'"),
        ("0,0,1\n0,,1\n", "row 2, column 2: expected a number or NaN, got ''"),
        ("0,1_0,1\n0,0,1\n", "row 1, column 2: expected a number or NaN, got '1_0'"),
        ("0,inf,1\n0,0,1\n", "row 1, column 2: expected a number or NaN, got 'inf'"),
        ("0,1e999,1\n0,0,1\n", "row 1, column 2: expected a number or NaN, got '1e999'"),
        ("0,0,1\n0,0,12\n", "row 2: expected an activation number from 1 to 11 in the last column, got 12"),
        ("0,0,1\n0,0,0\n", "row 2: expected an activation number from 1 to 11 in the last column, got 0"),
        ("0,0,1\n0,0,1.5\n", "row 2: expected an activation number .* got 1.5"),
        ("0,0,1\n0,0,nan\n", "row 2: expected an activation number .* got nan"),
        ("0,0,\xe9\n", "is not a CSV file of numbers"),
    ],
)
def test_what_is_no_network_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read_matrix(file_with(tmp_path, text))


def changed(tmp_path: Path, row: int, column: int) -> Path:
    """The file with one more connection."""
    cells = [line.split(",") for line in TEXT.splitlines()]
    cells[row][column] = "1"
    return file_with(tmp_path, "\n".join(",".join(line) for line in cells))


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (4, 3, "row 5, column 4: a connection to an earlier node: recurrent networks are not supported"),
        (4, 4, "row 5, column 5: a connection to itself: recurrent"),
        (4, 1, "row 5, column 2: a connection into an input, with 2 inputs, and outputs from node 6 on: are these"),
        (1, 0, "row 2, column 1: a connection into the bias"),
        (5, 6, "row 6, column 7: a connection out of an output"),
        (6, 3, "row 7, column 4: a connection out of an output"),
    ],
)
def test_connections_that_do_not_run_forward_are_refused(row: int, column: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        make_genome(read_matrix(changed(tmp_path, row, column)), 2, 2, "net.out")


def test_too_few_nodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"net.out has 7 nodes: too few for a bias, 5 inputs and 2 outputs"):
        make_genome(read_matrix(file_with(tmp_path, TEXT)), 5, 2, "net.out")


@pytest.mark.parametrize("count", [0, 6, 8])
def test_another_number_of_parameters_is_refused(count: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"expected 7 parameters, one for each connection of net.out, got {count}"):
        make_genome(read_matrix(file_with(tmp_path, TEXT)), 2, 2, "net.out", np.ones(count))


def test_tuned_weights_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[\n[\n-0.5,\n1.25\n],\n932\n]")
    assert read_tuned(tmp_path / "a.json") == ((-0.5, 1.25), 932.0)


@pytest.mark.parametrize("text", ["", "[]", "[[1], 2, 3]", '[["a"], 2]', "[[1, null], 2]", "[[NaN], 2]", "{}", "[[1]]"])
def test_what_are_no_tuned_weights_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=r"a.json is not \[parameters, score\]: "):
        read_tuned(tmp_path / "a.json")


def test_dead_ends_and_disabled_connections_are_left_out() -> None:
    champion = champion_of(weighted(grown_genome(9, steps=60), 0))
    table = matrix(champion)
    network = champion.network
    assert len(table) == network.activations(np.zeros(len(champion.inputs))).shape[-1]
    assert np.count_nonzero(table[:, :-1]) <= len(champion.genome.enabled)
