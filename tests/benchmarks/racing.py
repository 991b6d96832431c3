"""What racing of candidates (``--racing``) saves on biped, and what it costs in quality.

    python tests/benchmarks/racing.py --out runs/racing-benchmark

Each seed is searched twice, with all trials for everyone and with one trial for the worse half. The raced search goes
on until it has taken as many steps as the other: so a pair of runs tells what the same generations cost and, since a
user pays for steps, what the same steps find. What they find is the champion's verified mean, on the same trials in
both. The same command goes on where it was interrupted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tasks.biped import Biped
from wann.checkpoint import has_checkpoint
from wann.evaluation.threads import ThreadEvaluator
from wann.evaluation.work import Evaluator
from wann.population import Floats
from wann.runs import Run, create_run, open_run
from wann.settings import task_settings

TRIALS = 4


def searched(folder: Path, evaluator: Evaluator, generations: int, **given: int) -> Run:
    """The run in a folder after so many generations, or more where it has them already."""
    task = evaluator.task
    settings = task_settings(task, {**given, "trials": TRIALS, "generations": generations})
    run = open_run(folder, task, settings) if has_checkpoint(folder) else create_run(folder, task, settings)
    run.advance(evaluator)
    return run


def reached(history: dict[str, Floats], generation: int) -> str:
    """Steps and champion after a generation."""
    steps, champion = history["steps"][generation - 1], history["champion_mean"][generation - 1]
    return f"{steps / 1e6:.2f} million steps, champion {champion:.1f}"


def compare(out: Path, evaluator: Evaluator, seed: int, population: int, generations: int) -> None:
    """Search with one seed, and print."""
    whole = searched(out / f"all-{seed}", evaluator, generations, population=population, seed=seed)
    total, last = whole.history["steps"][-1], generations
    while True:
        raced = searched(out / f"raced-{seed}", evaluator, last, population=population, seed=seed, racing=1)
        if raced.history["steps"][-1] >= total:
            break
        last = raced.generation + 1
    affordable = max(generations, int(np.searchsorted(raced.history["steps"], total, side="right")))
    print(f"seed {seed}, {generations} generations, all trials: {reached(whole.history, generations)}", flush=True)
    print(f"seed {seed}, {generations} generations, raced: {reached(raced.history, generations)}", flush=True)
    print(f"seed {seed}, {affordable} generations, raced: {reached(raced.history, affordable)}", flush=True)


def main() -> None:
    """Compare seed by seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--population", type=int, default=32)
    parser.add_argument("--generations", type=int, default=15)
    options = parser.parse_args()
    evaluator = ThreadEvaluator(Biped("envpool"))
    for seed in range(options.seeds):
        compare(options.out, evaluator, seed, options.population, options.generations)
    evaluator.close()


if __name__ == "__main__":
    main()
