"""The command: what it prints where, and one clear line with the right exit code for whatever is wrong."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import wann
import wann.api.searches
from wann import cli
from wann.champion import Champion
from wann.checkpoint import LATEST, PREVIOUS
from wann.genome import ConnectionGene, NodeGene
from wann.settings import NAMES_OF_SETTINGS

SMALL = ["--population", "8", "--generations", "3", "--trials", "1", "--verify-trials", "4", "--workers", "1"]
COMMAND = [sys.executable, "-m", "wann"]


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs the command in this process."""

    def run(*args: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main([str(arg) for arg in args])
        assert isinstance(end.value.code, int)
        return Result(end.value.code, *capsys.readouterr())

    return run


def spawn(*args: object, **kwargs: Any) -> Result:
    """Runs the command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, check=False, timeout=60, **kwargs
    )
    return Result(done.returncode, done.stdout, done.stderr)


def assert_refused(result: Result, code: int, message: str) -> None:
    assert result.code == code, result
    assert result.out == ""
    assert result.err.startswith("wann: ")
    assert result.err.endswith("\n")
    assert len(result.err.splitlines()) == 1, result.err
    assert message in result.err


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run; ``copied`` gives one that a test may change."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    wann.search("swingup", out=folder, population=8, generations=3, trials=1, verify_trials=4, workers=1)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


REQUESTS: list[tuple[str, str]] = [
    ("serch swingup", "there is no command 'serch': did you mean 'search'?"),
    ("zzz", "there is no command 'zzz': expected one of: bench, "),
    ("search swingpu", "there is no task 'swingpu': did you mean 'swingup'?"),
    ("search swingup --populaton 5", "there is no option '--populaton': did you mean '--population'?"),
    ("resume run --generation 5", "there is no option '--generation': did you mean '--generations'?"),
    ("test run --episode 5", "there is no option '--episode': did you mean '--episodes'?"),
    ("--verson", "there is no option '--verson': did you mean '--version'?"),
    ("search swingup --preset papr", "there is no preset 'papr': did you mean 'paper'?"),
    ("search", "Missing argument 'TASK'"),
    ("search swingup more", "unexpected extra argument"),
    ("search swingup --seed", "requires an argument"),
    ("search swingup --population 1", "population: expected int >= 2, got 1"),
    ("search swingup --population many", "population: expected a whole number, got 'many'"),
    ("search swingup --population 8.5", "population: expected a whole number, got '8.5'"),
    ("search swingup --generations 0", "generations: expected int >= 1, got 0"),
    ("search swingup --trials 2000000000", "trials: expected int <= 1000000, got 2000000000"),
    ("search swingup --seed -1", "seed: expected int >= 0, got -1"),
    ("search swingup --weights 1,x", "weights: expected a number or several, between commas, got '1,x'"),
    ("search swingup --weights nan", "weights: expected numbers in [-1e6, 1e6], got (nan,)"),
    ("search swingup --initial-enabled 1.5", "initial_enabled: expected float <= 1.0, got 1.5"),
    ("search swingup --activations sine", "activations: unknown 'sine': did you mean 'sin'?"),
    ("search swingup --workers 0", "'--workers': 0 is not in the range"),
    ("search swingup --workers two", "'--workers': 'two' is not a valid integer"),
    ("search swingup --config missing.toml", "cannot read the settings file missing.toml: No such file"),
    ("search swingup --config /dev/zero", "cannot read the settings file /dev/zero: it is no regular file"),
    ("search swingup --config .", "it is a folder"),
    ("search swingup --out /dev/null", "cannot write to the run folder /dev/null: File exists"),
    ("search swingup --out /dev/null/run", "cannot write to the run folder /dev/null/run: Not a directory"),
    ("search swingup --out /proc/run", "cannot write to the run folder /proc/run: No such file or directory"),
    ("sweep swingup", "Missing option '--seeds'"),
    ("sweep swingpu --seeds 0", "there is no task 'swingpu': did you mean 'swingup'?"),
    ("sweep swingup --seeds 5..2", "seeds: expected 0 <= first <= last, got 5..2"),
    ("sweep swingup --seeds 1,x", "seeds: expected numbers such as 0..9 or 0,3,7, got '1,x'"),
    ("sweep swingup --seeds 0..999999999999", "a sweep of 1,000,000,000,000 seeds: expected at most 10,000 runs"),
    ("sweep swingup --seeds 0..5000 --set trials=1,2", "a sweep of 10,002 runs: expected at most 10,000"),
    ("sweep swingup --seeds 0,1,0", "seeds: expected each value once, got 0, 1, 0"),
    ("sweep swingup --seeds 0 --set populaton=8", "set: there is no setting 'populaton': did you mean 'population'?"),
    ("sweep swingup --seeds 0 --set population=8,1", "population: expected int >= 2, got 1"),
    ("sweep swingup --seeds 0 --set population", "set: expected NAME=VALUE,VALUE, got 'population'"),
    ("sweep swingup --seeds 0 --set seed=1", "set: seed is no setting of a sweep: give it as --seeds"),
    ("sweep swingup --seeds 0 --set trials=1 --set trials=2", "set: trials comes twice: give its values between ,"),
    ("sweep swingup --seeds 0 --out /dev/null", "cannot write to the folder /dev/null: File exists"),
    ("resume missing", "missing is not a run folder: it has no config.toml"),
    ("test missing.json", "cannot read the network file missing.json: No such file or directory"),
    ("test .", "cannot read the network file champion.json: No such file or directory"),
    ("test /dev/zero", "cannot read the network file /dev/zero: it is no regular file"),
    ("show missing.json", "cannot read the network file missing.json: No such file or directory"),
    ("show missing.json --what curves", "missing.json is not a run folder: it has no config.toml"),
    ("show missing --what grwth", "what: there is no figure 'grwth': did you mean 'growth'?"),
    ("show missing --what growth --generations 1,b", "generations: expected whole numbers between commas, got '1,b'"),
    ("show a b --what front", "out: expected the name of a figure for several runs together, got none"),
    ("show", "Missing argument 'PATH...'"),
    ("play missing.json --out a.gif", "cannot read the network file missing.json: No such file or directory"),
    ("play missing.json --out a.avi", "a.avi ends in '.avi': expected one of: gif, mp4"),
    ("play missing.json --weights 1,b", "weights: expected a number or several, between commas, got '1,b'"),
    ("bench swingpu", "there is no task 'swingpu': did you mean 'swingup'?"),
    ("bench --network missing.json", "cannot read the network file missing.json"),
]


@pytest.mark.parametrize(("request_", "message"), REQUESTS, ids=[request for request, _ in REQUESTS])
def test_a_wrong_request_gives_one_clear_line(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(call(*request_.split()), 2, message)
    assert list(tmp_path.iterdir()) == []


CONFIGS: list[tuple[bytes, str]] = [
    (b"population = 1", "x.toml: population: expected int >= 2, got 1"),
    (b"population = '8'", "x.toml: population: expected int, got '8'"),
    (b"population = true", "x.toml: population: expected int, got True"),
    (b"populaton = 8", "x.toml: there is no setting 'populaton': did you mean 'population'?"),
    (b"initial_enabled = nan", "x.toml: initial_enabled: expected float >= 0.0, got nan"),
    (b"weights = []", "x.toml: weights: expected array of length >= 1, got []"),
    (b"weights = [1, inf]", "x.toml: weights: expected numbers in [-1e6, 1e6], got (1.0, inf)"),
    (b"[search]\npopulation = 8", "x.toml: there is no setting 'search'"),
    (b"task = 'pole'", "x.toml is for the task 'pole', not for 'swingup'"),
    (b"population = ", "x.toml: not a TOML file: "),
    (b"\x00\xff\xfe", "x.toml: not a TOML file: "),
    (b"seed = " + b"[" * 100_000, "x.toml: not a TOML file: "),
    (b"seed = " + b"9" * 6000, "x.toml: not a TOML file: "),
    (b"seed" + b".a" * 5000 + b" = 1", "x.toml: "),
]


@pytest.mark.parametrize(("content", "message"), CONFIGS, ids=[str(content[:24]) for content, _ in CONFIGS])
def test_a_wrong_config_file_gives_one_clear_line(call: Call, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    result = call("search", "swingup", "--config", tmp_path / "x.toml", "--out", tmp_path / "run")
    assert_refused(result, 2, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["test", "show", "play", "bench --network"])
@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"\x80\x04K\x01.", b'{"format": "wann-network", "version": 2}']
)
def test_a_wrong_network_file_gives_one_clear_line(call: Call, tmp_path: Path, command: str, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert_refused(call(*command.split(), tmp_path / "a.json"), 2, f"{tmp_path / 'a.json'}")


def test_files_that_never_end_are_refused_at_once(call: Call, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**27)
    assert_refused(call("test", tmp_path / "pipe"), 2, "it is no regular file")
    assert_refused(call("search", "swingup", "--config", tmp_path / "pipe"), 2, "it is no regular file")
    assert_refused(call("test", tmp_path / "huge"), 2, "too large for a network file")
    assert_refused(call("search", "swingup", "--config", tmp_path / "huge"), 2, "too large for a settings file")


def test_a_path_with_a_line_break_still_gives_one_line(call: Call, tmp_path: Path) -> None:
    assert_refused(call("test", tmp_path / "a\nb.json"), 2, "No such file or directory")


@pytest.mark.parametrize("command", ["test", "show"])
def test_options_of_the_wrong_value_are_refused(call: Call, copied: Path, command: str) -> None:
    wrong = {
        "test": [("--episodes", "0"), ("--episodes", "x"), ("--weights", ","), ("--weights", "inf"), ("--seed", "-1")],
        "show": [("--out", f"{copied}/a.docx"), ("--out", f"{copied}/no/a.svg"), ("--out", str(copied))],
    }
    for option, value in wrong[command]:
        assert_refused(call(command, copied, option, value), 2, "")


def test_a_damaged_checkpoint_gives_one_line_and_the_one_before_resumes(call: Call, copied: Path) -> None:
    shutil.copy(copied / LATEST, copied / PREVIOUS)
    (copied / LATEST).write_bytes(b"PK\x03\x04 damaged")
    good = (copied / PREVIOUS).read_bytes()
    (copied / PREVIOUS).write_bytes(good[:-100])
    assert_refused(call("resume", copied, "--quiet"), 2, "has no checkpoint that can be read (checkpoint.npz: ")
    (copied / PREVIOUS).write_bytes(good)
    assert call("resume", copied, "--generations", 4).code == 0
    assert wann.resume(copied).generation == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--generations", "2"], "has 3 already: expected as many or more, got 2"),
        (["--population", "9"], "population cannot change within a run"),
        (["--seed", "1"], "seed cannot change within a run"),
    ],
)
def test_resuming_with_other_settings_is_refused(call: Call, copied: Path, options: list[str], message: str) -> None:
    assert_refused(call("resume", copied, *options), 2, message)


def test_a_folder_with_a_run_is_not_overwritten(call: Call, copied: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert_refused(call("search", "swingup", *SMALL, "--out", copied), 2, "holds a run: continue it with `wann resume`")
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_a_run_folder_that_cannot_be_written_fails_with_one_line(call: Call, copied: Path) -> None:
    (copied / ".lock").unlink(missing_ok=True)
    (copied / ".lock").mkdir()
    assert_refused(call("resume", copied, "--quiet", "--generations", 4), 1, str(copied / ".lock"))


@pytest.mark.parametrize("limit", [100, 3000, 6000])
def test_a_full_disk_fails_with_one_line_and_what_was_saved_resumes(
    finished: Path, copied: Path, call: Call, limit: int
) -> None:
    result = spawn(
        *("resume", copied, "--generations", 5, "--quiet", "--workers", 1),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert_refused(result, 1, f"File too large: {copied}")
    assert not list(copied.glob(".*.tmp"))
    assert (copied / LATEST).read_bytes() == (finished / LATEST).read_bytes()
    assert (copied / "champion.json").read_bytes() == (finished / "champion.json").read_bytes()
    assert call("resume", copied, "--generations", 5, "--quiet").code == 0
    assert len((copied / "history.csv").read_text().splitlines()) == 6


def test_a_full_disk_at_the_start_of_a_search(tmp_path: Path) -> None:
    result = spawn(
        *("search", "swingup", *SMALL, "--out", tmp_path / "run", "--quiet"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert result.code in (1, 2)
    assert_refused(result, result.code, f"{tmp_path / 'run'}")
    assert "File too large" in result.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_takes_nothing_fails_with_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, "tasks"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "wann: No space left on device\n")


def test_an_output_that_is_closed_makes_no_noise() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "tasks"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 1


def test_labels_need_not_fit_the_encoding_of_the_output() -> None:
    result = spawn("tasks", "--json", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (result.code, result.err) == (0, "")
    swingup = next(task for task in json.loads(result.out) if task["name"] == "swingup")
    assert swingup["inputs"] == ["x", "x'", "cos θ", "sin θ", "θ'"]


def test_two_processes_on_one_run_folder(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = subprocess.Popen(
        [*COMMAND, "search", "swingup", *SMALL, "--generations", "1000000", "--out", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (folder / "history.csv").exists() or len((folder / "history.csv").read_text().splitlines()) < 3:
            assert first.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        config = (folder / "config.toml").read_bytes()
        assert_refused(call("resume", folder, "--quiet"), 2, f"another process is working on the run in {folder}")
        assert_refused(call("search", "swingup", *SMALL, "--out", folder), 2, "holds a run")
        assert first.poll() is None
        assert (folder / "config.toml").read_bytes() == config
    finally:
        first.send_signal(signal.SIGINT)
        _, err = first.communicate(timeout=30)
    assert first.returncode == 130
    assert err.rstrip().splitlines()[-1].endswith(f"continue with: wann resume {folder}")
    assert "Traceback" not in err
    done = len((folder / "history.csv").read_text().splitlines()) - 1
    run = wann.api.searches.reopen(folder)
    assert run.generation == done
    assert run.history["generation"].tolist() == list(range(1, done + 1))


def test_search_tells_on_standard_error_and_prints_nothing(call: Call, tmp_path: Path) -> None:
    result = call("search", "swingup", *SMALL, "--out", tmp_path / "run")
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    assert lines[0] == f"swingup: 3 generations of 8, seed 0, in {tmp_path / 'run'}"
    assert lines[1].startswith("generation 1/3  best ")
    assert lines[-2].startswith("generation 3/3  best ")
    assert lines[-1].startswith("champion: mean return ")
    assert "\x1b" not in result.err
    assert "\r" not in result.err


def test_json_is_all_there_is_on_standard_output(call: Call, tmp_path: Path) -> None:
    result = call("search", "swingup", *SMALL, "--out", tmp_path / "run", "--json")
    found = json.loads(result.out)
    assert (found["run"], found["generations"]) == (str(tmp_path / "run"), 3)
    assert found["champion"] == json.loads((tmp_path / "run" / "champion.json").read_text())
    assert result.err


def test_quiet_is_quiet(call: Call, tmp_path: Path) -> None:
    assert call("search", "swingup", *SMALL, "--out", tmp_path / "run", "--quiet") == (0, "", "")
    result = call("resume", tmp_path / "run", "--quiet", "--generations", 4, "--json")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["generations"] == 4


def test_settings_reach_the_run_from_options_config_and_preset(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("population = 9\nseed = 5\nweights = [1, -1]\n")
    args = ["--config", tmp_path / "x.toml", "--seed", "6", "--preset", "paper", "--activations", "sin, relu"]
    more = ["--generations", "1", "--verify-trials", "4", "--out", tmp_path / "run", "--quiet"]
    assert call("search", "swingup", *args, *more).code == 0
    found = wann.api.searches.reopen(tmp_path / "run").settings
    assert (found.population, found.seed, found.weights, found.trials) == (9, 6, (1.0, -1.0), 3)
    assert found.activations == ("sin", "relu")


def test_the_json_of_a_test_is_the_python_report(call: Call, finished: Path) -> None:
    result = call("test", finished, "--episodes", 3, "--seed", 2, "--weights", "-1.5, 0.5", "--json")
    report = wann.test(finished, episodes=3, seed=2, weights=[-1.5, 0.5], workers=2)
    assert json.loads(result.out) == json.loads(msgspec.json.encode(report))


def test_the_table_of_a_test_has_the_reports_numbers(call: Call, finished: Path) -> None:
    result = call("test", finished, "--episodes", 3)
    report = wann.test(finished, episodes=3)
    lines = result.out.splitlines()
    for line, row in zip(lines[3:], report.weights, strict=False):
        assert line.split() == [f"{row.weight:g}", f"{row.mean:.1f}", f"{row.std:.1f}"]
    assert f"{report.mean:.1f}" in result.out
    random = next(line for line in lines if line.startswith("random shared"))
    assert random.split()[-3:] == [
        f"{number:.1f}" for number in (report.random.mean, report.random.std_episodes, report.random.std_weights)
    ]
    assert f"best shared, {report.best.weight:.2f}" in result.out


def test_show_prints_where_the_figure_is(call: Call, finished: Path, tmp_path: Path) -> None:
    assert call("show", finished, "--out", tmp_path / "a.svg") == (0, f"{tmp_path / 'a.svg'}\n", "")
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


def test_tasks_are_listed(call: Call) -> None:
    assert "swingup" in call("tasks").out
    found = next(task for task in json.loads(call("tasks", "--json").out) if task["name"] == "swingup")
    assert found["outputs"] == ["force"]
    assert found["reward_range"] == [0.0, 1000.0]
    assert found["paper"]["population"] == 192


def test_show_draws_growth(call: Call, finished: Path, tmp_path: Path) -> None:
    growth = tmp_path / "growth.svg"
    assert call("show", finished, "--what", "growth", "--generations", "1,2", "--out", growth) == (0, f"{growth}\n", "")
    assert b">generation 1<" in growth.read_bytes()


def test_play_writes_a_film(call: Call, tmp_path: Path) -> None:
    nodes = (NodeGene(0, "bias"), *(NodeGene(i, "input") for i in range(1, 6)), NodeGene(6, "output"))
    pushing = (ConnectionGene(0, 0, 6),)  # the cart leaves the track at once
    champion = Champion(inputs=tuple("abcde"), outputs=("force",), nodes=nodes, connections=pushing, task="swingup")
    champion.save(tmp_path / "a.json")
    film = tmp_path / "film.gif"
    command = "play", tmp_path / "a.json", "--weights", "-1,2", "--network", "--out", film
    assert call(*command) == (0, f"{film}\n", "")
    assert film.read_bytes().startswith(b"GIF89a")


@pytest.mark.parametrize("command", sorted(cli.wann.commands))
def test_every_command_has_help(call: Call, command: str) -> None:
    result = call(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: wann {command} ")
    if command in ("search", "resume"):
        for name in set(NAMES_OF_SETTINGS) - {"task"}:
            assert f"--{name.replace('_', '-')} " in result.out


def test_version(call: Call) -> None:
    assert call("--version").out.startswith("wann ")


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numba", "ray", "matplotlib", "gymnasium", "networkx"]
    code = (
        "import sys\nfrom wann.cli import main\n"
        f"try: main(['--help'])\nexcept SystemExit as end: print([end.code, *(m for m in {heavy} if m in sys.modules)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0]"


def test_memory_that_is_not_there_fails_with_one_line(call: Call, tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))

    args = ["--population", "100", "--trials", "1000000", "--tournament", "1000000", "--generations", "1"]
    many = ["--weights", ",".join(str(i) for i in range(1, 2000))]
    result = spawn("search", "swingup", *args, *many, "--out", tmp_path / "run", "--quiet", preexec_fn=limited)
    assert_refused(result, 1, "out of memory")
