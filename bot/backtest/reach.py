"""Whether a strategy's source can reach more than it is shown: files, other libraries, the market's own days, the clock.

Rule: the future that ``lookahead`` changes is the one that comes through the library. What a strategy reads past it (a file, a
global that was filled at its import, the store) stays as it was, so the check would find nothing; it must refuse to say so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
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
_BUILTINS: Final = frozenset(
    {"open", "eval", "exec", "compile", "__import__", "__builtins__", "globals", "vars"}
)
_READERS: Final = frozenset({
    "load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap", "open_memmap", "DataSource",
})  # fmt: skip
_BACK_DOORS: Final = frozenset({"__globals__", "__builtins__", "__subclasses__", "modules"})
"""By which a module that is pure leads to one that is not."""
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
        file = None if name in seen else _source_of(name)
        seen.add(name)
        if file is None:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [OutsideRead(file, line, what) for line, what in _past_what_is_shown(tree)]
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
        is_ours = any(_is_within(name, one) for one in _OUR_PURE)
        if not is_ours and name.partition(".")[0] not in _PURE:
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


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
