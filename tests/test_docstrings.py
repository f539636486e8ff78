"""Whoever calls a public function learns from its docstring what it raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELP_TEXTS = ("bot/cli/", "bot/guard/cli.py")
"""There the docstring is what ``--help`` shows, and an error is one line and an exit code."""


def _public(node: ast.AST, around: str = "") -> Iterator[tuple[str, ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from _public(child, ast.get_docstring(child) or "")
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            if child.name == "__init__":
                yield child.name, child, around + (ast.get_docstring(child) or "")
            elif not child.name.startswith("_"):
                yield child.name, child, ast.get_docstring(child) or ""


def _raised(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(error).rpartition(".")[2]
            if name[0].isupper() and name != "AssertionError":
                yield name


def _silent(path: Path) -> Iterator[str]:
    for name, function, text in _public(ast.parse(path.read_text(encoding="utf-8"))):
        raised = set(_raised(function))
        if raised and not any(word in text for word in ("Raises", "Error", *raised)):
            yield f"{path.relative_to(ROOT)}: {name} raises {', '.join(sorted(raised))}"


def test_public_functions_say_what_they_raise() -> None:
    paths = sorted((ROOT / "bot").rglob("*.py"))
    told = [path for path in paths if not str(path.relative_to(ROOT)).startswith(HELP_TEXTS)]
    assert [line for path in told for line in _silent(path)] == []
