import itertools
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import CircleCollection, PathCollection

from wann.activations import NAMES
from wann.errors import UserError
from wann.figures.output import save
from wann.figures.topology import draw
from wann.genome import ConnectionGene, Genome, NodeGene


def random_network(inputs, outputs, hidden, connections, seed):
    """Hidden nodes in a fixed order of depth and random connections that respect it."""
    rng = random.Random(seed)
    nodes = [NodeGene(0, "bias"), *(NodeGene(1 + i, "input") for i in range(inputs))]
    nodes += [NodeGene(1 + inputs + i, "output") for i in range(outputs)]
    first = len(nodes)
    nodes += [NodeGene(first + i, "hidden", rng.choice(NAMES)) for i in range(hidden)]
    columns = [list(range(1 + inputs)), *np.array_split(range(first, first + hidden), 6)]
    columns.append(list(range(1 + inputs, first)))
    edges = {}
    while len(edges) < connections:
        a, b = sorted(rng.sample(range(8), 2))
        if len(columns[a]) and len(columns[b]):
            edges[int(rng.choice(columns[a])), int(rng.choice(columns[b]))] = rng.random() < 0.8
    genes = (ConnectionGene(i, s, t, on) for i, ((s, t), on) in enumerate(edges.items()))
    return Genome(tuple(nodes), tuple(genes))


def dense(*sizes, keep=1.0):
    """A multi-layer perceptron of which pruning kept a part."""
    rng = random.Random(1)
    starts = np.cumsum([1, *sizes])
    layers = [list(range(a, b)) for a, b in itertools.pairwise(starts)]
    kinds = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    nodes = [NodeGene(0, "bias")]
    for kind in ("input", "output", "hidden"):
        activation = "tanh" if kind == "hidden" else "linear"
        nodes += [
            NodeGene(i, kind, activation) for k, layer in zip(kinds, layers, strict=True) if k == kind for i in layer
        ]
    pairs = [(s, t) for a, b in itertools.pairwise(layers) for t in b for s in (0, *a)]
    genes = (ConnectionGene(i, s, t, rng.random() < keep, rng.gauss(0, 1)) for i, (s, t) in enumerate(pairs))
    return Genome(tuple(nodes), tuple(genes))


def labels(genome):
    return [f"input {i}" for i in range(len(genome.inputs))], [f"out {i}" for i in range(len(genome.outputs))]


SMALL = Genome(
    (
        NodeGene(0, "bias"),
        NodeGene(1, "input"),
        NodeGene(2, "input"),
        NodeGene(3, "output"),
        NodeGene(4, "hidden", "sin"),
    ),
    (ConnectionGene(0, 1, 4), ConnectionGene(1, 4, 3), ConnectionGene(2, 1, 3, enabled=False)),
)
NETWORKS = {
    "small": SMALL,
    "champion": random_network(5, 1, 20, 52, 1),
    "biped": random_network(24, 4, 60, 250, 2),
    "perceptron": dense(5, 32, 32, 1),
    "pruned perceptron": dense(5, 32, 32, 1, keep=0.1),
}


def drawn(genome, **options):
    figure = draw(genome, *labels(genome), title="A network", **options)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def discs(figure):
    """Centre and radius, in pixels, of every disc drawn."""
    for collection in figure.axes[0].collections:
        if isinstance(collection, CircleCollection):
            radius = np.sqrt(collection.get_sizes()[0] / np.pi) * figure.dpi / 72
            for centre in collection.get_offset_transform().transform(collection.get_offsets()):
                yield centre, radius


@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("size", [None, (7.0, 9.0)])
@pytest.mark.parametrize("genome", NETWORKS.values(), ids=NETWORKS.keys())
def test_everything_is_inside_the_canvas_and_no_word_touches_another_or_a_node(genome, size, disabled):
    figure, canvas = drawn(genome, size=size, disabled=disabled)
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.axes[0].texts]
    width, height = canvas.get_width_height()
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    for (x, y), radius in discs(figure):
        assert radius < x < width - radius
        assert radius < y < height - radius
        for box in boxes:
            dx, dy = max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1)
            assert dx * dx + dy * dy > radius * radius
    pixels = np.asarray(canvas.buffer_rgba())
    for border in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]):
        assert (border == 255).all()


