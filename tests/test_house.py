"""The house keeps its measures: a stranger finds a room by its name, and no room is a warehouse."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

BOT = Path(__file__).parents[1] / "bot"
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


def _long_functions() -> Iterator[str]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 50:
                yield f"{path.relative_to(BOT)}: {node.name} {length}"


def test_no_function_is_longer_than_a_screen() -> None:
    assert list(_long_functions()) == []
