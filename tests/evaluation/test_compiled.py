"""Kernels around a task of a file or a script: other processes load them, until something in them changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TASK = """
import wann
import helpers
from helpers import pushed
from wann.jit import inlined


def doubled(x):
    return 2.0 * x


def made(term):
    @inlined
    def raised(x):
        return x + term

    class Made(wann.JittedTask):
        name, inputs, outputs, reward_range, max_steps = "made", ("x",), ("y",), (0.0, 1.0), 4

        @staticmethod
        def start(rng):
            return (0.0,)

        @staticmethod
        def observe(state):
            return state

        @staticmethod
        def step(state, action):
            return (raised(pushed(state[0])),), doubled(helpers.pulled(action[0])), False

    return Made
"""
HELPERS = """
from wann.jit import inlined

@inlined
def pushed(x):
    return x + 1.0

def pulled(x):
    return PULL * x

PULL = 3.0
"""
PLAYED = """
import numba.core.event as events
from wann.evaluation.compiled import compile_for
from wann.environment import _KERNELS

with events.install_recorder("numba:compile") as compiled:
    found = [compile_for(kind(), _KERNELS, "environment")["advance"]((1.0,), (1.0,)) for kind in kinds]
print(json.dumps([len(compiled.buffer), found]))
"""
FILE = """
import json, sys
from wann.task import load_task
sys.path.insert(0, FOLDER)

def kinds_of(name):
    return lambda: load_task(f"{FOLDER}/task.py:{name}")

kinds = [kinds_of(name) for name in sys.argv[1:]]
"""
SCRIPT = "import json, sys\n" + TASK + "\nkinds = [made(int(name[3:])) for name in sys.argv[1:]]\n"


def printed(folder: Path, program: str, *names: str) -> list:
    """What a process of its own prints: compilations, and what the step of each task gives."""
    script = folder / "script.py"
    script.write_text(f"FOLDER = {str(folder)!r}\n" + program + PLAYED)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run([sys.executable, script, *names], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def write(folder: Path, task: str = TASK, helpers: str = HELPERS) -> None:
    (folder / "task.py").write_text(f"{task}\none, two = made(1.0), made(2.0)\n")
    (folder / "helpers.py").write_text(helpers)


def step(state: float, reward: float) -> list:
    return [[state], reward, False]


def test_kernels_of_a_file_are_found_again_by_other_processes(tmp_path: Path) -> None:
    """The two tasks' functions have one name; each kernel was compiled by a process that knew one of them alone."""
    write(tmp_path)
    one, two = step(3.0, 6.0), step(4.0, 6.0)
    first, second = printed(tmp_path, FILE, "one"), printed(tmp_path, FILE, "two")
    assert (first[1], second[1]) == ([one], [two])
    assert min(first[0], second[0]) > 0
    assert printed(tmp_path, FILE, "one", "two") == [0, [one, two]]
    assert printed(tmp_path, FILE, "two", "one") == [0, [two, one]]


def test_a_change_in_the_file_or_in_a_helper_is_compiled(tmp_path: Path) -> None:
    write(tmp_path)
    printed(tmp_path, FILE, "one")
    for changed, expected in (
        ({"helpers": HELPERS.replace("x + 1.0", "x + 5.0")}, step(7.0, 6.0)),
        ({"helpers": HELPERS.replace("PULL = 3.0", "PULL = 4.0")}, step(3.0, 8.0)),
        ({"task": TASK.replace("2.0 * x", "-x")}, step(3.0, -3.0)),
        ({"helpers": HELPERS.replace("@inlined", "@merged").replace("inlined", "merged")}, step(3.0, 6.0)),
    ):
        write(tmp_path, **changed)
        compiled, found = printed(tmp_path, FILE, "one")
        assert compiled > 0
        assert found == [expected]
    write(tmp_path)
    assert printed(tmp_path, FILE, "one") == [0, [step(3.0, 6.0)]]


def test_kernels_of_a_script_are_found_again(tmp_path: Path) -> None:
    write(tmp_path)
    assert printed(tmp_path, SCRIPT, "by 1", "by 2")[0] > 0
    assert printed(tmp_path, SCRIPT, "by 2", "by 1") == [0, [step(4.0, 6.0), step(3.0, 6.0)]]
