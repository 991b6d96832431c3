"""The page of a comparison in a real browser: whole in itself, readable on a phone, what it shows is what was found."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from dense import data_set
from pages import Open

from wann.compare.cells import Key, read_masks
from wann.compare.comparison import compare_task
from wann.compare.drawings import FINEST, reduced
from wann.errors import UserError

NAME = "toy<b>&amp;\"'.npz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison on a file whose name is markup."""
    home, data = tmp_path_factory.mktemp("page"), data_set()
    parts = {f"{x}_{part}": getattr(data, part)[i] for part in data._fields[1:] for i, x in enumerate("xy")}
    np.savez(home / NAME, **parts)
    options = {"methods": ["magnitude", "neurons"], "densities": (0.5, 0.2), "seeds": (0,), "hidden": (8, 6)}
    return compare_task(str(home / NAME), **options, budget=1, out=home / "out", workers=1).folder  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_window_nothing_complains_and_nothing_is_asked_for(
    open_page: Open, folder: Path, width: int, dark: bool
) -> None:
    page = open_page(folder / "report.html", width, dark=dark)
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.complaints() == []
    assert page.run("return performance.getEntriesByType('resource').map(e => e.name)") == []
    events = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.run("return document.scripts.length") == 0


def shown(row: dict[str, str]) -> str:
    """How the page names a row of the table: what became of a run's parent says so."""
    if not row["parent"]:
        return row["method"]
    return f"parent {row['parent']}, {row['method'].replace('dense', 'trained')}"


def test_the_page_has_the_table_and_every_figure(open_page: Open, folder: Path) -> None:
    page = open_page(folder / "report.html")
    with (folder / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    rows = page.run("return [...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent))")
    assert [row[0] for row in rows] == [shown(row) for row in table]
    assert [row[4].split("\u00a0")[0] for row in rows] == [f"{float(row['score']):.3f}" for row in table]
    drawn = page.run("return [...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect().height)")
    assert len(drawn) == len(list(folder.glob("*.svg"))) >= 8
    assert min(drawn) > 100


def test_markup_in_names_stays_text(open_page: Open, folder: Path) -> None:
    page = open_page(folder / "report.html")
    assert NAME in page.run("return document.querySelector('h1').textContent")
    assert page.run("return document.querySelectorAll('b').length") == 0


def test_masks_are_kept_as_the_networks_have_them(folder: Path) -> None:
    kept = read_masks(folder, Key("magnitude", 0.2, 0))
    assert kept is not None
    assert [mask.shape for mask in kept] == [(8, 7), (6, 8), (3, 6)]
    cell = json.loads((folder / "cells" / "magnitude-0.2-0.json").read_text())
    assert [int(mask.sum()) for mask in kept] == cell["kept"]
    assert read_masks(folder, Key("magnitude", 0.3, 0)) is None
    (folder / "masks" / "odd-0.2-0.npz").write_bytes(b"odd")
    with pytest.raises(UserError, match="does not hold masks"):
        read_masks(folder, Key("odd", 0.2, 0))


def test_a_square_of_a_large_mask_is_the_share_that_is_kept() -> None:
    mask = np.random.default_rng(0).random((3, 2 * FINEST)) < 0.3
    expected = mask.reshape(3, FINEST, 2).mean(axis=2)
    np.testing.assert_allclose(reduced(mask), expected)
    np.testing.assert_array_equal(reduced(mask[:, :FINEST]), mask[:, :FINEST])
