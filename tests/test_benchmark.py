"""The benchmark measures what it says; how fast a machine is, no test asserts."""

from __future__ import annotations

import json
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from strategies import outputs_by_recursion

from tasks.swingup import SwingUp
from wann import benchmark
from wann.benchmark import CONNECTIONS, HIDDEN, measure, sample_genome
from wann.champion import Champion
from wann.errors import UserError
from wann.genome import Genome
from wann.task import Part, Task


class Small(SwingUp):
    """Swing-up with short episodes and a small population, so that measuring it takes no time."""

    max_steps = 50
    paper: ClassVar = {"population": 16}


@pytest.fixture(scope="module")
def found() -> benchmark.Benchmark:
    return measure(Small())


def test_the_sample_network_has_the_size_of_the_releases_champion() -> None:
    genome = sample_genome(SwingUp())
    assert (len(genome.hidden), len(genome.enabled)) == (HIDDEN, CONNECTIONS) == (22, 52)
    assert Genome(genome.nodes, genome.connections) == genome  # checks every rule once more
    assert genome == sample_genome(SwingUp())


def test_the_sample_network_uses_all_its_nodes() -> None:
    genome = sample_genome(SwingUp())
    inputs = np.random.default_rng(0).normal(size=(20, 5))
    assert np.ptp(outputs_by_recursion(genome, inputs, 1.0)) > 0
    assert {gene.source for gene in genome.enabled} >= {node.id for node in genome.hidden}
    assert len({node.activation for node in genome.hidden}) > 3


def test_every_cost_is_positive_and_they_fit_together(found: benchmark.Benchmark) -> None:
    for name, value in msgspec.structs.asdict(found).items():
        assert not isinstance(value, float) or (0 < value < float("inf")), name
    assert (found.task, found.connections, found.hidden) == ("swingup", 52, 22)
    assert found.env_steps_per_second_per_core == pytest.approx(1e9 / found.ns_per_step)
    assert found.speedup == pytest.approx(found.ns_per_step_numpy / found.ns_per_step)
    assert found.cpu
    assert {"python", "wann", "numpy", "numba"} <= set(found.versions)


def test_the_result_is_plain_json(found: benchmark.Benchmark) -> None:
    assert json.loads(msgspec.json.encode(found)) == msgspec.to_builtins(found)


def test_a_given_network_is_the_one_that_is_measured() -> None:
    genome = sample_genome(SwingUp())
    few = Genome(genome.nodes[:7], tuple(gene for gene in genome.connections if max(gene.source, gene.target) < 7))
    task = Small()
    champion = Champion(inputs=task.inputs, outputs=task.outputs, nodes=few.nodes, connections=few.connections)
    result = measure(task, champion)
    assert (result.hidden, result.connections) == (0, len(few.enabled))


def test_a_task_without_dynamics_is_refused() -> None:
    class Other(Task):
        def trial(self, seed: int, part: Part) -> tuple[float, ...]:
            return ()

        name = "other"

    with pytest.raises(UserError, match="the task 'other' cannot be measured"):
        measure(Other())
