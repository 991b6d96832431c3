"""Which figure of which runs, and what is said when it cannot be drawn."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import wann
from wann.api.searches import finish, prepare
from wann.errors import UserError
from wann.lineage import ancestors
from wann.pictures import OPTIONS
from wann.records import read_line
from wann.runs import load

SETTINGS = {"population": 24, "generations": 12, "trials": 1, "verify_trials": 6}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = [tmp_path_factory.mktemp("pictures") / f"seed-{seed}" for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        wann.search("swingup", out=folder, seed=seed, workers=1, **SETTINGS)
    return folders


def words(path: Path) -> set[str]:
    root = ElementTree.parse(path).getroot()
    return {"".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")}


EPISODES = {"weights": {"episodes": 2}}


@pytest.mark.parametrize("what", OPTIONS)
def test_each_figure_is_written_beside_the_run_and_the_same_again(runs: list[Path], tmp_path: Path, what: str) -> None:
    folder = Path(shutil.copytree(runs[0], tmp_path / "run"))
    (folder / f"{what}.svg").unlink(missing_ok=True)
    assert wann.show(folder, what=what, **EPISODES.get(what, {})) == folder / f"{what}.svg"
    assert any(word.startswith("swingup") for word in words(folder / f"{what}.svg"))
    wann.show(folder, what=what, out=tmp_path / "again.svg", **EPISODES.get(what, {}))
    assert (tmp_path / "again.svg").read_bytes() == (folder / f"{what}.svg").read_bytes()


@pytest.mark.parametrize("what", ["curves", "front", "weights", "activations"])
def test_several_runs_come_into_one_figure(runs: list[Path], tmp_path: Path, what: str) -> None:
    wann.show(*runs, what=what, out=tmp_path / "all.svg", **EPISODES.get(what, {}))
    assert any(word.startswith("swingup: ") and word.endswith(" of 2 runs") for word in words(tmp_path / "all.svg"))


@pytest.mark.parametrize("connections", [None, 3])
def test_growth_shows_the_ancestors_of_the_chosen_generations(
    runs: list[Path], tmp_path: Path, connections: int | None
) -> None:
    last = load(runs[0], connections)
    descent = read_line(runs[0], last)
    first = ancestors(last.genome, descent, [0])[0]
    wann.show(runs[0], what="growth", generations=[1, 12], connections=connections, out=tmp_path / "growth.svg")
    expected = {"generation 1", f"generation {descent[-1].generation + 1}"}
    assert last.scores is not None
    expected.add(f"{len(first.enabled)} connections")
    expected.add(f"{len(last.genome.enabled)} connections, mean return {last.scores.mean:.1f}")
    assert expected <= words(tmp_path / "growth.svg")


def test_growth_as_a_gif_has_a_frame_for_each_ancestor(runs: list[Path], tmp_path: Path) -> None:
    wann.show(runs[0], what="growth", out=tmp_path / "growth.gif")
    film = Image.open(tmp_path / "growth.gif")
    assert film.n_frames == len(read_line(runs[0], load(runs[0])))  # type: ignore[attr-defined]
    wann.show(runs[0], what="growth", generations=[1, 12], out=tmp_path / "two.gif")
    assert Image.open(tmp_path / "two.gif").n_frames == 2  # type: ignore[attr-defined]


def test_a_search_leaves_its_curves(runs: list[Path]) -> None:
    assert "mean return" in words(runs[0] / "curves.svg")
    assert {"champions.json", "topology.svg"} <= {path.name for path in runs[0].iterdir()}


def test_a_figure_that_cannot_be_drawn_fails_no_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = prepare("swingup", out=tmp_path / "run", **SETTINGS)
    (run.folder / "curves.svg").mkdir()
    finish(run, workers=1)
    assert load(run.folder) == run.champion
    assert (run.folder / "topology.svg").is_file()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "the figure of the curves could not be drawn"
    ]


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ("grwth", {}, "what: there is no figure 'grwth': did you mean 'growth'"),
        ("curves", {"disabled": True}, "disabled: expected only with topology, got it with curves"),
        (
            "curves",
            {"connections": 0},
            "connections: expected only with topology and growth and weights, got it with curves",
        ),
        ("topology", {"generations": [1]}, "generations: expected only with growth, got it with topology"),
        ("front", {"episodes": 3}, "episodes: expected only with weights, got it with front"),
        ("growth", {"generations": [0]}, r"generations: expected some from 1 on, got \[0\]"),
        ("weights", {"episodes": 0}, "episodes: expected a whole number"),
        ("weights", {"task": "nope"}, "there is no task 'nope'"),
        ("curves", {"out": "a.gif"}, r"a\.gif ends in '\.gif': expected one of: pdf, png, svg"),
        ("growth", {"out": "a.gfi"}, r"a\.gfi ends in '\.gfi': did you mean 'gif'"),
        ("growth", {"out": "no/a.svg"}, r"cannot write the figure no/a\.svg: No such file or directory"),
    ],
)
def test_what_will_not_do_is_told_and_nothing_is_written(
    runs: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    options: dict[str, object],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        wann.show(runs[0], what=what, **{"out": "a.svg", **options})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_how_many_runs_go_together(runs: list[Path]) -> None:
    for what in ("topology", "growth"):
        with pytest.raises(UserError, match=f"{what}: expected one network or run to draw, got 2"):
            wann.show(*runs, what=what, out="a.svg")
    with pytest.raises(UserError, match="curves: expected one network or run to draw, got 0"):
        wann.show(what="curves")
    with pytest.raises(UserError, match="out: expected the name of a figure for several runs together, got none"):
        wann.show(*runs, what="curves")


@pytest.mark.parametrize("what", ["growth", "curves", "front", "activations"])
def test_a_file_is_no_run(runs: list[Path], tmp_path: Path, what: str) -> None:
    with pytest.raises(UserError, match=r"champion\.json is not a run folder"):
        wann.show(runs[0] / "champion.json", what=what, out=tmp_path / "a.svg")


@pytest.mark.parametrize(
    ("what", "name"), [("growth", "lineage.json"), ("front", "front.csv"), ("activations", "champions.json")]
)
def test_a_run_of_an_earlier_version_has_no_growth(runs: list[Path], tmp_path: Path, what: str, name: str) -> None:
    folder = Path(shutil.copytree(runs[0], tmp_path / "run"))
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"has no {name}: an earlier version of wann made this run"):
        wann.show(folder, what=what)


def test_runs_on_different_tasks_are_refused(runs: list[Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(runs[1], tmp_path / "other"))
    config = other / "config.toml"
    config.write_text(config.read_text().replace('"swingup"', '"another"'))
    with pytest.raises(UserError, match=r"the runs are on different tasks \(another, swingup\)"):
        wann.show(runs[0], other, what="curves", out=tmp_path / "a.svg")
