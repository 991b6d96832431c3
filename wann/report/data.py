"""What the page's script reads: the networks as they are drawn and computed, the task, where episodes start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from wann.champion import Champion
from wann.dataset import DataTask
from wann.evaluation.work import Evaluator
from wann.export.program import Program, make_program
from wann.figures.layout import Layout, layout
from wann.figures.style import COLOURS, NEGATIVE, POSITIVE
from wann.figures.union import Union
from wann.genome import Genome
from wann.gymtask import GymTask
from wann.network import express
from wann.population import Population
from wann.seeds import Purpose, trial_seeds
from wann.task import JittedTask, Part

REACH = 3.0
"""The slider goes from minus this weight to this weight."""
_STARTS = 16
_PROFILE_WEIGHTS = 49
_SAMPLES, _NUMBERS = 200, 60_000


def of_champions(champions: Sequence[Champion]) -> list[dict[str, Any]]:
    """Each network with its drawing and its program; a node has the same place in all of them.

    Raises:
        UserError: The networks are not of one shape.
    """
    genomes = [champion.genome for champion in champions]
    union = Union(genomes) if len(genomes) > 1 else None
    places = [layout(genome) if union is None else union.place(genome) for genome in genomes]
    return [_of_champion(champion, layout) for champion, layout in zip(champions, places, strict=True)]


def colours() -> dict[str, Any]:
    """The same colours as in the figures."""
    return {"activations": COLOURS, "positive": POSITIVE, "negative": NEGATIVE}


def of_task(task: JittedTask | GymTask) -> dict[str, Any]:
    """What the panel must know of a task."""
    rewards = [bound / task.max_steps if np.isfinite(bound) else None for bound in task.reward_range]
    return {"name": task.name, "maxSteps": task.max_steps, "rewards": rewards}


def starts(task: JittedTask) -> list[list[float]]:
    """States in which episodes start."""
    return [[float(x) for x in task.start(np.random.default_rng(seed))] for seed in range(_STARTS)]


def of_samples(task: DataTask) -> dict[str, Any]:
    """Some of a data set's test samples, as many as a page may hold."""
    x, y = task.parts[Part.TEST]
    count = min(_SAMPLES, len(x), 1 + _NUMBERS // x.shape[1])
    return {
        "name": task.name,
        "classes": task.classifies,
        "x": [short(row) for row in x[:count]],
        "y": y[:count].tolist(),
    }


def profiles(champions: Sequence[Champion], evaluator: Evaluator, episodes: int) -> dict[str, Any]:
    """The mean return of each network at shared weights all along the slider."""
    weights = np.linspace(-REACH, REACH, _PROFILE_WEIGHTS)
    seeds = trial_seeds(0, Purpose.TEST, 1, episodes, 4)
    networks = express(Population.pack([champion.genome for champion in champions]))
    played = evaluator.evaluate(networks, weights.tolist(), np.tile(seeds.ravel(), (len(weights), 1)), Part.TEST)
    return {"weights": short(weights), "means": [short(row) for row in played.returns.mean(axis=2)]}


def _of_champion(champion: Champion, places: Layout) -> dict[str, Any]:
    program = make_program(champion)
    return {
        "generation": champion.generation,
        "mean": champion.scores.mean if champion.scores else None,
        "scores": dict(zip(map(str, champion.scores.weights), champion.scores.means, strict=True))
        if champion.scores
        else {},
        "weighted": program.weighted,
        "weight": program.weight,
        "program": _of_program(program),
        **_drawing(champion, program, places),
    }


def _of_program(program: Program) -> dict[str, Any]:
    return {
        "inputs": len(program.inputs),
        "steps": [
            {"row": step.row, "activation": step.activation, "sources": step.sources, "weights": step.weights}
            for step in program.steps
        ],
        "results": program.results,
    }


def _drawing(champion: Champion, program: Program, places: Layout) -> dict[str, Any]:
    """Nodes and connections with their places; of each node, its row among the computed values."""
    genome = champion.genome
    rows = {node: row for row, node in enumerate(program.nodes)}
    labels = _labels(champion, genome)
    nodes = [
        {
            "id": node.id,
            "kind": node.kind,
            "activation": node.activation,
            "label": labels.get(node.id, ""),
            "place": places.nodes[node.id],
            "radius": places.radii[node.id],
            "row": rows.get(node.id),
        }
        for node in genome.nodes
    ]
    edges = [
        {"source": gene.source, "target": gene.target, "weight": gene.weight, "route": places.routes[gene.innovation]}
        for gene in genome.enabled
    ]
    own = {node.id for node in genome.nodes}
    layers = [[node for node in layer if node in own] for layer in places.layers]
    return {"nodes": nodes, "edges": edges, "layers": layers}


def _labels(champion: Champion, genome: Genome) -> dict[int, str]:
    labels = {genome.nodes[0].id: "bias"}
    labels |= {node.id: label for node, label in zip(genome.inputs, champion.inputs, strict=True)}
    return labels | {node.id: label for node, label in zip(genome.outputs, champion.outputs, strict=True)}


def short(values: Iterable[float]) -> list[float]:
    """As many digits as a page needs."""
    return [float(f"{value:.5g}") for value in values]
