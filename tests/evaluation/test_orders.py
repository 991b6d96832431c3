"""Which piece is next: each once, those of the first order before others, and the longest first once it is known."""

from __future__ import annotations

import random

import numpy as np
import pytest

from wann.evaluation.orders import Order, Queue
from wann.evaluation.work import Piece, cut


def order(networks: int, episodes: int, parts: int, rank: int = 0) -> Order:
    whole = Piece(0, networks, 0, episodes)
    return Order(whole, cut(whole, parts, 4, 2), lambda: "work", rank)


@pytest.mark.parametrize("seed", range(5))
def test_every_piece_is_given_out_once_whatever_is_learnt(seed: int) -> None:
    chance, queue, orders = random.Random(seed), Queue(), [order(9, 24, 27, rank) for rank in (1, 0)]
    for one in orders:
        queue.add(one)
    given: list[tuple[Order, int]] = []
    while (found := queue.pop()) is not None:
        given.append(found)
        if chance.random() < 0.7:
            queue.learn(*chance.choice(given), chance.random())
    assert sorted((one.rank, index) for one, index in given) == [(rank, i) for rank in (0, 1) for i in range(27)]
    assert [one.rank for one, _ in given] == [0] * 27 + [1] * 27


def test_one_piece_of_each_network_first_then_those_that_take_longest() -> None:
    seconds = np.random.default_rng(0).permutation(40.0 * np.arange(1, 9))
    one, queue, given = order(8, 12, 24), Queue(), []
    queue.add(one)
    while (found := queue.pop()) is not None:
        given.append(one.pieces[found[1]].first_network)
        queue.learn(*found, seconds[given[-1]])
    assert given[:8] == list(range(8))
    assert given[8:] == [network for network in np.argsort(-seconds) for _ in range(2)]


def test_what_a_worker_failed_over_comes_first() -> None:
    one, queue = order(8, 12, 24), Queue()
    queue.add(one)
    taken = [queue.pop() for _ in range(10)]
    assert taken[4] is not None
    queue.put_back(*taken[4])
    assert queue.pop() == taken[4]


def test_the_answers_are_put_together_as_if_nothing_had_been_cut() -> None:
    one, returns = order(7, 12, 9), np.random.default_rng(1).random((7, 12))
    for index in random.Random(2).sample(range(len(one.pieces)), len(one.pieces)):
        assert not one.done
        piece = one.pieces[index]
        part = returns[piece.first_network : piece.last_network, piece.first_episode : piece.last_episode]
        one.answers[index] = part, part.size
    assert one.done
    np.testing.assert_array_equal(one.result[0], returns)
    assert one.result[1] == returns.size
