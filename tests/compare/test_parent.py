"""The search as a pruning: how much of all that ever appeared in a run a champion is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pages import REFERENCE

import wann
from wann.compare import parent as parents
from wann.compare.parent import KEPT, architecture, inside, parent, relatives
from wann.runs import load, read_front


def test_the_parent_of_a_run_is_every_connection_that_got_a_number(tmp_path: Path) -> None:
    run = wann.search("swingup", out=tmp_path / "run", population=16, generations=4, trials=1, verify_trials=2)
    pruned = architecture(run.folder)
    found = parent(run.folder, pruned, [])
    with np.load(run.folder / "checkpoint.npz", allow_pickle=False) as file:
        numbers = set(file["innovations"].tolist())
    assert found.connections > max(numbers)  # numbers count up, and the present population has some of them
    assert found.champion == len(run.champion.genome.enabled)
    assert found.density == found.champion / found.connections
    (run.folder / "checkpoint.npz").unlink()
    (run.folder / "checkpoint-previous.npz").unlink(missing_ok=True)
    kept = parent(run.folder, pruned, [])
    assert kept.source == KEPT
    assert found.pruned == len(pruned.connections) <= kept.connections <= found.connections


def test_what_is_pruned_is_all_that_the_run_keeps_but_for_cycles_and_too_many() -> None:
    genome, champion = architecture(REFERENCE), load(REFERENCE)
    pairs = {(gene.source, gene.target) for gene in genome.connections}
    assert {(gene.source, gene.target) for gene in champion.genome.enabled} <= pairs
    assert all(gene.enabled for gene in genome.connections)
    assert len(pairs) == len(inside(relatives(REFERENCE)).connections) > len(champion.genome.connections)
    activations = {node.id: node.activation for node in genome.nodes}
    assert all(activations[node.id] == node.activation for node in champion.genome.nodes)


def test_of_too_many_connections_those_of_later_networks_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = relatives(REFERENCE)
    own = len(networks[-1].genome.connections)
    for largest in (own, 1):  # the champion is always whole
        monkeypatch.setattr(parents, "LARGEST", largest)
        assert len(inside(networks).connections) == own


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
