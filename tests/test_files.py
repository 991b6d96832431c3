"""Files are written whole or not at all, and refused with one clear line where they are not what they should be."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from wann.errors import UserError
from wann.files import LARGEST, append, decode_json, read_bytes, write_atomically


def test_a_written_file_is_read_again(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    write_atomically(tmp_path / "a", b"new")
    assert read_bytes(tmp_path / "a", "file") == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_appending_adds_to_the_end(tmp_path: Path) -> None:
    append(tmp_path / "a", "x,1\n")
    append(tmp_path / "a", "y,2\n")
    assert (tmp_path / "a").read_bytes() == b"x,1\ny,2\n"


@pytest.mark.parametrize("function", ["write_atomically(path, b'x' * 5000)", "append(path, 'x' * 5000)"])
def test_a_full_disk_leaves_the_old_content_and_names_the_file(tmp_path: Path, function: str) -> None:
    (tmp_path / "a").write_bytes(b"old")
    code = f"import sys, pathlib; from wann.files import *; path = pathlib.Path(sys.argv[1]); {function}"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == f"OSError: [Errno 27] File too large: '{tmp_path / 'a'}'"
    assert (tmp_path / "a").read_bytes().startswith(b"old")
    assert function.startswith("append") or (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        write_atomically(tmp_path / "no" / "a", b"x")
    assert error.value.filename == str(tmp_path / "no" / "a")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^cannot read the network file .*/a: No such file or directory$"):
        read_bytes(tmp_path / "a", "network file")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^cannot read the network file .*: it is a folder$"):
        read_bytes(tmp_path, "network file")


def test_a_pipe_and_a_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UserError, match=r"it is no regular file$"):
            read_bytes(path, "network file")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match=f"has 1,099,511,627,776 bytes: too large .*at most {LARGEST:,}"):
        read_bytes(tmp_path / "a", "network file")


def test_the_largest_size_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", "file", 5) == b"12345"
    with pytest.raises(UserError, match="too large"):
        read_bytes(tmp_path / "a", "file", 4)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"a":' * 100_000, '{"a": NaN}', '{"a": "x"}', '{"a": 1e999}']
)
def test_what_is_not_json_of_the_kind_is_refused(text: str) -> None:
    class Kind(msgspec.Struct):
        a: float

    with pytest.raises(UserError, match=r"^here: "):
        decode_json(text.encode(), Kind, "here")


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(UserError, match=r"here: .*utf-8"):
        decode_json(b'"\xff"', str, "here")
