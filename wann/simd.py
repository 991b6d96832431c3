"""Lanes: a Numba type for ``WIDTH`` float64 numbers side by side, and the operations that kernels need on it.

Functions written with these operations and the arithmetic operators accept lanes and plain floats alike, and give
the same bits for both: every operation is IEEE 754's, element by element, and ``fma`` rounds once on any machine.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

WIDTH = 8
_SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves a small integer in the low bits
_DOUBLE = ir.DoubleType()
_LANES = ir.VectorType(_DOUBLE, WIDTH)
_INT32, _INT64 = ir.IntType(32), ir.IntType(64)


class _LanesType(types.Type):  # type: ignore[misc]  # numba ships no type hints
    def __init__(self) -> None:
        super().__init__(name=f"Lanes({WIDTH})")


lanes = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _LANES)


def _constant(like: Any, value: float) -> Any:
    """``value`` as a constant of the type of ``like``, repeated if that is lanes."""
    if isinstance(like.type, ir.VectorType):
        return ir.Constant(like.type, [value] * WIDTH)
    return ir.Constant(like.type, value)


def _integers(like: Any) -> Any:
    """The type of integers as wide as ``like``, lane by lane."""
    return ir.VectorType(_INT64, WIDTH) if isinstance(like.type, ir.VectorType) else _INT64


def _widen(builder: Any, args: Any, result: Any) -> list[Any]:
    """``args`` with plain floats repeated over all lanes, if ``result`` is lanes."""
    return [_splat(builder, a) if result == lanes and a.type == _DOUBLE else a for a in args]


def _splat(builder: Any, value: Any) -> Any:
    undefined = ir.Constant(_LANES, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INT32, WIDTH), [0] * WIDTH))


def _result(*args: Any) -> Any:
    return lanes if lanes in args else types.float64


def _operand(arg: Any) -> Any:
    return lanes if arg == lanes else types.float64


def _add_operator(function: Any, instruction: str) -> None:
    pairs = [(lanes, lanes), (lanes, types.float64), (types.float64, lanes)]
    cases = [signature(lanes, *pair) for pair in pairs]
    infer_global(function)(type(f"Lanes_{instruction}", (ConcreteTemplate,), {"cases": cases}))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*_widen(builder, args, lanes))

    for pair in pairs:
        lower_builtin(function, *pair)(lower)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _add_operator(_function, _instruction)


def _llvm(name: str, *args: Any) -> tuple[Any, Callable[..., Any]]:
    """Signature and lowering of the LLVM floating-point intrinsic ``name``."""
    result = _result(*args)
    suffix = f"v{WIDTH}f64" if result == lanes else "f64"

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        values = _widen(builder, values, result)
        kind = ir.FunctionType(values[0].type, [v.type for v in values])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{suffix}"), values)

    return result(*(_operand(a) for a in args)), lower


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""
    return _llvm("fma", a, b, c)


@intrinsic
def rint(typing_context: Any, x: Any) -> Any:
    """The nearest integer, halves to even."""
    return _llvm("rint", x)


@intrinsic
def floor(typing_context: Any, x: Any) -> Any:
    """The largest integer that is not above ``x``."""
    return _llvm("floor", x)


@intrinsic
def absolute(typing_context: Any, x: Any) -> Any:
    """The absolute value."""
    return _llvm("fabs", x)


@intrinsic
def copysign(typing_context: Any, x: Any, sign: Any) -> Any:
    """``x`` with the sign of ``sign``."""
    return _llvm("copysign", x, sign)


@intrinsic
def where_positive(typing_context: Any, x: Any, then: Any, otherwise: Any) -> Any:
    """``then`` where ``x > 0``; ``otherwise`` elsewhere, also where ``x`` is NaN."""
    result = _result(x, then, otherwise)

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        x, then, otherwise = _widen(builder, values, result)
        return builder.select(builder.fcmp_ordered(">", x, _constant(x, 0.0)), then, otherwise)

    return result(_operand(x), _operand(then), _operand(otherwise)), lower


@intrinsic
def scale(typing_context: Any, x: Any, n: Any) -> Any:
    """``x * 2**n`` for an integral ``n`` in [-1022, 1023]."""

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        x, n = values
        bits = builder.bitcast(builder.fadd(n, _constant(n, _SHIFT)), _integers(n))
        exponent = builder.add(builder.shl(bits, _constant(bits, 52)), _constant(bits, 1023 << 52))
        return builder.fmul(x, builder.bitcast(exponent, x.type))

    return x(x, n), lower


@intrinsic
def fraction(typing_context: Any, x: Any) -> Any:
    """The part of a positive normal number that is in [1/2, 1): ``x = fraction(x) * 2**exponent(x)``."""

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        bits = builder.bitcast(values[0], _integers(values[0]))
        bits = builder.and_(bits, _constant(bits, (1 << 52) - 1))
        return builder.bitcast(builder.or_(bits, _constant(bits, 1022 << 52)), values[0].type)

    return _operand(x)(_operand(x)), lower


@intrinsic
def exponent(typing_context: Any, x: Any) -> Any:
    """The power of two that goes with ``fraction(x)``, as a float."""

    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        bits = builder.bitcast(values[0], _integers(values[0]))
        power = builder.sub(builder.lshr(bits, _constant(bits, 52)), _constant(bits, 1022))
        return builder.sitofp(power, values[0].type)

    return _operand(x)(_operand(x)), lower


def _pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), _LANES.as_pointer())


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """``WIDTH`` numbers of a flat float64 ``array`` from ``index`` on; unchecked."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig, args), align=8)

    return lanes(array, types.int64), lower


@intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Write ``WIDTH`` numbers into a flat float64 ``array`` from ``index`` on; unchecked."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args), align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, lanes), lower


@intrinsic
def repeat(typing_context: Any, x: Any) -> Any:
    """A float in every lane."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, args[0])

    return lanes(types.float64), lower


@intrinsic
def any_positive(typing_context: Any, x: Any) -> Any:
    """Whether some lane is above zero."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        mask = builder.fcmp_ordered(">", args[0], _constant(args[0], 0.0))
        bits = builder.bitcast(mask, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(lanes), lower
