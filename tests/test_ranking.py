from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from wann.ranking import crowding_distance, pareto_fronts, rank

INFINITY = math.inf
Points = list[tuple[float, float]]


def points(max_size: int = 30) -> st.SearchStrategy[Points]:
    """Few different values, so that ties and equal points are common; both infinities and zeros among them."""
    value = st.sampled_from([-INFINITY, -1.5, -0.0, 0.0, 1.0, 2.0, 3.5, INFINITY]) | st.floats(allow_nan=False)
    return st.lists(st.tuples(value, value), min_size=1, max_size=max_size)


def columns(points: Points) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.array(points, dtype=np.float64).T
    return first, second


def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and (a[0] > b[0] or a[1] > b[1])


def fronts_by_definition(points: Points) -> list[int]:
    """Peel off, again and again, what nobody left dominates."""
    fronts, left = [-1] * len(points), set(range(len(points)))
    front = 0
    while left:
        best = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        for i in best:
            fronts[i] = front
        left, front = left - best, front + 1
    return fronts


def crowding_by_definition(fronts: list[int], points: Points) -> list[float]:
    """Deb et al. 2002: gaps between neighbours, in units of the front's own range."""
    distance = [0.0] * len(points)
    for front in set(fronts):
        for objective in (0, 1):
            members = sorted((p[objective], i) for i, p in enumerate(points) if fronts[i] == front)
            low, high = members[0][0], members[-1][0]
            for (below, _), (_, i), (above, _) in zip(members, members[1:], members[2:], strict=False):
                gap, extent = above - below, high - low
                share = gap / extent if extent else math.nan
                distance[i] += 0.0 if math.isnan(share) else share
            for _, end in (members[0], members[-1]):
                distance[end] = INFINITY
    return distance


@given(points())
@example([(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)])
@example([(-INFINITY, INFINITY), (INFINITY, -INFINITY), (INFINITY, INFINITY)])
def test_fronts_are_those_of_the_definition_of_dominance(points: Points) -> None:
    assert pareto_fronts(*columns(points)).tolist() == fronts_by_definition(points)


@given(points())
def test_crowding_distance_is_that_of_the_definition(points: Points) -> None:
    fronts = fronts_by_definition(points)
    with np.errstate(over="ignore"):
        got = crowding_distance(np.array(fronts), *columns(points))
    np.testing.assert_allclose(got, crowding_by_definition(fronts, points), rtol=1e-13)


def test_large_random_fronts_agree_with_the_definitions() -> None:
    rng = np.random.default_rng(0)
    for spread in (4, 20, 10_000):
        first, second = rng.integers(0, spread, 200) / 4.0, rng.integers(0, spread, 200) * 1e3
        both = list(zip(first.tolist(), second.tolist(), strict=True))
        fronts = pareto_fronts(first, second)
        assert fronts.tolist() == fronts_by_definition(both)
        crowding = crowding_distance(fronts, first, second)
        np.testing.assert_allclose(crowding, crowding_by_definition(fronts.tolist(), both), rtol=1e-13)


@given(points())
def test_rank_goes_by_front_then_crowding_then_index(points: Points) -> None:
    first, second = columns(points)
    order = rank(first, second).tolist()
    assert sorted(order) == list(range(len(points)))
    fronts = fronts_by_definition(points)
    distance = crowding_distance(np.array(fronts), first, second).tolist()
    keys = [(fronts[i], -distance[i], i) for i in order]
    assert keys == sorted(keys)


@given(points())
def test_nobody_ranks_behind_one_that_it_dominates(points: Points) -> None:
    order = rank(*columns(points)).tolist()
    for at, i in enumerate(order):
        assert not any(dominates(points[j], points[i]) for j in order[at + 1 :])


def whole_numbers() -> st.SearchStrategy[Points]:
    """Differences and their quotients round the same at any scale."""
    value = st.integers(-50, 50).map(float)
    return st.lists(st.tuples(value, value), min_size=1, max_size=40)


@given(whole_numbers(), st.sampled_from([1000.0, 1e-3 * 2.0**-7, 2.0**40]))
@example([(float(x), float((60 - x) ** 2)) for x in range(50)], 1000.0)
def test_the_scale_of_one_objective_changes_nothing(points: Points, scale: float) -> None:
    """The 2019 release divided the wrong thing by the range, so that one objective swamped the other."""
    first, second = columns(points)
    fronts = pareto_fronts(first, second)
    distance = crowding_distance(fronts, first, second)
    np.testing.assert_allclose(crowding_distance(fronts, scale * first, second), distance, rtol=1e-12)
    np.testing.assert_allclose(crowding_distance(fronts, first, scale * second), distance, rtol=1e-12)
    if scale == 1000.0:
        np.testing.assert_array_equal(rank(scale * first, second), rank(first, second))
        np.testing.assert_array_equal(rank(first, scale * second), rank(first, second))


def test_both_objectives_count_on_their_own_scale() -> None:
    """Where rewards run to hundreds and sizes to units, the loneliest in size must not be lost."""
    reward = np.array([100.0, 300.0, 500.0, 501.0, 900.0])
    size = np.array([-1.0, -10.0, -11.0, -80.0, -81.0])
    distance = crowding_distance(np.zeros(5, dtype=np.int64), reward, size)
    expected = [INFINITY, 400 / 800 + 10 / 80, 201 / 800 + 70 / 80, 400 / 800 + 70 / 80, INFINITY]
    np.testing.assert_allclose(distance, expected, rtol=1e-15)
    assert rank(reward, size).tolist() == [0, 4, 3, 2, 1]


def test_each_front_is_normalised_by_its_own_range() -> None:
    first = np.array([0.0, 1.0, 2.0, 1000.0, 1100.0, 1200.0])
    second = np.array([2.0, 1.0, 0.0, 1200.0, 1100.0, 1000.0])
    distance = crowding_distance(pareto_fronts(first, second), first, second)
    np.testing.assert_array_equal(distance, [INFINITY, 2.0, INFINITY, INFINITY, 2.0, INFINITY])


def test_equal_individuals_share_a_front_and_rank_by_index() -> None:
    same = np.full(6, 0.25)
    assert pareto_fronts(same, same).tolist() == [0] * 6
    np.testing.assert_array_equal(
        crowding_distance(np.zeros(6, dtype=np.int64), same, same), [np.inf, 0, 0, 0, 0, np.inf]
    )
    assert rank(same, same).tolist() == [0, 5, 1, 2, 3, 4]


def test_one_individual_is_a_front_of_its_own() -> None:
    assert rank(np.array([1.0]), np.array([-INFINITY])).tolist() == [0]
    assert crowding_distance(np.array([0]), np.array([1.0]), np.array([2.0])).tolist() == [INFINITY]


def test_a_chain_of_dominance_is_ranked_from_best_to_worst() -> None:
    values = np.array([3.0, -1.0, 7.0, 0.0, 5.0])
    assert pareto_fronts(values, values).tolist() == [2, 4, 0, 3, 1]
    assert rank(values, values).tolist() == [2, 4, 0, 3, 1]
    for better, worse in pairwise(rank(values, values)):
        assert values[better] > values[worse]
