"""A network as C99: one header, one source, no heap, no dependency but the C library's math.h."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wann.champion import Champion
from wann.errors import UserError
from wann.export.program import LOWEST_EXPONENT, Dtype, Program, Step, argument, make_program, wrapped

if TYPE_CHECKING:
    from wann.export import Request

COMPILER, FLAGS = "cc", ("-std=c99", "-Os")
"""The compiler that measures the size, unless the environment's CC names another."""
SECONDS = 60

_PARITY = """
/* 1 for an even integer, -1 for an odd one */
static T parity(T n) {
    const T half = L(0.5) * n;
    return L(1.0) - L(4.0) * (half - F(floor)(half));
}
"""
_FUNCTIONS = {
    "step": "return x > L(0.0) ? L(1.0) : L(0.0);",
    "sin": "const T n = F(rint)(x);\n    return F(sin)(L(3.141592653589793) * (x - n)) * parity(n);",
    "gaussian": "const T e = L(-0.5) * x * x;\n    return F(exp)(e < LOWEST ? LOWEST : e);",
    "tanh": "return F(tanh)(x);",
    "sigmoid": "return L(0.5) * F(tanh)(L(0.5) * x) + L(0.5);",
    "abs": "return F(fabs)(x);",
    "relu": "return x < L(0.0) ? L(0.0) : x;",
    "cos": "const T n = F(rint)(x);\n    return F(sin)(L(3.141592653589793) * (L(0.5) - F(fabs)(x - n))) * parity(n);",
    "square": "return x * x;",
}
_FUNCTION = """
/* {meaning} */
static T activation_{name}(T x) {{
    {body}
}}
"""
_MEANINGS = {
    "step": "1 if x > 0, else 0",
    "sin": "sin(pi x)",
    "gaussian": "exp(-x^2 / 2), never quite zero",
    "tanh": "tanh(x)",
    "sigmoid": "(tanh(x / 2) + 1) / 2",
    "abs": "the absolute value",
    "relu": "x if x > 0, else 0",
    "cos": "cos(pi x)",
    "square": "x^2",
}
_CALLS = {"sin": "sin", "cos": "sin", "gaussian": "exp", "tanh": "tanh", "sigmoid": "tanh"}
_NOT_IN_COMMENTS = r"[^\w .,;:'()\[\]+-]"

_HEADER = """/* A weight agnostic neural network: inputs {n_inputs}, outputs {n_outputs}, connections {n_connections}.
 *
{labels}
 */
#ifndef {guard}
#define {guard}

#define {upper}_INPUTS {n_inputs}
#define {upper}_OUTPUTS {n_outputs}
{default}
#ifdef __cplusplus
extern "C" {{
#endif

/* {help} inputs and outputs may be the same array. */
void {prototype};

#ifdef __cplusplus
}}
#endif

#endif
"""
_SOURCE = """#include "{header}"
{include}{functions}
void {prototype} {{
{body}
}}
"""


def files(request: Request) -> dict[Path, bytes]:
    """The header and the source."""
    header = request.out.with_suffix(".h")
    texts = _render(request.program, request.out.stem, request.dtype)
    return {header: texts[0].encode(), request.out: texts[1].encode()}


def details(request: Request) -> dict[str, Any]:
    """The operations, the libraries' functions that are called, and the size, where a compiler is found."""
    program = request.program
    calls: dict[str, int] = {}
    for step in program.steps:
        if step.activation in _CALLS:
            calls[_CALLS[step.activation]] = calls.get(_CALLS[step.activation], 0) + 1
    return {"function": function_name(request.out.stem), **program.counts(), "calls": calls, **measure(request.out)}


def sources(champion: Champion, name: str, *, dtype: Dtype = "float32", weight: float | None = None) -> tuple[str, str]:
    """The texts of the header ``NAME.h`` and the source ``NAME.c``.

    They hold ``void NAME(const T *inputs, T weight, T *outputs)``, T being float or double; a network whose
    connections have weights of their own has no argument ``weight``.

    Args:
        champion: The network.
        name: Of the files and, made a C name where it is none, of the function.
        dtype: float for "float32", double for "float64".
        weight: What the header gives as the default of the shared weight; the best one known unless given.
    """
    return _render(make_program(champion, weight, dtype), name, dtype)


