import random
from functools import cache
from itertools import combinations, pairwise

import networkx as nx
import pytest

from wann.activations import DEFAULT_SET
from wann.figures.layout import crossings
from wann.figures.layout import layout as fresh_layout
from wann.genome import ConnectionGene, Genome, NodeGene

layout = cache(fresh_layout)


def grown(inputs, outputs, connections, seed):
    """A network grown by random splits and additions, as a search grows one."""
    rng = random.Random(seed)
    nodes = [NodeGene(0, "bias")]
    nodes += [NodeGene(1 + i, "input") for i in range(inputs)]
    nodes += [NodeGene(1 + inputs + i, "output") for i in range(outputs)]
    depth = {node.id: float(node.kind == "output") for node in nodes}
    edges = {(s, t): s == 0 or rng.random() < 0.5 for s in depth for t in depth if depth[s] < depth[t]}
    while sum(edges.values()) < connections:
        if rng.random() < 0.4:
            source, target = rng.choice([edge for edge, on in edges.items() if on])
            new = len(nodes)
            nodes.append(NodeGene(new, "hidden", rng.choice(DEFAULT_SET)))
            depth[new] = (depth[source] + depth[target]) / 2
            edges |= {(source, target): False, (source, new): True, (new, target): True}
        else:
            pair = tuple(rng.sample(range(len(nodes)), 2))
            if depth[pair[0]] < depth[pair[1]]:
                edges.setdefault(pair, True)
    genes = (ConnectionGene(i, s, t, on) for i, ((s, t), on) in enumerate(edges.items()))
    return Genome(tuple(nodes), tuple(genes))


def chains(count):
    """Inputs, each with a hidden node and an output of its own, named so that the given order crosses everywhere."""
    nodes = [NodeGene(0, "bias"), *(NodeGene(1 + i, "input") for i in range(count))]
    nodes += [NodeGene(100 + i, "output") for i in range(count)]
    nodes += [NodeGene(200 + i, "hidden", "tanh") for i in range(count)]
    edges = [(1 + i, 200 + (i * 3 + 2) % count) for i in range(count)]
    edges += [(200 + i, 100 + count - 1 - i) for i in range(count)]
    return Genome(tuple(nodes), tuple(ConnectionGene(i, *edge) for i, edge in enumerate(edges)))


NETWORKS = {
    "two connections": grown(2, 1, 2, 1),
    "three outputs": grown(4, 3, 20, 2),
    "like the swing-up champion": grown(5, 1, 52, 3),
    "a hundred": grown(8, 2, 100, 4),
    "like the biped champion": grown(24, 4, 250, 5),
    "parallel chains": chains(7),
}


def each_network(function):
    return pytest.mark.parametrize("genome", NETWORKS.values(), ids=NETWORKS.keys())(function)


def _turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cross(first, second):
    """Whether two straight lines cross at an inner point of both."""
    (a, b), (c, d) = first, second
    return _turn(a, b, c) * _turn(a, b, d) < -1e-12 and _turn(c, d, a) * _turn(c, d, b) < -1e-12


def _crossings_of_networkx(genome, layers):
    """Straight lines between the same layered nodes, as ``multipartite_layout`` places them."""
    column = {node: index for index, layer in enumerate(layers) for node in layer}
    graph = nx.DiGraph()
    for node in genome.nodes:
        graph.add_node(node.id, layer=column[node.id])
    place = nx.multipartite_layout(graph, subset_key="layer")
    lines = [(gene.source, gene.target) for gene in genome.enabled]
    apart = (pair for pair in combinations(lines, 2) if len({*pair[0], *pair[1]}) == 4)
    return sum(_cross([place[node] for node in first], [place[node] for node in second]) for first, second in apart)


def _crossings_of_connections(genome, places):
    """Like ``crossings``, but a line that several connections share counts once for each of them."""
    routes = [places.routes[gene.innovation] for gene in genome.enabled]
    apart = [(r, s) for r, s in combinations(routes, 2) if r[0] != s[0]]
    return sum(_cross(a, b) for r, s in apart for a in pairwise(r) for b in pairwise(s) if a[0][0] == b[0][0])


@each_network
def test_crossings_are_counted_right(genome):
    places = layout(genome)
    lines = {line for route in places.routes.values() for line in pairwise(route)}
    same_gap = ((a, b) for a, b in combinations(sorted(lines), 2) if a[0][0] == b[0][0])
    assert crossings(places) == sum(_cross(a, b) for a, b in same_gap)


