"""Checkpoints come back exactly, or not at all; a damaged one gives way to the one before."""

from __future__ import annotations

import io
import logging
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import grown

import wann
from wann.api.searches import reopen
from wann.checkpoint import LATEST, PREVIOUS, check_genes, has_checkpoint, load_checkpoint, save_checkpoint
from wann.errors import UserError
from wann.genome import ConnectionGene, Genome, NodeGene
from wann.population import Population

State = dict[str, NDArray[Any]]
STATE: State = {"a": np.arange(5), "b": np.array([[0.1, -np.inf]]), "c": np.array([True, False])}
NEW = "checkpoint-new.npz"
SETTINGS: dict[str, Any] = {"population": 8, "generations": 3, "trials": 1, "verify_trials": 4}


def same(a: State, b: State) -> bool:
    return a.keys() == b.keys() and all(
        (a[name].dtype, a[name].shape, a[name].tobytes()) == (b[name].dtype, b[name].shape, b[name].tobytes())
        for name in a
    )


def other(state: State) -> State:
    return {**state, "a": state["a"] + 1}


def test_a_state_comes_back_exactly(tmp_path: Path) -> None:
    assert not has_checkpoint(tmp_path)
    save_checkpoint(tmp_path, STATE)
    assert has_checkpoint(tmp_path)
    assert same(load_checkpoint(tmp_path), STATE)
    assert [path.name for path in tmp_path.iterdir()] == [LATEST]


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    save_checkpoint(tmp_path, STATE)
    assert (tmp_path / LATEST).read_bytes() == (tmp_path / PREVIOUS).read_bytes()


