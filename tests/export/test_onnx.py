from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from exports import Call, assert_all_agree, champion_of, grown_genome, networks, single, weighted

from wann.champion import Champion
from wann.export import write
from wann.export.onnx import model


def session(data: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that an input has a default, which is what we want
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options)


def caller(champion: Champion, dtype: Any) -> Call:
    run = session(model(champion, dtype=dtype).SerializeToString()).run

    def call(x: Any, weight: float | None) -> Any:
        given = {} if weight is None else {"weight": np.array(weight, dtype)}
        return run(["y"], {"x": x.astype(dtype), **given})[0]

    return call


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True])
def test_it_agrees_with_the_kernel(own: bool, dtype: str) -> None:
    assert_all_agree(lambda champion: caller(champion, dtype), own=own, dtype=dtype)


@pytest.mark.parametrize("own", [False, True])
def test_the_checker_agrees_and_all_operators_are_standard(own: bool) -> None:
    for champion in networks(own=own):
        proto = model(champion)
        onnx.checker.check_model(proto, full_check=True)
        assert [opset.domain for opset in proto.opset_import] == [""]
        assert {node.domain for node in proto.graph.node} == {""}


def test_the_shared_weight_is_an_input_with_a_default() -> None:
    run = session(model(champion_of(single("linear")), weight=0.25).SerializeToString()).run
    x = np.array([[8.0], [4.0]], np.float32)
    assert run(None, {"x": x})[0].tolist() == [[2.0], [1.0]]
    assert run(None, {"x": x, "weight": np.array(-1.0, np.float32)})[0].tolist() == [[-8.0], [-4.0]]


def test_inputs_and_outputs_are_described() -> None:
    champion = champion_of(grown_genome(3, steps=12))
    inference = session(model(champion, dtype="float64").SerializeToString())
    x, y = inference.get_inputs()[0], inference.get_outputs()[0]
    assert (x.name, x.shape, x.type) == ("x", ["batch", len(champion.inputs)], "tensor(double)")
    assert (y.name, y.shape, y.type) == ("y", ["batch", len(champion.outputs)], "tensor(double)")
    found = inference.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(found["inputs"])) == champion.inputs
    assert tuple(json.loads(found["outputs"])) == champion.outputs


def test_own_weights_leave_one_input() -> None:
    proto = model(champion_of(weighted(grown_genome(3, steps=12), 0)))
    assert [value.name for value in proto.graph.input] == ["x"]


def test_an_empty_batch_gives_no_outputs() -> None:
    champion = champion_of(grown_genome(5, steps=20))
    run = session(model(champion).SerializeToString()).run
    shape = run(None, {"x": np.zeros((0, len(champion.inputs)), np.float32)})[0].shape
    assert shape == (0, len(champion.outputs))


def test_the_file_holds_the_model(tmp_path: Path) -> None:
    champion = champion_of(grown_genome(4, steps=16))
    result = write(champion, "onnx", out=tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == model(champion).SerializeToString()
    assert result.details["opset"] == 13
