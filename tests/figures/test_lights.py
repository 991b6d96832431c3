"""A network lit by its signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategies import grown

from wann.champion import Champion
from wann.errors import UserError
from wann.figures.gif import Frame
from wann.figures.lights import Lights
from wann.genome import ConnectionGene, NodeGene

CHAIN = Champion(
    inputs=("in",),
    outputs=("out",),
    nodes=(NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "hidden", "inverse")),
    connections=(ConnectionGene(0, 1, 3), ConnectionGene(1, 3, 2)),
)
"""The hidden node has the opposite sign of the input."""
SIZE = 400, 200


def values(x: float) -> Any:
    """The signals of the chain, with the bias silenced."""
    found = CHAIN.network.activations([x], 1.0)
    found[0] = 0.0
    return found


def coloured(frame: Frame, channel: int) -> Any:
    """The columns in which one channel outweighs its opposite."""
    difference = frame[..., channel].astype(int) - frame[..., 2 - channel]
    return np.flatnonzero((difference > 60).any(axis=0))


def test_positive_values_are_blue_negative_ones_orange_on_the_line_behind_the_node() -> None:
    lights = Lights(CHAIN, SIZE)
    bright = lights.draw(values(5.0))
    assert bright.shape == (SIZE[1], SIZE[0], 3)
    blue, orange = coloured(bright, 2), coloured(bright, 0)
    assert blue.max() < orange.min() + 20, "the input and its line are left of the hidden node"
    turned = lights.draw(values(-5.0))
    assert coloured(turned, 0).max() < coloured(turned, 2).min() + 20


def test_a_silent_network_is_pale_and_a_value_that_is_no_number_does_not_matter() -> None:
    lights = Lights(CHAIN, SIZE)
    silent = lights.draw(values(0.0))
    assert coloured(silent, 0).size == coloured(silent, 2).size == 0
    odd = values(0.0)
    odd[1:] = np.nan
    np.testing.assert_array_equal(lights.draw(odd), silent)
    odd[1:] = np.inf
    assert coloured(lights.draw(odd), 2).size > 100


def test_the_words_are_there_and_nothing_leaves_the_picture() -> None:
    genome = grown(1, steps=80)[0]
    champion = Champion(inputs=tuple("abcde"), outputs=("out",), nodes=genome.nodes, connections=genome.connections)
    frame = Lights(champion, (760, 400)).draw(champion.network.activations(np.ones(5), 1.0))
    for border in (frame[:3], frame[-3:], frame[:, :3], frame[:, -3:]):
        assert (border == 255).all()
    assert (frame[:, :30] < 100).all(axis=2).any(), "a label on the left"


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(UserError, match="too small"):
        Lights(CHAIN, (60, 40))
