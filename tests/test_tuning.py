"""Tuning: never below its start, the same whatever the workers and interruptions, and one clear line on bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata
from strategies import grown

import wann
from tasks.swingup import SwingUp
from wann import cma, descent, tuning
from wann.champion import Champion
from wann.cli import main
from wann.cma import LARGEST_FULL, Strategy
from wann.descent import Progress, Verified, ranks
from wann.errors import UserError
from wann.evaluation.threads import ThreadEvaluator
from wann.genome import NodeGene
from wann.network import express
from wann.population import Population
from wann.scoring import own_weights
from wann.seeds import Purpose, trial_seeds
from wann.task import JittedTask
from wann.tuning import TuningSettings, golden_section, make_tuning_settings
from wann.unfinished import SUFFIX

TASK = SwingUp()
SMALL: dict[str, Any] = {"generations": 12, "population": 8, "trials": 2, "seed": 4}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coarse sweep and few trials for verification."""
    monkeypatch.setattr(tuning, "SWEEP", 31)
    monkeypatch.setattr(tuning, "SWEEP_TRIALS", 4)
    monkeypatch.setattr(descent, "VERIFY_EVERY", 3)
    monkeypatch.setattr(descent, "VERIFY_TRIALS", 20)


def champion(seed: int = 3) -> Champion:
    genome = grown(1, steps=12, seed=seed)[0]
    return Champion(
        task="swingup",
        inputs=TASK.inputs,
        outputs=TASK.outputs,
        nodes=genome.nodes,
        connections=genome.connections,
        provenance={"seed": 3},
    )


