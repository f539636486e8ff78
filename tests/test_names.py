"""One name, one meaning: a public name stands in two rooms only where it says the same in both."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SAME_MEANING = {
    "HANDLERS": "each module of bot/sim/handlers ends in its part of one table",
    "T": "a type variable",
    "ZERO": "no money",
    "Flags": "an array of yes and no, in both",
    "HEARD": "the kinds of messages that a comparison looks at",
    "REMEMBERED": "the kinds of rows that are read again out of a journal",
    "as_json_text": "what a command prints for --json",
    "SPEC": "each strategy module ends in its own",
    "KINDS": "each schema module of bot/wire ends in its part of one table",
    "to_bar": "IB's message as the bot's fact: the adapter reads it from the wire, the loopback exchange from the event",
    "to_commission": "as to_bar",
    "to_fill": "as to_bar",
    "to_open_order": "as to_bar",
    "to_status": "as to_bar",
}


def _defined(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


@cache
def _rooms() -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if path.is_relative_to(ROOT / "bot" / "guard"):
            continue  # a program of its own, on another machine
        for name in _defined(ast.parse(path.read_text(encoding="utf-8"))):
            if not name.startswith("_"):
                rooms[name].add(str(path.relative_to(ROOT)))
    return rooms


def test_no_public_name_stands_in_two_rooms_unless_it_means_the_same() -> None:
    twice = {name: sorted(rooms) for name, rooms in _rooms().items() if len(rooms) > 1}
    assert {name: rooms for name, rooms in twice.items() if name not in SAME_MEANING} == {}


def test_every_exception_is_still_needed() -> None:
    rooms = _rooms()
    assert [name for name in SAME_MEANING if len(rooms[name]) < 2] == []
