"""Which rows of a journal a replay reads: all, or those of a day from the start that it was lived in."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.session import NEW_YORK, new_york_day
from bot.journal.store import written_at


@dataclass(frozen=True, slots=True)
class JournalPart:
    """``first`` and ``last`` are numbers of rows, both included; ``day`` None is every day."""

    day: date | None
    first: int
    last: int | None


def whole_journal() -> JournalPart:
    return JournalPart(None, 1, None)


def part_of_day(db: sqlite3.Connection, day: date) -> JournalPart:
    """From the last start before the day's first row to its last row; no row where the day has none. Raises FixTheMachine.

    What lies before is a start's memory, so that an evening's replay takes as long after five years as after a day.
    """
    start, end = (_midnight(x).isoformat() for x in (day, day + timedelta(days=1)))
    first, last = _asked(db, "SELECT min(seq), max(seq) FROM messages WHERE at >= ? AND at < ?", start, end)
    if first is None:
        return JournalPart(day, 1, 0)
    query = "SELECT max(seq) FROM messages WHERE kind = ? AND seq <= ?"
    [started] = _asked(db, query, m.LineStarted.__name__, first)
    return JournalPart(day, started or 1, last)


def days_in_words(db: sqlite3.Connection) -> str:
    """The span of New York's days that have rows."""
    first, last = _asked(db, "SELECT min(at), max(at) FROM messages")
    if first is None:
        return "has no rows"
    days = [new_york_day(written_at(at)) for at in (first, last)]
    return f"has {days[0]}" if days[0] == days[1] else f"has {days[0]} … {days[1]}"


def _asked(db: sqlite3.Connection, query: str, *values: object) -> tuple[Any, ...]:
    try:
        found: tuple[Any, ...] = db.execute(query, values).fetchone()
    except sqlite3.DatabaseError as error:
        raise FixTheMachine(f"cannot be read ({error})") from None
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)
