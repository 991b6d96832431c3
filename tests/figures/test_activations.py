"""Activations over a run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from wann.activations import NAMES
from wann.figures.activations import count, draw
from wann.figures.output import encode
from wann.genome import ConnectionGene, Genome, NodeGene


def chain(*activations: str, loose: int = 0) -> Genome:
    """Hidden nodes one behind the other, and some that lead nowhere."""
    nodes = [NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output")]
    nodes += [NodeGene(3 + i, "hidden", name) for i, name in enumerate(activations)]
    ids = [1, *range(3, 3 + len(activations)), 2]
    pairs = list(pairwise(ids))
    for i in range(loose):
        nodes.append(NodeGene(100 + i, "hidden", "cos"))
        pairs.append((1, 100 + i))
    return Genome(tuple(nodes), tuple(ConnectionGene(i, *pair) for i, pair in enumerate(pairs)))


GENOMES = [chain("sin"), chain("sin", "tanh", "sin", loose=2)]
FOUND = [2, 5]


def test_each_generation_counts_the_nodes_of_its_champion_that_matter() -> None:
    table = count(GENOMES, FOUND, np.array([1, 2, 4, 5, 9]))
    by_name = dict(zip(NAMES, table.tolist(), strict=True))
    assert by_name["sin"] == [0, 1, 1, 2, 2]
    assert by_name["tanh"] == [0, 0, 0, 1, 1]
    assert sum(map(sum, by_name.values())) == 8, "what leads nowhere does not count"


def test_the_areas_add_up_to_the_mean_of_the_runs() -> None:
    figure = draw([(GENOMES, FOUND), ([chain()], [1])], 9)
    tops = [max(y for path in area.get_paths() for _, y in path.vertices) for area in figure.axes[1].collections]
    assert max(tops) == 3 / 2
    assert {text.get_text() for text in figure.axes[0].texts} >= {"sin", "tanh"}


def test_a_run_without_hidden_nodes_has_a_figure() -> None:
    assert b"<svg" in encode(draw([([chain()], [1])], 1), "svg")


def test_the_same_run_gives_the_same_bytes() -> None:
    once, twice = (encode(draw([(GENOMES, FOUND)], 9, title="t"), "svg") for _ in range(2))
    assert once == twice
