"""A network as an ONNX model: standard operators, any batch size, the shared weight an input with a default."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wann.champion import Champion
from wann.export.program import LOWEST_EXPONENT, Dtype, Program, Step, make_program

if TYPE_CHECKING:
    from wann.export import Request

OPSET, IR_VERSION = 13, 7
"""Old enough for runtimes of 2021; the newest operator in use, Round, is of opset 11."""


def files(request: Request) -> dict[Path, bytes]:
    """The file to write."""
    return {request.out: _build(request.program, request.champion, request.dtype).SerializeToString()}


def details(request: Request) -> dict[str, Any]:
    """What one evaluation costs, and the versions that a runtime must know."""
    return {**request.program.counts(), "opset": OPSET, "ir_version": IR_VERSION}


def model(champion: Champion, *, dtype: Dtype = "float32", weight: float | None = None) -> Any:
    """The network as an ``onnx.ModelProto``, checked.

    Its inputs are ``x``, (batch, inputs), and ``weight``, (), which may be left out; its output is ``y``,
    (batch, outputs). A network whose connections have weights of their own has no input ``weight``.

    Args:
        champion: The network.
        dtype: What it computes in.
        weight: The default of the shared weight; the best one known unless given.

    Raises:
        UserError: The package onnx is not installed.
    """
    from wann.export import load_exporter

    load_exporter("onnx")
    return _build(make_program(champion, weight, dtype), champion, dtype)


class _Graph:
    """The nodes and constants of a model as it is written."""

    def __init__(self, dtype: Dtype) -> None:
        from onnx import TensorProto

        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.type = TensorProto.FLOAT if dtype == "float32" else TensorProto.DOUBLE
        self._dtype = dtype
        self._numbers = count()

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """A node; gives the name of its value."""
        from onnx import helper

        name = name or f"v{next(self._numbers)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def number(self, value: float, name: str | None = None) -> str:
        """A constant, (); each number is held once."""
        return self._hold(name or f"c_{value!r}", np.array(value, dtype=self._dtype))

    def index(self, value: int) -> str:
        """A constant index, (1,)."""
        return self._hold(f"i_{value}", np.array([value], dtype=np.int64))

    def _hold(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def filled(self, value: float, name: str, like: str) -> str:
        """A column of one number, as long as the column ``like``."""
        from onnx import numpy_helper

        one = numpy_helper.from_array(np.array([value], dtype=self._dtype))
        return self.add("ConstantOfShape", self.add("Shape", like), name=name, value=one)


def _build(program: Program, champion: Champion, dtype: Dtype) -> Any:
    from onnx import checker, helper

    graph = _Graph(dtype)
    rows = _inputs(graph, program)
    for step in program.steps:
        rows[step.row] = _node(graph, step, rows)
    graph.add("Concat", *(rows[row] for row in program.results), name="y", axis=1)
    inputs = [helper.make_tensor_value_info("x", graph.type, ["batch", len(program.inputs)])]
    if not program.weighted:
        graph.number(program.weight, "weight")
        inputs.append(helper.make_tensor_value_info("weight", graph.type, []))
    output = helper.make_tensor_value_info("y", graph.type, ["batch", len(program.outputs)])
    body = helper.make_graph(graph.nodes, "wann", inputs, [output], list(graph.constants.values()))
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(body, opset_imports=[opset], ir_version=IR_VERSION, producer_name="wann")
    helper.set_model_props(proto, _properties(program, champion))
    checker.check_model(proto, full_check=True)
    return proto


def _properties(program: Program, champion: Champion) -> dict[str, str]:
    labels = {"inputs": list(program.inputs), "outputs": list(program.outputs)}
    return {
        "task": champion.task or "",
        **{name: json.dumps(value, ensure_ascii=False) for name, value in labels.items()},
    }


def _inputs(graph: _Graph, program: Program) -> dict[int, str]:
    """The columns of the bias and of the inputs in use, by row; (batch, 1) each."""
    used = {row for step in program.steps for row in step.sources}
    empty = not all(step.sources for step in program.steps)
    rows = {}
    for row in sorted({*used, *([1] if empty or 0 in used else [])} & set(range(1, 1 + len(program.inputs)))):
        rows[row] = graph.add("Gather", "x", graph.index(row - 1), name=f"x{row - 1}", axis=1)
    if 0 in used:
        rows[0] = graph.filled(1.0, "bias", rows[1])
    if empty:
        rows[-1] = graph.filled(0.0, "nothing", rows[1])
    return rows


def _node(graph: _Graph, step: Step, rows: dict[int, str]) -> str:
    """The nodes of one step: its weighted sum and its activation function."""
    terms = [rows[row] for row in step.sources]
    if step.weights is not None:
        terms = [graph.add("Mul", a, graph.number(w)) for a, w in zip(terms, step.weights, strict=True)]
    total = terms[0] if terms else rows[-1]
    for term in terms[1:]:
        total = graph.add("Add", total, term)
    if step.weights is None:
        total = graph.add("Mul", total, "weight")
    return _activate(graph, step.activation, total, f"n{step.row}")


def _activate(graph: _Graph, activation: str, x: str, name: str) -> str:
    plain = {"linear": "Identity", "inverse": "Neg", "abs": "Abs", "relu": "Relu", "tanh": "Tanh"}
    if activation in plain:
        return graph.add(plain[activation], x, name=name)
    if activation == "square":
        return graph.add("Mul", x, x, name=name)
    if activation == "step":
        return graph.add("Cast", graph.add("Greater", x, graph.number(0.0)), name=name, to=graph.type)
    if activation == "gaussian":
        return _gaussian(graph, x, name)
    if activation == "sigmoid":
        half = graph.add("Tanh", graph.add("Mul", x, graph.number(0.5)))
        return graph.add("Add", graph.add("Mul", half, graph.number(0.5)), graph.number(0.5), name=name)
    return _wave(graph, activation, x, name)


def _gaussian(graph: _Graph, x: str, name: str) -> str:
    """exp(-x^2 / 2), never quite zero."""
    lowest = LOWEST_EXPONENT["float32" if graph.type == 1 else "float64"]
    exponent = graph.add("Mul", graph.add("Mul", x, graph.number(-0.5)), x)
    return graph.add("Exp", graph.add("Max", exponent, graph.number(lowest)), name=name)


def _wave(graph: _Graph, activation: str, x: str, name: str) -> str:
    """sin(pi x) or cos(pi x): the distance to the nearest integer first, so that large arguments stay exact."""
    whole = graph.add("Round", x)
    angle = graph.add("Sub", x, whole)
    if activation == "cos":
        angle = graph.add("Sub", graph.number(0.5), graph.add("Abs", angle))
    value = graph.add("Sin", graph.add("Mul", angle, graph.number(np.pi)))
    half = graph.add("Mul", whole, graph.number(0.5))
    odd = graph.add("Mul", graph.add("Sub", half, graph.add("Floor", half)), graph.number(4.0))
    return graph.add("Mul", value, graph.add("Sub", graph.number(1.0), odd), name=name)
