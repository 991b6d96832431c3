"""Faults of a jitted task are told in one line, before there is a run folder where they can be seen before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wann
from wann.errors import TaskError, UserError


class Fine(wann.JittedTask):
    name, inputs, outputs, reward_range, max_steps = "mine", ("a", "b"), ("c",), (0.0, 9.0), 9

    @staticmethod
    def start(rng):
        return (1.0, 2.0)

    @staticmethod
    def observe(state):
        return state

    @staticmethod
    def step(state, action):
        return state, 1.0, False


class NoLabels(Fine):
    inputs = ()


class OneText(Fine):
    outputs = "c"


class NoSteps(Fine):
    max_steps = 0


class NoStart(Fine):
    @staticmethod
    def start(rng):
        raise ValueError("no wind")


class InfiniteStart(Fine):
    @staticmethod
    def start(rng):
        return (1.0, float("inf"))


class Method(Fine):
    def step(self, state, action):
        return state, 1.0, False


class NoEnd(Fine):
    @staticmethod
    def step(state, action):
        return state, 1.0


class ShortState(Fine):
    @staticmethod
    def step(state, action):
        return (state[0],), 1.0, False


class ShortSight(Fine):
    @staticmethod
    def observe(state):
        return (state[0],)


class Misspelt(Fine):
    @staticmethod
    def step(state, action):
        return state, rewrad, False  # noqa: F821


FAULTS = {
    NoLabels: r"inputs must be a tuple of labels, got \(\)",
    OneText: "outputs must be a tuple of labels, got 'c'",
    NoSteps: "max_steps must be a whole number of 1 or more, got 0",
    NoStart: r"start\(rng\) must give numbers, but ValueError: no wind",
    InfiniteStart: r"start\(rng\) must give finite numbers, got \[1.0, inf\]",
    Method: "step must be a plain function: write @staticmethod above it",
    NoEnd: r"step must give \(state, reward, ended\) with a state of a tuple of 2 numbers, as start does, not .*",
    ShortState: r"step must give \(state, reward, ended\) with a state of a tuple of 2 numbers, as start does, not .*",
    ShortSight: "observe must give a tuple of 2 numbers, not .*",
    Misspelt: "step cannot be compiled: .*name 'rewrad' is not defined",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_told_before_there_is_a_folder(kind: type[Fine], tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        wann.search(kind(), out=tmp_path / "run")
    assert re.fullmatch(f"the task 'mine': {FAULTS[kind]}", str(error.value))
    assert not (tmp_path / "run").exists()


class Explodes(Fine):
    @staticmethod
    def step(state, action):
        return (state[0] * 1e200, state[1]), state[0], False


class Raises(Fine):
    @staticmethod
    def step(state, action):
        if state[0] > 0.0:
            raise ValueError("out of the map")
        return state, 1.0, False


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Explodes, "failed with the weight -2 in the episode with seed [0-9]+: its return is not finite; .*"),
        (Raises, "failed in an episode: ValueError: out of the map"),
    ],
)
def test_a_fault_of_an_episode_is_told(kind: type[Fine], message: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as error:
        wann.search(kind(), out=tmp_path / "run", population=4, generations=1)
    assert re.fullmatch(f"the task 'mine' {message}", str(error.value))
