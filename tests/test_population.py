from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import genomes, grown

from wann.genome import ConnectionGene, Genome, NodeGene
from wann.population import Population

BASE = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
EMPTY = Genome(BASE, ())
ALL_DISABLED = Genome(BASE, (ConnectionGene(0, 0, 2, enabled=False), ConnectionGene(1, 1, 2, enabled=False)))
ONE = Genome(BASE, (ConnectionGene(0, 0, 2, enabled=False), ConnectionGene(1, 1, 2)))


def shape(genome: Genome) -> tuple[int, int]:
    return len(genome.inputs), len(genome.outputs)


@given(st.lists(genomes(max_hidden=3), min_size=1, max_size=5))
def test_packing_and_indexing_is_the_identity(genomes: list[Genome]) -> None:
    alike = [genome for genome in genomes if shape(genome) == shape(genomes[0])]
    population = Population.pack(alike)
    assert list(population) == alike
    assert len(population) == len(alike)
    assert (population.n_inputs, population.n_outputs) == shape(alike[0])
    assert population[-1] == alike[-1]


@given(st.lists(genomes(max_hidden=3), min_size=1, max_size=5))
def test_connections_counts_enabled_genes(genomes: list[Genome]) -> None:
    alike = [genome for genome in genomes if shape(genome) == shape(genomes[0])]
    assert Population.pack(alike).connections.tolist() == [len(genome.enabled) for genome in alike]


@pytest.mark.parametrize("genomes", [[EMPTY], [EMPTY, ONE, EMPTY, EMPTY, ALL_DISABLED, ONE, EMPTY], [ALL_DISABLED]])
def test_connections_counts_genomes_without_genes(genomes: list[Genome]) -> None:
    population = Population.pack(genomes)
    assert population.connections.tolist() == [sum(gene.enabled for gene in genome.connections) for genome in genomes]
    assert list(population) == genomes


def test_packing_leaves_weights_out() -> None:
    weighted = Genome(BASE, (ConnectionGene(0, 0, 2, weight=0.5),))
    assert Population.pack([weighted])[0] == Genome(BASE, (ConnectionGene(0, 0, 2),))


def test_a_minimal_population_has_every_pair_and_no_hidden_node() -> None:
    enabled = np.array([[True, False, True, False, True, False], [False] * 6])
    population = Population.minimal(2, 2, enabled)
    for genome, flags in zip(population, enabled.tolist(), strict=True):
        assert [node.kind for node in genome.nodes] == ["bias", "input", "input", "output", "output"]
        assert [node.id for node in genome.nodes] == [0, 1, 2, 3, 4]
        assert {node.activation for node in genome.nodes} == {"linear"}
        pairs = [(gene.source, gene.target) for gene in genome.connections]
        assert pairs == [(source, target) for source in (0, 1, 2) for target in (3, 4)]
        assert [gene.innovation for gene in genome.connections] == list(range(6))
        assert [gene.enabled for gene in genome.connections] == flags
    assert population.connections.tolist() == [3, 0]


def test_a_minimal_population_leaves_its_argument_alone() -> None:
    enabled = np.ones((2, 2), dtype=bool)
    population = Population.minimal(1, 1, enabled)
    enabled[:] = False
    assert population.connections.tolist() == [2, 2]


@pytest.mark.parametrize(
    "population", [Population.pack([ONE, EMPTY]), Population.minimal(1, 1, np.ones((3, 2), dtype=bool)), grown(3)]
)
def test_arrays_are_read_only(population: Population) -> None:
    for array in population.genes:
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_genes_have_the_types_that_kernels_were_compiled_for() -> None:
    for population in (Population.pack([EMPTY]), Population.pack([ONE]), grown(2, steps=3)):
        *integers, enabled = population.genes
        assert {array.dtype for array in integers} == {np.dtype(np.int64)}
        assert enabled.dtype == np.bool_
        assert all(array.flags.c_contiguous and array.ndim == 1 for array in population.genes)


def test_genomes_of_different_shape_do_not_pack() -> None:
    wide = Genome((*BASE[:2], NodeGene(5, "input"), BASE[2]), ())
    with pytest.raises(ValueError, match=r"\[\(1, 1\), \(2, 1\)\]"):
        Population.pack([EMPTY, wide])
    with pytest.raises(ValueError, match=r"got \[\]"):
        Population.pack([])


@pytest.mark.parametrize("index", [2, -3, 99])
def test_an_index_beyond_the_end_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError, match=f"genome {index} of a population of 2"):
        Population.pack([ONE, EMPTY])[index]
