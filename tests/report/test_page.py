"""The report as a file: self-contained, small, escaped, and honest about what is missing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from pages import REFERENCE

import wann
from tasks.swingup import SwingUp
from wann.champion import Champion
from wann.errors import UserError
from wann.genome import ConnectionGene, NodeGene
from wann.report.build import LARGEST, MOST_CHAMPIONS, Figure, build
from wann.report.inline import inline
from wann.report.page import embedded, fill
from wann.report.tables import settings
from wann.runs import load, read_front

HARMLESS = '<svg xmlns="http://www.w3.org/2000/svg" width="10pt" height="20pt"><rect id="a" fill="url(#b)"/></svg>'


class Reader(HTMLParser):
    """All elements with their attributes, and the text in each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self.scripts.append(data)


def live(page: bytes) -> dict[str, object]:
    """What the page's script reads."""
    return dict(json.loads(Reader(page.decode()).scripts[0]))


def test_the_page_is_whole_in_itself_and_small(report: Path) -> None:
    text = report.read_text()
    assert len(text.encode()) < LARGEST
    for tag, attributes in Reader(text).elements:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "xlink:href", "action", "data", "poster"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
    policy = next(a["content"] or "" for _, a in Reader(text).elements if "http-equiv" in a)
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe-eval" not in policy


def test_the_scores_settings_and_figures_are_there_without_a_script(report: Path) -> None:
    text = report.read_text()
    for words in ("random individual", "best shared", "mean over these", "initial_enabled", "verify_trials", "621.6"):
        assert words in text
    assert text.count("<figure>") == 1
    assert "no number has none" in text  # the script came, too


def test_data_stays_data_whatever_it_holds() -> None:
    evil = {"</script><!--": ["\u2028<b>", float("nan"), float("inf"), "{{script}}"]}
    text = embedded(evil)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"</script><!--": ["\u2028<b>", None, None, "{{script}}"]}


def test_what_fills_a_place_is_not_looked_at_again() -> None:
    assert fill("{{a}}-{{b}}", {"a": "{{b}}", "b": "c"}) == "{{b}}-c"


def test_a_figure_brings_in_nothing_that_acts_loads_or_clashes() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">'
        "<script>x()</script><style>* {}</style><metadata>m</metadata><foreignObject/><!-- c -->"
        '<g id="a" onclick="x()"><use xlink:href="#b"/><use href="http://e/f#g"/><image href="https://e/p.png"/></g>'
        '<path style="clip-path: url(#c); fill: URL(http://e)"/><path clip-path="url(#c)"/></svg>'
    )
    text = inline(svg, "f3-", 'a "title"')
    acting = r"script|style=|<style|metadata|foreign|onload|onclick|//e|<!--"
    assert not re.search(acting, text)
    assert 'id="f3-a"' in text
    assert 'href="#f3-b"' in text
    assert 'clip-path="url(#f3-c)"' in text
    assert "&quot;title&quot;" in text


@pytest.mark.parametrize("text", ["", "<svg", "<html/>", "<svg/>"])
def test_a_figure_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="a figure is not SVG"):
        inline(text, "f0-", "title")


def test_a_figure_without_room_is_named_and_left_out() -> None:
    champion = load(REFERENCE)
    large = HARMLESS.replace("<rect", f"<desc>{'x' * LARGEST}</desc><rect")
    page = build(champion, [champion], [Figure("Large", large), Figure("Small", HARMLESS)])
    assert len(page) < LARGEST
    assert b"Too large for this page: Large." in page
    assert b"<figcaption>Small</figcaption>" in page
    assert b'viewBox="0 0 10 20"' in page


def test_settings_of_any_content_are_shown_as_text() -> None:
    champion = msgspec.structs.replace(load(REFERENCE), provenance={"settings": {"<b>": {"<i>": None}, "seed": True}})
    text = settings(champion)
    assert "&lt;b&gt;" in text
    assert "<i>" not in text
    assert "All chance of the run comes from it." in text


