"""The search: ask for a population, tell its returns. No files, no clock, no global randomness."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wann.activations import CODES
from wann.innovation import InnovationRecord
from wann.lineage import Lineage
from wann.mutation import DRAWS, cross, reproduce
from wann.population import Arrays, Floats, Genes, Integers, Population
from wann.ranking import pareto_fronts, rank
from wann.seeds import Purpose, generator, island_seed, trial_seeds
from wann.settings import Settings
from wann.speciation import Species, share_children


@dataclass(frozen=True)
class Scores:
    """What selection knows of a generation; each (population,)."""

    mean: Floats
    """Mean return over all weights and trials."""
    best_weight: Floats
    """Mean return over the trials at the best of the weights."""
    connections: Integers
    """Enabled connections."""

    @classmethod
    def of(cls, returns: Floats, connections: Integers) -> Scores:
        """From the returns of each episode; (population, weights, trials)."""
        by_weight = returns.mean(axis=2)
        return cls(by_weight.mean(axis=1), by_weight.max(axis=1), connections)

    @classmethod
    def join(cls, parts: Sequence[Scores]) -> Scores:
        """Those of several populations, one after the other."""
        columns = zip(*((part.mean, part.best_weight, part.connections) for part in parts), strict=True)
        return cls(*map(np.concatenate, columns))

    def take(self, indices: Integers) -> Scores:
        """Those of some individuals."""
        return Scores(self.mean[indices], self.best_weight[indices], self.connections[indices])

    @property
    def front(self) -> Integers:
        """The individuals of the first front on (mean, fewer connections)."""
        return np.flatnonzero(pareto_fronts(self.mean, -self.connections.astype(np.float64)) == 0)


class Search:
    """The evolution of Gaier & Ha 2019 (section 3), one generation after the other.

    It evolves one population, whatever the settings say of islands: ``wann.islands.Archipelago`` has several.

    Example:
        >>> search = Search(5, 1, settings)
        >>> while search.generation < settings.generations:
        ...     returns = evaluate(search.ask(), settings.weights, search.trials())
        ...     search.tell(returns)

    Attributes:
        settings: What the search was made with.
        generation: How many generations have been told.
        lineage: Who is in the present generation, and their ancestors.
    """

    def __init__(self, n_inputs: int, n_outputs: int, settings: Settings, island: int = 0) -> None:
        self.settings = settings
        self.generation = 0
        self.lineage = Lineage(settings.population, island, settings.islands)
        self._record = InnovationRecord(n_inputs, n_outputs)
        self._species = Species(settings.species_distance) if settings.species_distance > 0 else None
        self._seed = island_seed(settings.seed, island)
        self._shape = (1 + n_inputs, 1 + n_inputs + n_outputs)
        draws = generator(self._seed, Purpose.START).random((settings.population, (1 + n_inputs) * n_outputs))
        self._population = Population.minimal(n_inputs, n_outputs, draws < settings.initial_enabled)

    def ask(self) -> Population:
        """The individuals of the present generation, elites included; the same until ``tell``."""
        return self._population

    def trials(self) -> Integers:
        """The seeds of the present generation's episodes, the same for every individual; (weights, trials)."""
        s = self.settings
        return trial_seeds(s.seed, Purpose.TRIALS, len(s.weights), s.trials, self.generation)

    def tell(self, returns: Floats, keep: Collection[int] = ()) -> Scores:
        """Rank the present generation and breed the next one.

        Args:
            returns: The return of each episode; (population, weights, trials). A failure may be minus infinity.
            keep: Births of individuals of this or earlier generations whose ancestors are to be remembered, whether or
                not they have offspring.

        Raises:
            ValueError: The shape is wrong, a return is NaN, or nobody remembers one of ``keep``.
        """
        expected = (len(self._population), len(self.settings.weights), self.settings.trials)
        if returns.shape != expected:
            raise ValueError(f"returns must have the shape (population, weights, trials) = {expected}: {returns.shape}")
        if np.isnan(returns).any():
            raise ValueError("a return is NaN: expected numbers, -inf for an episode that failed")
        scores = Scores.of(returns, self._population.connections)
        self._breed(self._rank(scores), keep)
        self.generation += 1
        return scores

    def finalists(self, returns: Floats) -> Integers:
        """Who is worth more trials of the present generation: the better half after the first ones, by index.

        That is successive halving with one cut (Jamieson & Talwalkar 2016, arXiv:1502.07943), by the same ranking
        with which ``tell`` selects: fronts, then crowding.

        Args:
            returns: The return of each episode of the first trials; (population, weights, first trials).
        """
        order = self._rank(Scores.of(returns, self._population.connections))
        return np.sort(order[: (order.size + 1) // 2])

    def receive(self, migrants: Population, sender: Search) -> None:
        """Let migrants from another search take the places of the last individuals of the present generation."""
        numbered = Population(migrants.n_inputs, migrants.n_outputs, self._record.adopt(migrants.genes, sender._record))
        staying = self._population.take(np.arange(len(self._population) - len(migrants)))
        self._population = Population.join([staying, numbered])
        self.lineage.receive(len(migrants), self.generation)

    def copy(self) -> Search:
        """A search that goes on from here by itself."""
        other = copy(self)
        other.lineage, other._record, other._species = copy(self.lineage), self._record.copy(), copy(self._species)
        return other

    def _rank(self, scores: Scores) -> Integers:
        """Best first; one draw decides which pair of objectives counts for the whole generation (section 3.3)."""
        draw = generator(self._seed, Purpose.RANKING, self.generation).random()
        by_connections = draw < self.settings.rank_connections
        return rank(scores.mean, -scores.connections.astype(np.float64) if by_connections else scores.best_weight)

    def _breed(self, order: Integers, keep: Collection[int]) -> None:
        s = self.settings
        pool = order[: order.size - int(s.cull_fraction * order.size)]
        elites = pool[: s.elites]
        parents = np.concatenate([elites, self._parents(pool, s.population - elites.size)])
        old = genes = self._population.genes
        ancestors = chosen = parents
        if s.crossover > 0:
            genes, ancestors = self._cross(parents, pool, elites.size)
            chosen = np.arange(s.population)
        offspring = reproduce(
            genes,
            chosen,
            elites.size,
            self._shape,
            np.array(s.mutation_probabilities),
            np.array([CODES[name] for name in s.activations], dtype=np.int64),
            generator(self._seed, Purpose.MUTATION, self.generation).random((s.population, DRAWS)),
        )
        shape = self._population.n_inputs, self._population.n_outputs
        self._population = Population(*shape, self._record.number(offspring))
        self.lineage.breed(old, ancestors, self._population.genes, self.generation + 1, keep)

    def _parents(self, pool: Integers, children: int) -> Integers:
        """The parent of each child: the best ranked of ``tournament`` individuals drawn from the pool."""
        s = self.settings
        draws = generator(self._seed, Purpose.SELECTION, self.generation).random((children, s.tournament))
        if self._species is None:
            return np.asarray(pool[(draws * pool.size).astype(np.int64).min(axis=1)])
        self._species.assign(self._population, self._seed, self.generation)
        return share_children(self._species.members, pool, draws)

    def _cross(self, parents: Integers, pool: Integers, n_elites: int) -> tuple[Genes, Integers]:
        """The parents' genomes, some crossed with a second parent, and the fitter one of each; elites stay alone."""
        s = self.settings
        draws = generator(self._seed, Purpose.CROSSOVER, self.generation)
        second = pool[(draws.random((parents.size, s.tournament)) * pool.size).astype(np.int64).min(axis=1)]
        crossed = draws.random(parents.size) < s.crossover
        crossed[:n_elites] = False
        place = np.empty(s.population, dtype=np.int64)
        place[pool] = np.arange(pool.size)
        better = place[parents] <= place[second]
        fitter = np.where(crossed & ~better, second, parents)
        other = np.where(crossed & better, second, parents)
        genes = self._population.genes
        longest = int(np.diff(genes.first_connection).max() + np.diff(genes.first_node).max())
        return cross(genes, fitter, other, draws.random((parents.size, longest)), self._shape[1]), fitter

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that the rest of the search depends on, as arrays."""
        species = self._species.state if self._species is not None else {}
        generation = np.array(self.generation)
        genes = self._population.genes._asdict()
        return {"generation": generation, **genes, **self._record.state, **species, **self.lineage.state}

    def restore(self, state: Arrays) -> None:
        """Go back to a ``state`` of a search with the same shape and settings."""
        self.generation = int(state["generation"])
        genes = Genes(*(state[name] for name in Genes._fields))
        self._population = Population(self._population.n_inputs, self._population.n_outputs, genes)
        self._record.restore(state)
        self.lineage.restore(state)
        if self._species is not None:
            self._species.restore(state)
