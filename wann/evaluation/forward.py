"""The forward pass of one network for many lanes at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from wann.activations import (
    ABS,
    COS,
    GAUSSIAN,
    INVERSE,
    RELU,
    SIGMOID,
    SIN,
    SQUARE,
    STEP,
    TANH,
    abs,
    cos,
    gaussian,
    inverse,
    relu,
    sigmoid,
    sin,
    square,
    step,
    tanh,
)
from wann.evaluation.distinct import Distinct
from wann.jit import inlined, kernel, merged
from wann.network import Networks
from wann.population import Floats, Integers
from wann.simd import WIDTH, load, repeat, store

LANES = 64
"""Lanes that a kernel holds at once; a network's values are rows of this length."""
GROUP = 4 * WIDTH
"""Lanes whose sums grow side by side: one sum alone would wait for each of its additions to end."""
NARROW = 2 * WIDTH
"""Up to so many lanes the time goes into waiting for results, and work on lanes not in use would only add to it."""


@inlined
def aligned(size: int) -> Floats:
    """Zeros that start at a multiple of 64 bytes, so that no load of lanes crosses a cache line."""
    block = np.zeros(size + 8)
    skip = (-(block.ctypes.data // 8)) % 8
    return block[skip : skip + size]


@inlined
def _term(values: Floats, at: int, weights: Floats, own: int) -> Any:
    """A source's part of a sum: its value, times its own weight if it has one."""
    if weights.ndim == 1:
        return load(values, at)
    return load(values, at) * load(weights, own)


@inlined
def _total(total: Any, weights: Floats, lane: int) -> Any:
    """A node's weighted sum from the sum of its terms."""
    if weights.ndim == 1:
        return total * load(weights, lane)
    return total


@merged
def _activate(code: int, a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any, Any, Any]:
    """The activation function ``code`` of four times ``WIDTH`` lanes."""
    if code == STEP:
        return step(a), step(b), step(c), step(d)
    if code == SIN:
        return sin(a), sin(b), sin(c), sin(d)
    if code == GAUSSIAN:
        return gaussian(a), gaussian(b), gaussian(c), gaussian(d)
    if code == TANH:
        return tanh(a), tanh(b), tanh(c), tanh(d)
    if code == SIGMOID:
        return sigmoid(a), sigmoid(b), sigmoid(c), sigmoid(d)
    if code == INVERSE:
        return inverse(a), inverse(b), inverse(c), inverse(d)
    if code == ABS:
        return abs(a), abs(b), abs(c), abs(d)
    if code == RELU:
        return relu(a), relu(b), relu(c), relu(d)
    if code == COS:
        return cos(a), cos(b), cos(c), cos(d)
    if code == SQUARE:
        return square(a), square(b), square(c), square(d)
    return a, b, c, d


@inlined
def _weighted_sum(
    values: Floats, sources: Integers, first: int, last: int, base: int, weights: Floats, lane: int
) -> Any:
    """The weighted sum of the sources ``first`` to ``last`` of a node, in ``WIDTH`` lanes from ``lane`` on.

    ``weights`` is either a row, the shared weight of each lane (LANES,), or has a row for each source of the network
    (sources, LANES), the first of which is ``base``. A shared weight costs one multiplication a node.
    """
    total = repeat(0.0)
    for k in range(first, last):
        total = total + _term(values, sources[k] * LANES + lane, weights, (k - base) * LANES + lane)
    return _total(total, weights, lane)


@inlined
def forward(
    networks: Networks | Distinct, i: int, values: Floats, weights: Floats, width: int, rows: Integers | None = None
) -> None:
    """Compute all nodes of network ``i`` in the first ``width`` lanes.

    More lanes than are ``NARROW`` are computed in groups, idle ones too. Loops over lanes have no branches.

    Args:
        networks: The packed networks.
        i: Which one.
        values: Its rows, flat; bias and inputs are set. (rows * LANES,), ``aligned``.
        weights: The shared weight of each lane, (LANES,), or each connection's, (connections, LANES).
        width: How many lanes are in use, a multiple of ``WIDTH``.
        rows: The row of each node; one behind the other after those of the inputs unless told otherwise.
    """
    start, stop = networks.first_node[i], networks.first_node[i + 1]
    base = networks.first_source[start]
    sources = networks.sources
    for node in range(start, stop):
        row = (1 + networks.n_inputs + node - start if rows is None else rows[node]) * LANES
        first, last = networks.first_source[node], networks.first_source[node + 1]
        code = networks.activations[node]
        if width > NARROW:
            for lane in range(0, width, GROUP):
                a, b, c, d = repeat(0.0), repeat(0.0), repeat(0.0), repeat(0.0)
                for k in range(first, last):
                    at, own = sources[k] * LANES + lane, (k - base) * LANES + lane
                    a = a + _term(values, at, weights, own)
                    b = b + _term(values, at + WIDTH, weights, own + WIDTH)
                    c = c + _term(values, at + 2 * WIDTH, weights, own + 2 * WIDTH)
                    d = d + _term(values, at + 3 * WIDTH, weights, own + 3 * WIDTH)
                a, b = _total(a, weights, lane), _total(b, weights, lane + WIDTH)
                c, d = _total(c, weights, lane + 2 * WIDTH), _total(d, weights, lane + 3 * WIDTH)
                a, b, c, d = _activate(code, a, b, c, d)
                store(values, row + lane, a)
                store(values, row + lane + WIDTH, b)
                store(values, row + lane + 2 * WIDTH, c)
                store(values, row + lane + 3 * WIDTH, d)
        elif code == STEP:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, step(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == SIN:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, sin(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == GAUSSIAN:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, gaussian(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == TANH:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, tanh(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == SIGMOID:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, sigmoid(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == INVERSE:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, inverse(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == ABS:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, abs(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == RELU:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, relu(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == COS:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, cos(_weighted_sum(values, sources, first, last, base, weights, lane)))
        elif code == SQUARE:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, square(_weighted_sum(values, sources, first, last, base, weights, lane)))
        else:
            for lane in range(0, width, WIDTH):
                store(values, row + lane, _weighted_sum(values, sources, first, last, base, weights, lane))


@inlined
def rows(networks: Networks, i: int) -> int:
    """How many rows of values network ``i`` needs."""
    return 1 + networks.n_inputs + int(networks.first_node[i + 1] - networks.first_node[i])


@kernel
def respond(networks: Networks, i: int, inputs: Floats, weights: Floats, values: Floats) -> None:
    """Compute every node of network ``i`` for a batch, the samples side by side in lanes.

    Args:
        networks: The packed networks.
        i: Which one.
        inputs: (batch, inputs).
        weights: The shared weight, (1,), or one for each source in evaluation order, (sources, 1).
        values: Filled with the bias, the inputs and all computed nodes; (batch, rows).
    """
    n_rows = rows(networks, i)
    block = aligned(n_rows * LANES)
    spread = np.empty(LANES) if weights.ndim == 1 else np.empty((weights.shape[0], LANES))
    spread[:] = weights
    block[:LANES] = 1.0
    for start in range(0, inputs.shape[0], LANES):
        count = min(LANES, inputs.shape[0] - start)
        for row in range(networks.n_inputs):
            for lane in range(count):
                block[(1 + row) * LANES + lane] = inputs[start + lane, row]
        forward(networks, i, block, spread, (count + WIDTH - 1) // WIDTH * WIDTH)
        for row in range(n_rows):
            for lane in range(count):
                values[start + lane, row] = block[row * LANES + lane]


def activations(networks: Networks, i: int, x: ArrayLike, weights: Floats) -> Floats:
    """The values of the bias, the inputs and all computed nodes of network ``i``: (rows,) or (batch, rows).

    Args:
        networks: The packed networks.
        i: Which one.
        x: One observation, (inputs,), or a batch, (batch, inputs).
        weights: As for ``respond``.

    Raises:
        ValueError: ``x`` has another shape.
    """
    inputs, n = np.asarray(x, dtype=np.float64), networks.n_inputs
    if inputs.ndim not in (1, 2) or inputs.shape[-1] != n:
        raise ValueError(f"x must be ({n},) or (batch, {n}), got {inputs.shape}")
    computed = int(networks.first_node[i + 1] - networks.first_node[i])
    values = np.empty((*inputs.shape[:-1], 1 + n + computed))
    respond(networks, i, np.ascontiguousarray(np.atleast_2d(inputs)), weights, np.atleast_2d(values))
    return values
