"""The format of the 2019 release: ``*.out`` networks, read and written, and ``*.wann.json`` tuned weights, read.

A network of N nodes is a CSV file of N rows and N + 1 columns. Row i, column j is the weight from node i to node j,
NaN or 0 where there is no connection; the last column has the activations' numbers. The nodes are the bias, the
inputs, the hidden nodes in evaluation order, the outputs. How many inputs and outputs there are is not in the file.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wann.activations import CODES, NAMES
from wann.champion import Champion
from wann.errors import UserError
from wann.export.program import Program, make_program
from wann.files import decode_json, read_bytes
from wann.genome import ConnectionGene, Genome, Kind, NodeGene
from wann.population import Floats

if TYPE_CHECKING:
    from wann.export import Request


class Matrix(NamedTuple):
    """What a ``*.out`` file holds."""

    weights: Floats
    """Rows are sources, columns targets; 0 where there is no connection. (nodes, nodes)"""
    activations: tuple[str, ...]
    """One for each node."""
    disabled: int
    """How many entries are NaN: the release writes it for disabled connections."""


class Tuned(NamedTuple):
    """What a ``*.wann.json`` file holds."""

    parameters: tuple[float, ...]
    """One for each connection, row by row."""
    score: float


def files(request: Request) -> dict[Path, bytes]:
    """The file to write."""
    table = matrix(request.champion)
    rows = [",".join(repr(float(value)) for value in row) for row in table]
    return {request.out: ("\n".join(rows) + "\n").encode()}


def details(request: Request) -> dict[str, Any]:
    """How large the matrix is."""
    sizes = [len(step.sources) for step in request.program.steps]
    return {"nodes": 1 + len(request.program.inputs) + len(sizes), "connections": sum(sizes)}


def matrix(champion: Champion) -> Floats:
    """The table of a network, (nodes, nodes + 1): weights, 1 where the shared one counts, and activation numbers.

    Only what the network computes is in it: no disabled connection, no node that no output depends on.

    Raises:
        UserError: A connection has a weight of exactly 0, which the format takes for no connection.
    """
    program = make_program(champion)
    order = _order(program)
    position = {row: i for i, row in enumerate(order)}
    table = np.zeros((len(order), len(order) + 1))
    table[: 1 + len(program.inputs), -1] = CODES["linear"]
    for step in program.steps:
        at = position[step.row]
        table[at, -1] = CODES[step.activation]
        for source, weight in zip(step.sources, step.weights or [1.0] * len(step.sources), strict=True):
            if weight == 0.0:
                raise UserError(
                    f"the connection from node {program.nodes[source]} to node {program.nodes[step.row]} has a weight "
                    "of 0, which the 2019 format takes for no connection: remove it first with `wann simplify`"
                )
            table[position[source], at] = weight
    return table


def _order(program: Program) -> list[int]:
    """The rows in the format's order: bias, inputs, hidden nodes in evaluation order, outputs.

    Of the many evaluation orders it is the one that follows the node ids, so that a file which is read and written
    again keeps its order.
    """
    import networkx

    hidden = networkx.DiGraph()
    steps = [step for step in program.steps if step.row not in program.results]
    hidden.add_nodes_from(step.row for step in steps)
    inputs = range(1 + len(program.inputs))
    hidden.add_edges_from((row, step.row) for step in steps for row in step.sources if row not in inputs)
    ordered = networkx.lexicographical_topological_sort(hidden, key=lambda row: program.nodes[row])
    return [*inputs, *ordered, *program.results]


def read_matrix(path: Path) -> Matrix:
    """Read a ``*.out`` file.

    Raises:
        UserError: The file cannot be read, is not square, has an entry that is not a number, is infinite, or an
            activation number that does not exist.
    """
    try:
        lines = read_bytes(path, "network of the 2019 release").decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a CSV file of numbers") from None
    rows = [line for line in lines if line.strip()]
    cells = [line.split(",") for line in rows]
    for i, row in enumerate(cells):
        if len(row) != len(cells) + 1:
            raise UserError(
                f"{path}: expected N rows of N + 1 columns, a square matrix and a column of activation numbers, "
                f"got {len(cells)} rows and {len(row)} columns in row {i + 1}"
            )
    if not cells:
        raise UserError(f"{path} is empty: expected a matrix of numbers")
    table = np.array([[_number(path, text, i, j) for j, text in enumerate(row)] for i, row in enumerate(cells)])
    activations = tuple(_activation(path, value, i) for i, value in enumerate(table[:, -1].tolist()))
    weights = table[:, :-1]
    return Matrix(np.nan_to_num(weights, nan=0.0), activations, int(np.isnan(weights).sum()))


def _number(path: Path, text: str, row: int, column: int) -> float:
    try:
        number = float(text.replace("_", "x"))  # Python alone reads 1_000 as a number
    except ValueError:
        number = math.inf
    if math.isinf(number):
        raise UserError(
            f"{path}: row {row + 1}, column {column + 1}: expected a number or NaN, got {text.strip()[:40]!r}"
        )
    return number


def _activation(path: Path, number: float, row: int) -> str:
    if number not in CODES.values():
        raise UserError(
            f"{path}: row {row + 1}: expected an activation number from 1 to {len(NAMES)} in the last column, "
            f"got {number:g}"
        )
    return NAMES[int(number) - 1]


def read_tuned(path: Path) -> Tuned:
    """Read a ``*.wann.json`` file.

    Raises:
        UserError: The file cannot be read, or is not ``[parameters, score]``.
    """
    data = read_bytes(path, "file of tuned weights")
    parameters, score = decode_json(data, tuple[tuple[float, ...], float], f"{path} is not [parameters, score]")
    return Tuned(parameters, score)


def make_genome(matrix: Matrix, n_inputs: int, n_outputs: int, source: str, weights: Floats | None = None) -> Genome:
    """The genome of a matrix; connections are numbered row by row.

    Args:
        matrix: What the file holds.
        n_inputs: Inputs, without the bias.
        n_outputs: Outputs.
        source: What to call the file in messages.
        weights: A weight for each connection, row by row; the shared weight counts unless given.

    Raises:
        UserError: The matrix has too few nodes, runs into inputs, out of outputs or backwards, or has another number
            of connections than there are weights.
    """
    n_nodes, first = len(matrix.activations), 1 + n_inputs
    if n_nodes < first + n_outputs:
        raise UserError(f"{source} has {n_nodes} nodes: too few for a bias, {n_inputs} inputs and {n_outputs} outputs")
    sources, targets = np.nonzero(matrix.weights)
    if weights is not None and weights.size != sources.size:
        raise UserError(f"expected {sources.size} parameters, one for each connection of {source}, got {weights.size}")
    last = n_nodes - n_outputs
    for i, j in zip(sources.tolist(), targets.tolist(), strict=True):
        _check_direction(source, i, j, first, last)
    own = [None] * sources.size if weights is None else weights.tolist()
    ids = [*range(first), *range(first + n_outputs, n_nodes), *range(first, first + n_outputs)]
    connections = tuple(
        ConnectionGene(number, ids[i], ids[j], weight=weight)
        for number, (i, j, weight) in enumerate(zip(sources.tolist(), targets.tolist(), own, strict=True))
    )
    return Genome(_nodes(matrix, first, last, ids), connections)


def _nodes(matrix: Matrix, first: int, last: int, ids: list[int]) -> tuple[NodeGene, ...]:
    positions = [*range(first), *range(last, len(ids)), *range(first, last)]
    kinds: dict[int, Kind] = {0: "bias", **dict.fromkeys(range(1, first), "input")}
    kinds |= dict.fromkeys(range(last, len(ids)), "output")
    return tuple(
        NodeGene(ids[i], kinds.get(i, "hidden"), matrix.activations[i] if i >= first else "linear") for i in positions
    )


def _check_direction(source: str, i: int, j: int, first: int, last: int) -> None:
    """Whether a connection runs forward: not into bias or inputs, not out of outputs, not to an earlier node."""
    at = f"{source}: row {i + 1}, column {j + 1}: a connection"
    counts = f"with {first - 1} inputs, and outputs from node {last + 1} on"
    if j < first:
        raise UserError(f"{at} into {'the bias' if j == 0 else 'an input'}, {counts}: are these numbers right?")
    if i >= last:
        raise UserError(f"{at} out of an output, {counts}: are these numbers right?")
    if i >= j:
        raise UserError(f"{at} to {'itself' if i == j else 'an earlier node'}: recurrent networks are not supported")
