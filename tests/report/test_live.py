"""The live panel in a real browser: the network and the task compute what wann computes, and the page is usable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import exports
import msgspec
import numpy as np
import pytest
from pages import REFERENCE, Open, Page

from tasks.swingup import SwingUp
from wann.activations import NAMES
from wann.champion import Champion, NetworkScores
from wann.dataset import DataTask
from wann.environment import JittedEnv
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.gymtask import GymTask
from wann.population import Floats
from wann.report import data
from wann.report.build import build, topology
from wann.runs import load
from wann.task import Part

SPECIAL = (
    *(0.0, -0.0, 0.25, 0.5, -0.5, 1.0, 1.5, 2.5, -3.5, 37.7, -600.3, 1e9 + 0.5, 2.0**53, 1e16, 1e300, -1e300, 5e-324),
    *(np.inf, -np.inf, np.nan),
)
WEIGHTS = (-2.0, -0.5, 0.75, 1.0)
STEPS = 200


@pytest.fixture
def page(open_page: Open, report: Path) -> Page:
    return open_page(report)


def answers(page: Page, champion: Champion, x: Floats, weight: float | None) -> Floats:
    """The outputs that the page's network gives; numbers travel as text, for JSON has no infinity."""
    program = json.loads(msgspec.json.encode(data.of_champions([champion])[0]["program"]))
    rows = page.run(
        "const [program, rows, weight] = arguments; return rows.map(row =>"
        "wann.outputs(program, wann.evaluate(program, row.map(Number), weight)).map(String))",
        program,
        [[repr(float(v)).replace("inf", "Infinity").replace("nan", "NaN") for v in row] for row in x],
        weight,
    )
    return np.array([[float(value.replace("Infinity", "inf")) for value in row] for row in rows])


@pytest.mark.parametrize("name", NAMES)
def test_an_activation_function_is_that_of_the_kernels_for_all_numbers(page: Page, name: str) -> None:
    champion = exports.champion_of(exports.single(name))
    x = np.concatenate([SPECIAL, np.random.default_rng(0).normal(0, 4, 200)])[:, None]
    got, expected = answers(page, champion, x, 1.0), champion.network(x, 1.0)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
    if name == "gaussian":  # never quite zero
        np.testing.assert_array_equal(got == 0, expected == 0)


@pytest.mark.parametrize("own", [False, True])
def test_the_pages_networks_give_what_wann_gives(page: Page, own: bool) -> None:
    for champion in exports.networks(own=own):
        x = exports.observations(champion, 7)
        for weight in (None,) if own else WEIGHTS:
            expected = champion.network(x, weight)
            bound = exports.error_bound(champion, x, weight, "float64")  # rounding alone, in steep networks
            error = np.abs(answers(page, champion, x, weight) - expected)
            assert np.all(error <= np.maximum(bound, 1e-9 * np.maximum(1, np.abs(expected))))


@pytest.mark.parametrize("weight", [-1.0, 0.75])
def test_the_task_takes_the_same_course_as_in_wann(page: Page, weight: float) -> None:
    champion, env = load(REFERENCE), JittedEnv(SwingUp())
    start = page.run("return wann.panel.episode.start")
    observation, _ = env.reset(options={"state": tuple(start)})
    states, observations, total = [], [observation], 0.0
    for _ in range(STEPS):
        observation, reward, *_ = env.step(champion.network(observation, weight))
        states.append(env.state)
        observations.append(observation)
        total += reward
    page.slide("weight", weight)
    there = page.run(
        "const states = []; for (let k = 0; k < arguments[0]; k++)"
        "{ wann.advance(1); states.push(wann.panel.episode.state); } return states",
        STEPS,
    )
    np.testing.assert_allclose(there, states, rtol=0, atol=1e-6)
    assert page.run("return wann.panel.episode.total") == pytest.approx(total, abs=1e-6)
    x = np.array(observations)
    np.testing.assert_allclose(answers(page, champion, x, weight), champion.network(x, weight), rtol=1e-9, atol=1e-9)


