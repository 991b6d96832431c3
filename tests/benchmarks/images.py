"""Networks of 1,849 connections on 1,000 images of 16 x 16: the kernel against a dense product a node, on one core.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python tests/benchmarks/images.py

The second is how the 2019 release computes: for each node a product of all values with its column of weights. The
kernel plays several networks, loss included: first strangers, whose topologies are drawn at random, then a generation
of the paper's size, whose individuals descend from one of these strangers and share most of their nodes. Images are
drawn at random.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np

import wann
from wann.activations import CODES, NAMES
from wann.benchmark import NUMPY
from wann.evaluation.samples import SamplePlayer
from wann.evaluation.work import Piece, make_episodes, make_trials
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.mutation import DRAWS, reproduce
from wann.network import Networks, express
from wann.population import Population
from wann.settings import Settings
from wann.task import Part

IMAGES, PIXELS, CLASSES, HIDDEN, CONNECTIONS, NETWORKS = 1000, 256, 10, 450, 1849, 32
WEIGHTS = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
REPEATS = 5
POPULATION, GENERATIONS, TOURNAMENT = 960, 40, 32


class Images(wann.DataTask):
    """Images of noise."""

    name = "images"
    inputs = tuple(map(str, range(PIXELS)))
    outputs = tuple(map(str, range(CLASSES)))

    def load(self):  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(0)
        pair = rng.random((IMAGES, PIXELS)), rng.integers(0, CLASSES, IMAGES)
        return pair, pair


def network(seed: int) -> Genome:
    """Random, and without a dead end: every hidden node has sources before it and a target behind it."""
    rng, first = np.random.default_rng(seed), 1 + PIXELS + CLASSES
    names = rng.choice([name for name in NAMES if name != "square"], HIDDEN).tolist()
    order = [*range(1 + PIXELS), *range(first, first + HIDDEN), *range(1 + PIXELS, first)]
    place = {node: k for k, node in enumerate(order)}
    pairs = {(order[rng.integers(0, place[node])], node) for node in order[1 + PIXELS : -CLASSES]}
    pairs |= {(node, order[rng.integers(place[node] + 1, len(order))]) for node in order[1 + PIXELS : -CLASSES]}
    while len(pairs) < CONNECTIONS:
        target = int(rng.integers(1 + PIXELS, len(order)))
        pairs.add((order[rng.integers(0, min(target, 1 + PIXELS + HIDDEN))], order[target]))
    nodes = [NodeGene(k, "bias" if k == 0 else "input" if k <= PIXELS else "output", "linear") for k in range(first)]
    nodes += [NodeGene(first + k, "hidden", name) for k, name in enumerate(names)]
    return Genome(tuple(nodes), tuple(ConnectionGene(i, *map(int, pair)) for i, pair in enumerate(sorted(pairs))))


def generation(ancestor: Genome) -> Population:
    """The descendants of one genome; parents win tournaments on ranks that say nothing."""
    rng, population = np.random.default_rng(0), Population.pack([ancestor])
    settings = Settings(task="images")
    probabilities = np.array(settings.mutation_probabilities)
    allowed = np.array([CODES[name] for name in settings.activations])
    for _ in range(GENERATIONS):
        offspring = reproduce(
            population.genes,
            rng.integers(0, len(population), (POPULATION, TOURNAMENT)).min(axis=1),
            0,
            (1 + PIXELS, 1 + PIXELS + CLASSES),
            probabilities,
            allowed,
            rng.random((POPULATION, DRAWS)),
        )
        population = Population(PIXELS, CLASSES, offspring.genes)
    return population


def best(function) -> float:  # type: ignore[no-untyped-def]
    """The shortest of several times; seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def dense(networks: Networks, x: np.ndarray) -> None:
    """All images, a node at a time."""
    size, first = 1 + PIXELS + networks.activations.size, 1 + PIXELS
    matrix = np.zeros((size, size))
    for node in range(networks.activations.size):
        matrix[networks.sources[networks.first_source[node] : networks.first_source[node + 1]], first + node] = 1.0
    values = np.zeros((len(x), size))
    values[:, 0], values[:, 1:first] = 1.0, x
    for node, code in enumerate(networks.activations, start=first):
        values[:, node] = NUMPY[NAMES[code - 1]](np.dot(values, matrix[:, node]))


def main() -> None:
    """Print both, and their ratio, measured in turns."""
    task, strangers = Images(), [network(seed) for seed in range(NETWORKS)]
    one, x = express(Population.pack(strangers[:1])), task.parts[Part.TEST].x
    trials = make_trials(task, np.zeros((len(WEIGHTS), 1), dtype=np.int64), Part.TEST)
    episodes, player = make_episodes(WEIGHTS, trials, 1), SamplePlayer(task)
    for name, population in (("strangers", Population.pack(strangers)), ("relatives", generation(strangers[0]))):
        networks = express(population)
        piece = Piece.all(networks, episodes)
        player.play(networks, episodes, piece)
        print(f"{len(population)} {name} of {population.connections.mean():.0f} connections, {len(x)} images")
        for _ in range(3):
            ours = best(partial(player.play, networks, episodes, piece)) / len(WEIGHTS) / len(population)
            theirs = best(partial(dense, one, x))
            print(f"{ours * 1e3:.3f} ms a network and weight, dense {theirs * 1e3:.1f} ms: {theirs / ours:.0f} times")


if __name__ == "__main__":
    main()
