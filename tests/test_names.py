"""One name, one meaning: a public name stands in two rooms only where it says the same in both."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from tests.sources import PARSED_ONCE, sources

pytestmark = PARSED_ONCE

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


@cache
def _rooms() -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = defaultdict(set)
    for source in sources():
        if source.name.startswith("bot/guard/"):
            continue  # a program of its own, on another machine
        for name in source.defined:
            if not name.startswith("_"):
                rooms[name].add(source.name)
    return rooms


def test_no_public_name_stands_in_two_rooms_unless_it_means_the_same() -> None:
    twice = {name: sorted(rooms) for name, rooms in _rooms().items() if len(rooms) > 1}
    assert {name: rooms for name, rooms in twice.items() if name not in SAME_MEANING} == {}


def test_every_exception_is_still_needed() -> None:
    rooms = _rooms()
    assert [name for name in SAME_MEANING if len(rooms[name]) < 2] == []
