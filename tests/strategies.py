"""Random genomes and mutations for property tests, and plain-Python references to check kernels against."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from wann.activations import NAMES, evaluate
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.innovation import InnovationRecord
from wann.mutation import DRAWS, OPERATORS, Offspring, reproduce
from wann.population import Population

PROBABILITIES = np.array([0.5, 0.25, 0.2, 0.05])
ALLOWED = np.arange(1, 11)


@st.composite
def genomes(draw: st.DrawFn, *, weighted: bool = False, max_hidden: int = 7) -> Genome:
    """Any valid genome: hidden nodes in any order of evaluation, with gaps in the ids, dead ends and disabled genes."""
    n_inputs, n_outputs, n_hidden = (
        draw(st.integers(1, 4)),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(range(max_hidden + 1))),
    )
    density, disabled = draw(st.sampled_from([0.0, 0.3, 0.6, 0.6, 0.9])), draw(st.sampled_from([0.0, 0.1, 0.3, 0.8]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first_hidden = 1 + n_inputs + n_outputs
    outputs = list(range(1 + n_inputs, first_hidden))
    hidden = (first_hidden + rng.choice(3 * max_hidden, n_hidden, replace=False)).tolist()
    nodes = [NodeGene(i, "input" if i else "bias") for i in range(1 + n_inputs)]
    nodes += [NodeGene(i, "output", str(rng.choice(NAMES))) for i in outputs]
    nodes += [NodeGene(i, "hidden", str(rng.choice(NAMES))) for i in rng.permutation(hidden).tolist()]
    pairs = [(source, target) for source in range(1 + n_inputs) for target in [*outputs, *hidden]]
    pairs += [(source, target) for at, source in enumerate(hidden) for target in [*outputs, *hidden[at + 1 :]]]
    chosen = [pair for pair in rng.permutation(pairs).tolist() if rng.random() < density]
    connections = [
        ConnectionGene(innovation, source, target, bool(rng.random() >= disabled), weight(rng) if weighted else None)
        for innovation, (source, target) in enumerate(chosen)
    ]
    return Genome(tuple(nodes), tuple(connections))


def weight(rng: np.random.Generator) -> float:
    """The weight of one connection; some are zero, which must not remove the connection."""
    return float(rng.choice([0.0, -0.0, 1.0, rng.normal(), rng.normal() * 10.0**5]))


def uniform() -> st.SearchStrategy[float]:
    """What a generator's ``random()`` may give, the ends of the interval included."""
    return st.floats(0.0, 1.0, exclude_max=True)


def draws() -> st.SearchStrategy[list[float]]:
    """The uniform numbers of one mutation."""
    return st.lists(uniform(), min_size=DRAWS, max_size=DRAWS)


def shape(population: Population) -> tuple[int, int]:
    return 1 + population.n_inputs, 1 + population.n_inputs + population.n_outputs


def mutate(
    population: Population,
    numbers: NDArray[np.float64] | list[list[float]],
    *,
    parents: list[int] | NDArray[np.int64] | None = None,
    probabilities: NDArray[np.float64] | tuple[float, ...] = PROBABILITIES,
    allowed: NDArray[np.int64] | tuple[int, ...] = ALLOWED,
    n_elites: int = 0,
) -> Offspring:
    """``reproduce`` with the settings of the paper; every genome has one child unless ``parents`` says otherwise."""
    return reproduce(
        population.genes,
        np.asarray(range(len(population)) if parents is None else parents, dtype=np.int64),
        n_elites,
        shape(population),
        np.asarray(probabilities, dtype=np.float64),
        np.asarray(allowed, dtype=np.int64),
        np.asarray(numbers, dtype=np.float64),
    )


def numbered(population: Population, offspring: Offspring, record: InnovationRecord) -> Population:
    """The children as a population of their own."""
    return Population(population.n_inputs, population.n_outputs, record.number(offspring))


