"""Settings: strictly checked, from wherever they come, and the same again after a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.swingup import SwingUp
from wann.activations import DEFAULT_SET, NAMES
from wann.errors import UserError
from wann.settings import (
    NAMES_OF_SETTINGS,
    Settings,
    decode_text,
    describe,
    first_difference,
    make_settings,
    read_config,
    task_settings,
)


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    """Any valid settings."""
    fraction, trials = st.floats(0, 1), draw(st.integers(1, 1_000_000))
    mutations = draw(st.tuples(fraction, fraction, fraction, fraction).filter(any))
    names = ("change_activation", "add_node", "add_connection", "enable_connection")
    return Settings(
        task=draw(st.text(st.characters(exclude_categories=["Cs"]))),
        seed=draw(st.integers(0, 2**62)),
        population=draw(st.integers(2, 1_000_000)),
        generations=draw(st.integers(1, 2**31)),
        trials=trials,
        weights=tuple(draw(st.lists(st.floats(-1e6, 1e6), min_size=1))),
        initial_enabled=draw(fraction),
        tournament=draw(st.integers(1, 1_000_000)),
        elite_fraction=draw(fraction),
        cull_fraction=draw(st.floats(0, 1, exclude_max=True)),
        rank_connections=draw(fraction),
        activations=tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))),
        crossover=draw(fraction),
        species_distance=draw(st.floats(0, 1e6)),
        racing=draw(st.integers(0, trials - 1)),
        verify_trials=draw(st.integers(1, 1_000_000)),
        **dict(zip(names, mutations, strict=True)),
    )


@given(settings())
def test_a_file_gives_the_same_settings_again(chosen: Settings) -> None:
    text = chosen.to_toml()
    assert make_settings(tomllib.loads(text.decode())) == chosen
    assert set(tomllib.loads(text.decode())) == set(NAMES_OF_SETTINGS)


@given(settings())
def test_the_command_line_gives_the_same_settings_again(chosen: Settings) -> None:
    def text(value: Any) -> str:
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

    values = {name: decode_text(name, text(getattr(chosen, name))) for name in NAMES_OF_SETTINGS if name != "task"}
    assert make_settings({"task": chosen.task, **values}) == chosen


def test_a_file_on_disk_gives_the_same_settings_again(tmp_path: Path) -> None:
    chosen = make_settings({"task": "swingup", "weights": [0.1, 1e-300], "activations": ["sin"]})
    (tmp_path / "config.toml").write_bytes(chosen.to_toml())
    assert make_settings(read_config(tmp_path / "config.toml")) == chosen


def test_the_paper_preset_is_the_papers() -> None:
    paper = task_settings(SwingUp(), {}, preset="paper")
    assert paper == Settings(
        task="swingup",
        seed=0,
        population=192,
        generations=1024,
        trials=3,
        weights=(-2.0, -1.0, -0.5, 0.5, 1.0, 2.0),
        initial_enabled=0.5,
        tournament=8,
        elite_fraction=0.2,
        cull_fraction=0.2,
        rank_connections=0.8,
        change_activation=0.5,
        add_node=0.25,
        add_connection=0.2,
        enable_connection=0.05,
        activations=DEFAULT_SET,
        crossover=0.0,
        species_distance=0.0,
        racing=0,
        verify_trials=100,
    )
    assert set(DEFAULT_SET) == set(NAMES) - {"square"}


class Preset(SwingUp):
    """Swing-up with a preset of its own."""

    preset = {"trials": 5, "tournament": 9}  # noqa: RUF012


def test_what_is_given_goes_before_the_preset_and_that_before_the_paper() -> None:
    chosen = task_settings(Preset(), {"trials": 7})
    assert (chosen.trials, chosen.tournament, chosen.population) == (7, 9, 192)
    assert task_settings(Preset(), {}).trials == 5
    assert task_settings(Preset(), {}, preset="paper").trials == 3


class Whole(SwingUp):
    """Swing-up, as if one episode showed all there is."""

    exhaustive = True


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_a_trial_that_plays_all_there_is_verifies_once(preset: str) -> None:
    assert task_settings(Whole(), {}, preset=preset).verify_trials == 1
    assert task_settings(Whole(), {"verify_trials": 7}, preset=preset).verify_trials == 1
    assert task_settings(SwingUp(), {"verify_trials": 7}, preset=preset).verify_trials == 7


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^there is no preset 'papper': did you mean 'paper'\?$"):
        task_settings(SwingUp(), {}, preset="papper")


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^x\.toml: there is no setting 'populaton': did you mean 'population'\?$"):
        make_settings({"populaton": 5}, "x.toml")


WRONG: list[tuple[str, Any, str]] = [
    ("population", 1, "expected int >= 2, got 1"),
    ("population", "many", "expected int, got 'many'"),
    ("population", True, "expected int, got True"),
    ("population", 8.0, "expected int, got 8.0"),
    ("generations", 0, "expected int >= 1, got 0"),
    ("generations", None, "expected int, got None"),
    ("trials", 2_000_000_000, "expected int <= 1000000, got 2000000000"),
    ("seed", -1, "expected int >= 0, got -1"),
    ("seed", 2**70, "expected int <= 4611686018427387904, got 1180591620717411303424"),
    ("initial_enabled", 1.5, "expected float <= 1.0, got 1.5"),
    ("initial_enabled", float("nan"), "expected float >= 0.0, got nan"),
    ("cull_fraction", 1.0, "expected float < 1.0, got 1.0"),
    ("species_distance", float("inf"), "expected float <= 1000000.0, got inf"),
    ("weights", [], "expected array of length >= 1, got []"),
    ("weights", 1.0, "expected array, got 1.0"),
    ("weights", [1.0, "a"], "expected float, got [1.0, 'a']"),
    ("weights", [float("nan")], "expected numbers in [-1e6, 1e6], got (nan,)"),
    ("weights", [1e7], "expected numbers in [-1e6, 1e6], got (10000000.0,)"),
    ("racing", 3, "expected fewer than the 3 trials, got 3"),
    ("racing", -1, "expected int >= 0, got -1"),
    ("activations", ["tan"], "unknown 'tan': did you mean 'tanh'?"),
    ("migration", "rink", "unknown 'rink': did you mean 'ring'?"),
    ("activations", ["sin", "sin"], "each at most once, got sin, sin"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_wrong_values_are_refused_by_name(name: str, value: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        make_settings({"task": "swingup", name: value})
    assert str(error.value) == f"{name}: {message}"


def test_settings_without_any_mutation_are_refused() -> None:
    none = dict.fromkeys(("change_activation", "add_node", "add_connection", "enable_connection"), 0.0)
    with pytest.raises(UserError, match="must be above 0"):
        make_settings({"task": "swingup", **none})


def test_a_huge_or_deep_value_makes_a_short_message() -> None:
    deep: Any = 1
    for _ in range(50_000):
        deep = {"a": deep}
    for value in (deep, [0] * 10**6, "x" * 10**6):
        with pytest.raises(UserError) as error:
            make_settings({"task": "swingup", "seed": value})
        assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("seed", "x", "seed: expected a whole number, got 'x'"),
        ("seed", "", "seed: expected a whole number, got ''"),
        ("seed", "1.5", "seed: expected a whole number, got '1.5'"),
        ("seed", "9" * 5000, "seed: expected a whole number, got '9"),
        ("add_node", "0,5", "add_node: expected a number, got '0,5'"),
        ("weights", "1,,2", "weights: expected a number or several, between commas, got '1,,2'"),
        ("weights", "one", "weights: expected a number or several, between commas, got 'one'"),
    ],
)
def test_text_of_the_wrong_type_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        decode_text(name, text)
    assert str(error.value).startswith(message)


HOSTILE: dict[str, bytes] = {
    "truncated": b"seed = ",
    "not UTF-8": b'task = "\xff"',
    "deeply nested": b"seed = " + b"[" * 100_000,
    "huge number": b"seed = " + b"9" * 6000,
    "twice": b"seed = 1\nseed = 2",
    "JSON": b'{"seed": 1}',
    "pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.toml: not a TOML file: "):
        read_config(tmp_path / "x.toml")


def test_a_huge_settings_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(UserError, match="too large for a settings file"):
        read_config(tmp_path / "x.toml")


def test_a_flipped_bit_gives_settings_or_one_clear_line(tmp_path: Path) -> None:
    path, data = tmp_path / "x.toml", Settings(task="swingup").to_toml()
    messages: list[str] = []
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
        try:
            task_settings(SwingUp(), read_config(path), "x.toml")
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > len(data) / 2
    assert not any("\n" in message for message in messages)


def test_differences_are_found_by_name_but_generations_may_differ() -> None:
    old = Settings(task="swingup")
    assert first_difference(old, msgspec.structs.replace(old, generations=5)) is None
    for name in set(NAMES_OF_SETTINGS) - {"generations"}:
        other = {"task": "other", "weights": [1.5], "activations": ["sin"], "cull_fraction": 0.5}.get(name, 1)
        other = 9 if getattr(old, name) == other or isinstance(getattr(old, name), int) else other
        other = {"racing": 2, "migration": "random"}.get(name, other)  # fewer than the trials; another word
        changed = make_settings({"task": "swingup", name: other})
        assert first_difference(old, changed) == name


def test_every_setting_is_described() -> None:
    for name in NAMES_OF_SETTINGS:
        assert describe(name).partition("  [default: ")[0].endswith(".")
    assert describe("weights") == (
        "Shared weights that everyone is evaluated with.  [default: -2.0,-1.0,-0.5,0.5,1.0,2.0]"
    )
