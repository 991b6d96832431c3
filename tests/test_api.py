"""The commands as Python functions: the same names and defaults, and runs that continue where they were saved."""

from __future__ import annotations

import csv
import inspect
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import click
import numpy as np
import pytest

import wann
from tasks.swingup import SwingUp
from wann import cli
from wann.api import searches
from wann.checkpoint import LATEST, PREVIOUS, load_checkpoint
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.network import express
from wann.population import Population
from wann.runs import CLOCK_COLUMNS, COLUMNS, Progress, Run
from wann.seeds import Purpose, trial_seeds
from wann.settings import NAMES_OF_SETTINGS, Settings

SETTINGS: dict[str, Any] = {"population": 12, "generations": 4, "trials": 1, "verify_trials": 4, "seed": 3}
PLAIN = ("history.csv", "champion.json", "front.json", "config.toml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run; ``copied`` gives one that a test may change."""
    folder = tmp_path_factory.mktemp("api") / "run"
    wann.search("swingup", out=folder, workers=1, **SETTINGS)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def rows(folder: Path) -> list[dict[str, str]]:
    """``history.csv`` without its clock columns."""
    with (folder / "history.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in CLOCK_COLUMNS} for row in csv.DictReader(file)]


def generations(folder: Path) -> list[str]:
    return [row["generation"] for row in rows(folder)]


TWINS: list[tuple[click.Command, Callable[..., Any]]] = [
    (cli.wann.commands[name], getattr(wann, name))
    for name in ("bench", "play", "resume", "search", "show", "sweep", "tasks", "test", "tune", "watch")
]
FILES_TO_FILES = {
    "compare": "compare_task",
    "export": "export_network",
    "import": "import_network",
    "simplify": "simplify_network",
}
"""The twins whose own names are a keyword or a module."""
ONLY_THERE = {"quiet", "as_json", "format"}
ONLY_HERE = {"watch", "settings", "fitness", "inputs", "outputs"}


@pytest.mark.parametrize(("command", "function"), TWINS, ids=[function.__name__ for _, function in TWINS])
def test_a_command_and_its_twin_have_the_same_names_and_defaults(
    command: click.Command, function: Callable[..., Any]
) -> None:
    there = {part.name: part.to_info_dict()["default"] for part in command.params if part.name not in ONLY_THERE}
    parameters = inspect.signature(function).parameters
    here = {
        name: None if parameter.default is parameter.empty else parameter.default
        for name, parameter in parameters.items()
        if name not in ONLY_HERE and parameter.annotation != "Task | None"
    }
    assert there == here
    if "settings" in parameters:
        options = {part.name: part.to_info_dict()["default"] for part in command.get_params(click.Context(command))}
        for name in set(NAMES_OF_SETTINGS) - {"task"}:
            assert options[name] is None


def test_every_command_has_a_twin() -> None:
    assert {command.name for command, _ in TWINS} | set(FILES_TO_FILES) == set(cli.wann.commands)
    assert all(getattr(wann, function.__name__) is function for _, function in TWINS)
    for command, name in FILES_TO_FILES.items():
        required = {part.name for part in cli.wann.commands[command].params if part.required} - {"as_json"}
        assert required <= set(inspect.signature(getattr(wann, name)).parameters)


def test_a_run_has_its_files_and_one_row_a_generation(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} >= {*PLAIN, LATEST, "topology.svg"}
    assert not list(finished.glob(".*.tmp"))
    assert generations(finished) == ["1", "2", "3", "4"]
    assert tuple((finished / "history.csv").read_text().splitlines()[0].split(",")) == COLUMNS


def test_the_run_and_its_files_agree(finished: Path) -> None:
    run = searches.reopen(finished)
    champion = wann.load(finished)
    assert run.champion == champion
    assert run.front[-1] == champion
    assert champion.provenance["seed"] == 3
    assert champion.provenance["settings"]["population"] == 12
    assert champion.scores is not None
    assert float(rows(finished)[-1]["champion_mean"]) == champion.scores.mean == run.history["champion_mean"][-1]
    assert run.history["generation"].tolist() == [1, 2, 3, 4]


def test_the_champion_is_verified_on_the_runs_verification_trials(finished: Path) -> None:
    champion = wann.load(finished)
    assert champion.scores is not None
    evaluator = ThreadEvaluator(SwingUp(), 1)
    seeds = trial_seeds(3, Purpose.VERIFICATION, 6, 4)
    returns = evaluator.evaluate(express(Population.pack([champion.genome])), champion.scores.weights, seeds).returns[0]
    evaluator.close()
    assert champion.scores.means == tuple(returns.mean(axis=1).tolist())
    assert champion.scores.mean == returns.mean(axis=1).mean()
    assert champion.scores.trials == 4


def test_the_champion_can_be_called(finished: Path) -> None:
    network = wann.load(finished).network
    assert network(np.zeros(5), weight=1.0).shape == (1,)


def test_whoever_watches_sees_every_generation(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run = wann.search("swingup", out=tmp_path / "run", watch=seen.append, workers=1, **SETTINGS)
    assert [progress.row["generation"] for progress in seen] == [1, 2, 3, 4]
    assert {progress.generations for progress in seen} == {4}
    assert isinstance(run, Run)


def test_a_config_file_gives_the_same_run(finished: Path, tmp_path: Path) -> None:
    wann.search("swingup", config=finished / "config.toml", out=tmp_path / "run", workers=1)
    assert rows(tmp_path / "run") == rows(finished)
    for name in ("champion.json", "front.json", "config.toml"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()


def test_what_is_given_goes_before_the_config_file_and_that_before_the_preset(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("population = 10\ntrials = 2\n")
    run = searches.prepare("swingup", config=tmp_path / "x.toml", preset="paper", out=tmp_path / "run", trials=5)
    assert (run.settings.population, run.settings.trials, run.settings.tournament) == (10, 5, 8)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"populaton": 5}, r"there is no setting 'populaton': did you mean 'population'\?"),
        ({"population": "many"}, "population: expected int, got 'many'"),
        ({"weights": "1,2"}, "weights: expected array, got '1,2'"),
        ({"preset": "papper"}, r"there is no preset 'papper': did you mean 'paper'\?"),
        ({"config": "missing.toml"}, "cannot read the settings file missing.toml: No such file or directory"),
        ({"task": 5}, "task: expected a task or the name of one, got 5"),
        ({"task": "swing"}, r"there is no task 'swing': did you mean 'swingup'\?"),
    ],
)
def test_wrong_requests_are_refused_before_a_folder_is_made(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        wann.search(**{"task": "swingup", "out": tmp_path / "run", **given})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("workers", [0, -1, 1.5, "two"])
def test_wrong_workers_are_refused(tmp_path: Path, workers: Any) -> None:
    with pytest.raises(UserError, match=f"^workers: expected a whole number of 1 or more, got {workers!r}$"):
        wann.search("swingup", out=tmp_path / "run", workers=workers, **SETTINGS)


def test_a_config_file_of_another_task_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('task = "other"\n')
    with pytest.raises(UserError, match=r"x\.toml is for the task 'other', not for 'swingup'$"):
        wann.search("swingup", config=tmp_path / "x.toml", out=tmp_path / "run")


def test_a_wrong_config_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("population = 1\n")
    with pytest.raises(UserError, match=r"x\.toml: population: expected int >= 2, got 1$"):
        wann.search("swingup", config=tmp_path / "x.toml", out=tmp_path / "run")


def test_runs_get_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [searches.prepare("swingup", seed=seed).folder for seed in (0, 0, 0, 7)]
    assert [str(name) for name in names] == [f"runs/swingup-{end}" for end in ("0", "0-2", "0-3", "7")]


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(copied: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    with pytest.raises(UserError, match="holds a run: continue it with `wann resume`, or name another folder"):
        wann.search("swingup", out=copied, **SETTINGS)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").touch()
    with pytest.raises(UserError, match="holds files already: name another folder with --out"):
        wann.search("swingup", out=tmp_path / "other", **SETTINGS)
    with pytest.raises(UserError, match=r"cannot write to the run folder .*: File exists"):
        wann.search("swingup", out=tmp_path / "other" / "x", **SETTINGS)
    with pytest.raises(UserError, match=r"cannot write to the run folder .*: Not a directory"):
        wann.search("swingup", out=tmp_path / "other" / "x" / "y", **SETTINGS)


def test_a_search_that_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    for wrong in ({"ray": "127.0.0.1:1"}, {"workers": 0}):
        with pytest.raises(UserError):
            wann.search("swingup", out=tmp_path / "run", **wrong, **SETTINGS)
        assert not (tmp_path / "run").exists()


def test_a_run_that_was_not_begun_stays_when_it_cannot_be_resumed_either(tmp_path: Path) -> None:
    searches.prepare("swingup", out=tmp_path / "run", **SETTINGS)
    with pytest.raises(UserError):
        wann.resume(tmp_path / "run", ray="127.0.0.1:1")
    assert (tmp_path / "run" / "config.toml").exists()


def test_what_others_put_into_the_folder_stays(tmp_path: Path) -> None:
    run = searches.prepare("swingup", out=tmp_path / "run", **SETTINGS)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(UserError):
        searches.finish(run, ray="127.0.0.1:1")
    assert (tmp_path / "run" / "notes.txt").exists()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert searches.prepare("swingup", out=tmp_path).folder == tmp_path


def test_resume_extends_a_run_as_if_it_had_been_longer_from_the_start(
    finished: Path, copied: Path, tmp_path: Path
) -> None:
    wann.resume(copied, generations=7, workers=1)
    assert generations(copied) == [str(i) for i in range(1, 8)]
    assert rows(copied)[:4] == rows(finished)
    wann.search("swingup", out=tmp_path / "longer", workers=1, **{**SETTINGS, "generations": 7})
    assert rows(copied) == rows(tmp_path / "longer")
    assert (copied / "champion.json").read_bytes() == (tmp_path / "longer" / "champion.json").read_bytes()
    assert (copied / "config.toml").read_bytes() == (tmp_path / "longer" / "config.toml").read_bytes()


def test_fewer_generations_than_done_are_refused(copied: Path) -> None:
    with pytest.raises(UserError, match=r"^generations: .*run has 4 already: expected as many or more, got 3$"):
        wann.resume(copied, generations=3)
    assert generations(copied) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("population", 13), ("seed", 4), ("weights", [1.0]), ("verify_trials", 5), ("activations", ["sin"])],
)
def test_a_changed_setting_is_refused_by_name(copied: Path, name: str, value: Any) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    with pytest.raises(UserError, match=rf"^{name} cannot change within a run: .*config\.toml has .*, got "):
        wann.resume(copied, generations=9, **{name: value})
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_the_settings_of_the_run_itself_may_be_given_again(copied: Path) -> None:
    assert wann.resume(copied, **SETTINGS).generation == 4


def test_resuming_a_finished_run_changes_nothing(copied: Path) -> None:
    names = [*PLAIN, LATEST]
    before = {name: (copied / name).read_bytes() for name in names}
    run = wann.resume(copied)
    assert run.generation == 4
    assert {name: (copied / name).read_bytes() for name in names} == before


def test_rows_and_files_left_over_from_a_kill_are_dropped(finished: Path, copied: Path) -> None:
    with (copied / "history.csv").open("a") as file:
        file.write((copied / "history.csv").read_text().splitlines()[-1].replace("4,", "5,", 1) + "\n6,12")
    (copied / ".checkpoint-new.npz.abc.tmp").write_bytes(b"half")
    wann.resume(copied, generations=6, workers=1)
    assert generations(copied) == [str(i) for i in range(1, 7)]
    assert rows(copied)[:4] == rows(finished)
    assert not list(copied.glob(".*.tmp"))


def test_a_run_without_a_checkpoint_starts_again(finished: Path, copied: Path) -> None:
    (copied / LATEST).unlink()
    (copied / PREVIOUS).unlink(missing_ok=True)
    wann.resume(copied, workers=1)
    assert rows(copied) == rows(finished)


def test_a_damaged_checkpoint_gives_way_to_the_one_before_and_the_result_is_the_same(
    finished: Path, copied: Path
) -> None:
    wann.resume(copied, generations=6, workers=1)
    assert int(load_checkpoint(copied)["generation"]) == 6
    shutil.copy(finished / LATEST, copied / PREVIOUS)
    expected = rows(copied), (copied / "champion.json").read_bytes()
    (copied / LATEST).write_bytes((copied / LATEST).read_bytes()[:-50])
    assert searches.reopen(copied).generation == 4
    wann.resume(copied, workers=1)
    assert (rows(copied), (copied / "champion.json").read_bytes()) == expected


@pytest.mark.parametrize("folder", ["missing", "."])
def test_what_is_no_run_cannot_be_resumed(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UserError, match=r"is not a run folder: it has no config\.toml$"):
        wann.resume(tmp_path / folder)


def test_a_lock_is_held_by_one_run_at_a_time(copied: Path) -> None:
    first, second = searches.reopen(copied, generations=6), searches.reopen(copied, generations=6)

    def watch(progress: Progress) -> None:
        if progress.row["generation"] == 5:
            with pytest.raises(UserError, match="another process is working on the run in"):
                searches.finish(second, workers=1)

    searches.finish(first, workers=1, watch=watch)
    assert generations(copied) == [str(i) for i in range(1, 7)]


class Two(SwingUp):
    """A task with other inputs."""

    inputs = ("a", "b")  # type: ignore[assignment]


def test_a_network_of_another_shape_is_refused(finished: Path) -> None:
    with pytest.raises(UserError, match=r"has 5 inputs and 1 outputs; the task 'swingup' has 2 and 1$"):
        wann.test(finished, task=Two())


def test_a_network_without_a_task_needs_one(finished: Path, tmp_path: Path) -> None:
    champion = wann.load(finished)
    text = champion.encode().replace(b'  "task": "swingup",\n', b"")
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(UserError, match="does not say which task it is for: name one with --task"):
        wann.test(tmp_path / "a.json")
    assert wann.test(tmp_path / "a.json", task="swingup", episodes=1).task == "swingup"


def test_a_task_object_needs_no_installation(tmp_path: Path) -> None:
    class Short(SwingUp):
        name = "short"
        max_steps = 20
        paper: ClassVar = {"generations": 2, "population": 8, "verify_trials": 4}
        preset: ClassVar = {}

    run = wann.search(Short(), out=tmp_path / "run", workers=1)
    assert run.generation == 2
    assert run.settings == Settings(task="short", generations=2, population=8, verify_trials=4)
    assert run.champion.scores is not None
    assert run.champion.scores.mean <= 20
    assert wann.resume(tmp_path / "run", task=Short(), generations=3, workers=1).generation == 3
    with pytest.raises(UserError, match=r"^there is no task 'short'"):
        wann.resume(tmp_path / "run")
    with pytest.raises(UserError, match=r"^task cannot change within a run: .* has short, got swingup$"):
        wann.resume(tmp_path / "run", task=SwingUp())


def test_a_network_can_be_chosen_by_its_size(finished: Path, tmp_path: Path) -> None:
    front = wann.runs.read_front(finished)
    for member in front:
        size = len(member.genome.enabled)
        assert wann.load(finished, connections=size) == member
        assert max(len(m.genome.enabled) for m in front if len(m.genome.enabled) <= size) == size
    assert wann.test(finished, connections=10_000, episodes=1) == wann.test(finished, episodes=1)
    assert wann.show(finished, connections=10_000, out=tmp_path / "a.png").exists()
    with pytest.raises(UserError, match="is not a run folder"):
        wann.load(finished / "champion.json", connections=5)
    (tmp_path / "front.json").write_text("[]")
    with pytest.raises(UserError, match="has no network with 5 connections or fewer"):
        wann.load(tmp_path, connections=5)


def test_show_draws_where_it_is_told(finished: Path, tmp_path: Path) -> None:
    assert wann.show(finished, out=tmp_path / "a.png") == tmp_path / "a.png"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    shutil.copy(finished / "champion.json", tmp_path / "b.json")
    assert wann.show(tmp_path / "b.json") == tmp_path / "topology.svg"


def test_show_tells_what_cannot_be_written(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write the figure"):
        wann.show(finished, out=tmp_path / "no" / "a.svg")


def test_all_tasks_are_listed() -> None:
    assert [task.name for task in wann.tasks()] == sorted(task.name for task in wann.tasks())
    assert "swingup" in [task.name for task in wann.tasks()]
