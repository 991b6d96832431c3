"""A network as one Python file that needs NumPy alone, for one observation or a batch."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.champion import Champion
from wann.export.program import LOWEST_EXPONENT, Dtype, Program, Step, argument, make_program, wrapped

if TYPE_CHECKING:
    from wann.export import Request

WIDTH = 110

_PARITY = '''
def _parity(n):
    """1 for an even integer, -1 for an odd one."""
    return 1.0 - 4.0 * (0.5 * n - np.floor(0.5 * n))
'''
_FUNCTIONS = {
    "step": '''
def _step(x):
    """1 if x > 0 else 0."""
    return np.where(x > 0.0, 1.0, 0.0)
''',
    "sin": '''
def _sin(x):
    """sin(pi x)."""
    n = np.rint(x)
    return np.sin(np.pi * (x - n)) * _parity(n)
''',
    "gaussian": '''
def _gaussian(x):
    """exp(-x^2 / 2), never quite zero."""
    return np.exp(np.maximum(-0.5 * x * x, {lowest}))
''',
    "tanh": "\n_tanh = np.tanh\n",
    "sigmoid": '''
def _sigmoid(x):
    """(tanh(x / 2) + 1) / 2."""
    return 0.5 * np.tanh(0.5 * x) + 0.5
''',
    "abs": "\n_abs = np.abs\n",
    "relu": '''
def _relu(x):
    """x if x > 0 else 0."""
    return np.maximum(x, 0.0)
''',
    "cos": '''
def _cos(x):
    """cos(pi x)."""
    n = np.rint(x)
    return np.sin(np.pi * (0.5 - np.abs(x - n))) * _parity(n)
''',
    "square": '''
def _square(x):
    """x^2."""
    return x * x
''',
}

_FILE = '''"""A weight agnostic neural network: inputs {n_inputs}, outputs {n_outputs}. Needs NumPy alone."""

import numpy as np

INPUTS = {inputs}
OUTPUTS = {outputs}
{functions}

@np.errstate(over="ignore", invalid="ignore")
def network(x{parameter}):
    """The outputs of the network.

    Args:
        x: One observation, (inputs,), or a batch, (batch, inputs).
{help}
    Returns:
        (outputs,) or (batch, outputs).
    """
    x = np.asarray(x, dtype=np.{dtype})
    if x.ndim not in (1, 2) or x.shape[-1] != len(INPUTS):
        raise ValueError(f"x must be ({{len(INPUTS)}},) or (batch, {{len(INPUTS)}}), got {{x.shape}}")
{constants}    x = np.moveaxis(x, -1, 0)
{body}
    return np.stack([{results}], axis=-1, dtype=np.{dtype})
'''
_CONSTANTS = {
    "one": "    one = np.ones(x.shape[:-1], x.dtype)\n",
    "zero": "    zero = np.zeros(x.shape[:-1], x.dtype)\n",
}
_HELP = "        weight: What every connection carries.\n"


def files(request: Request) -> dict[Path, bytes]:
    """The file to write."""
    return {request.out: _render(request.program, request.dtype).encode()}


def details(request: Request) -> dict[str, Any]:
    """What one evaluation costs."""
    return request.program.counts()


def source(champion: Champion, *, dtype: Dtype = "float64", weight: float | None = None) -> str:
    """The text of a Python module with the function ``network(x, weight=...)``.

    A network whose connections have weights of their own becomes ``network(x)``.

    Args:
        champion: The network.
        dtype: What it computes in.
        weight: The default of the shared weight; the best one known unless given.
    """
    return _render(make_program(champion, weight, dtype), dtype)


def _render(program: Program, dtype: Dtype) -> str:
    names = program.names("one", "x[{}]")
    lines = [statement(step, call(step, argument(step, names, _factors(step), "zero"))) for step in program.steps]
    return _FILE.format(
        n_inputs=len(program.inputs),
        n_outputs=len(program.outputs),
        inputs=labels(program.inputs),
        outputs=labels(program.outputs),
        functions=functions(program, _FUNCTIONS, _PARITY, dtype),
        parameter="" if program.weighted else f", weight={program.weight!r}",
        help="" if program.weighted else _HELP,
        dtype=dtype,
        constants=constants(program, _CONSTANTS),
        body=textwrap.indent("\n".join(lines), "    "),
        results=", ".join(names[row] for row in program.results),
    )


def _factors(step: Step) -> list[str] | None:
    return None if step.weights is None else [repr(weight) for weight in step.weights]


def functions(program: Program, texts: dict[str, str], parity: str, dtype: Dtype) -> str:
    """The definitions of the activation functions in use, an empty line before each."""
    used = [texts[name].format(lowest=LOWEST_EXPONENT[dtype]) for name in program.activations if name in texts]
    if {"sin", "cos"} & set(program.activations):
        used.insert(0, parity)
    return "".join(f"\n{text}" for text in used)


def constants(program: Program, texts: dict[str, str]) -> str:
    """The definitions of the bias and of an empty sum, where they are in use."""
    one = any(0 in step.sources for step in program.steps)
    zero = not all(step.sources for step in program.steps)
    return one * texts["one"] + zero * texts["zero"]


def labels(names: tuple[str, ...]) -> str:
    """Labels as a tuple in Python, over several lines where they are many."""
    text = f"({', '.join(map(repr, names))}{',' if len(names) == 1 else ''})"
    if len(text) <= WIDTH - 12:
        return text
    return "(\n" + "".join(f"    {name!r},\n" for name in names) + ")"


def call(step: Step, value: str) -> str:
    """The activation function of a node, applied."""
    if step.activation == "linear":
        return value
    return f"-({value})" if step.activation == "inverse" else f"_{step.activation}({value})"


def statement(step: Step, value: str) -> str:
    """The assignment of a node's value, over several lines where it is long."""
    text = f"n{step.row} = {value}"
    if len(text) <= WIDTH:
        return text
    return f"n{step.row} = (\n" + textwrap.indent(wrapped(value, WIDTH), "    ") + "\n)"