def test_the_slider_changes_the_weight_and_the_course(page: Page) -> None:
    courses = []
    for weight in (-1.0, 0.0, 2.0):
        page.slide("weight", weight)
        assert float(page.text("weight-value").replace("\N{MINUS SIGN}", "-")) == weight
        courses.append(page.run("wann.advance(100); return wann.panel.episode.state"))
        page.run("document.getElementById('restart').click()")
        assert page.run("return wann.panel.episode.steps") == 0
    assert courses[0] != courses[1] != courses[2]


def test_an_episode_plays_pauses_and_ends(page: Page) -> None:
    page.run("document.getElementById('play').click()")
    page.driver.execute_async_script("setTimeout(arguments[0], 300)")
    page.run("document.getElementById('play').click()")
    steps = page.run("return wann.panel.episode.steps")
    assert 2 <= steps < 200
    assert page.text("play") == "Play"
    page.run("wann.advance(5000)")
    assert page.run("return wann.panel.episode.steps") == 1000
    assert page.text("status") == "The episode is complete."
    assert float(page.text("return")) == pytest.approx(page.run("return wann.panel.episode.total"), abs=0.06)


def test_signals_light_the_nodes(page: Page) -> None:
    lit = "return [...document.querySelectorAll('#network .halo')].map(halo => halo.getAttribute('opacity'))"
    before = page.run(lit)
    page.run("wann.advance(60)")
    assert page.run(lit) != before
    assert max(map(float, before)) > 0.5


def test_a_part_can_be_dragged_to_where_the_episode_starts(page: Page) -> None:
    from selenium.webdriver import ActionChains

    page.run("wann.advance(10)")
    cart = page.driver.find_element("css selector", ".cart rect")
    hand = ActionChains(page.driver).move_to_element_with_offset(cart, -30, 0)  # beside the pole that hangs there
    hand.click_and_hold().move_by_offset(60, 0).release().perform()
    x, speed, angle, spin = page.run("return wann.panel.episode.start")
    assert 0.2 < x < 2.3
    assert (speed, spin) == (0, 0)
    assert page.run("return wann.panel.episode.steps") == 0
    page.slide("start-1", 90)
    state = page.run("return wann.panel.episode.state")
    assert state == pytest.approx([x, 0, np.pi / 2, 0])
    assert angle != state[2]


def test_the_next_network_is_drawn_and_computed(page: Page) -> None:
    count = len(page.run("return wann.panel.champion.edges"))
    page.slide("champion", 4)
    smaller = page.run("return wann.panel.champion.edges.length")
    assert smaller == 4 < count
    assert len(page.driver.find_elements("css selector", "#network .edge")) == smaller
    assert f"{smaller} connections" in page.text("champion-value")


def test_pointing_at_a_node_tells_what_it_computes_and_shows_its_paths(page: Page) -> None:
    from selenium.webdriver import ActionChains

    genome = load(REFERENCE).genome
    hidden = genome.hidden[0].id
    index = next(k for k, node in enumerate(genome.nodes) if node.id == hidden)
    node = page.driver.find_elements("css selector", "#network .node .body")[index]
    ActionChains(page.driver).move_to_element(node).perform()
    assert page.text("part-title").startswith(f"node {hidden}, {genome.hidden[0].activation}")
    assert "w · " in page.text("part-text")
    marked = {name: len(page.driver.find_elements("css selector", f"#network .{name}")) for name in ("up", "down")}
    assert marked == {name: len(around(genome, hidden, name)) for name in ("up", "down")}


def around(genome: Genome, node: int, way: str) -> set[Any]:
    """The node, and all nodes and connections that lead to it or that it leads to, by brute force."""
    found: set[Any] = {node}
    for _ in genome.nodes:
        for gene in genome.enabled:
            near, far = (gene.target, gene.source) if way == "up" else (gene.source, gene.target)
            if near in found:
                found |= {far, f"connection {gene.innovation}"}
    return found