def function_name(stem: str) -> str:
    """The C function of a file: ``wann_`` before the file's name, so that it never means something else."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", stem)
    return name if name.startswith("wann_") else f"wann_{name}"


def _render(program: Program, stem: str, dtype: Dtype) -> tuple[str, str]:
    if not re.fullmatch(r"[A-Za-z0-9_.+-]+", stem):
        raise UserError(f"out: a C file's name must be letters, digits and any of _ . + -, got {stem!r}")
    name = function_name(stem)
    weight = "" if program.weighted else "T weight, "
    prototype = f"{name}(const T *inputs, {weight}T *outputs)"
    return _typed(_header(program, name, prototype), dtype), _typed(_source(program, stem, prototype, dtype), dtype)


def _typed(text: str, dtype: Dtype) -> str:
    """A template's text for float or double: ``T`` is the type, ``L(1.0)`` a number, ``F(sin)`` a function."""
    single = dtype == "float32"
    text = re.sub(r"\bL\(([^()]+)\)", lambda match: _literal(float(match[1]), single), text)
    text = re.sub(r"\bF\((\w+)\)", r"\1f" if single else r"\1", text)
    return re.sub(r"\bT\b", "float" if single else "double", text)


def _literal(number: float, single: bool) -> str:
    """A constant; what float can only round to zero is zero."""
    return f"{number if np.float32(number) else 0.0!r}f" if single else repr(number)


def _header(program: Program, name: str, prototype: str) -> str:
    default = f"#define {name.upper()}_WEIGHT L({program.weight!r}) /* a good shared weight */\n"
    shared = "weight is what every connection carries, any number."
    return _HEADER.format(
        n_inputs=len(program.inputs),
        n_outputs=len(program.outputs),
        n_connections=sum(len(step.sources) for step in program.steps),
        labels="\n".join([*_labels("inputs", program.inputs), *_labels("outputs", program.outputs)]),
        guard=f"{name.upper()}_H",
        upper=name.upper(),
        default="" if program.weighted else default,
        help="The connections carry weights of their own." if program.weighted else shared,
        prototype=prototype,
    )


def _labels(array: str, labels: tuple[str, ...]) -> list[str]:
    """Lines of a comment; what could end it, or continue it, is left out of the labels."""
    return [f" *   {array}[{i}]  {re.sub(_NOT_IN_COMMENTS, '_', label)}" for i, label in enumerate(labels)]


def _source(program: Program, stem: str, prototype: str, dtype: Dtype) -> str:
    used = [name for name in program.activations if name in _FUNCTIONS]
    functions = [_FUNCTION.format(meaning=_MEANINGS[name], name=name, body=_FUNCTIONS[name]) for name in used]
    if {"sin", "cos"} & set(used):
        functions.insert(0, _PARITY)
    lines = _statements(program)
    return _SOURCE.format(
        header=f"{stem}.h",
        include="#include <math.h>\n" if set(used) - {"step", "relu", "square"} else "",
        functions="".join(functions).replace("LOWEST", f"L({LOWEST_EXPONENT[dtype]})"),
        prototype=prototype,
        body=textwrap.indent("\n".join(lines), "    "),
    )


def _statements(program: Program) -> list[str]:
    names = program.names("L(1.0)", "inputs[{}]")
    lines = [_statement(step, names) for step in program.steps]
    lines += [f"outputs[{k}] = {names[row]};" for k, row in enumerate(program.results)]
    arguments = ["inputs"] if program.weighted else ["inputs", "weight"]
    text = "\n".join(lines)
    return [f"(void){name};" for name in arguments if not re.search(rf"\b{name}\b", text)] + lines


def _statement(step: Step, names: Sequence[str]) -> str:
    """The declaration of a node's value, over several lines where it is long."""
    factors = None if step.weights is None else [f"L({weight!r})" for weight in step.weights]
    value = argument(step, names, factors, "L(0.0)")
    if step.activation == "inverse":
        value = f"-({value})"
    elif step.activation != "linear":
        value = f"activation_{step.activation}({value})"
    text = f"const T n{step.row} = {value};"
    return wrapped(text, 110, "    ")


def measure(source: Path) -> dict[str, int]:
    """What a C file takes when it is compiled for size, in bytes: code, static RAM, and stack (all functions at once).

    The compiler is ``cc``, or what the environment's CC names (a cross compiler, with its options). Empty where
    there is none, or it says no.
    """
    command = shlex.split(os.environ.get("CC", "")) or [COMPILER]
    if shutil.which(command[0]) is None or shutil.which("size") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "network.o"
        try:
            compiler = [*command, *FLAGS, "-fstack-usage", "-c", str(source.resolve()), "-o", str(target)]
            subprocess.run(compiler, check=True, capture_output=True, timeout=SECONDS)
            done = subprocess.run(["size", target], check=True, capture_output=True, text=True, timeout=SECONDS)
            code, data, bss = (int(number) for number in done.stdout.splitlines()[1].split()[:3])
            usage = target.with_suffix(".su").read_text()
        except (OSError, ValueError, IndexError, subprocess.SubprocessError):
            return {}
    stack = sum(int(line.split("\t")[1]) for line in usage.splitlines())
    return {"code_bytes": code, "ram_bytes": data + bss, "stack_bytes": stack}
