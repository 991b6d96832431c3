"""What a step of a task and a step of evolution cost here."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

import msgspec
import numpy as np

from wann.activations import NAMES
from wann.champion import Champion, versions
from wann.errors import UserError
from wann.evaluation.rollout import RolloutPlayer
from wann.evaluation.work import Piece, make_episodes, make_trials
from wann.evolution import Search
from wann.genome import Genome
from wann.mutation import ADD_CONNECTION, ADD_NODE, CHANGE_ACTIVATION, DRAWS, OPERATORS, reproduce
from wann.network import Networks, express
from wann.population import Population
from wann.seeds import Purpose, generator, trial_seeds
from wann.settings import Settings, task_settings
from wann.task import JittedTask, Part, Task

HIDDEN, CONNECTIONS = 22, 52
REPEATS = 7


class Benchmark(msgspec.Struct, frozen=True):
    """Costs on one core; the best of several repetitions each, since other work on a machine only adds."""

    task: str
    connections: int
    hidden: int
    ns_per_step: float
    """An environment step, network and dynamics, where all lanes are full."""
    ns_per_step_search: float
    """The same with as many episodes as a search plays: weights times trials, some lanes idle."""
    env_steps_per_second_per_core: float
    ns_per_step_numpy: float
    """The same network and dynamics in plain NumPy and Python, a node at a time: how the 2019 release computes."""
    speedup: float
    """``ns_per_step_numpy`` over ``ns_per_step``, measured in turns."""
    evolve_us_per_child: float
    """Ranking, selection, mutation and ordering the graph, for a child of such a network."""
    cpu: str
    versions: dict[str, str]


def measure(task: Task, champion: Champion | None = None) -> Benchmark:
    """Measure a task with a network; a fixed one of 22 hidden nodes and 52 connections unless given."""
    if not isinstance(task, JittedTask):
        raise UserError(f"the task {task.name!r} cannot be measured: it is not a JittedTask")
    genome = champion.genome if champion is not None else sample_genome(task)
    networks = express(Population.pack([genome]))
    settings = task_settings(task, {})
    rollout = _Rollout(task, networks, settings)
    full, few = rollout.best(600), rollout.best(len(settings.weights) * settings.trials)
    numpy_cost = _numpy_step(task, networks)
    return Benchmark(
        task=task.name,
        connections=len(genome.enabled),
        hidden=len(genome.hidden),
        ns_per_step=full * 1e9,
        ns_per_step_search=few * 1e9,
        env_steps_per_second_per_core=1.0 / full,
        ns_per_step_numpy=numpy_cost * 1e9,
        speedup=numpy_cost / full,
        evolve_us_per_child=_evolve(task, genome, settings) * 1e6,
        cpu=f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        versions=versions(),
    )


def sample_genome(task: Task) -> Genome:
    """A fixed network of the size of the 2019 release's swing-up champion, grown by mutation."""
    n_inputs, n_outputs = len(task.inputs), len(task.outputs)
    population = Population.minimal(n_inputs, n_outputs, np.ones((1, (1 + n_inputs) * n_outputs), dtype=np.bool_))
    shape = (1 + n_inputs, 1 + n_inputs + n_outputs)
    draws = generator(2019, Purpose.MUTATION).random((2 * CONNECTIONS, DRAWS))
    for row in draws:
        operator = ADD_NODE if len(population[0].hidden) < HIDDEN else ADD_CONNECTION
        if int(population.connections[0]) >= CONNECTIONS:
            operator = CHANGE_ACTIVATION
        chances = np.eye(len(OPERATORS))[operator]
        codes = np.arange(1, len(NAMES), dtype=np.int64)
        parents = np.zeros(1, dtype=np.int64)
        genes = reproduce(population.genes, parents, 0, shape, chances, codes, row[None]).genes
        numbered = genes._replace(
            node_ids=np.arange(genes.node_ids.size), innovations=np.arange(genes.innovations.size)
        )
        population = Population(n_inputs, n_outputs, numbered)
    return population[0]


def _best_time(function: Callable[[], float]) -> float:
    """The shortest of several repetitions of something that tells how much work it did; seconds a unit."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        units = function()
        times.append((time.perf_counter() - start) / units)
    return min(times)


class _Rollout:
    def __init__(self, task: JittedTask, networks: Networks, settings: Settings) -> None:
        self._task, self._player, self._networks = task, RolloutPlayer(task), networks
        self._weights = np.array(settings.weights)

    def best(self, count: int) -> float:
        """Seconds for an environment step when a network plays ``count`` episodes."""
        seeds = trial_seeds(0, Purpose.TEST, len(self._weights), max(1, count // len(self._weights)))
        episodes = make_episodes(self._weights, make_trials(self._task, seeds, Part.TEST), seeds.shape[1])
        piece = Piece(0, 1, 0, seeds.size)
        self._player.play(self._networks, episodes, piece)
        rounds = max(1, 1200 // seeds.size)
        return _best_time(
            lambda: float(sum(self._player.play(self._networks, episodes, piece)[1] for _ in range(rounds)))
        )


def _numpy_step(task: JittedTask, networks: Networks) -> float:
    """Seconds for an environment step as the 2019 release takes it: a dense product and a NumPy call for each node."""
    size = 1 + networks.n_inputs + networks.activations.size
    matrix = np.zeros((size, size))
    for node in range(networks.activations.size):
        for k in range(networks.first_source[node], networks.first_source[node + 1]):
            matrix[networks.sources[k], 1 + networks.n_inputs + node] = 1.0
    names = [NAMES[code - 1] for code in networks.activations]
    start = tuple(float(x) for x in task.start(np.random.default_rng(0)))

    def play() -> float:
        state, steps = start, 200
        for _ in range(steps):
            values = np.zeros((1, size))
            values[:, 0], values[:, 1 : 1 + networks.n_inputs] = 1.0, task.observe(state)
            for node, name in enumerate(names, start=1 + networks.n_inputs):
                values[:, node] = NUMPY[name](np.dot(values, matrix[:, node]).squeeze())
            state, _, done = task.step(state, tuple(values[0, networks.outputs[0]].tolist()))
            state = start if done else state
        return float(steps)

    return _best_time(play)


NUMPY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda x: x,
    "step": lambda x: 1.0 * (x > 0.0),
    "sin": lambda x: np.sin(np.pi * x),
    "gaussian": lambda x: np.exp(-(x**2) / 2.0),
    "tanh": np.tanh,
    "sigmoid": lambda x: (np.tanh(x / 2.0) + 1.0) / 2.0,
    "inverse": lambda x: -x,
    "abs": np.abs,
    "relu": lambda x: np.maximum(0.0, x),
    "cos": lambda x: np.cos(np.pi * x),
    "square": lambda x: x**2,
}
"""The activations as the 2019 release computes them."""


def _evolve(task: Task, genome: Genome, settings: Settings) -> float:
    """Seconds a child, in a population of copies of ``genome`` with random returns."""
    search = Search(len(task.inputs), len(task.outputs), settings)
    packed = Population.pack([genome] * settings.population)
    state = {**search.state, **packed.genes._asdict()}
    shape = (settings.population, len(settings.weights), settings.trials)
    returns = generator(0, Purpose.START).random(shape)

    def generation() -> float:
        search.restore(state)
        express(search.ask())
        search.tell(returns)
        return float(settings.population)

    generation()
    return _best_time(generation)