@each_network
def test_no_more_crossings_than_networkx(genome):
    places = layout(genome)
    theirs = _crossings_of_networkx(genome, places.layers)
    assert crossings(places) <= theirs
    assert _crossings_of_connections(genome, places) <= theirs


@pytest.mark.parametrize("seed", range(6))
def test_at_most_half_the_crossings_for_a_champion(seed):
    genome = grown(5, 1, 52, seed)
    places = layout(genome)
    assert crossings(places) <= _crossings_of_networkx(genome, places.layers) / 2


def test_what_can_be_drawn_without_crossings_is():
    assert _crossings_of_networkx(chains(7), layout(chains(7)).layers) > 0
    assert crossings(layout(chains(7))) == 0


@each_network
def test_no_two_nodes_overlap(genome):
    places = layout(genome, disabled=True)
    for a, b in combinations(places.nodes, 2):
        (ax, ay), (bx, by) = places.nodes[a], places.nodes[b]
        assert (ax - bx) ** 2 + (ay - by) ** 2 > (places.radii[a] + places.radii[b]) ** 2


@each_network
def test_no_line_runs_through_a_strange_node(genome):
    places = layout(genome)
    passed = {point for route in places.routes.values() for point in route[1:-1]}
    for node, (x, y) in places.nodes.items():
        assert all(abs(v - y) > places.radii[node] for u, v in passed if u == x)


@each_network
def test_columns(genome):
    places = layout(genome)
    column = {node: index for index, layer in enumerate(places.layers) for node in layer}
    assert set(column) == {node.id for node in genome.nodes}
    assert all(column[gene.source] < column[gene.target] for gene in genome.connections)
    assert {node.kind for node in genome.nodes if column[node.id] == 0} == {"bias", "input"}
    assert {node.kind for node in genome.nodes if column[node.id] == len(places.layers) - 1} == {"output"}
    for layer in places.layers:
        assert len({places.nodes[node][0] for node in layer}) == 1
        heights = [places.nodes[node][1] for node in layer]
        assert heights == sorted(heights, reverse=True)


@each_network
def test_routes_lead_from_source_into_target(genome):
    places = layout(genome)
    assert set(places.routes) == {gene.innovation for gene in genome.enabled}
    for gene in genome.enabled:
        route = places.routes[gene.innovation]
        (x, y), radius = places.nodes[gene.target], places.radii[gene.target]
        assert route[0] == places.nodes[gene.source]
        assert route[-1][0] == x
        assert abs(route[-1][1] - y) < radius
        assert all(a[0] < b[0] for a, b in pairwise(route))


def test_connections_into_one_node_arrive_apart():
    genome = NETWORKS["like the swing-up champion"]
    places = layout(genome)
    ends = [places.routes[gene.innovation][-1] for gene in genome.enabled]
    assert len(set(ends)) == len(ends)


def test_the_bias_stands_apart_and_unconnected_nodes_below():
    nodes = (NodeGene(0, "bias"), *(NodeGene(i, "input") for i in (1, 2, 3, 4)), NodeGene(5, "output"))
    genome = Genome(nodes, (ConnectionGene(0, 0, 5), ConnectionGene(1, 2, 5), ConnectionGene(2, 4, 5)))
    places = layout(genome)
    first = [node for node in places.layers[0] if node != 0]
    assert places.layers[0].index(0) in (0, 4)
    assert set(first[2:]) == {1, 3}
    heights = sorted(y for node, (x, y) in places.nodes.items() if x == 0)
    gaps = [b - a for a, b in pairwise(heights)]
    assert (gaps[-1] if places.layers[0][0] == 0 else gaps[0]) == max(gaps)


def test_disabled_connections_are_drawn_on_request_and_change_no_column():
    genome = NETWORKS["like the swing-up champion"]
    without, with_them = layout(genome), layout(genome, disabled=True)
    assert len(with_them.routes) == len(genome.connections) > len(without.routes)
    assert [set(layer) for layer in with_them.layers] == [set(layer) for layer in without.layers]


def test_a_network_without_connections_has_a_layout():
    genome = Genome((NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"), NodeGene(3, "hidden")), ())
    places = layout(genome)
    assert places.routes == {}
    assert [len(layer) for layer in places.layers] == [2, 1, 1]
    assert crossings(places) == 0


@each_network
def test_the_same_genome_gives_the_same_layout(genome):
    assert fresh_layout(genome) == layout(genome)