def record_of(population: Population) -> InnovationRecord:
    """A record that knows a minimal population."""
    return InnovationRecord(population.n_inputs, population.n_outputs)


def generations(population: Population, record: InnovationRecord, n: int, seed: int = 0) -> Iterator[Population]:
    """``n`` successive populations without selection, each individual the mutated child of the one in its place."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        population = numbered(population, mutate(population, rng.random((len(population), DRAWS))), record)
        yield population


def grown(n: int, *, n_inputs: int = 5, n_outputs: int = 1, steps: int = 30, seed: int = 0) -> Population:
    """``n`` genomes, ``steps`` mutations away from a minimal network that is half enabled."""
    enabled = np.random.default_rng(seed).random((n, (1 + n_inputs) * n_outputs)) < 0.5
    population = Population.minimal(n_inputs, n_outputs, enabled)
    *_, last = generations(population, record_of(population), steps, seed)
    return last


def difference(parent: Genome, child: Genome) -> str | None:
    """Which of ``OPERATORS`` led from parent to child, None where they are the same; fails on any other change."""
    count, size = len(parent.nodes), len(parent.connections)
    new_nodes, new_genes = child.nodes[count:], child.connections[size:]
    renamed = [
        (before, after) for before, after in zip(parent.nodes, child.nodes[:count], strict=True) if before != after
    ]
    toggled = [
        (before, after)
        for before, after in zip(parent.connections, child.connections[:size], strict=True)
        if before != after
    ]
    assert all(gene.enabled and gene.weight is None for gene in new_genes)
    match len(renamed), len(toggled), len(new_nodes), len(new_genes):
        case 0, 0, 0, 0:
            return None
        case 1, 0, 0, 0:
            before, after = renamed[0]
            assert (before.id, before.kind, after.kind) == (after.id, "hidden", "hidden")
            assert before.activation != after.activation
            return OPERATORS[0]
        case 0, 1, 1, 2:
            before, after = toggled[0]
            assert before.enabled
            assert not after.enabled
            into, out = new_genes
            assert (into.source, into.target, out.source) == (before.source, new_nodes[0].id, new_nodes[0].id)
            assert out.target == before.target == after.target
            assert new_nodes[0].kind == "hidden"
            return OPERATORS[1]
        case 0, 0, 0, 1:
            return OPERATORS[2]
        case 0, 1, 0, 0:
            before, after = toggled[0]
            assert (before.source, before.target, before.innovation) == (after.source, after.target, after.innovation)
            assert not before.enabled
            assert after.enabled
            return OPERATORS[3]
    raise AssertionError(f"more than one change: {renamed}, {toggled}, {new_nodes}, {new_genes}")


Apply = Callable[[str, NDArray[np.float64]], NDArray[np.float64]]


def node_value(
    genome: Genome,
    node: NodeGene,
    values: Callable[[int], NDArray[np.float64]],
    weight: float | None,
    apply: Apply = evaluate,
) -> NDArray[np.float64]:
    """A hidden or output node from the values of its sources; ``weight`` None stands for the genes' own weights."""
    total = np.zeros_like(values(0))
    for gene in genome.connections:
        if gene.enabled and gene.target == node.id:
            total = total + values(gene.source) * (1.0 if weight is not None else gene.weight)
    return apply(node.activation, total if weight is None else total * weight)


def outputs_by_recursion(
    genome: Genome, inputs: NDArray[np.float64], weight: float | None, apply: Apply = evaluate
) -> NDArray[np.float64]:
    """The outputs of a network for a batch, (batch, outputs), from the definition: each node asks its sources."""
    known = {0: np.ones(len(inputs))} | {node.id: inputs[:, i] for i, node in enumerate(genome.inputs)}
    nodes = {node.id: node for node in genome.nodes}

    def value(node: int) -> NDArray[np.float64]:
        if node not in known:
            known[node] = node_value(genome, nodes[node], value, weight, apply)
        return known[node]

    return np.stack([value(node.id) for node in genome.outputs], axis=1)
