"""A network as a PyTorch module: one Python file that needs torch alone, or the module itself.

The weights are parameters, ready to be trained: the shared ``weight``, (), or the connections' own ``weights``,
(connections,).
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wann.champion import Champion
from wann.export.program import Dtype, Program, argument, make_program
from wann.export.python import call, constants, functions, labels, statement

if TYPE_CHECKING:
    from torch import nn

    from wann.export import Request

_PARITY = '''
def _parity(n):
    """1 for an even integer, -1 for an odd one."""
    return 1.0 - 4.0 * (0.5 * n - torch.floor(0.5 * n))
'''
_FUNCTIONS = {
    "step": '''
def _step(x):
    """1 if x > 0 else 0."""
    return (x > 0.0).to(x.dtype)
''',
    "sin": '''
def _sin(x):
    """sin(pi x)."""
    n = torch.round(x)
    return torch.sin(torch.pi * (x - n)) * _parity(n)
''',
    "gaussian": '''
def _gaussian(x):
    """exp(-x^2 / 2), never quite zero."""
    return torch.exp(torch.clamp(-0.5 * x * x, min={lowest}))
''',
    "tanh": "\n_tanh = torch.tanh\n",
    "sigmoid": '''
def _sigmoid(x):
    """(tanh(x / 2) + 1) / 2."""
    return 0.5 * torch.tanh(0.5 * x) + 0.5
''',
    "abs": "\n_abs = torch.abs\n",
    "relu": "\n_relu = torch.relu\n",
    "cos": '''
def _cos(x):
    """cos(pi x)."""
    n = torch.round(x)
    return torch.sin(torch.pi * (0.5 - torch.abs(x - n))) * _parity(n)
''',
    "square": '''
def _square(x):
    """x^2."""
    return x * x
''',
}

_FILE = '''"""A weight agnostic neural network: inputs {n_inputs}, outputs {n_outputs}. Needs PyTorch alone."""

import torch
from torch import nn

INPUTS = {inputs}
OUTPUTS = {outputs}
{functions}

class Network(nn.Module):
    """The network; x is (inputs,) or (batch, inputs), its outputs are (outputs,) or (batch, outputs).

{help}
    """

    def __init__(self):
        super().__init__()
        self.{parameter} = nn.Parameter(torch.tensor({value}, dtype=torch.{dtype}))

    def forward(self, x{argument}):
        if x.dim() not in (1, 2) or x.shape[-1] != len(INPUTS):
            raise ValueError(f"x must be ({{len(INPUTS)}},) or (batch, {{len(INPUTS)}}), got {{tuple(x.shape)}}")
{start}
{constants}        x = x.unbind(-1)
{body}
        return torch.stack([{results}], dim=-1)
'''
_CONSTANTS = {
    "one": "        one = torch.ones_like(x[..., 0])\n",
    "zero": "        zero = torch.zeros_like(x[..., 0])\n",
}
_SHARED = {
    "help": "    Every connection carries the parameter ``weight``, or the one that a call gives.",
    "parameter": "weight",
    "argument": ", weight=None",
    "start": "        weight = self.weight if weight is None else weight",
}
_OWN = {
    "help": "    The parameter ``weights`` has a number for each connection, in the order of their computation.",
    "parameter": "weights",
    "argument": "",
    "start": "        w = self.weights.unbind()",
}


def files(request: Request) -> dict[Path, bytes]:
    """The file to write."""
    return {request.out: _render(request.program, request.dtype).encode()}


def details(request: Request) -> dict[str, Any]:
    """What one evaluation costs."""
    return request.program.counts()


def source(champion: Champion, *, dtype: Dtype = "float32", weight: float | None = None) -> str:
    """The text of a Python module with the class ``Network``.

    Args:
        champion: The network.
        dtype: Of its parameters.
        weight: Where the shared weight starts; the best one known unless given.
    """
    return _render(make_program(champion, weight, dtype), dtype)


def module(champion: Champion, *, dtype: Dtype = "float32", weight: float | None = None) -> nn.Module:
    """The network as an ``nn.Module``: the class ``Network`` of the text that ``source`` gives.

    Example:
        >>> module(champion)(torch.zeros(8, 5))

    Args:
        champion: The network.
        dtype: Of its parameters.
        weight: Where the shared weight starts; the best one known unless given.

    Raises:
        UserError: PyTorch is not installed.
    """
    from wann.export import load_exporter

    load_exporter("torch")
    names: dict[str, Any] = {"__name__": "wann_network"}
    exec(compile(source(champion, dtype=dtype, weight=weight), "<network>", "exec"), names)
    network: nn.Module = names["Network"]()
    return network


def _render(program: Program, dtype: Dtype) -> str:
    names = program.names("one", "x[{}]")
    lines, done = [], 0
    for step in program.steps:
        factors = [f"w[{done + k}]" for k in range(len(step.sources))] if program.weighted else None
        done += len(step.sources)
        lines.append(statement(step, call(step, argument(step, names, factors, "zero"))))
    return _FILE.format(
        n_inputs=len(program.inputs),
        n_outputs=len(program.outputs),
        inputs=labels(program.inputs),
        outputs=labels(program.outputs),
        functions=functions(program, _FUNCTIONS, _PARITY, dtype),
        value=_value(program),
        dtype=dtype,
        constants=constants(program, _CONSTANTS),
        body=textwrap.indent("\n".join(lines), "        "),
        results=", ".join(names[row] for row in program.results),
        **(_OWN if program.weighted else _SHARED),
    )


def _value(program: Program) -> str:
    if not program.weighted:
        return repr(program.weight)
    numbers = ", ".join(repr(weight) for step in program.steps for weight in step.weights or ())
    return "[\n" + textwrap.fill(numbers, 110, initial_indent=" " * 12, subsequent_indent=" " * 12) + "\n        ]"
