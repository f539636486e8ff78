"""The one start path's first half: open the journal, repair a torn tail, and restore the machines' state.

A damaged file is never thrown away: it is set aside under its own name, and every row up to the damage is carried over.
What it lost may be a halt or a day's loss, so the repaired journal begins with a halt that the operator lifts.
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
from bot.domain.messages import Halted
from bot.domain.types import Now
from bot.journal.codec import decode_row, encode_row
from bot.journal.store import Journal, connect
from bot.wiring import DURABLE, Machine, subscribers

SIDES = ("-wal", "-shm")
REPAIRED = ".mended"


@dataclass(frozen=True, slots=True)
class Repair:
    """What a damaged journal cost: ``kept`` rows carried over, the old file at ``set_aside``."""

    kept: int
    set_aside: Path

    def __str__(self) -> str:
        return f"the journal was damaged: {self.kept} rows kept, the old file is {self.set_aside.name}"


def open_journal(path: Path, now: Now) -> tuple[Journal, Repair | None]:
    """The journal, repaired first if SQLite finds it damaged. Raises FixTheMachine where it cannot be opened."""
    repair = None
    try:
        _put_in_place(path)
        if path.exists() and not _is_sound(path):
            repair = _repair(path, now())
            _put_in_place(path)
    except OSError as error:
        raise FixTheMachine(
            f"journal {path}: damaged and cannot be set aside ({error}); make the folder writable"
        ) from error
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
    """Leave a whole journal beside the damaged one, which keeps its place until :func:`_put_in_place`."""
    set_aside = path.with_name(f"{path.name}.damaged-{at:%Y%m%dT%H%M%S}")
    for suffix in ("", *SIDES):
        part = _beside(path, suffix)
        if part.exists() and not _beside(set_aside, suffix).exists():
            _beside(set_aside, suffix).hardlink_to(part)
    unfinished = _beside(path, ".mending")
    for suffix in ("", *SIDES):
        _beside(unfinished, suffix).unlink(missing_ok=True)
    repair = _carry_over(set_aside, unfinished, at)
    unfinished.rename(_beside(path, REPAIRED))
    return repair


def _put_in_place(path: Path) -> None:
    """End what a repair began, also one whose process died; the damaged file stays under its other name."""
    if _beside(path, REPAIRED).exists():
        for suffix in SIDES:
            _beside(path, suffix).unlink(missing_ok=True)
        _beside(path, REPAIRED).replace(path)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _carry_over(damaged: Path, fresh: Path, at: datetime) -> Repair:
    """Copy rows in order until the first that cannot be read; the order of what happened must have no holes."""
    target = connect(fresh)
    kept = 0
    with suppress(sqlite3.DatabaseError, FixTheMachine):
        source = sqlite3.connect(damaged)
        # SQLite refuses a file that is shorter than its header says, except to whoever may write the schema.
        source.execute("PRAGMA writable_schema=ON")
        for row in source.execute("SELECT seq, at, kind, body FROM messages ORDER BY seq"):
            decode_row(*row[2:])
            target.execute("INSERT INTO messages VALUES (?, ?, ?, ?)", row)
            kept += 1
    repair = Repair(kept, damaged)
    halted = encode_row(Halted(at, "disk_failure", f"{repair}", "journal"))
    target.execute("INSERT INTO messages (at, kind, body) VALUES (?, ?, ?)", (at.isoformat(), *halted))
    target.commit()
    target.close()
    return repair


def restore_state(journal: Journal, machines: Mapping[str, Machine]) -> int:
    """Every machine remembers its DURABLE rows, in the order they were written. Returns how many rows there were."""
    count = 0
    for row in journal.rows(DURABLE):
        for name in subscribers(row.message, DURABLE):
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
