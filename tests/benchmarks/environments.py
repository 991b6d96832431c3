"""Steps a second of biped: the search's evaluation against EnvPool's raw pace, and two Ray workers against one.

python tests/benchmarks/environments.py envpool
python tests/benchmarks/environments.py ray
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tasks.biped import Biped
from wann.evaluation.ray import RayEvaluator
from wann.evaluation.threads import ThreadEvaluator, cores
from wann.evaluation.work import Evaluator
from wann.evolution import Search
from wann.network import Networks, express
from wann.settings import task_settings

REPEATS, SECONDS = 5, 5.0
GENERATIONS = 40


def population(task: Biped, size: int) -> tuple[Networks, Search]:
    """Networks that have grown for some generations, on returns of pure chance."""
    search = Search(24, 4, task_settings(task, {"population": size, "trials": 2}))
    rng = np.random.default_rng(0)
    for _ in range(GENERATIONS):
        search.tell(rng.normal(size=(size, 6, 2)))
    return express(search.ask()), search


def evaluated(evaluator: Evaluator, networks: Networks, search: Search) -> float:
    """Steps a second of one evaluation."""
    start = time.perf_counter()
    steps = evaluator.evaluate(networks, search.settings.weights, search.trials()).steps
    return steps / (time.perf_counter() - start)


def raw(n: int) -> float:
    """Steps a second of one of EnvPool's pools with a thread for each core, whose environments all do nothing."""
    import envpool

    pool = envpool.make("BipedalWalker-v3", env_type="gymnasium", num_envs=n, num_threads=cores())
    pool.reset()
    actions, steps, start = np.zeros((n, 4), np.float32), 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        pool.step(actions)
        steps += n
    return steps / (time.perf_counter() - start)


def compare_envpool() -> None:
    """In turns: the raw pace, at the better of two sizes, and ours."""
    task = Biped("envpool")
    networks, search = population(task, 64)
    evaluator = ThreadEvaluator(task)
    evaluated(evaluator, networks, search)
    for _ in range(REPEATS):
        pace, ours = max(raw(32), raw(64)), evaluated(evaluator, networks, search)
        print(f"raw {pace:,.0f} steps/s, evaluation {ours:,.0f} steps/s, ratio {ours / pace:.2f}")
    evaluator.close()


def compare_ray() -> None:
    """One worker, then two, each for some evaluations after a first one that starts them."""
    task = Biped("gymnasium")
    networks, search = population(task, 16)
    paces = []
    for workers in (1, 2):
        evaluator = RayEvaluator(task, workers=workers)
        evaluated(evaluator, networks, search)
        paces.append(max(evaluated(evaluator, networks, search) for _ in range(REPEATS)))
        evaluator.close()
    print(f"one worker {paces[0]:,.0f} steps/s, two {paces[1]:,.0f} steps/s, ratio {paces[1] / paces[0]:.2f}")


if __name__ == "__main__":
    {"envpool": compare_envpool, "ray": compare_ray}[sys.argv[1]]()
