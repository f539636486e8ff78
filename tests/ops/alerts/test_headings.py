"""Whoever is told of something finds it in the runbook."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import bot
from bot.ops.alerts.headings import HEADINGS

HOUSE = Path(bot.__file__).parent
RUNBOOK = HOUSE.parent / "docs" / "runbook.md"
TELLERS = frozenset({"Alert", "_alert", "_begin"})


def kinds_told() -> Iterator[tuple[str, str]]:
    """(module, kind): the first word of every key that an alert is made with."""
    for path in HOUSE.rglob("*.py"):
        text, is_alerts = path.read_text(), path.parent.name == "alerts"
        if not is_alerts and not any(f"{teller}(" in text for teller in TELLERS):
            continue  # most modules tell nothing, and a tree of each takes seconds
        for node in ast.walk(ast.parse(text)):
            is_call = isinstance(node, ast.Call)
            key = key_of(node) if is_call or is_alerts else None
            first = key.values[0] if isinstance(key, ast.JoinedStr) else key
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield path.name, first.value.partition(":")[0]


def key_of(node: ast.AST) -> ast.expr | None:
    """Where a node makes an alert's key: a call's first argument, what is assigned to ``key``, what a lasting one yields."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[key, *_]) if name in TELLERS:
            return key
        case ast.Assign(targets=[ast.Name(id="key")], value=key):
            return key
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="key"), *_])], value=ast.Tuple(elts=[key, *_])):
            return key
        case ast.Yield(value=ast.Tuple(elts=[key, _, _, _])):
            return key
    return None


def test_every_alert_of_the_bot_has_a_heading_in_the_runbook() -> None:
    told = set(kinds_told())
    headings = {line[4:] for line in RUNBOOK.read_text().splitlines() if line.startswith("### ")}

    assert {kind for _, kind in told} >= {"halt", "flattened", "connection", "log_in", "line_failed", "data"}
    assert {(module, kind) for module, kind in told if kind not in HEADINGS} == set()
    assert set(HEADINGS.values()) - headings == set()
