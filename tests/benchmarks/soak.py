"""A search on three Ray nodes on this machine while workers and nodes are killed: the same champion as undisturbed?

python tests/benchmarks/soak.py [GENERATIONS] [SEED]

Every two to five seconds a worker or a node dies, by chance; another node comes for each that has gone. A search that
is over too soon proves little, so each generation waits a little.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

import wann
from wann.api.searches import prepare
from wann.evaluation.ray import RayEvaluator
from wann.runs import CLOCK_COLUMNS, Progress, Run

PAUSE = 0.3


def same(a: Run, b: Run) -> bool:
    """Whether two runs found the same, every column and the champion's file."""
    columns = [name for name in a.history if name not in CLOCK_COLUMNS]
    tables = [[run.history[name].tolist() for name in columns] for run in (a, b)]
    files = [(run.folder / "front.json").read_bytes() for run in (a, b)]
    return tables[0] == tables[1] and files[0] == files[1]


class Killer(threading.Thread):
    """Kills a worker or a node every few seconds."""

    def __init__(self, cluster: Any, evaluator: RayEvaluator, seed: int) -> None:
        super().__init__(daemon=True)
        self.kills: Counter[str] = Counter()
        self.over = False
        self._cluster, self._evaluator, self._chance = cluster, evaluator, random.Random(seed)

    def run(self) -> None:
        """Until the search is over."""
        while not self.over:
            time.sleep(self._chance.uniform(2.0, 5.0))
            self._node() if self._chance.random() < 0.25 else self._worker()

    def _worker(self) -> None:
        members = [member for member in self._evaluator._crew.members if member.starting is None]
        if members:
            process = self._evaluator._ray.get(self._chance.choice(members).actor.pid.remote(), timeout=5)
            os.kill(process, self._chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP]))
            self.kills["worker"] += 1

    def _node(self) -> None:
        nodes = [node for node in self._cluster.list_all_nodes() if not node.is_head()]
        self._cluster.remove_node(self._chance.choice(nodes), allow_graceful=False)
        self.kills["node"] += 1
        self._cluster.add_node(num_cpus=1)


def main(generations: int, seed: int) -> int:
    """Run both searches; gives the exit code."""
    settings: dict[str, Any] = {"population": 48, "generations": generations, "trials": 2, "verify_trials": 20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = wann.search("swingup", out=Path(folder) / "undisturbed", **settings)
        run = prepare("swingup", out=Path(folder) / "disturbed", **settings)
        evaluator = RayEvaluator(run.task, cluster.address)
        killer = Killer(cluster, evaluator, seed)
        killer.start()
        start = time.monotonic()

        def slowly(progress: Progress) -> None:
            time.sleep(PAUSE)

        run.advance(evaluator, slowly)
        killer.over = True
        result = same(run, undisturbed)
        took = time.monotonic() - start
        print(
            f"{generations} generations, {took:.0f} s, killed {dict(killer.kills)}: {'same' if result else 'NOT SAME'}"
        )
        evaluator.close()
    cluster.shutdown()
    return 0 if result else 1


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]] + [200, 0][len(sys.argv) - 1 :]
    sys.exit(main(*numbers))
