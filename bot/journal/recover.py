"""The one start path's first half: open the journal, mend a torn tail, and give the machines their memory back.

A damaged file is never thrown away: it is set aside under its own name, and every row up to the damage is carried over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.domain.broker_messages import OrderStatusChanged
from bot.domain.errors import FixTheMachine
from bot.journal.codec import decode
from bot.journal.store import Journal, Now, connect
from bot.wiring import DURABLE, Machine, hearers


@dataclass(frozen=True, slots=True)
class Repair:
    """What a damaged journal cost: ``kept`` rows carried over, the old file at ``set_aside``."""

    kept: int
    set_aside: Path


def open_journal(path: Path, now: Now) -> tuple[Journal, Repair | None]:
    """The journal, repaired first if SQLite finds it damaged. Raises FixTheMachine where it cannot be opened."""
    repair = _repair(path, now()) if path.exists() and not _is_sound(path) else None
    return Journal(path, now), repair


def _is_sound(path: Path) -> bool:
    """Whether the file's structure holds and every row can be read: a page that lost only its text is whole to SQLite."""
    try:
        with closing(sqlite3.connect(path)) as db:
            return db.execute("PRAGMA quick_check").fetchone()[0] == "ok" and _is_legible(db)
    except sqlite3.DatabaseError:
        return False


def _is_legible(db: sqlite3.Connection) -> bool:
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'messages'").fetchone() is None:
        return True  # not begun yet
    bodies = db.execute("SELECT at, kind, body, json_valid(body) FROM messages")
    return all(is_json for *_, is_json in bodies)


def _repair(path: Path, at: datetime) -> Repair:
    set_aside = path.with_name(f"{path.name}.damaged-{at:%Y%m%dT%H%M%S}")
    try:
        path.rename(set_aside)
        for suffix in ("-wal", "-shm"):
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.rename(set_aside.with_name(set_aside.name + suffix))
    except OSError as error:
        raise FixTheMachine(
            f"journal {path}: damaged and cannot be set aside ({error}); make the folder writable"
        ) from error
    return Repair(_carry_over(set_aside, path), set_aside)


def _carry_over(damaged: Path, fresh: Path) -> int:
    """Copy rows in order until the first that cannot be read; the order of what happened must have no holes."""
    target = connect(fresh)
    kept = 0
    with suppress(sqlite3.DatabaseError, FixTheMachine):
        source = sqlite3.connect(damaged)
        # SQLite refuses a file that is shorter than its header says, except to whoever may write the schema.
        source.execute("PRAGMA writable_schema=ON")
        for seq, at, kind, body in source.execute("SELECT seq, at, kind, body FROM messages ORDER BY seq"):
            decode(kind, body)
            target.execute("INSERT INTO messages VALUES (?, ?, ?, ?)", (seq, at, kind, body))
            kept += 1
    target.commit()
    target.close()
    return kept


def give_memory_back(journal: Journal, machines: Mapping[str, Machine]) -> int:
    """Every machine remembers its DURABLE rows, in the order they were written. Returns how many rows there were."""
    count = 0
    for row in journal.rows(DURABLE):
        for name in hearers(row.message, DURABLE):
            if name in machines:  # a symbol that is no longer traded keeps its rows, and nobody to read them
                machines[name].remember(row.message)
        count += 1
    return count


ORDER_ID_GAP = 100
"""Ids that may have left unanswered before a crash: the floor jumps over them."""


def order_id_floor(journal: Journal) -> int:
    """The highest order id ever seen, plus the gap. 0 for a journal without orders."""
    seen = [
        row.message.order_id
        for row in journal.rows([OrderStatusChanged])
        if isinstance(row.message, OrderStatusChanged)
    ]
    return max(seen) + ORDER_ID_GAP if seen else 0
