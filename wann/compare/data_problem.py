"""A dense network on a data set: trained by back-propagation, scored by its accuracy on the test examples."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from wann.compare.backpropagation import mean_gradient
from wann.compare.data import DataSet, Examples, FileTask
from wann.compare.functions import Array
from wann.compare.loss import find_loss
from wann.compare.masked import Masked
from wann.compare.mlp import MLP
from wann.compare.problem import LATE, Evidence, Problem, Score, Trained
from wann.compare.training import TrainingSettings, train
from wann.dataset import DataTask
from wann.evaluation.forward import respond
from wann.network import Networks
from wann.population import Floats

MOST_EVIDENCE = 4096
"""Examples that a pruning method looks at; the first of the training set."""


class DataProblem(Problem):
    """Classification of a data set.

    Args:
        data: The data set.
        hidden: Sizes of the hidden layers.
        settings: How a full training goes.
        activation: Of the hidden neurons.
        task: The data set as a search has it; made of ``data`` unless given.
    """

    unit = "examples"
    score_name = "accuracy"

    def __init__(
        self,
        data: DataSet,
        hidden: Sequence[int],
        settings: TrainingSettings,
        *,
        activation: str = "relu",
        task: DataTask | None = None,
    ) -> None:
        self.data, self.settings, self.task = data, settings, task or FileTask(data)
        self._sizes = (data.n_inputs, *hidden, data.n_outputs)
        self._activation = activation

    def perceptron(self, seed: int, draw: int = 0) -> MLP:
        """An untrained network, float32."""
        return MLP.initialised(self._sizes, seed, draw, hidden=self._activation)

    def train(self, network: Masked, seed: int, share: float = 1.0) -> Trained:
        """Train on the training examples, with ``share`` of the epochs; the validation loss is watched."""
        settings = msgspec.structs.replace(self.settings, epochs=max(1, round(share * self.settings.epochs)))
        steps = settings.epochs * -(-len(self.data.train.inputs) // settings.batch)
        late: list[Array] = []

        def keep(step: int) -> None:
            if step == max(1, round(LATE * steps)):
                late.append(network.parameters.copy())

        how = train(network, self.data.train, self.data.validation, settings, seed=seed, after_step=keep)
        return Trained(how.examples, how.losses, late[0] if late else network.parameters.copy())

    def evidence(self, dense: Masked, seed: int) -> Evidence:
        """Training examples, the cross-entropy, and its gradient over them."""
        examples, loss = self._seen(), find_loss(self.settings.loss)
        return Evidence(examples, loss, lambda network: mean_gradient(network, loss, *examples))

    def score(self, network: Masked) -> Score:
        """The accuracy on the test examples."""
        right = self._right(network, self.data.test)
        return Score(float(right.mean()), float(right.std()))

    def play(self, networks: Networks, vectors: Floats, final: bool) -> Floats:
        """The accuracy on the test examples, or on the training examples, through the kernel."""
        inputs, targets = self.data.test if final else self._seen()
        given = np.ascontiguousarray(inputs, dtype=np.float64)
        values = np.empty((len(given), 1 + networks.n_inputs + networks.activations.size))
        found = np.empty(len(vectors))
        for i, vector in enumerate(np.asarray(vectors, dtype=np.float64)):
            shared = bool((vector == vector[:1]).all())  # one multiplication a node, and no row of weights to read
            weights = np.resize(vector, 1) if shared else vector[:, None].copy()  # 0 for a network without connections
            respond(networks, 0, given, weights, values)
            found[i] = (values[:, networks.outputs[0]].argmax(axis=1) == targets).mean()
        return found

    def _seen(self) -> Examples:
        """What methods may look at."""
        return Examples(*(part[:MOST_EVIDENCE] for part in self.data.train))

    @staticmethod
    def _right(network: Masked, examples: Examples) -> Array:
        return np.asarray(network(examples.inputs).argmax(axis=1) == examples.targets, dtype=np.float64)
