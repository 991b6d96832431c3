"""The search as a pruning: how much of all that ever appeared in a run a champion is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pages import REFERENCE

import wann
from wann.compare.parent import KEPT, inside, parent, relatives
from wann.runs import load, read_front


def test_the_parent_of_a_run_is_every_connection_that_got_a_number(tmp_path: Path) -> None:
    run = wann.search("swingup", out=tmp_path / "run", population=16, generations=4, trials=1, verify_trials=2)
    found = parent(run.folder)
    with np.load(run.folder / "checkpoint.npz", allow_pickle=False) as file:
        numbers = set(file["innovations"].tolist())
    assert found.connections > max(numbers)  # numbers count up, and the present population has some of them
    assert found.champion == len(run.champion.genome.enabled)
    assert found.density == found.champion / found.connections
    (run.folder / "checkpoint.npz").unlink()
    (run.folder / "checkpoint-previous.npz").unlink(missing_ok=True)
    assert parent(run.folder).source == KEPT
    assert parent(run.folder).connections <= found.connections


def test_a_champion_inside_its_parent_is_what_is_enabled() -> None:
    champion, genome = load(REFERENCE), inside(relatives(REFERENCE))
    own = {(gene.source, gene.target) for gene in champion.genome.enabled}
    assert {(gene.source, gene.target) for gene in genome.enabled} == own
    pairs = {(gene.source, gene.target) for gene in genome.connections}
    front = {(gene.source, gene.target) for each in read_front(REFERENCE) for gene in each.genome.connections}
    assert len(pairs) == len(genome.connections)
    assert {frozenset(pair) for pair in front} <= {frozenset(pair) for pair in pairs} | _left_out(front, pairs)


def _left_out(front: set[tuple[int, int]], pairs: set[tuple[int, int]]) -> set[frozenset[int]]:
    """What would have closed a cycle: there is a way back."""
    after: dict[int, set[int]] = {}
    for source, target in pairs:
        after.setdefault(source, set()).add(target)

    def reaches(start: int, end: int) -> bool:
        return start == end or any(reaches(node, end) for node in after.get(start, ()))

    return {frozenset(pair) for pair in front if reaches(pair[1], pair[0])}
