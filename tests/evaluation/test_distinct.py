"""Networks as one computation: followed symbol by symbol, it gives what each network alone gives."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import DRAWS, grown, mutate, numbered, record_of

from wann.activations import CODES
from wann.evaluation.distinct import _hash, distinct
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.network import Networks, express
from wann.population import Population


def relatives(n: int, seed: int) -> Population:
    """Descendants of four genomes in the seventh generation; some are alike."""
    rng = np.random.default_rng(seed)
    population = grown(4, n_inputs=3, n_outputs=2, steps=int(rng.integers(1, 12)), seed=seed)
    record = record_of(population)
    for _ in range(7):
        parents = rng.integers(0, len(population), n)
        population = numbered(population, mutate(population, rng.random((n, DRAWS)), parents=parents), record)
    return population


populations = st.builds(relatives, st.integers(1, 30), st.integers(0, 2**16))


class Symbols(dict[Any, int]):
    """A number for each bias, input, and node that differs from all others in what it computes."""

    def of(self, what: Any) -> int:
        return self.setdefault(what, len(self))


def outputs_alone(networks: Networks, i: int, symbols: Symbols) -> list[int]:
    """The symbols of the outputs of network ``i``."""
    rows = [symbols.of(row) for row in range(1 + networks.n_inputs)]
    for node in range(networks.first_node[i], networks.first_node[i + 1]):
        sources = networks.sources[networks.first_source[node] : networks.first_source[node + 1]]
        rows.append(symbols.of((int(networks.activations[node]), *(rows[source] for source in sources))))
    return [rows[row] for row in networks.outputs[i]]


def follow(networks: Networks, first: int, last: int) -> list[int]:
    """The symbols that are computed for some networks, in turn; each of these must find its outputs."""
    nodes, symbols = distinct(networks, first, last), Symbols()
    fixed = 1 + networks.n_inputs
    rows = {row: symbols.of(row) for row in range(fixed)}
    computed, reads = [], dict[int, int]()
    for i in range(last - first):
        expected = outputs_alone(networks, first + i, symbols)
        for node in range(nodes.first_node[i], nodes.first_node[i + 1]):
            sources = [rows[row] for row in nodes.sources[nodes.first_source[node] : nodes.first_source[node + 1]]]
            symbol = symbols[int(nodes.activations[node]), *sources]
            reads |= dict.fromkeys(sources, len(computed))
            computed.append(symbol)
            assert nodes.rows[node] >= fixed
            rows[int(nodes.rows[node])] = symbol
        found = [rows[row] for row in nodes.outputs[i]]
        assert found == expected
        reads |= dict.fromkeys(found, len(computed))
    assert sorted(computed) == list(range(fixed, len(symbols)))
    live = [sum(at <= now <= reads[symbol] for at, symbol in enumerate(computed)) for now in range(len(computed))]
    assert nodes.rows.max() + 1 <= fixed + max(live) + 1
    return computed


@given(populations, st.data())
def test_every_network_gets_its_outputs_and_every_distinct_node_is_computed_once(
    population: Population, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(population) - 1))
    follow(express(population), first, data.draw(st.integers(first + 1, len(population))))


def test_siblings_share_most_of_their_nodes() -> None:
    parent = grown(1, n_outputs=3, steps=80)
    siblings = mutate(parent, np.random.default_rng(0).random((100, DRAWS)), parents=[0] * 100)
    networks = express(numbered(parent, siblings, record_of(parent)))
    nodes = distinct(networks, 0, 100)
    assert nodes.activations.size < networks.activations.size / 2
    assert nodes.rows.max() + 1 < nodes.activations.size / 2


def test_a_node_that_is_there_twice_is_one() -> None:
    kinds = ["bias", "input", "output", "output", *["hidden"] * 4]
    names = [*["linear"] * 4, "sin", "sin", "cos", "sin"]
    nodes = tuple(NodeGene(i, kind, name) for i, (kind, name) in enumerate(zip(kinds, names, strict=True)))
    pairs = [(1, 4), (1, 5), (1, 6), (0, 7), (4, 2), (5, 2), (6, 2), (5, 3), (4, 3), (7, 3)]
    genes = tuple(ConnectionGene(i, *pair) for i, pair in enumerate(pairs))
    assert len(follow(express(Population.pack([Genome(nodes, genes)] * 2)), 0, 2)) == 5


def test_a_network_without_connections_has_one_empty_node() -> None:
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "output"))
    assert len(follow(express(Population.pack([Genome(nodes, ())])), 0, 1)) == 1


def test_nodes_whose_hashes_are_equal_stay_apart() -> None:
    inputs, seen = 30, dict[int, tuple[int, ...]]()
    for some in combinations(range(inputs), 6):
        if (others := seen.setdefault(_hash(CODES["linear"], np.array(some)), some)) != some:
            break
    nodes = [NodeGene(i, "output" if i >= inputs else "input" if i else "bias") for i in range(inputs + 2)]
    pairs = [(source, inputs + i) for i, sources in enumerate((some, others)) for source in sources]
    genes = tuple(ConnectionGene(i, *ends) for i, ends in enumerate(pairs))
    assert len(follow(express(Population.pack([Genome(tuple(nodes), genes)])), 0, 1)) == 2
