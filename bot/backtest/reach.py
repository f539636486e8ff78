"""Whether a strategy's source can reach more than it is shown: files, other libraries, the market's own days, the clock.

Rule: the future that ``lookahead`` changes is the one that comes through the library. What a strategy reads past it (a file, a
global that was filled at its import, the store) stays as it was, so the check would find nothing; it must refuse to say so.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from bot.strategies.spec import StrategySpec

_PURE: Final = frozenset({
    "__future__", "abc", "array", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "heapq", "itertools", "math", "numbers", "numpy", "operator", "re", "statistics", "string", "types",
    "typing", "zoneinfo",
})  # fmt: skip
"""Libraries that know no market and read no file of the user's, but for ``_READERS`` of numpy."""
_OUR_PURE: Final = ("bot.domain", "bot.strategies", "bot.selection")
_FOLLOWED: Final = "bot.strategies"
_HOUSE: Final = frozenset({"bot.strategies.own_code"})
"""Ours, and no part of a strategy: it names the line in which one failed."""
_BUILTINS: Final = frozenset({
    "open", "eval", "exec", "compile", "input", "breakpoint", "globals", "vars", "__import__", "__builtins__", "__loader__",
    "__spec__",
})  # fmt: skip
_READERS: Final = frozenset({
    "load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap", "open_memmap", "DataSource", "ctypeslib",
})  # fmt: skip
_BACK_DOORS: Final = frozenset({
    "__globals__", "__builtins__", "__subclasses__", "__dict__", "__getattribute__", "modules", "attrgetter", "methodcaller",
    "tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back", "f_locals", "f_globals", "f_builtins",
})  # fmt: skip
"""By which what is pure leads to what is not: another module, or the variables of whoever asks the strategy."""
_CLOCKS: Final = frozenset({"now", "utcnow", "today"})
"""What hangs on the hour at which it is asked is another judgement in every run; a bar says what time it is."""


@dataclass(frozen=True, slots=True)
class OutsideRead:
    """One line of a strategy's source that goes past what it is shown."""

    file: Path
    line: int
    what: str


def reaches(specs: Iterable[StrategySpec[Any]]) -> tuple[OutsideRead, ...]:
    """What these strategies' files, and those beside them that they import, could read by themselves."""
    waiting = [getattr(of, "__module__", "") for spec in specs for of in (spec.parameters, spec.make)]
    seen: set[str] = set()
    found: list[OutsideRead] = []
    while waiting:
        name = waiting.pop(0)
        file = None if name in seen | _HOUSE else _source_of(name)
        seen.add(name)
        if file is None:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [OutsideRead(file, line, what) for line, what in _past_what_is_shown(tree)]
        found += [OutsideRead(file, line, what) for line, what in _strayed(tree)]
        waiting += [x for _, x in _imported(tree) if _is_within(x, _FOLLOWED)]
    return tuple(found)


def _source_of(name: str) -> Path | None:
    """None for what is no module: a class or a function that was imported from one."""
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


def _past_what_is_shown(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for line, name in _imported(tree):
        if not _is_pure(name):
            yield line, f"imports {name}"
    for node in ast.walk(tree):
        yield from ((getattr(node, "lineno", 0), f"uses {name}") for name in _reached_by(node))


def _reached_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) if name in _BUILTINS:
            yield name
        case ast.Attribute(attr=name) if name in _READERS | _BACK_DOORS:
            yield name
        case ast.Call(func=ast.Attribute(attr=name)) if name in _CLOCKS:
            yield f"{name}()"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            if name in _READERS | _BACK_DOORS | _CLOCKS:
                yield name
        case ast.Call(func=ast.Name(id="getattr")):
            yield "getattr of a name that is made while it runs"
        case ast.ImportFrom(names=names):
            yield from (one.name for one in names if one.name in _READERS | _BACK_DOORS)


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.lineno, module
            if _is_within(module, _FOLLOWED):
                # What is imported from a folder may be a file in it.
                yield from ((node.lineno, f"{module}.{one.name}") for one in node.names)


def _strayed(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What a pure module has imported for itself (``contextlib.os``), and a clock that is kept to be asked later."""
    known = dict(_bound(tree))
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of, found = _meant(node.value, known), _meant(node, known)
            if isinstance(found, ModuleType) and not _is_pure(found.__name__):
                yield node.lineno, f"reaches {found.__name__}"
            if (
                node.attr in _CLOCKS
                and id(node) not in called
                and isinstance(of, type)
                and issubclass(of, date)
            ):
                yield node.lineno, f"keeps {of.__name__}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and _is_pure(node.module or ""):
            whole = sys.modules.get(node.module or "")
            for one in node.names:
                found = getattr(whole, one.name, None)
                if isinstance(found, ModuleType) and not _is_pure(found.__name__):
                    yield node.lineno, f"reaches {found.__name__}"


def _bound(tree: ast.AST) -> Iterator[tuple[str, object]]:
    """The names that imports of pure modules give, each with what it means."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                name = one.name if one.asname else one.name.partition(".")[0]
                yield one.asname or name, sys.modules.get(name)
        elif isinstance(node, ast.ImportFrom):
            whole = sys.modules.get(node.module or "")
            yield from ((one.asname or one.name, getattr(whole, one.name, None)) for one in node.names)


def _meant(node: ast.AST, known: Mapping[str, object]) -> object:
    """What a dotted name means; None for what is not known before the run."""
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Attribute(value=of, attr=name):
            whole = _meant(of, known)
            return getattr(whole, name, None) if isinstance(whole, ModuleType | type) else None
    return None


def _is_pure(module: str) -> bool:
    return module.partition(".")[0] in _PURE or any(_is_within(module, one) for one in _OUR_PURE)


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
