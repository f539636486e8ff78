"""The table of controls names its source, its place and tests that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"\b(bot|guard|broker)\b")


def rows() -> Iterator[list[str]]:
    """control, source, where it lives, test."""
    text = (ROOT / "docs/controls.md").read_text(encoding="utf-8").partition("## The table")[2]
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith(("| control", "|---")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: str(row[0])[:40])
def test_every_control_has_a_source_a_place_and_a_test_that_exists(row: list[str]) -> None:
    control, source, place, test = row
    assert control
    assert source
    assert PLACES.search(place), place
    named = [ROOT / name for name in re.findall(r"`((?:tests|ansible)/[^`]+)`", test)]
    assert named
    for path in named:
        files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        said = "".join(file.read_text(encoding="utf-8") for file in files)
        assert "def test_" in said or path.suffix == ".yml", path


def test_the_table_is_the_one_that_was_written() -> None:
    assert len(list(rows())) > 20