def test_keys_move_the_focus_through_the_network(page: Page) -> None:
    from selenium.webdriver import Keys

    label = "return document.activeElement.getAttribute('aria-label')"
    page.run("document.getElementById('champion').focus()")
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    first = page.run(label)
    assert first.startswith("input ")
    seen = [first]
    for _ in range(3):
        page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
        seen.append(page.run(label))
    assert len(set(seen)) == 4
    assert " to " in seen[1].partition(":")[0]
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    assert page.run(label) == seen[2]
    assert page.text("part-title") == seen[2].partition(":")[0]
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert not page.run("return document.getElementById('network').contains(document.activeElement)")


def test_everything_with_a_role_has_a_name(page: Page) -> None:
    unnamed = page.run(
        "return [...document.querySelectorAll('input, button, svg[role], [role=img], [role=region]')].filter(e =>"
        "!(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert unnamed == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, False), (360, True)])
def test_nothing_is_wider_than_the_window_and_nothing_complains(
    open_page: Open, report: Path, width: int, dark: bool
) -> None:
    page = open_page(report, width, dark=dark)
    page.run("wann.advance(50)")
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.complaints() == []
    paper = page.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 150) is dark


def test_no_request_leaves_the_page(page: Page) -> None:
    page.run("wann.advance(50)")
    assert page.run("return performance.getEntriesByType('resource').map(e => e.name)") == []
    events = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert page.path.as_uri() in sent
    assert [url for url in sent if url != page.path.as_uri() and not url.startswith("data:")] == []
    refused = page.driver.execute_async_script(
        "document.addEventListener('securitypolicyviolation', event => arguments[0](event.effectiveDirective));"
        "fetch('https://example.org').catch(() => {})"
    )
    assert refused == "connect-src"


EVIL = "</script><script>window.evil=1</script><img src=x onerror='window.evil=2'>&\u2028\"'{{data}}"


def test_labels_with_markup_inject_nothing(open_page: Open, tmp_path: Path) -> None:
    genome = load(REFERENCE).genome
    champion = Champion(
        task=EVIL,
        inputs=(EVIL,) * len(genome.inputs),
        outputs=(EVIL,),
        nodes=genome.nodes,
        connections=genome.connections,
        scores=NetworkScores(mean=1.0, weights=(1.0,), means=(1.0,), trials=1),
        provenance={"settings": {EVIL: EVIL, "weights": [EVIL]}, "seed": EVIL, "versions": {EVIL: EVIL}},
    )
    path = tmp_path / "evil.html"
    path.write_bytes(build(champion, [champion], [topology(champion)], order=EVIL, note=EVIL))
    page = open_page(path)
    assert page.run("return window.evil") is None
    assert len(page.driver.find_elements("css selector", "script")) == 2
    assert page.driver.find_elements("css selector", "img") == []
    assert EVIL.replace("\u2028", "") in page.text("order").replace("\u2028", "")
    node = page.driver.find_elements("css selector", "#network .node.input")[0]
    assert EVIL in node.get_attribute("aria-label")
    assert page.complaints() == []


class Plain(SwingUp):
    """The same task without dynamics in JavaScript."""


def test_recorded_episodes_stand_in_where_a_task_has_no_javascript(open_page: Open, tmp_path: Path) -> None:
    champion, task = load(REFERENCE), Plain()
    path = tmp_path / "recorded.html"
    path.write_bytes(build(champion, [champion], [], task))
    page = open_page(path)
    returns = set()
    for position, weight in enumerate((-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)):
        page.slide("weight", position)
        assert page.run("return wann.panel.weight") == weight
        page.run("wann.advance(1e6)")
        env, total, ended = JittedEnv(task), 0.0, False
        observation, _ = env.reset(seed=0)
        while not ended:
            observation, reward, done, truncated, _ = env.step(champion.network(observation, weight))
            total, ended = total + reward, done or truncated
        assert page.run("return wann.panel.episode.total") == pytest.approx(total, rel=1e-3)
        returns.add(page.text("return"))
        page.run("document.getElementById('restart').click()")
    assert len(returns) >= 4  # this network does not always tell a weight's sign
    assert page.complaints() == []


