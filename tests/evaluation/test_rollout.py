from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import grown, outputs_by_recursion

from tasks.swingup import SwingUp
from wann.evaluation.compiled import _digest
from wann.evaluation.forward import LANES
from wann.evaluation.rollout import compile_rollout
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.network import Networks, express
from wann.population import Population
from wann.simd import WIDTH
from wann.task import JittedTask

COUNTS = (1, 5, WIDTH, LANES, LANES + 1, 100)


class Countdown(JittedTask):
    """The state is (steps left, steps taken, the sum of the actions so far); a step's reward is its own number.

    What the network does never changes the length of an episode, so that both are easy to tell.
    """

    name = "countdown"
    inputs = ("left", "taken")
    outputs = ("first", "second")
    reward_range = (0.0, 1e6)
    max_steps = 1000

    @staticmethod
    def start(rng: np.random.Generator) -> Sequence[float]:
        return [float(rng.integers(1, 40)), 0.0, 0.0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        left, taken, _ = state
        return left, taken

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        left, taken, total = state
        left, taken, total = left - 1.0, taken + 1.0, total + action[0] - 10.0 * action[1]
        return (left, taken, total), taken + 1000.0 * total, left <= 0.0


@pytest.fixture(scope="module")
def swingup():
    return compile_rollout(SwingUp())


@pytest.fixture(scope="module")
def countdown():
    return compile_rollout(Countdown())


def play(rollout, networks: Networks, weights, starts, limit: int, span: tuple[int, int] | None = None):
    """Returns, (networks, episodes), and the number of steps."""
    first, last = span or (0, networks.first_node.size - 1)
    returns = np.full((last - first, len(starts)), np.nan)
    steps = rollout(networks, first, last, np.array(weights, dtype=np.float64), np.array(starts), limit, returns)
    return returns, steps


def weights_and_starts(task: JittedTask, n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.resize([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 0.0, 1.37], n)
    return weights, np.array([task.start(np.random.default_rng((seed, i))) for i in range(n)])


def swing(state: list[float], action: float) -> tuple[list[float], float, bool]:
    """A step of the swing-up, from the equations."""
    x, dx, theta, dtheta = state
    g, cart, pole, length, friction = 9.82, 0.5, 0.5, 0.6, 0.1
    mass, force = cart + pole, 10.0 * max(-1.0, min(1.0, action))
    s, c = math.sin(theta), math.cos(theta)
    ddx = (-2 * pole * length * dtheta**2 * s + 3 * pole * g * s * c + 4 * force - 4 * friction * dx) / (
        4 * mass - 3 * pole * c**2
    )
    ddtheta = (-3 * pole * length * dtheta**2 * s * c + 6 * mass * g * s + 6 * (force - friction * dx) * c) / (
        4 * length * mass - 3 * pole * length * c**2
    )
    after = [x + 0.01 * dx, dx + 0.01 * ddx, theta + 0.01 * dtheta, dtheta + 0.01 * ddtheta]
    reward = (math.cos(after[2]) + 1) / 2 * math.cos(after[0] / 2.4 * math.pi / 2)
    return after, reward, abs(after[0]) > 2.4


def episode(genome: Genome, weight: float | None, start: Sequence[float], limit: int) -> tuple[float, int]:
    """Return and length of an episode of the swing-up: a plain loop over plain numbers."""
    state, total = list(start), 0.0
    length, done = 0, False
    while length < limit and not done:
        x, dx, theta, dtheta = state
        observation = np.array([[x, dx, math.cos(theta), math.sin(theta), dtheta]])
        state, reward, done = swing(state, outputs_by_recursion(genome, observation, weight).item())
        total, length = total + reward, length + 1
    return total, length


def test_returns_are_those_of_a_plain_simulation(swingup) -> None:
    population = grown(6, steps=40, seed=11)
    weights, starts = weights_and_starts(SwingUp(), 8)
    returns, steps = play(swingup, express(population), weights, starts, 50)
    expected = [[episode(genome, w, s, 50) for w, s in zip(weights, starts, strict=True)] for genome in population]
    np.testing.assert_allclose(returns, np.array(expected)[:, :, 0], rtol=0, atol=1e-9)
    assert steps == np.array(expected)[:, :, 1].sum()


def test_an_episode_that_leaves_the_track_ends_there(swingup) -> None:
    """The bias alone pushes to the right all the time."""
    nodes = tuple(NodeGene(i, kind) for i, kind in enumerate(["bias", *["input"] * 5, "output"]))
    genome = Genome(nodes, (ConnectionGene(0, 0, 6),))
    starts = [[x, 0.0, math.pi, 0.0] for x in (0.0, 1.0, 2.39, -2.0)]
    returns, steps = play(swingup, express(Population.pack([genome])), [1.0] * 4, starts, 1000)
    expected = [episode(genome, 1.0, start, 1000) for start in starts]
    assert all(1 < length < 1000 for _, length in expected)
    assert steps == sum(length for _, length in expected)
    np.testing.assert_allclose(returns[0], [total for total, _ in expected], rtol=0, atol=1e-9)


def test_individual_weights_are_those_of_a_plain_simulation(swingup) -> None:
    genome = grown(1, steps=40, seed=11)[0]
    networks = express(Population.pack([genome]))
    rng = np.random.default_rng(0)
    own = rng.normal(size=(10, len(genome.connections)))
    starts = weights_and_starts(SwingUp(), 10)[1]
    returns, steps = play(swingup, networks, own[:, networks.connection_genes], starts, 50)
    expected = []
    for weights, start in zip(own.tolist(), starts, strict=True):
        genes = [
            ConnectionGene(gene.innovation, gene.source, gene.target, gene.enabled, weight)
            for gene, weight in zip(genome.connections, weights, strict=True)
        ]
        expected.append(episode(Genome(genome.nodes, tuple(genes)), None, start, 50))
    np.testing.assert_allclose(returns[0], [total for total, _ in expected], rtol=0, atol=1e-9)
    assert steps == sum(length for _, length in expected)


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_individual_weights_that_are_equal_give_the_result_of_the_shared_weight(swingup, seed: int) -> None:
    networks = express(Population.pack([grown(1, steps=40, seed=seed)[0]]))
    weights, starts = weights_and_starts(SwingUp(), 40)
    shared, shared_steps = play(swingup, networks, weights, starts, 100)
    own, own_steps = play(swingup, networks, np.repeat(weights[:, None], networks.sources.size, axis=1), starts, 100)
    np.testing.assert_allclose(own, shared, rtol=0, atol=1e-9)
    assert own_steps == shared_steps


@pytest.mark.parametrize("individual", [False, True])
def test_a_return_does_not_depend_on_what_runs_beside_it(swingup, individual: bool) -> None:
    """Bit for bit: other numbers of episodes, in another order, in other lanes."""
    networks = express(Population.pack([grown(1, steps=60, seed=2)[0]]))
    weights, starts = weights_and_starts(SwingUp(), max(COUNTS))
    starts[::3, 0] = 2.3  # some of them leave the track early, so that lanes are refilled and moved
    if individual:
        rng = np.random.default_rng(0)
        weights = weights[:, None] + rng.normal(0.0, 0.1, (len(weights), networks.sources.size))
    alone = [play(swingup, networks, weights[i : i + 1], starts[i : i + 1], 300) for i in range(len(starts))]
    expected, lengths = np.array([returns[0, 0] for returns, _ in alone]), [steps for _, steps in alone]
    assert len(set(lengths)) > 3
    for count in COUNTS:
        returns, steps = play(swingup, networks, weights[:count], starts[:count], 300)
        np.testing.assert_array_equal(returns[0], expected[:count])
        assert steps == sum(lengths[:count])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(starts))
        returns, steps = play(swingup, networks, weights[order], starts[order], 300)
        np.testing.assert_array_equal(returns[0], expected[order])
        assert steps == sum(lengths)


def test_a_networks_returns_do_not_depend_on_the_population(swingup) -> None:
    population = grown(7, steps=30, seed=4)
    networks = express(population)
    weights, starts = weights_and_starts(SwingUp(), 18)
    together, steps = play(swingup, networks, weights, starts, 200)
    parts = [play(swingup, networks, weights, starts, 200, span) for span in ((0, 3), (3, 4), (4, 7))]
    np.testing.assert_array_equal(np.concatenate([returns for returns, _ in parts]), together)
    assert steps == sum(part for _, part in parts)
    for i in range(7):
        alone, _ = play(swingup, express(Population.pack([population[i]])), weights, starts, 200)
        np.testing.assert_array_equal(alone[0], together[i])


def test_no_network_and_no_episode_take_no_step(swingup) -> None:
    networks = express(grown(2, steps=5))
    weights, starts = weights_and_starts(SwingUp(), 3)
    assert play(swingup, networks, weights, starts, 100, (1, 1))[1] == 0
    assert play(swingup, networks, np.empty(0), np.empty((0, 4)), 100)[1] == 0


def constant(first: bool, second: bool) -> Networks:
    """A network for the countdown whose outputs are the weight where they are connected, else zero."""
    kinds = ["bias", "input", "input", "output", "output"]
    nodes = tuple(NodeGene(i, kind) for i, kind in enumerate(kinds))
    connections = (ConnectionGene(0, 0, 3, enabled=first), ConnectionGene(1, 0, 4, enabled=second))
    return express(Population.pack([Genome(nodes, connections)]))


@pytest.mark.parametrize("limit", [1, 2, 17, 1000])
def test_an_episode_lasts_as_many_steps_as_the_limit_and_all_of_them_count(countdown, limit: int) -> None:
    """The 2019 release's episodes lasted one step too long."""
    starts = [[1e9, 0.0, 0.0]] * 3
    returns, steps = play(countdown, constant(False, False), [1.0] * 3, starts, limit)
    assert steps == 3 * limit
    np.testing.assert_array_equal(returns, [[limit * (limit + 1) / 2] * 3])


@pytest.mark.parametrize("count", COUNTS)
def test_an_episode_ends_where_the_task_says_and_its_last_reward_counts(countdown, count: int) -> None:
    weights, starts = weights_and_starts(Countdown(), count)
    returns, steps = play(countdown, constant(False, False), weights, starts, 25)
    lengths = np.minimum(starts[:, 0], 25)
    np.testing.assert_array_equal(returns[0], lengths * (lengths + 1) / 2)
    assert steps == lengths.sum()


def test_every_output_reaches_the_task_as_its_own_action(countdown) -> None:
    weights, starts = [1.0, 2.0, -3.0], [[3.0, 0.0, 0.0]] * 3
    sums = np.array([1.0, 2.0, -3.0]) * (1 + 2 + 3) * 1000.0
    for first, second in ((True, False), (False, True), (True, True)):
        returns, _ = play(countdown, constant(first, second), weights, starts, 100)
        np.testing.assert_array_equal(returns[0], 6.0 + sums * (first - 10.0 * second))


def test_every_input_reaches_the_network_in_its_place(countdown) -> None:
    nodes = tuple(NodeGene(i, kind) for i, kind in enumerate(["bias", "input", "input", "output", "output"]))
    for source in (1, 2):
        genome = Genome(nodes, (ConnectionGene(0, source, 3),))
        returns, _ = play(countdown, express(Population.pack([genome])), [1.0], [[3.0, 0.0, 0.0]], 100)
        seen = {1: [3, 2, 1], 2: [0, 1, 2]}[source]
        assert returns.item() == 6.0 + 1000.0 * np.cumsum(seen).sum()


def test_an_action_that_is_not_a_number_pushes_nothing(swingup) -> None:
    nodes = tuple(NodeGene(i, kind) for i, kind in enumerate(["bias", *["input"] * 5, "output"]))
    idle = Genome(nodes, ())
    lost = Genome(nodes, (ConnectionGene(0, 0, 6),))
    starts = weights_and_starts(SwingUp(), 4)[1]
    expected, _ = play(swingup, express(Population.pack([idle])), [1.0] * 4, starts, 100)
    returns, _ = play(swingup, express(Population.pack([lost])), [math.nan] * 4, starts, 100)
    np.testing.assert_array_equal(returns, expected)


TASK = """
import numpy as np
import {helper} as helper
from {helper} import push
from wann.task import JittedTask

GRAVITY = {gravity}
TABLE = np.array([1.0, {entry}])

class Made(JittedTask):
    name, inputs, outputs, reward_range, max_steps = "made", ("a",), ("b",), (0.0, 1.0), 10

    @staticmethod
    def start(rng):
        return [0.0]

    @staticmethod
    def observe(state):
        return state

    @staticmethod
    def step(state, action):
        scaled = [GRAVITY * x for x in state]
        return (push(scaled[0]),), helper.pull(action[0]) + TABLE[1] + {literal}, False
"""
HELPER = """
from wann.jit import inlined

FORCE = {force}

@inlined
def inner(x):
    return FORCE * x

@inlined
def push(x):
    return x + inner(x)

@inlined
def pull(x):
    return {pulled} * x
"""
MADE = {"gravity": 9.8, "entry": 2.0, "literal": 3.0, "force": 10.0, "pulled": 5.0}


def made(**changes: float) -> JittedTask:
    """A task as a notebook would define it, without a file, with helpers from another module."""
    values = MADE | changes
    helper = ModuleType("wann_test_helper")
    exec(HELPER.format(**values), helper.__dict__)
    sys.modules[helper.__name__] = helper
    names = {"__name__": "__main__"}
    exec(compile(TASK.format(helper=helper.__name__, **values), "<cell>", "exec"), names)
    return names["Made"]()


@pytest.mark.parametrize("name", MADE)
def test_a_kernel_is_found_again_only_if_nothing_that_the_task_uses_has_changed(name: str) -> None:
    """Its own code and constants, and those of its helpers in other files."""
    assert _digest(made(), "") == _digest(made(), "")
    assert _digest(made(**{name: 1.25}), "") != _digest(made(), "")


def test_a_task_without_a_file_plays() -> None:
    networks = express(Population.minimal(1, 1, np.array([[True, False]])))
    returns, _ = play(compile_rollout(made()), networks, [2.0], [[0.0]], 4)
    assert returns.item() == 4 * (5.0 * 2.0 + 2.0 + 3.0)


SCRIPT = """
import json
import numba.core.event as events
import numpy as np
from tasks.swingup import SwingUp
from wann.evaluation.rollout import compile_rollout
from wann.innovation import InnovationRecord
from wann.mutation import DRAWS, reproduce
from wann.network import express
from wann.population import Population
from wann.ranking import rank

with events.install_recorder("numba:compile") as compiled:
    population = Population.minimal(5, 1, np.ones((4, 6), dtype=bool))
    draws = np.random.default_rng(0).random((4, DRAWS))
    offspring = reproduce(population.genes, np.arange(4), 0, (6, 7), np.full(4, 0.25), np.arange(1, 11), draws)
    networks = express(Population(5, 1, InnovationRecord(5, 1).number(offspring)))
    rollout = compile_rollout(SwingUp())
    starts = np.array([SwingUp.start(np.random.default_rng(i)) for i in range(3)])
    returns = np.empty((4, 3))
    rollout(networks, 0, 4, np.ones(3), starts, 50, returns)
    rank(returns[:, 0].copy(), returns[:, 1].copy())
hits, misses = rollout.stats.cache_hits, rollout.stats.cache_misses
print(json.dumps([len(compiled.buffer), sum(hits.values()), sum(misses.values()), returns.tolist()]))
"""


def in_processes_of_their_own(cache: Path, n: int) -> list[list]:
    """What ``SCRIPT`` prints in ``n`` processes at a time."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    processes = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE) for _ in range(n)
    ]
    printed = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * n
    return [json.loads(text) for text in printed]


def test_a_later_process_compiles_nothing(tmp_path: Path) -> None:
    """Also where two processes came first, at the same time."""
    first, second = in_processes_of_their_own(tmp_path, 2)
    assert first[0] > 0
    assert first[3] == second[3]
    files = sorted(tmp_path.rglob("*"))
    assert in_processes_of_their_own(tmp_path, 1) == [[0, 1, 0, first[3]]]
    assert sorted(tmp_path.rglob("*")) == files


KERNELS = ("rollout", "play", "advance", "task_step", "task_observe")


def test_kernels_of_two_tasks_have_names_of_their_own() -> None:
    """Symbols are made of these names and a number that starts anew in each process: those of two could clash."""
    made = [compile_rollout(task).py_func.__globals__ for task in (SwingUp(), Countdown())]  # type: ignore[attr-defined]
    names = [globals_[kernel].py_func.__qualname__ for globals_ in made for kernel in KERNELS]
    assert len(set(names)) == 2 * len(KERNELS)
