"""SynFlow: pruning without data, by the synaptic flow through each weight."""

from __future__ import annotations

import numpy as np

from wann.activations import LINEAR
from wann.compare.functions import Array
from wann.compare.graph_network import GraphNetwork
from wann.compare.masked import Masked
from wann.compare.masks import prune_to
from wann.compare.method import WeightMethod
from wann.compare.mlp import MLP
from wann.compare.problem import Evidence
from wann.gradient import derivatives, node_values

ROUNDS = 100


def synaptic_flow(network: Masked) -> list[Array]:
    """Every weight's share of the flow R = 1^T abs(W_L) ... abs(W_1) 1; each layer's shares sum to R.

    In a network without layers the flow is the same sum over all paths, those from the bias node among them.

    Returns:
        u_l[i] abs(w_ij) v_{l-1}[j], in the shapes of ``network.weights``; float64.
    """
    if isinstance(network, MLP):
        return _of_layers(network)
    assert isinstance(network, GraphNetwork)
    return [_of_graph(network)]


def _of_layers(mlp: MLP) -> list[Array]:
    weights = [np.abs(w, dtype=np.float64) for w in mlp.weights]
    forward = [np.ones(mlp.sizes[0])]
    for w in weights[:-1]:
        forward.append(w @ forward[-1])
    backward = [np.ones(mlp.sizes[-1])]
    for w in reversed(weights[1:]):
        backward.append(backward[-1] @ w)
    return [u[:, None] * w * v for w, v, u in zip(weights, forward, reversed(backward), strict=True)]


def _of_graph(network: GraphNetwork) -> Array:
    """The same as abs(w) dR/dabs(w)."""
    networks, order = network.expressed()
    networks = networks._replace(activations=np.full_like(networks.activations, LINEAR))
    weights = np.abs(network.parameters[order])
    values = node_values(networks, weights, np.ones((1, networks.n_inputs)))
    found = np.zeros_like(network.parameters)
    found[order] = weights * derivatives(networks, weights, values, np.ones((networks.outputs.size, 1)))
    return found


class SynFlow(WeightMethod):
    """Keeps N rho^(-k / 100) weights after round k of 100, scored anew in each (Tanaka 2020, algorithm 1).

    Args:
        name: Of the variant.
        steps: Rounds; 1 for the one-shot control, which collapses much earlier.
    """

    source = "Tanaka et al. 2020"
    family = "before training"
    start = "initial"

    def __init__(self, name: str, steps: int = ROUNDS) -> None:
        super().__init__(name)
        self.steps = steps

    def scores(self, network: Masked, evidence: Evidence, rng: np.random.Generator) -> list[Array]:
        """The flow through each weight."""
        return synaptic_flow(network)

    def prune(self, network: Masked, density: float, evidence: Evidence, rng: np.random.Generator) -> None:
        """Prune in many small rounds."""
        for step in range(1, self.steps + 1):
            prune_to(network, self.scores(network, evidence, rng), density ** (step / self.steps))


METHODS = (SynFlow("synflow"), SynFlow("synflow-oneshot", 1))