def test_the_one_before_is_kept(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    save_checkpoint(tmp_path, other(STATE))
    assert same(load_checkpoint(tmp_path), other(STATE))
    (tmp_path / LATEST).unlink()
    assert same(load_checkpoint(tmp_path), STATE)


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    save_checkpoint(tmp_path, other(STATE))
    (tmp_path / LATEST).rename(tmp_path / NEW)
    assert same(load_checkpoint(tmp_path), other(STATE))


def test_saving_after_a_damaged_one_keeps_a_good_one_at_every_moment(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    (tmp_path / LATEST).rename(tmp_path / PREVIOUS)
    (tmp_path / LATEST).write_bytes(b"damaged")
    save_checkpoint(tmp_path / ".", other(STATE))
    (tmp_path / LATEST).rename(tmp_path / NEW)  # as if killed before the last rename
    assert same(load_checkpoint(tmp_path), other(STATE))


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no checkpoint that can be read \(there is none\)$"):
        load_checkpoint(tmp_path)


def test_every_flipped_bit_and_every_truncation_is_noticed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    path = tmp_path / LATEST
    data = path.read_bytes()
    damaged = [data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :] for at in range(len(data))]
    messages: list[str] = []
    for changed in [*damaged, *(data[:at] for at in range(0, len(data), 7))]:
        path.write_bytes(changed)
        try:
            assert same(load_checkpoint(tmp_path), STATE)  # a few bytes of a zip file mean nothing
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > 0.8 * len(damaged)
    assert not any("\n" in message for message in messages)


def test_an_exchanged_array_is_noticed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    with zipfile.ZipFile(tmp_path / LATEST) as file:
        members = {name: file.read(name) for name in file.namelist()}
    (tmp_path / LATEST).write_bytes(archive({**members, "a.npy": array_file(STATE["a"] + 1)}))
    with pytest.raises(UserError, match="its content does not match its digest"):
        load_checkpoint(tmp_path)
    (tmp_path / LATEST).write_bytes(archive(members))
    assert same(load_checkpoint(tmp_path), STATE)


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def array_file(array: NDArray[Any], **kwargs: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **kwargs)
    return buffer.getvalue()


def huge_header() -> bytes:
    """A hundred bytes that say they are 8 * 10**15."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    return buffer.getvalue()


def hostile(tmp_path: Path) -> dict[str, bytes]:
    """The content of files that must not be taken for checkpoints."""
    evil = array_file(np.array([Evil(tmp_path / "evil")], dtype=object), allow_pickle=True)
    twice = archive({"a.npy": array_file(np.zeros(1))})
    return {
        "empty": b"",
        "text": b"hello\n",
        "one array": array_file(np.zeros(3)),
        "pickle": evil[evil.index(b"\x80") :],
        "pickled array": evil,
        "pickle inside": archive({"a.npy": evil, "digest.npy": evil, "version.npy": array_file(np.array(1))}),
        "no digest": archive({"a.npy": array_file(np.zeros(3)), "version.npy": array_file(np.array(1))}),
        "no array": archive({"digest.npy": b"x" * 32, "version.npy": b"1"}),
        "broken header": archive({"digest.npy": b"\x93NUMPY\x01\x00\x20\x00{'descr': (((((((((((((((("}),
        "huge header": archive({"a.npy": huge_header()}),
        "zip bomb": archive({"a.npy": bytes(2**24)}, zipfile.ZIP_DEFLATED),
        "two archives": twice + twice,
    }


HOSTILE = tuple(hostile(Path()))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("error")
def test_a_hostile_file_gives_one_clear_line_and_the_one_before_counts(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / LATEST).write_bytes(hostile(tmp_path)[name])
    with pytest.raises(UserError, match=r"no checkpoint that can be read \(checkpoint\.npz: \S+") as error:
        load_checkpoint(tmp_path)
    assert "\n" not in str(error.value)
    (tmp_path / LATEST).rename(tmp_path / "hostile")
    save_checkpoint(tmp_path, STATE)
    (tmp_path / LATEST).rename(tmp_path / PREVIOUS)
    (tmp_path / "hostile").rename(tmp_path / LATEST)
    with caplog.at_level(logging.WARNING):
        assert same(load_checkpoint(tmp_path), STATE)
    assert caplog.messages[0].startswith(f"going on from {tmp_path / PREVIOUS}, since a later one is damaged (")
    assert not (tmp_path / "evil").exists()


def test_a_huge_header_is_one() -> None:
    with pytest.raises((MemoryError, ValueError)):
        np.load(io.BytesIO(huge_header()))


def test_a_folder_and_a_pipe_are_no_checkpoints(tmp_path: Path) -> None:
    (tmp_path / LATEST).mkdir()
    os.mkfifo(tmp_path / PREVIOUS)
    with pytest.raises(UserError, match="expected a file of at most"):
        load_checkpoint(tmp_path)


def test_a_sparse_huge_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / LATEST).open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(UserError, match="expected a file of at most"):
        load_checkpoint(tmp_path)


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wann.checkpoint.VERSION", 5)
    save_checkpoint(tmp_path, STATE)
    monkeypatch.undo()
    with pytest.raises(UserError, match="version 5, this wann reads version 4"):
        load_checkpoint(tmp_path)


def test_packed_genes_are_accepted() -> None:
    for n_inputs, n_outputs in ((5, 1), (2, 3)):
        population = grown(8, n_inputs=n_inputs, n_outputs=n_outputs, steps=40)
        check_genes(population.genes._asdict(), n_inputs, n_outputs)
        prefixed = {f"species_{name}": column for name, column in population.genes._asdict().items()}
        check_genes(prefixed, n_inputs, n_outputs, "species_")


def chain() -> State:
    """Bias 0, input 1, output 2 and hidden nodes 3 and 4; 1 -> 3 -> 4 -> 2; twice."""
    kinds = ("bias", "input", "output", "hidden", "hidden")
    nodes = tuple(NodeGene(i, kind) for i, kind in enumerate(kinds))  # type: ignore[arg-type]
    edges = tuple(ConnectionGene(i, *edge) for i, edge in enumerate([(1, 3), (3, 4), (4, 2)]))
    genes = Population.pack([Genome(nodes, edges)] * 2).genes
    return {name: column.copy() for name, column in genes._asdict().items()}


@pytest.mark.parametrize(
    ("name", "at", "value", "message"),
    [
        ("sources", 0, 4, "form a cycle"),
        ("sources", 3, 4, "form a cycle"),
        ("sources", 1, 4, "form a cycle"),
        ("sources", 0, 5, "names a node that is not there"),
        ("sources", 5, 10**12, "names a node that is not there"),
        ("targets", 0, -1, "names a node that is not there"),
        ("sources", 0, 2, "starts at an output"),
        ("targets", 0, 1, "ends at the bias or an input"),
        ("activations", 9, 0, "unknown activation"),
        ("activations", 0, 12, "unknown activation"),
        ("first_node", 1, 11, "do not fit"),
        ("first_node", 0, 1, "do not fit"),
        ("first_node", 2, 9, "do not fit"),
        ("first_node", 1, 2, "do not fit"),
        ("first_connection", 1, 7, "do not fit"),
        ("first_connection", 2, 7, "do not fit"),
    ],
)
def test_genes_that_would_lead_a_kernel_astray_are_refused(name: str, at: int, value: int, message: str) -> None:
    genes = chain()
    check_genes(genes, 1, 1)
    genes[name][at] = value
    with pytest.raises(ValueError, match=message):
        check_genes(genes, 1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"sources": np.zeros(6)},
        {"sources": np.zeros((6, 1), dtype=np.int64)},
        {"sources": np.zeros(6, dtype=">i8")},
        {"enabled": np.ones(6, dtype=np.int64)},
        {"enabled": np.ones(5, dtype=np.bool_)},
        {"first_node": np.array([0, 10])},
        {"first_node": np.zeros(0, dtype=np.int64)},
        {"first_connection": np.array([0])},
    ],
)
def test_genes_of_another_type_or_shape_are_refused(changed: State) -> None:
    with pytest.raises(ValueError, match=r"expected one row|fit|as many genomes"):
        check_genes({**chain(), **changed}, 1, 1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run; copy it before changing it."""
    folder = tmp_path_factory.mktemp("checkpoint") / "run"
    wann.search("swingup", out=folder, workers=1, **SETTINGS)
    return folder


FORGED: dict[str, dict[str, NDArray[Any] | None]] = {
    "no generation": {"generation": None},
    "no genes": {"sources": None},
    "no record": {"innovation_pairs": None},
    "no archive": {"archive_names": None},
    "no settings": {"settings": None},
    "cycle or worse": {"sources": np.full(48, 6)},
    "dangling": {"targets": np.full(48, 10**9)},
    "float genes": {"sources": np.zeros(48)},
    "another generation": {"generation": np.array(2)},
    "negative generation": {"generation": np.array(-1)},
    "several generations": {"generation": np.array([3, 3])},
    "history of text": {"history": np.array([["x"] * 12] * 3)},
    "archive of text": {"archive_names": np.array([["x", "y"]])},
    "archive without genes": {"archive_targets": None},
    "archive of another shape": {"archive_shape": np.array([4, 2])},
    "archive of fewer genes": {"archive_sources": np.zeros(1, dtype=np.int64)},
    "archive of less": {"archive_names": np.zeros((0, 2), dtype=np.int64)},
    "archive of one too many": {"archive_names": np.zeros((99, 2), dtype=np.int64)},
    "no champions": {"champions_names": None},
    "champions of less": {"champions_names": np.zeros((0, 2), dtype=np.int64)},
    "means of text": {"champions_means": np.array([["x"] * 6])},
    "returns of other trials": {"archive_returns": np.zeros((1, 6, 5))},
    "returns of text": {"archive_returns": np.array([[["x"] * 4] * 6])},
    "entries of text": {"archive_entries": np.array([["x"] * 3])},
    "no births": {"births": None},
    "births of fewer": {"births": np.arange(3)},
    "unknown births": {"births": np.arange(8) + 10**6},
    "lineage of nobody": {"lineage_births": np.zeros(0, dtype=np.int64)},
    "lineage without parents": {"lineage_parents": np.arange(3)},
    "lineage of numbers": {"lineage_enabled": np.zeros((1, 3))},
    "seen text": {"archive_seen": np.array(["x"])},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED.keys())
def test_a_forged_checkpoint_is_refused_and_the_one_before_resumes(
    finished: Path, tmp_path: Path, changes: dict[str, NDArray[Any] | None]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    state = {**load_checkpoint(folder), **changes}
    (folder / PREVIOUS).unlink(missing_ok=True)
    save_checkpoint(folder, {name: array for name, array in state.items() if array is not None})
    assert reopen(folder).generation == 3  # from the one before
    (folder / PREVIOUS).unlink()
    with pytest.raises(UserError, match=r"no checkpoint that can be read \(checkpoint\.npz: \S+") as error:
        reopen(folder)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_population_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    state = load_checkpoint(folder)
    smaller = Population(5, 1, grown(5).genes).genes._asdict()
    (folder / PREVIOUS).unlink(missing_ok=True)
    (folder / LATEST).unlink()
    save_checkpoint(folder, {**state, **smaller})
    with pytest.raises(UserError, match="5 genomes, expected 8"):
        reopen(folder)


def test_a_changed_config_file_is_refused_by_name(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("seed = 0", "seed = 1"))
    with pytest.raises(UserError, match=r"^seed cannot change within a run: .*config\.toml has 1, the checkpoint 0$"):
        reopen(folder)
