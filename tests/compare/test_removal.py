"""Neurons without a path are found as a graph library finds them; networks without them compute the same."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from dense import SIZES, some_mlp

from wann.compare.mlp import MLP
from wann.compare.removal import effective, reach, shrink, without_path


def graph(mlp: MLP) -> networkx.DiGraph:
    found = networkx.DiGraph()
    for layer, size in enumerate(mlp.sizes):
        found.add_nodes_from((layer, i) for i in range(size))
    for layer, mask in enumerate(mlp.masks):
        found.add_edges_from(((layer, j), (layer + 1, i)) for i, j in np.argwhere(mask).tolist())
    return found


@pytest.mark.parametrize("alive", [0.9, 0.3, 0.15, 0.05, 0.0])
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
def test_shrinking_keeps_the_function_and_exactly_the_live_neurons(alive: float, hidden: str) -> None:
    inputs = np.random.default_rng(0).normal(size=(50, SIZES[0]))
    for seed in range(8):
        mlp = some_mlp(seed, alive=alive, hidden=hidden)
        edges, last = graph(mlp), len(SIZES) - 1
        fed = {node for i in range(SIZES[0]) for node in networkx.descendants(edges, (0, i))}
        used = {node for i in range(SIZES[-1]) for node in networkx.ancestors(edges, (last, i))}
        for layer, live in enumerate(reach(mlp).live, start=1):
            assert {(layer, i) for i in np.flatnonzero(live)} == {n for n in fed & used if n[0] == layer}
        hidden_nodes = {node for node in edges if 0 < node[0] < last}
        assert without_path(mlp) == len(hidden_nodes - (fed & used))
        on_path = [(a, b) for a, b in edges.edges if (a in fed or a[0] == 0) and (b in used or b[0] == last)]
        assert effective(mlp) == len(on_path)
        small = shrink(mlp)
        assert small.kept == len(on_path)
        assert sum(int(mask.sum()) for mask in small.bias_masks[:-1]) == len(fed & used & hidden_nodes)
        np.testing.assert_allclose(small(inputs), mlp(inputs), atol=1e-12)


def test_a_network_of_float32_shrinks_to_one_within_1e_6() -> None:
    mlp = some_mlp(3, alive=0.3, dtype=np.float32)
    inputs = np.random.default_rng(0).normal(size=(50, SIZES[0]))
    np.testing.assert_allclose(shrink(mlp)(inputs), mlp(inputs), atol=1e-6)
