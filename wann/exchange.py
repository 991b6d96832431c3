"""Networks from and to elsewhere: what ``wann import`` and ``wann export`` do, as Python functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wann.champion import Champion, versions
from wann.errors import UserError
from wann.export import Exported, write, write_all
from wann.export.release import Matrix, Tuned, make_genome, read_matrix, read_tuned
from wann.genome import Genome
from wann.runs import load
from wann.task import load_task

WEIGHT_BIAS = {"swingup": -1.5}
"""What the 2019 release adds to every tuned parameter, by task."""
MOST_LABELS = 1_000_000


def export_network(
    path: Path | str, to: str, *, out: Path | str, dtype: str | None = None, weight: float | None = None
) -> Exported:
    """Write a network in another form.

    Args:
        path: A network file, or a run folder for its champion.
        to: "onnx", "c", "python", "torch", "networkx" (GraphML or DOT) or "release" (the 2019 format).
        out: The file; its suffix must suit the form.
        dtype: "float32" or "float64", for the forms that compute; each has its own default.
        weight: The default of the shared weight; the best one known unless given.

    Raises:
        UserError: The file or an argument is wrong, a package is missing, or the file cannot be written.
    """
    return write(load(path), to, out=out, dtype=dtype, weight=weight)


def import_network(
    path: Path | str,
    *,
    out: Path | str | None = None,
    task: str | None = None,
    inputs: Sequence[str] | int | None = None,
    outputs: Sequence[str] | int | None = None,
    weights: Path | str | None = None,
    weight_bias: float | None = None,
    keep_weights: bool = False,
) -> Champion:
    """Read a network of the 2019 release (``*.out``). What the file cannot tell is listed in the provenance.

    Args:
        path: The file.
        out: The network file to write; none unless given.
        task: The name of an installed task; it gives the labels, and with them the numbers of inputs and outputs.
        inputs: Labels of the inputs, or how many there are; the task's unless given.
        outputs: Labels of the outputs, or how many there are; the task's unless given.
        weights: A ``*.wann.json`` file of tuned weights; the connections then carry these.
        weight_bias: What is added to each of them; what the release adds for the task (swing-up -1.5) unless given.
        keep_weights: The connections carry the weights in the file, which the release replaces by a shared one.

    Raises:
        UserError: An argument or a file is wrong, they do not fit, or the network file cannot be written.
    """
    if weights is not None and keep_weights:
        raise UserError("weights and keep_weights: expected one of them, got both")
    if weights is None and weight_bias is not None:
        raise UserError("weight_bias: expected only together with weights")
    path = Path(path)
    labels = _labels(path, task, inputs, outputs)
    matrix = read_matrix(path)
    bias = WEIGHT_BIAS.get(task or "", 0.0) if weight_bias is None else weight_bias
    tuned = None if weights is None else read_tuned(Path(weights))
    champion = Champion(
        task=task,
        inputs=labels[0],
        outputs=labels[1],
        **_genes(_genome(path, matrix, labels, tuned, bias, keep_weights)),
        provenance={
            "imported": _origin(path, weights, tuned, bias),
            "unknown": _unknown(matrix, task, weights, keep_weights),
            "versions": versions(),
        },
    )
    if out is not None:
        write_all({Path(out): champion.encode()})
    return champion


Labels = Sequence[str] | int | None


def _labels(path: Path, task: str | None, inputs: Labels, outputs: Labels) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels of the inputs and of the outputs."""
    if task is None and (inputs is None or outputs is None):
        raise UserError(f"{path} does not say how many inputs and outputs it has: give a task, or inputs and outputs")
    loaded = None if task is None else load_task(task)
    own = (None, None) if loaded is None else (loaded.inputs, loaded.outputs)
    return _chosen("inputs", inputs, own[0], task), _chosen("outputs", outputs, own[1], task)


def _chosen(name: str, given: Labels, own: tuple[str, ...] | None, task: str | None) -> tuple[str, ...]:
    """The labels that were given, or else the task's own."""
    if isinstance(given, int):
        given = [f"{name[:-1]} {i + 1}" for i in range(min(given, MOST_LABELS))]
    chosen = tuple(given) if given is not None else own or ()
    if not chosen:
        raise UserError(f"{name}: expected one label or more, got none")
    if own is not None and len(chosen) != len(own):
        raise UserError(f"{name}: the task {task!r} has {len(own)}, got {len(chosen)}")
    return chosen


def _genome(
    path: Path,
    matrix: Matrix,
    labels: tuple[tuple[str, ...], tuple[str, ...]],
    tuned: Tuned | None,
    bias: float,
    keep_weights: bool,
) -> Genome:
    own = None
    if tuned is not None:
        own = np.array(tuned.parameters, dtype=np.float64) + bias
    elif keep_weights:
        own = matrix.weights[np.nonzero(matrix.weights)]
    return make_genome(matrix, len(labels[0]), len(labels[1]), str(path), own)


def _genes(genome: Genome) -> dict[str, Any]:
    return {"nodes": genome.nodes, "connections": genome.connections}


def _origin(path: Path, weights: Path | str | None, tuned: Tuned | None, bias: float) -> dict[str, Any]:
    """Where an imported network comes from: names and digests, no folders."""
    origin: dict[str, Any] = {"format": "2019 release", "file": path.name, "sha256": _digest(path)}
    if weights is not None and tuned is not None:
        own = Path(weights)
        origin |= {"weights": own.name, "weights_sha256": _digest(own), "weight_bias": bias, "claimed": tuned.score}
    return origin


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _unknown(matrix: Matrix, task: str | None, weights: Path | str | None, keep_weights: bool) -> list[str]:
    """What the files do not tell, and what was made of it; a line each."""
    lines = ["settings, seed, generation and scores of the search: left empty"]
    source = "as they were given" if task is None else f"taken from the task {task!r}"
    lines.append(f"labels and numbers of inputs and outputs: {source}")
    lines.append("task: left empty" if task is None else f"task: {task!r}, as it was given")
    if weights is not None:
        lines.append("whether the tuned weights belong to this network: their number fits")
    elif keep_weights:
        lines.append(
            "whether the weights mean anything: kept, though the release puts the shared weight in their place"
        )
    else:
        lines.append(
            "whether the weights mean anything: left out, as the release puts the shared weight in their place"
        )
    if matrix.disabled:
        lines.append(f"what {matrix.disabled} NaN entries were: read as no connection")
    return lines
