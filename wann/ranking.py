"""Who is better: Pareto fronts and crowding distance over two objectives, both to be maximised (Deb et al. 2002)."""

from __future__ import annotations

import numpy as np

from wann.jit import inlined, kernel
from wann.population import Floats, Integers


@kernel
def _fronts(order: Integers, first: Floats, second: Floats) -> Integers:
    """Fronts by one sweep through ``order`` (first objective falling, ties by the second, falling).

    In this order nobody is dominated by a later point, and within a front ``second`` only rises; so the latest
    member of a front dominates a point if any member does, and the front is found by bisection.
    """
    fronts = np.empty(order.size, dtype=np.int64)
    latest = np.empty(order.size, dtype=np.int64)
    count = 0
    for i in order:
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            j = latest[middle]
            same = first[j] == first[i] and second[j] == second[i]
            if second[j] >= second[i] and not same:
                low = middle + 1
            else:
                high = middle
        fronts[i] = low
        latest[low] = i
        count = max(count, low + 1)
    return fronts


def pareto_fronts(first: Floats, second: Floats) -> Integers:
    """The front of each individual, 0 the best: non-dominated sorting in O(n log n).

    One dominates another if it is at least as good in both objectives and better in one. Equal ones share a front.

    Args:
        first: First objective, to be maximised; (n,). Infinities are numbers like others; NaN is not allowed.
        second: Second objective, likewise.
    """
    return _fronts(np.lexsort((-second, -first)), first, second)


@inlined
def _add_distances(distance: Floats, order: Integers, fronts: Integers, values: Floats) -> None:
    """Add one objective's distances; ``order`` sorts by front, then value, then index."""
    start = 0
    for stop in range(1, order.size + 1):
        if stop < order.size and fronts[order[stop]] == fronts[order[start]]:
            continue
        low, high = values[order[start]], values[order[stop - 1]]
        distance[order[start]] = distance[order[stop - 1]] = np.inf
        for k in range(start + 1, stop - 1):
            share = (values[order[k + 1]] - values[order[k - 1]]) / (high - low)
            if not np.isnan(share):
                distance[order[k]] += share
        start = stop


@kernel
def _crowding(fronts: Integers, by_first: Integers, by_second: Integers, first: Floats, second: Floats) -> Floats:
    distance = np.zeros(fronts.size)
    _add_distances(distance, by_first, fronts, first)
    _add_distances(distance, by_second, fronts, second)
    return distance


def crowding_distance(fronts: Integers, first: Floats, second: Floats) -> Floats:
    """How alone each individual is within its front (Deb et al. 2002, section III-B).

    For each objective: the gap between the two neighbours, divided by the front's own range in that objective;
    the two ends of a front get infinity. A gap that is not a number (a front of equal values, or infinite ones)
    counts as zero. Equal values are ordered by index.
    """
    return _crowding(fronts, np.lexsort((first, fronts)), np.lexsort((second, fronts)), first, second)


def rank(first: Floats, second: Floats) -> Integers:
    """The individuals from best to worst: by front, then by crowding distance (larger is better), then by index.

    Args:
        first: First objective, to be maximised; (n,).
        second: Second objective, to be maximised; (n,).

    Returns:
        Indices; (n,).
    """
    fronts = pareto_fronts(first, second)
    return np.lexsort((-crowding_distance(fronts, first, second), fronts))
