"""The house keeps its measures: a stranger finds a room by its name, and no room is a warehouse."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.sources import BOT, PARSED_ONCE, sources

FILES = sorted(BOT.rglob("*.py"))
LENGTHS = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in FILES}), ids=lambda folder: str(folder.relative_to(BOT.parent))
)
def test_no_folder_holds_more_than_twenty_modules(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= 20


def test_files_stay_short() -> None:
    lengths = {path: n for path, n in LENGTHS.items() if path.name != "__init__.py"}
    assert {str(path.relative_to(BOT)): n for path, n in lengths.items() if n > 400} == {}
    assert median(lengths.values()) <= 120


@PARSED_ONCE
def test_no_function_is_longer_than_a_screen() -> None:
    found = [(source.name, *function) for source in sources() for function in source.lengths]
    assert [function for function in found if function[-1] > 50] == []
