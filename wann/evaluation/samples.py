"""Data sets: the samples of a batch stand side by side in lanes, and every network answers them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.activations import Value, exp
from wann.dataset import DataTask
from wann.evaluation.distinct import Distinct, distinct
from wann.evaluation.forward import LANES, aligned, forward, rows
from wann.evaluation.work import Episodes, Piece, Played, Player, cut
from wann.jit import inlined, kernel
from wann.network import Networks
from wann.population import Floats, Integers, sealed
from wann.simd import WIDTH, exponent, fraction, load, store, where_positive
from wann.task import Part

LEAST_PROBABILITY = 2.0**-52
"""A class's probability counts as no less, so that one sample cannot outweigh all others."""
LARGEST_LOSS = -math.log(LEAST_PROBABILITY)
"""The cross-entropy that goes with it; also that of outputs that are no numbers."""
LARGEST_ERROR = 1e12
"""A squared error counts as no more; also that of outputs that are no numbers."""
TILE = 16
"""Inputs that are laid out at a time."""
_SQRT_HALF = math.sqrt(0.5)
_LN2 = math.log(2.0)


@inlined
def log(x: Value) -> Value:
    """The natural logarithm of positive normal numbers, with the same bits on every machine (within 1e-15)."""
    m, e = fraction(x), exponent(x)
    small = _SQRT_HALF - m
    m, e = where_positive(small, m * 2.0, m), where_positive(small, e - 1.0, e)
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    p = q * (1.0 / 21.0) + 1.0 / 19.0
    for k in range(17, 0, -2):
        p = p * q + 1.0 / k
    return 2.0 * s * p + e * _LN2


@inlined
def _cross_entropy(values: Floats, outputs: Integers, y: Integers, samples: Integers, scratch: Floats) -> float:
    """The sum over samples of minus the logarithm of the probability that softmax gives the right class.

    ``scratch``, (LANES,), takes the logarithm of the sum of the exponentials of each lane's outputs.
    """
    width = (samples.size + WIDTH - 1) // WIDTH * WIDTH
    for lane in range(0, width, WIDTH):
        most = load(values, outputs[0] * LANES + lane)
        for k in range(1, outputs.size):
            other = load(values, outputs[k] * LANES + lane)
            most = where_positive(other - most, other, most)
        total = exp(load(values, outputs[0] * LANES + lane) - most)
        for k in range(1, outputs.size):
            total = total + exp(load(values, outputs[k] * LANES + lane) - most)
        store(scratch, lane, log(total) + most)
    loss = 0.0
    for lane in range(samples.size):
        right = values[outputs[y[samples[lane]]] * LANES + lane]
        one = scratch[lane] - right
        loss += one if one <= LARGEST_LOSS else LARGEST_LOSS  # NaN is not below either
    return loss


@inlined
def _squared_error(values: Floats, outputs: Integers, y: Floats, samples: Integers) -> float:
    """The sum over samples of the mean over outputs of the squared error."""
    loss = 0.0
    for lane in range(samples.size):
        one = 0.0
        for k in range(outputs.size):
            error = values[outputs[k] * LANES + lane] - y[samples[lane], k]
            one += error * error
        one /= outputs.size
        loss += one if one <= LARGEST_ERROR else LARGEST_ERROR
    return loss


@inlined
def _loss(values: Floats, outputs: Integers, y: NDArray[Any], samples: Integers, scratch: Floats) -> float:
    if y.ndim == 1:
        return _cross_entropy(values, outputs, y, samples, scratch)
    return _squared_error(values, outputs, y, samples)


@inlined
def _lay_out(block: Floats, x: Floats, samples: Integers) -> None:
    """Write the inputs of each sample into its lane; few rows at a time, so that they stay in the fastest cache."""
    for first in range(0, x.shape[1], TILE):
        last = min(first + TILE, x.shape[1])
        for lane in range(samples.size):
            at, sample = first * LANES + LANES + lane, samples[lane]
            for k in range(first, last):
                block[at] = x[sample, k]
                at += LANES


@kernel
def answer(
    networks: Networks | Distinct, n_rows: int, rows: Integers | None, weights: Floats, x: Floats, y: NDArray[Any],
    batches: Integers, returns: Floats,
) -> None:  # fmt: skip
    """Fill ``returns`` with minus the mean loss of networks on each batch.

    A block of samples is laid out once for all networks.

    Args:
        networks: One network with weights of its own, or the distinct nodes of several with a shared weight.
        n_rows: How many rows of values they need.
        rows: As for ``forward``.
        weights: The shared weight for each batch, (batches,), or individual weights, (batches, sources).
        x: All samples; (samples, inputs).
        y: Their classes, (samples,), for cross-entropy, or targets, (samples, outputs), for the squared error.
        batches: Which samples are in each batch; (batches, size).
        returns: (networks, batches)
    """
    block, scratch = aligned(n_rows * LANES), aligned(LANES)
    block[:LANES] = 1.0
    lane_weights = np.empty(LANES) if weights.ndim == 1 else np.empty((weights.shape[1], LANES))
    returns[:] = 0.0
    for batch in range(batches.shape[0]):
        if weights.ndim == 1:
            lane_weights[:] = weights[batch]
        else:
            lane_weights[:] = weights[batch].reshape((-1, 1))
        for start in range(0, batches.shape[1], LANES):
            samples = batches[batch, start : start + LANES]
            _lay_out(block, x, samples)
            width = (samples.size + WIDTH - 1) // WIDTH * WIDTH
            for i in range(returns.shape[0]):
                forward(networks, i, block, lane_weights, width, rows)
                returns[i, batch] -= _loss(block, networks.outputs[i], y, samples, scratch)
        returns[:, batch] /= batches.shape[1]


class SamplePlayer(Player):
    """Plays data sets: a trial is a batch, its return minus the mean loss, a step one sample."""

    def __init__(self, task: DataTask) -> None:
        self._task = task

    def cut(self, whole: Piece, threads: int) -> list[Piece]:
        """Equal pieces, one a thread, with as many networks in each as can be: these share most of their nodes."""
        return cut(whole, threads, least=1, alike=math.gcd(threads, whole.shape[1]))

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        weights, trials = episodes.part(piece.first_episode, piece.last_episode)
        data = self._task.parts[Part(int(trials[0, 0]))]
        batches = np.array([self._task.batch_of(Part(int(part)), int(seed)) for part, seed in trials])
        sealed(batches)
        returns = np.empty(piece.shape)
        if weights.ndim == 1:
            nodes = distinct(networks, piece.first_network, piece.last_network)
            answer(nodes, int(nodes.rows.max()) + 1, nodes.rows, weights, *data, batches, returns)
        else:
            answer(networks, rows(networks, 0), None, weights, *data, batches, returns)
        return returns, returns.shape[0] * batches.size