def test_a_gymnasium_environment_is_recorded_for_the_network_in_question_alone(open_page: Open, tmp_path: Path) -> None:
    task = GymTask("CartPole-v1")
    genes = tuple(ConnectionGene(k, k, 5 + k % 2) for k in range(1, 5))
    kinds = ("bias", "input", "input", "input", "input", "output", "output")
    small, large = (
        Champion(
            task=task.name,
            inputs=task.inputs,
            outputs=task.outputs,
            nodes=tuple(NodeGene(k, kind) for k, kind in enumerate(kinds)),
            connections=genes[:count],
        )
        for count in (2, 4)
    )
    path = tmp_path / "gym.html"
    path.write_bytes(build(large, [small, large], [], task))
    page = open_page(path)
    page.run("wann.advance(1e6)")
    assert 5 < page.run("return wann.panel.episode.total") <= 500
    assert page.driver.find_element("id", "world").is_displayed()
    page.slide("champion", 0)
    assert page.run("return wann.panel.episode") is None
    assert not page.driver.find_element("id", "world").is_displayed()
    page.slide("champion", 1)
    assert page.driver.find_element("id", "play").is_displayed()
    assert page.complaints() == []


class Rings(DataTask):
    """A data set of points, to classify or to find the distance of."""

    name = "rings"
    inputs = ("x", "y")
    outputs = ("inner", "outer")
    numbers = False

    def load(self) -> list[tuple[Floats, Floats]]:
        points = np.random.default_rng(0).normal(size=(90, 2))
        labels = (np.hypot(*points.T) > 1.2).astype(int)
        y = np.stack([labels, points[:, 0]], axis=1) if self.numbers else labels
        return [(points[:40], y[:40]), (points[40:], y[40:])]


class Distances(Rings):
    """The same points with numbers."""

    numbers = True


@pytest.mark.parametrize("task", [Rings(), Distances()])
def test_samples_of_a_data_set_are_answered_at_any_weight(open_page: Open, tmp_path: Path, task: Rings) -> None:
    kinds = ("bias", "input", "input", "output", "output", "hidden")
    nodes = tuple(NodeGene(k, kind, "gaussian" if k == 5 else "linear") for k, kind in enumerate(kinds))
    edges = [(0, 3), (1, 5), (2, 5), (5, 4), (1, 4)]
    champion = Champion(
        task=task.name,
        inputs=task.inputs,
        outputs=task.outputs,
        nodes=nodes,
        connections=tuple(ConnectionGene(k, *edge) for k, edge in enumerate(edges)),
    )
    path = tmp_path / "samples.html"
    path.write_bytes(build(champion, [champion], [], task))
    page, (x, y) = open_page(path), task.parts[Part.TEST]
    for weight in (-1.5, 0.3, 2.0):
        page.slide("weight", weight)
        answers = champion.network(x, weight)
        if task.numbers:
            assert float(page.text("return")) == pytest.approx(np.mean((answers - y) ** 2), abs=6e-4)
        else:
            right = answers.argmax(axis=1) == y
            assert float(page.text("return").rstrip(" %")) == pytest.approx(100 * right.mean(), abs=0.06)
            page.run("document.getElementById('restart').click(); wann.advance(3)")
            assert page.text("time") == f"4 of {len(x)}"
            said = f"The network says {task.outputs[answers[3].argmax()]}, which is "
            said += "right." if right[3] else f"wrong: it is {task.outputs[y[3]]}."
            assert page.text("status") == said
    assert page.complaints() == []


def test_a_node_has_one_place_in_all_networks_of_the_page(page: Page) -> None:
    places: dict[str, set[str]] = {}
    for position in range(page.run("return wann.panel.number") + 1):
        page.slide("champion", position)
        nodes = page.run(
            "return wann.panel.champion.nodes.map(node =>"
            "[node.id, document.querySelectorAll('#network .node')[wann.panel.champion.nodes.indexOf(node)]"
            ".getAttribute('transform')])"
        )
        for node, place in nodes:
            places.setdefault(node, set()).add(place)
    assert len(places) > 10
    assert all(len(found) == 1 for found in places.values())
