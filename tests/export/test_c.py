from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Call, assert_all_agree, champion_of, grown_genome, networks, single, unconnected, weighted

from wann.champion import Champion
from wann.errors import UserError
from wann.export import write
from wann.export.c import function_name, measure, sources

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wdouble-promotion", "-Wshadow"]


def gcc(*arguments: str | Path) -> None:
    done = subprocess.run(["gcc", *STRICT, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def library(champions: list[Champion], dtype: Any, folder: Path) -> dict[int, Call]:
    """All champions compiled into one library, by identity."""
    for i, champion in enumerate(champions):
        header, source = sources(champion, f"net{i}", dtype=dtype)
        (folder / f"net{i}.h").write_text(header)
        (folder / f"net{i}.c").write_text(source)
    gcc("-O1", "-shared", "-fPIC", *sorted(folder.glob("*.c")), "-o", folder / "all.so", "-lm")
    functions = ctypes.CDLL(str(folder / "all.so"))
    return {id(champion): caller(champion, functions[f"wann_net{i}"], dtype) for i, champion in enumerate(champions)}


def caller(champion: Champion, function: Any, dtype: str) -> Call:
    number = ctypes.c_float if dtype == "float32" else ctypes.c_double
    array = np.ctypeslib.ndpointer(dtype, flags="C")
    function.restype = None
    function.argtypes = [array, array] if champion.genome.weighted else [array, number, array]

    def call(x: Any, weight: float | None) -> Any:
        rows, results = x.astype(dtype), np.empty((len(x), len(champion.outputs)), dtype)
        for row, result in zip(rows, results, strict=True):
            function(*([row, result] if weight is None else [row, weight, result]))
        return results

    return call


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True])
def test_it_compiles_strictly_and_agrees_with_the_kernel(
    own: bool, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    champions = networks(own=own)
    calls = library(champions, dtype, tmp_path)
    monkeypatch.setattr("exports.networks", lambda own: champions)
    assert_all_agree(lambda champion: calls[id(champion)], own=own, dtype=dtype)


def test_huge_arguments_and_infinities_follow_the_kernel(tmp_path: Path) -> None:
    x = np.array([[1e300], [-1e200], [2.0**53 + 2], [1e15 + 0.5], [np.inf], [-np.inf], [np.nan], [37.7], [-40.0]])
    names = ("linear", "step", "sin", "gaussian", "tanh", "sigmoid", "inverse", "abs", "relu", "cos", "square")
    champions = [champion_of(single(name)) for name in names]
    calls = library(champions, "float64", tmp_path)
    for champion in champions:
        expected = champion.network(x, 1.0)
        np.testing.assert_allclose(calls[id(champion)](x, 1.0), expected, rtol=1e-12, atol=1e-14)


def test_inputs_and_outputs_may_be_the_same_array(tmp_path: Path) -> None:
    champion = champion_of(grown_genome(5, steps=20))
    library([champion], "float64", tmp_path)
    function = ctypes.CDLL(str(tmp_path / "all.so")).wann_net0
    x = np.linspace(-1, 1, max(len(champion.inputs), len(champion.outputs)))
    expected = champion.network(x[: len(champion.inputs)], 0.5)
    function(x.ctypes.data_as(ctypes.c_void_p), ctypes.c_double(0.5), x.ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_allclose(x[: len(champion.outputs)], expected, rtol=1e-12)


@pytest.mark.parametrize("own", [1e-60, 0.0, -1e-40, 3e38])
def test_extreme_weights_compile_as_float(own: float, tmp_path: Path) -> None:
    library([champion_of(single("tanh", own=own))], "float32", tmp_path)


def test_a_header_works_from_another_file_and_names_the_sizes(tmp_path: Path) -> None:
    write(champion_of(single("abs")), "c", out=tmp_path / "policy.c", weight=-2.0)
    (tmp_path / "main.c").write_text(
        '#include "policy.h"\n#include "policy.h"\n'
        "int main(void) {\n    float x[WANN_POLICY_INPUTS] = {4.0f}, y[WANN_POLICY_OUTPUTS];\n"
        "    wann_policy(x, WANN_POLICY_WEIGHT, y);\n    return (int)y[0];\n}\n"
    )
    gcc(tmp_path / "main.c", tmp_path / "policy.c", "-o", tmp_path / "main", "-lm")
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 8


def test_no_heap_and_nothing_but_the_mathematics_library(tmp_path: Path) -> None:
    write(champion_of(weighted(grown_genome(8, steps=40), 0)), "c", out=tmp_path / "net.c", dtype="float64")
    text = (tmp_path / "net.c").read_text()
    assert [line for line in text.splitlines() if line.startswith("#include")] == [
        '#include "net.h"',
        "#include <math.h>",
    ]
    gcc("-c", tmp_path / "net.c", "-o", tmp_path / "net.o")
    symbols = subprocess.run(["nm", "-u", tmp_path / "net.o"], capture_output=True, text=True, check=True).stdout
    assert set(symbols.split()) - {"U", "_GLOBAL_OFFSET_TABLE_"} <= {"sin", "exp", "tanh", "rint", "floor", "fabs"}


def test_size_and_operations_are_reported(tmp_path: Path) -> None:
    details = write(champion_of(unconnected("gaussian")), "c", out=tmp_path / "net.c").details
    assert (details["function"], details["additions"], details["multiplications"]) == ("wann_net", 0, 1)
    assert details["calls"] == {"exp": 2}
    assert details["code_bytes"] > 0
    assert details["ram_bytes"] == 0
    assert details["stack_bytes"] > 0


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_compiler_the_size_is_left_out(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    write(champion_of(single("abs")), "c", out=tmp_path / "net.c")
    assert measure(tmp_path / "net.c") == {}


def test_another_compiler_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(champion_of(single("abs")), "c", out=tmp_path / "net.c")
    monkeypatch.setenv("CC", f"{shutil.which('gcc')} -m64")
    assert measure(tmp_path / "net.c")["code_bytes"] > 0


@pytest.mark.parametrize(
    ("stem", "name"),
    [("net", "wann_net"), ("wann_net", "wann_net"), ("2.my-net", "wann_2_my_net"), ("double", "wann_double")],
)
def test_any_file_name_gives_a_c_name(stem: str, name: str, tmp_path: Path) -> None:
    assert function_name(stem) == name
    write(champion_of(single("abs")), "c", out=tmp_path / f"{stem}.c")
    gcc("-c", tmp_path / f"{stem}.c", "-o", tmp_path / "net.o")


def test_a_name_that_no_include_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"out: a C file's name must be letters, digits and any of _ . \+ -, got 'a\"b'"
    ):
        write(champion_of(single("abs")), "c", out=tmp_path / 'a"b.c')
    assert list(tmp_path.iterdir()) == []