@pytest.fixture
def network(tmp_path: Path) -> Path:
    champion().save(tmp_path / "network.json")
    return tmp_path / "network.json"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The network file of an undisturbed tuning on one thread."""
    folder = tmp_path_factory.mktemp("reference")
    champion().save(folder / "network.json")
    with pytest.MonkeyPatch.context() as patch:
        small.__wrapped__(patch)  # type: ignore[attr-defined]
        return wann.tune(folder / "network.json", workers=1, **SMALL).encode()


def returns(of: Champion, purpose: Purpose, trials: int, seed: int = 4) -> Any:
    networks = express(Population.pack([of.genome]))
    evaluator = ThreadEvaluator(TASK, 1)
    seeds = trial_seeds(seed, purpose, 1, trials)[0]
    found = evaluator.evaluate_weights(networks, own_weights(of.genome, networks)[None], seeds).returns[0]
    evaluator.close()
    return found


def test_the_result_is_better_than_its_start_and_scored_on_fresh_trials(network: Path) -> None:
    tuned = wann.tune(network, **{**SMALL, "generations": 30})
    found = tuned.provenance["tuning"]
    assert found["result"]["verified"] > found["start"]["verified"]
    assert found["result"]["verified"] == returns(tuned, Purpose.TUNING_VERIFICATION, 20).mean()
    final = returns(tuned, Purpose.TUNING_TEST, 20)
    assert (found["result"]["mean"], found["result"]["std"]) == (final.mean(), final.std())
    assert len({gene.weight for gene in tuned.genome.enabled}) > 1


def test_the_file_says_how_it_was_tuned(network: Path) -> None:
    tuned = wann.tune(network, **SMALL)
    read = wann.load(network.parent / "tuned.json")
    assert read == tuned
    found = read.provenance["tuning"]
    assert {name: found["settings"][name] for name in SMALL} == SMALL
    assert "cmaes" in found["versions"]
    assert read.provenance["seed"] == 3, "what the network came from is still there"
    assert read.task == "swingup"
    assert read.nodes == champion().nodes
    assert sorted(path.name for path in network.parent.iterdir()) == ["network.json", "tuned.json"]


def test_hopeless_tuning_gives_its_start(network: Path) -> None:
    """With candidates this far away, none is better."""
    found = wann.tune(network, **{**SMALL, "sigma": 100.0, "generations": 2}).provenance["tuning"]
    assert found["result"] == found["start"]


def test_a_shared_weight_is_one_and_not_below_those_of_the_search(network: Path) -> None:
    tuned = wann.tune(network, mode="shared", seed=4)
    found = tuned.provenance["tuning"]
    assert len({gene.weight for gene in tuned.connections}) == 1
    assert -3.2 < found["shared_weight"] < 3.2
    assert found["result"]["verified"] >= found["start"]["verified"]


def test_weights_that_the_file_carries_are_a_start_too(network: Path) -> None:
    once = wann.tune(network, **{**SMALL, "generations": 30})
    twice = wann.tune(network.parent / "tuned.json", out=network.parent / "twice.json", **SMALL)
    before, after = once.provenance["tuning"], twice.provenance["tuning"]
    assert after["start"]["verified"] == before["result"]["verified"]
    assert after["result"]["verified"] >= after["start"]["verified"]


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_do_not_matter(network: Path, reference: bytes, workers: int) -> None:
    assert wann.tune(network, workers=workers, **SMALL).encode() == reference


def test_ray_workers_do_not_matter(network: Path, reference: bytes) -> None:
    assert wann.tune(network, ray="local", workers=2, **SMALL).encode() == reference


def test_another_seed_gives_another_result(network: Path, reference: bytes) -> None:
    assert wann.tune(network, **{**SMALL, "seed": 5}).connections != json.loads(reference)["connections"]


def interrupting(at: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.generation == at:
            raise KeyboardInterrupt

    return watch


def test_any_number_of_interruptions_does_not_matter(network: Path, reference: bytes) -> None:
    for generation in (1, 2, 6, 7, 11):
        with pytest.raises(KeyboardInterrupt):
            wann.tune(network, watch=interrupting(generation), **SMALL)
        assert not (network.parent / "tuned.json").exists()
    seen: list[int] = []
    tuned = wann.tune(network, watch=lambda progress: seen.append(progress.generation), **SMALL)
    assert seen == [12]
    assert tuned.encode() == reference
    assert sorted(path.name for path in network.parent.iterdir()) == ["network.json", "tuned.json"]


def test_unfinished_work_with_other_settings_is_refused(network: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        wann.tune(network, watch=interrupting(2), **SMALL)
    with pytest.raises(UserError, match="holds unfinished work on another network or with other settings"):
        wann.tune(network, **{**SMALL, "sigma": 0.3})
    wann.tune(network, out=network.parent / "elsewhere.json", **{**SMALL, "sigma": 0.3})
    assert (network.parent / f"tuned.json{SUFFIX}").is_dir()


def test_a_damaged_checkpoint_is_one_clear_line(network: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        wann.tune(network, watch=interrupting(2), **SMALL)
    for path in (network.parent / f"tuned.json{SUFFIX}").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"has no checkpoint that can be read"):
        wann.tune(network, **SMALL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_saves_exits_with_130_and_goes_on(network: Path, tmp_path: Path, number: signal.Signals) -> None:
    settings = {**SMALL, "generations": 150}
    options = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    code = "from wann import tuning; tuning.LINE_SECONDS = 0; from wann.cli import main; main()"
    command = [sys.executable, "-c", code, "tune", str(network), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stderr is not None
    while b"generation 5/" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    _, messages = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in messages
    assert b"interrupted and saved" in messages
    assert (tmp_path / f"tuned.json{SUFFIX}").is_dir()
    again = subprocess.run(command, capture_output=True, check=True)
    undisturbed = [*command, "--out", str(tmp_path / "undisturbed.json"), "--quiet"]
    subprocess.run(undisturbed, capture_output=True, check=True)
    assert b"generation 1/" not in again.stderr
    assert (tmp_path / "tuned.json").read_bytes() == (tmp_path / "undisturbed.json").read_bytes()


def test_the_json_of_the_command_is_the_provenance(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["tune", str(network), "--generations", "2", "--population", "8", "--trials", "2", "--json"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    target = network.parent / "tuned.json"
    assert json.loads(out) == {"file": str(target), **wann.load(target).provenance["tuning"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--population", "3"], "population: expected int >= 4, got 3"),
        (["--generations", "0"], "generations: expected int >= 1, got 0"),
        (["--trials", "0"], "trials: expected int >= 1, got 0"),
        (["--sigma", "0"], "sigma: expected float >= 1e-06, got 0.0"),
        (["--sigma", "nan"], "sigma: "),
        (["--sigma", "inf"], "sigma: "),
        (["--horizons", "0.5"], "horizons: the last one must be 1, whole episodes"),
        (["--horizons", "0.5,0.2,1"], "horizons: expected rising shares of an episode, got [0.5, 0.2, 1.0]"),
        (["--horizons", "0,1"], "horizons: expected float > 0.0, got [0.0, 1.0]"),
        (["--horizons", "a"], "horizons: expected numbers between commas, got 'a'"),
        (["--seed", "-1"], "seed: expected int >= 0, got -1"),
        (["--mode", "individul"], "mode: there is no 'individul': did you mean 'individual'?"),
        (["--task", "swingpu"], "there is no task 'swingpu': did you mean 'swingup'?"),
        (["--out", "missing/tuned.json"], "cannot write missing/tuned.json: No such file or directory"),
        (["--out", "."], "it is a folder"),
        (["--out", "network.json"], "network.json is the network that is tuned: name another file with --out"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(
    network: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    monkeypatch.chdir(network.parent)
    with pytest.raises(SystemExit) as stopped:
        main(["tune", "network.json", *options])
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out, captured.err.count("\n")) == (2, "", 1)
    assert message in captured.err
    assert [path.name for path in network.parent.iterdir()] == ["network.json"]


def test_a_network_without_connections_is_refused(tmp_path: Path) -> None:
    bare = msgspec.structs.replace(champion(), connections=())
    bare.save(tmp_path / "bare.json")
    with pytest.raises(UserError, match="no connection that leads to an output"):
        wann.tune(tmp_path / "bare.json")
    assert [path.name for path in tmp_path.iterdir()] == ["bare.json"]


def test_a_network_of_other_sizes_is_refused(tmp_path: Path) -> None:
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
    other = Champion(task="swingup", inputs=("a",), outputs=("b",), nodes=nodes, connections=())
    other.save(tmp_path / "other.json")
    with pytest.raises(UserError, match="has 1 inputs and 1 outputs; the task 'swingup' has 5 and 1"):
        wann.tune(tmp_path / "other.json")


def test_disabled_connections_carry_the_best_shared_weight(network: Path) -> None:
    tuned = wann.tune(network, **SMALL)
    assert {gene.weight for gene in tuned.connections if not gene.enabled} == {
        tuned.provenance["tuning"]["shared_weight"]
    }


def test_golden_section_finds_the_top() -> None:
    assert golden_section(lambda x: -((x - 0.3) ** 2), -1.0, 1.0, 30) == pytest.approx(0.3, abs=1e-5)
    assert golden_section(lambda x: x, 0.0, 1.0, 30) == pytest.approx(1.0, abs=1e-5)


def test_settings_are_frozen_and_have_the_commands_defaults() -> None:
    assert make_tuning_settings(TASK) == TuningSettings(horizons=(0.15, 0.3, 0.6, 1.0))
    with pytest.raises(UserError, match="population: expected int, got '8'"):
        make_tuning_settings(TASK, population="8")


@pytest.mark.parametrize("size", [1, 5, LARGEST_FULL + 1])
def test_the_strategy_climbs_and_restores(size: int) -> None:
    one, two = (Strategy(np.full(size, 2.0), sigma=0.5, population=12) for _ in range(2))
    for generation in range(40):
        candidates = one.ask(generation)
        assert candidates.shape == (12, size)
        one.tell(candidates, -(candidates**2).sum(axis=1))
    two.restore(one.state)
    np.testing.assert_array_equal(two.ask(7), one.ask(7))
    assert (one.mean**2).sum() < 0.7 * 4 * size
    assert not one.finished


def test_a_state_of_another_strategy_is_refused() -> None:
    with pytest.raises(ValueError, match="expected float64"):
        Strategy(np.zeros(3), sigma=0.5, population=8).restore(Strategy(np.zeros(4), sigma=0.5, population=8).state)


def test_a_strategy_that_runs_away_says_so_before_the_library_breaks_off() -> None:
    strategy = Strategy(np.full(5, 2.0), sigma=0.5, population=12)
    for generation in range(2000):
        assert not strategy.diverged
        candidates = strategy.ask(generation)
        strategy.tell(candidates, np.abs(candidates).sum(axis=1))
        if np.abs(strategy.mean).max() > cma.LARGEST_WEIGHT:
            break
    assert strategy.diverged
    assert np.isfinite(strategy.ask(2000)).all()


def test_a_tuning_that_runs_away_starts_anew(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cma, "LARGEST_WEIGHT", 0.0)
    seen: list[float] = []
    found = wann.tune(network, watch=lambda progress: seen.append(progress.verified), **SMALL).provenance["tuning"]
    assert len(seen) == 12
    assert found["result"]["verified"] >= found["start"]["verified"]


def test_nan_is_the_worst_score() -> None:
    one, two = (Strategy(np.zeros(3), sigma=0.5, population=8) for _ in range(2))
    candidates = one.ask(0)
    scores = np.arange(8.0)
    one.tell(candidates, np.where(scores < 2, np.nan, scores))
    two.tell(candidates, np.where(scores < 2, -np.inf, scores))
    np.testing.assert_array_equal(one.mean, two.mean)


def test_nothing_is_better_than_nan_but_a_number() -> None:
    start = Verified(np.zeros(2), 1.0)
    assert start.or_better(np.ones((2, 2)), np.array([np.nan, 1.0])) is start
    assert start.or_better(np.ones((2, 2)), np.array([np.nan, 2.0])).mean == 2.0
    assert Verified(np.zeros(2), np.nan).or_better(np.ones((1, 2)), np.array([-3.0])).mean == -3.0


class Flat(JittedTask):
    """Every network gets the same return."""

    name = "flat"
    inputs = ("one",)
    outputs = ("any",)
    reward_range = (0.0, 1.0)
    max_steps = 1

    @staticmethod
    def start(rng: np.random.Generator) -> list[float]:
        return [1.0]

    @staticmethod
    def observe(state: tuple[float, ...]) -> tuple[float, ...]:
        return (state[0],)

    @staticmethod
    def step(state: tuple[float, ...], action: tuple[float, ...]) -> tuple[tuple[float, ...], float, bool]:
        return (state[0] + 0.0 * action[0],), 1.0, True


def test_tuning_starts_anew_where_nothing_changes_any_more(tmp_path: Path) -> None:
    """Without a better and a worse, the distribution wanders off until it is drawn back."""
    nodes = (NodeGene(0, "bias"), NodeGene(1, "input"), NodeGene(2, "output"))
    genes = (wann.ConnectionGene(0, 0, 2), wann.ConnectionGene(1, 1, 2))
    Champion(inputs=("one",), outputs=("any",), nodes=nodes, connections=genes).save(tmp_path / "flat.json")
    tuned = wann.tune(tmp_path / "flat.json", task=Flat(), **{**SMALL, "generations": 1000})
    found = tuned.provenance["tuning"]
    assert found["result"] == found["start"] == {"verified": 1.0, "mean": 1.0, "std": 0.0, "trials": 20}


def test_horizons_count_in_turn_and_then_together(network: Path) -> None:
    seen: list[tuple[float, ...]] = []
    wann.tune(network, horizons=[0.1, 0.5, 1], watch=lambda progress: seen.append(progress.horizons), **SMALL)
    assert seen == [(0.1,)] * 2 + [(0.5,)] * 2 + [(1.0,)] * 2 + [(0.1, 0.5, 1.0)] * 5 + [(1.0,)]


@given(
    arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=st.integers(-3, 3) | st.just(np.nan))
)
def test_ranks_count_the_values_that_are_worse(values: Any) -> None:
    def better(a: float, b: float) -> float:
        a, b = (-np.inf if np.isnan(x) else x for x in (a, b))
        return 1.0 if a > b else 0.5 if a == b else 0.0

    expected = [[sum(better(a, b) for b in column) for a in column] for column in values.T]
    np.testing.assert_array_equal(ranks(values), np.transpose(expected))


def test_candidates_are_ranked_on_every_horizon(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, Any]] = []
    learn = Strategy.tell

    def tell(strategy: Strategy, candidates: Any, scores: Any) -> None:
        told.append((candidates, scores))
        learn(strategy, candidates, scores)

    monkeypatch.setattr(Strategy, "tell", tell)
    wann.tune(network, horizons=[0.1, 0.5, 1], **SMALL)
    evaluator, networks = ThreadEvaluator(TASK, 1), express(Population.pack([champion().genome]))
    for generation, horizons in ((3, (0.5,)), (8, (0.1, 0.5, 1.0)), (12, (1.0,))):
        candidates, scores = told[generation - 1]
        seeds = trial_seeds(SMALL["seed"], Purpose.TUNING, 1, SMALL["trials"], generation)[0]
        places = [
            rankdata(evaluator.evaluate_weights(networks, candidates, seeds, horizon=horizon).returns.mean(axis=1))
            for horizon in horizons
        ]
        np.testing.assert_array_equal(rankdata(scores), rankdata(np.sum(places, axis=0)))
    evaluator.close()
