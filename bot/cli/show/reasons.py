"""The chain of decisions behind a bar, read from the journal of its day, and what its codes mean."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.session import NEW_YORK, midnight
from bot.domain.types import Symbol
from bot.journal.readers import connect_read_only
from bot.journal.store import last_seq_before, read_rows
from bot.journal.why import WHY_KINDS, Decision, explain

FOLLOWS_WITHIN = timedelta(days=40)
"""How much later what followed from a bar may have ended."""


def reasons(path: Path, symbol: Symbol, bar_end: datetime) -> list[Decision]:
    """What the journal says of that bar. FixTheMachine, with what is known instead, where it says nothing."""
    with contextlib.closing(connect_read_only(path)) as db:
        begin = last_seq_before(db, midnight(bar_end))
        end = last_seq_before(db, bar_end + FOLLOWS_WITHIN)
        rows = (row for row in read_rows(db, WHY_KINDS, begin) if row.seq <= end)
        steps = explain(rows, symbol, bar_end)
        if not steps:
            raise FixTheMachine(_nothing(db, path, symbol, bar_end))
    return steps


def _nothing(db: sqlite3.Connection, path: Path, symbol: Symbol, bar_end: datetime) -> str:
    at = f"{bar_end.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York"
    known = _symbols(db)
    if known and symbol not in known:
        return f"{symbol} is not traded: the journal {path} knows {', '.join(sorted(known))}"
    begin, end = (
        last_seq_before(db, midnight(bar_end)),
        last_seq_before(db, midnight(bar_end + timedelta(days=1))),
    )
    if end == begin:
        return f"{at}: that day is not recorded in {path}; name another with --date"
    return f"no bar of {symbol} closed at {at} in {path}"


def _symbols(db: sqlite3.Connection) -> set[Symbol]:
    """Whatever was ever traded, by the starts of the line."""
    return {
        symbol for row in read_rows(db, (m.LineStarted,)) for symbol in getattr(row.message, "symbols", ())
    }


def codes_in_words(steps: list[Decision]) -> list[str]:
    """Each refusal's code in words, and where to read on."""
    from bot.ops.page.wording import refusal

    codes = [
        step.verdict.rpartition(": ")[2] for step in steps if step.verdict.startswith(("denied", "refused"))
    ]
    lines = [f"{code}: {refusal(code)}" for code in dict.fromkeys(codes)]
    return [*lines, "more, and the setting that decides: docs/denials.md"] if lines else []