def test_long_successions_are_thinned_and_keep_the_network_in_question() -> None:
    front = read_front(REFERENCE)
    many = [msgspec.structs.replace(front[1], provenance={"generation": k}) for k in range(300)]
    shown = live(build(many[123], many, []))
    champions = shown["champions"]
    assert isinstance(champions, list)
    assert len(champions) in (MOST_CHAMPIONS, MOST_CHAMPIONS + 1)
    assert champions[0]["generation"] == 1
    assert champions[-1]["generation"] == 300
    assert champions[shown["first"]]["generation"] == 124  # type: ignore[index]


def test_a_network_too_large_for_a_page_is_refused() -> None:
    nodes = (NodeGene(0, "bias"), *(NodeGene(k, "input") for k in range(1, 5_002)), NodeGene(6_000, "output"))
    genes = tuple(ConnectionGene(k, k, 6_000) for k in range(5_001))
    champion = Champion(inputs=("x",) * 5_001, outputs=("y",), nodes=nodes, connections=genes)
    with pytest.raises(UserError, match="the network has 5,001 connections, a report shows 5,000 at most"):
        build(champion, [champion], [])


class Missing(SwingUp):
    """Names a file that is not there."""

    javascript = "missing.js"


class Derived(SwingUp):
    """Dynamics of its own, perhaps: those of the class above must not stand in for them."""


def test_a_tasks_javascript_must_be_there_and_is_not_inherited() -> None:
    champion = load(REFERENCE)
    with pytest.raises(UserError, match=r"its JavaScript .*missing\.js cannot be read"):
        build(champion, [champion], [], Missing())
    assert "recordings" in live(build(champion, [champion], [], Derived()))
    assert "recordings" not in live(build(champion, [champion], [], SwingUp()))


def test_show_writes_the_page_of_a_run_and_of_a_file(tmp_path: Path) -> None:
    small = read_front(REFERENCE)[:6]
    (tmp_path / "front.json").write_bytes(b"[" + b",".join(champion.encode() for champion in small) + b"]")
    small[-1].save(tmp_path / "champion.json")
    assert wann.show(tmp_path, html=True) == tmp_path / "report.html"
    page = live((tmp_path / "report.html").read_bytes())
    assert len(page["champions"]) == 6  # type: ignore[arg-type]
    other = wann.show(tmp_path, html=True, connections=2, out=tmp_path / "small.html")
    assert "swingup, 2 connections" in other.read_text()
    file = tmp_path / "champion.json"
    page = live(wann.show(file, html=True, out=tmp_path / "file.html").read_bytes())
    assert len(page["champions"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(("task", "words"), [(None, "does not name a task"), ("gone", "there is no task")])
def test_without_its_task_the_page_says_what_is_missing(tmp_path: Path, task: str | None, words: str) -> None:
    path = tmp_path / "network.json"
    msgspec.structs.replace(load(REFERENCE), task=task).save(path)
    text = wann.show(path, html=True).read_text()
    assert words in text
    assert "100 verification episodes for each weight" in text


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    msgspec.structs.replace(load(REFERENCE), task=None).save(path)
    with pytest.raises(UserError, match="cannot write the report /dev/null/x: Not a directory"):
        wann.show(path, html=True, out="/dev/null/x")


class Broken(SwingUp):
    """A task whose report cannot be made."""

    name = "broken"
    javascript = "missing.js"


def test_a_search_ends_with_its_report_and_goes_well_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = {"population": 8, "generations": 2, "trials": 1, "verify_trials": 2, "workers": 1}
    run = wann.search("swingup", out=tmp_path / "run", **settings)
    page = (run.folder / "report.html").read_bytes()
    for text in (b"ancestors, first to last", b"Learning curves", b"Performance against the shared weight"):
        assert text in page
    run = wann.search(Broken(), out=tmp_path / "broken", **settings)
    assert run.generation == 2
    assert not (run.folder / "report.html").exists()
    assert "the report could not be written: task 'broken': its JavaScript" in caplog.text


def test_a_data_set_has_scores_with_accuracies_and_shows_samples(tmp_path: Path) -> None:
    run = wann.search("digits", out=tmp_path / "run", population=4, generations=1, workers=1)
    text = (run.folder / "report.html").read_text()
    assert "All test samples" in text
    assert ">accuracy</th>" in text
    task = live(text.encode())["task"]
    assert isinstance(task, dict)
    assert (len(task["x"]), len(task["y"]), task["classes"]) == (200, 200, True)
    assert {len(sample) for sample in task["x"]} == {64}
