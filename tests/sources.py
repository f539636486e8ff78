"""The bot's modules as Python reads them, each parsed once for all tests that look at them.

Kept is what they look for: the trees of all modules together are a million objects.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BOT = ROOT / "bot"
PARSED_ONCE = pytest.mark.xdist_group("sources")
"""One worker parses for all of them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One module. ``lengths`` are its functions' in lines, ``defined`` the names of its top level, ``called`` those of the
    classes and functions that it calls, ``raised`` each public function, what it raises and what its docstring says."""

    path: Path
    lengths: tuple[tuple[str, int], ...]
    defined: tuple[str, ...]
    called: frozenset[str]
    raised: tuple[tuple[str, frozenset[str], str], ...]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def sources() -> tuple[Source, ...]:
    return tuple(_source(path) for path in sorted(BOT.rglob("*.py")))


def _source(path: Path) -> Source:
    module = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(module))
    return Source(
        path,
        tuple(
            (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        tuple(_defined(module)),
        frozenset(_called(nodes)),
        tuple((name, frozenset(_raised(function)), text) for name, function, text in _public(module)),
    )


def _defined(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def _called(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute | ast.Name):
                yield called.attr if isinstance(called, ast.Attribute) else called.id


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