@pytest.mark.parametrize("genome", NETWORKS.values(), ids=NETWORKS.keys())
def test_labels_do_not_touch_each_other(genome):
    figure, canvas = drawn(genome)
    boxes = [text.get_window_extent(canvas.get_renderer()).shrunk(0.98, 0.7) for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("suffix", ["svg", "png"])
@pytest.mark.parametrize("name", ["champion", "perceptron"])
def test_a_second_run_gives_the_same_bytes(tmp_path, name, suffix):
    genome = NETWORKS[name]
    for run in ("a", "b"):
        save(draw(genome, *labels(genome)), tmp_path / f"{run}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


FRESH = """
import sys, msgspec
from pathlib import Path
from wann.figures.output import save
from wann.figures.topology import draw
from wann.genome import Genome
genome = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Genome)
inputs, outputs = len(genome.inputs), len(genome.outputs)
save(draw(genome, ["in"] * inputs, ["out"] * outputs, disabled=True), Path(sys.argv[2]))
"""


def test_a_fresh_process_gives_the_same_bytes(tmp_path):
    genome = NETWORKS["biped"]
    (tmp_path / "genome.json").write_bytes(msgspec.json.encode(genome))
    save(draw(genome, ["in"] * 24, ["out"] * 4, disabled=True), tmp_path / "here.svg")
    for seed in ("1", "2"):
        command = [sys.executable, "-c", FRESH, tmp_path / "genome.json", tmp_path / "there.svg"]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        assert (tmp_path / "there.svg").read_bytes() == (tmp_path / "here.svg").read_bytes()


def test_threads_give_the_same_bytes(tmp_path):
    genome = NETWORKS["champion"]

    def write(index):
        path = tmp_path / f"{index}.svg"
        save(draw(genome, *labels(genome)), path)
        return path.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write, range(6)))) == 1


def test_a_network_of_two_thousand_connections(tmp_path):
    genome = random_network(256, 10, 400, 2000, 3)
    figure, _ = drawn(genome)
    assert any(word.startswith("256 inputs") for word in words(figure))
    assert {"out 0", "out 9"} <= set(words(figure))
    assert "input 0" not in words(figure)
    save(figure, tmp_path / "big.svg")
    assert ElementTree.parse(tmp_path / "big.svg").getroot().tag.endswith("svg")


MARKUP = ["<script>alert(1)</script>", "$x$ & $\\bad{"]


def test_markup_in_labels_is_shown_literally(tmp_path):
    figure = draw(SMALL, MARKUP, ['"]]><b>\x00\n$'], title="$\\frac$ <i>")
    save(figure, tmp_path / "it.svg")
    root = ElementTree.parse(tmp_path / "it.svg").getroot()
    shown = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {*MARKUP, '"]]><b> $', "$\\frac$ <i>"} <= shown
    assert not [element for element in root.iter() if element.tag.endswith(("script", "}b", "}i"))]


def test_a_very_long_label_is_cut():
    figure = draw(SMALL, ["x" * 500, "y"], ["z" * 500], title="t" * 500)
    assert max(map(len, words(figure))) < 100
    assert figure.get_size_inches()[0] < 15


@pytest.mark.parametrize("inputs", [[], ["a"], ["a", "b", "c"], "ab"])
def test_wrong_count_of_input_labels(inputs):
    with pytest.raises(UserError, match=r"inputs: .* labels .* 2 inputs"):
        draw(SMALL, inputs, ["out"])


def test_wrong_count_of_output_labels():
    with pytest.raises(UserError, match=r"outputs: 2 labels .* 1 outputs"):
        draw(SMALL, ["a", "b"], ["out", "more"])


@pytest.mark.parametrize(
    "size", [(0.5, 5.0), (5.0, 0.3), (float("inf"), 4.0), (0.0, 0.0), (-3.0, 4.0), (float("nan"), 4.0)]
)
def test_a_size_that_will_not_do(size):
    with pytest.raises(UserError, match="size: "):
        draw(SMALL, ["a", "b"], ["out"], size=size)


def test_size_is_kept():
    figure = draw(SMALL, ["a", "b"], ["out"], size=(6.0, 4.0))
    assert tuple(figure.get_size_inches()) == (6.0, 4.0)


def lines(figure):
    return next(c for c in figure.axes[0].collections if isinstance(c, PathCollection))


def test_weights_show_in_width_and_colour():
    nodes = (NodeGene(0, "bias"), *(NodeGene(i, "input") for i in (1, 2, 3)), NodeGene(4, "output"))
    weights = {1: 2.0, 2: 0.1, 3: -2.0}
    genes = tuple(ConnectionGene(i, i, 4, weight=weight) for i, weight in weights.items())
    figure = draw(Genome(nodes, genes), ["a", "b", "c"], ["out"])
    edges = [(w, tuple(c)) for w, c in zip(lines(figure).get_linewidths(), lines(figure).get_edgecolors(), strict=True)]
    large, small, negative = [(w, c) for w, c in edges if c != (1.0, 1.0, 1.0, 1.0)]
    assert large[0] == negative[0] > 3 * small[0]
    assert large[1][2] > large[1][0]
    assert negative[1][0] > negative[1][2]
    assert any(word.startswith("weight") for word in words(figure))


def test_the_legend_tells_what_occurs():
    assert {"sin", "unused"} <= set(words(draw(SMALL, ["a", "b"], ["out"])))
    assert {"tanh", "disabled"}.isdisjoint(words(draw(SMALL, ["a", "b"], ["out"])))
    assert "disabled" in words(draw(SMALL, ["a", "b"], ["out"], disabled=True))


def test_what_no_output_depends_on_is_faded():
    figure = draw(SMALL, ["used", "unused input"], ["out"])
    colour = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colour["used"] == colour["out"] != colour["unused input"] == colour["bias"]
