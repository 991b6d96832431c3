"""The page as a screen reader meets it: the browser's own accessibility tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pages import REFERENCE, Open, Page

from tasks.swingup import SwingUp
from wann.report.build import build, topology
from wann.runs import load

NAMED = {"application", "button", "group", "heading", "image", "link", "region", "slider", "table"}


class Plain(SwingUp):
    """The same task without dynamics in JavaScript: its episodes are recorded."""


@pytest.fixture(params=["live", "recorded"])
def page(request: pytest.FixtureRequest, open_page: Open, report: Path, tmp_path: Path) -> Page:
    if request.param == "live":
        return open_page(report)
    champion = load(REFERENCE)
    (tmp_path / "page.html").write_bytes(build(champion, [champion], [topology(champion)], Plain()))
    return open_page(tmp_path / "page.html")


def tree(page: Page) -> list[dict[str, Any]]:
    """What the browser tells assistive technology, without what it hides from it."""
    page.driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        {
            "id": node["nodeId"],
            "children": node.get("childIds", []),
            "role": node["role"]["value"],
            "name": node.get("name", {}).get("value", "").strip(),
            **{entry["name"]: entry["value"].get("value") for entry in node.get("properties", [])},
        }
        for node in nodes
        if not node["ignored"]
    ]


def announced(nodes: list[dict[str, Any]]) -> list[str]:
    """The text of each part that is read out, politely, when it changes."""
    known = {node["id"]: node for node in nodes}

    def text(node: dict[str, Any]) -> str:
        own = node["name"] if node["role"] == "StaticText" else ""
        return own + "".join(text(known[child]) for child in node["children"] if child in known)

    assert {node.get("live") for node in nodes} <= {None, "off", "polite"}, "nothing interrupts"
    return [text(node) for node in nodes if node["role"] == "status" and node["live"] == "polite"]


def test_every_control_and_picture_has_a_role_and_a_name(page: Page) -> None:
    nodes = tree(page)
    assert {node["role"] for node in nodes} >= NAMED - {"link"}
    for node in nodes:
        if node["role"] in NAMED or node.get("focusable"):
            assert node["name"], node
            assert node["role"] not in ("generic", "none"), node
    names = [node["name"] for node in nodes]
    for control in ("Play", "Restart", "Shared weight", "Weight \N{MINUS SIGN}1", "Topology"):
        assert control in names
    assert any(name.startswith(("The task at work", "What the network sees")) for name in names)
    assert any(name.startswith("The network.") for name in names)
    assert any(name.startswith("input cos θ: what the task shows") for name in names)


def test_sliders_tell_their_value_in_words(page: Page) -> None:
    page.driver.find_element("css selector", "[aria-label='Weight 2']").click()
    sliders = [node for node in tree(page) if node["role"] == "slider"]
    # From the document: for native sliders Chromium 156.0.8078.108 puts the number into the tree instead.
    words = page.run(
        "return [...document.querySelectorAll('input[type=range]')]"
        ".filter(e => e.checkVisibility()).map(e => [e.id, e.ariaValueText])"
    )
    assert len(words) == len(sliders)
    assert all(text for _, text in words)
    assert dict(words)["weight"] == page.text("weight-value") == "2.00"


def test_another_weight_is_announced_and_does_not_interrupt(page: Page) -> None:
    page.driver.find_element("css selector", "[aria-label='Weight \N{MINUS SIGN}0.5']").click()
    nodes = tree(page)
    assert "\N{MINUS SIGN}0.50" in announced(nodes)
    pressed = [node["name"] for node in nodes if node["role"] == "button" and node.get("pressed") == "true"]
    assert pressed == ["Weight \N{MINUS SIGN}0.5"]
    page.slide("weight", 4)
    assert page.text("weight-value") in announced(tree(page))


def test_the_end_of_an_episode_is_announced(page: Page) -> None:
    page.run("wann.advance(5000)")
    assert page.text("status").startswith(("The episode", "The recorded episode"))
    assert page.text("status") in announced(tree(page))
