"""Where all chance comes from: a generator for each (seed, purpose, generation), never a shared stream."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Purpose(IntEnum):
    """What random numbers are for. The numbers are part of the results: never change one, only add."""

    START = 0
    RANKING = 1
    SELECTION = 2
    MUTATION = 3
    CROSSOVER = 4
    SPECIATION = 5
    TRIALS = 6
    VERIFICATION = 7
    TEST = 8
    TEST_WEIGHTS = 9
    TUNING = 10
    TUNING_CANDIDATES = 11
    TUNING_VERIFICATION = 12
    TUNING_TEST = 13
    THINNING = 14
    THINNING_TEST = 15
    DENSE_START = 40
    DENSE_ORDER = 41
    DENSE_CANDIDATES = 42
    DENSE_TRIALS = 43
    DENSE_VERIFICATION = 44
    DENSE_STATES = 45
    DENSE_TEST = 46
    PRUNING = 47
    PRUNING_TRIALS = 48
    REGIME_WEIGHTS = 49
    BOOTSTRAP = 60
    ISLAND = 61
    MIGRATION = 62


def generator(seed: int, purpose: Purpose, generation: int = 0) -> np.random.Generator:
    """The generator of one purpose in one generation; individuals take their rows of what it draws."""
    return np.random.default_rng([seed, purpose, generation])


def island_seed(seed: int, island: int) -> int:
    """The seed of all chance that an island has to itself; that of the first island is the run's own."""
    if island == 0:
        return seed
    state = np.random.SeedSequence([seed, Purpose.ISLAND, island]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(2))


def trial_seeds(seed: int, purpose: Purpose, weights: int, trials: int, generation: int = 0) -> NDArray[np.int64]:
    """The seeds of the episodes that every individual plays, (weights, trials), each in [0, 2**31).

    No two weights share a trial: a mean over 6 weights and 3 trials is one over 18 starts.
    """
    state = np.random.SeedSequence([seed, purpose, generation]).generate_state(weights * trials, np.uint32)
    return (state >> 1).astype(np.int64).reshape(weights, trials)
