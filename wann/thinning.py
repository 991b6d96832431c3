"""Remove connections that cost little: greedily, by what a network scores without them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from wann.champion import Champion
from wann.errors import UserError
from wann.evaluation.work import Evaluator
from wann.genome import ConnectionGene, Genome
from wann.network import express
from wann.population import Integers, Population
from wann.scoring import DEFAULT_WEIGHTS, MOST_EPISODES, check_count, own_weights
from wann.seeds import Purpose, trial_seeds
from wann.simplify import simplify
from wann.task import Part, Task


class Thinning(msgspec.Struct, frozen=True):
    """What a greedy removal took, and what it cost."""

    connections: tuple[int, int]
    """How many there were, and are."""
    removed: tuple[int, ...]
    """Connections in the order in which they were taken; innovation numbers."""
    verified: tuple[float, float]
    """Mean return before and after, on the episodes that chose."""
    fresh: tuple[float, float]
    """The same on episodes that chose nothing."""
    episodes: int
    """For each weight, of either kind."""
    seed: int


def thin(
    champion: Champion, task: Task, evaluator: Evaluator, *, loss: float, episodes: int = 100, seed: int = 0
) -> tuple[Champion, Thinning]:
    """Remove one connection after the other, always the one without which the network scores best.

    It ends where the next one would take the mean return more than ``loss`` below that of the whole network. The mean
    is over the shared weights of the search, or with the network's own weights where it has them. What cannot matter
    goes, too.

    Args:
        champion: The network.
        task: What it plays.
        evaluator: Plays it.
        loss: How much of the mean return may be lost.
        episodes: Episodes for each weight; a data set plays all validation samples.
        seed: Of the episodes.

    Returns:
        The network, without the scores of the whole one, and what happened.

    Raises:
        UserError: An argument is out of range.
    """
    if not isinstance(loss, int | float) or not 0 <= loss < float("inf"):
        raise UserError(f"loss: expected a number of 0 or more, got {loss!r}")
    check_count("episodes", episodes, MOST_EPISODES)
    player = _Player(champion, evaluator, task.episodes(episodes), seed)
    whole = simplify(champion)[0]
    (before,) = player.means([whole.genome])
    thinner, after, removed = whole, before, []
    while len(thinner.connections) > 1:
        genes = thinner.connections
        means = player.means([_without(thinner.genome, gene) for gene in genes])
        best = int(np.nan_to_num(means, nan=-np.inf).argmax())
        if not means[best] >= before - loss:
            break
        removed.append(genes[best].innovation)
        reduced = msgspec.structs.replace(thinner, connections=_without(thinner.genome, genes[best]).connections)
        thinner, after = simplify(reduced)[0], float(means[best])
    fresh = player.means([whole.genome, thinner.genome], Part.TEST)
    counts = len(champion.genome.enabled), len(thinner.connections)
    report = Thinning(counts, tuple(removed), (before, after), (fresh[0], fresh[1]), player.episodes, seed)
    provenance = {**champion.provenance, "thinned": msgspec.json.decode(msgspec.json.encode(report))}
    return msgspec.structs.replace(thinner, scores=None, provenance=provenance), report


def _without(genome: Genome, gene: ConnectionGene) -> Genome:
    return Genome(genome.nodes, tuple(other for other in genome.connections if other is not gene))


class _Player:
    """Mean returns of several networks on the same episodes."""

    def __init__(self, champion: Champion, evaluator: Evaluator, episodes: int, seed: int) -> None:
        self.episodes = episodes
        self._evaluator = evaluator
        self._seed = seed
        self._weights = (champion.scores.weights if champion.scores else ()) or DEFAULT_WEIGHTS

    def means(self, genomes: Sequence[Genome], part: Part = Part.VALIDATION) -> list[float]:
        """With the shared weights, or with their own."""
        purpose = Purpose.THINNING if part == Part.VALIDATION else Purpose.THINNING_TEST
        if genomes[0].weighted:
            seeds = trial_seeds(self._seed, purpose, 1, self.episodes)[0]
            return [self._own(genome, seeds, part) for genome in genomes]
        seeds = trial_seeds(self._seed, purpose, len(self._weights), self.episodes)
        networks = express(Population.pack(list(genomes)))
        returns = self._evaluator.evaluate(networks, self._weights, seeds, part).returns
        return [float(mean) for mean in returns.mean(axis=(1, 2))]

    def _own(self, genome: Genome, seeds: Integers, part: Part) -> float:
        networks = express(Population.pack([genome]))
        vectors = own_weights(genome, networks)[None]
        return float(self._evaluator.evaluate_weights(networks, vectors, seeds, part).returns.mean())
