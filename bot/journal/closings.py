"""The rows that close the books: behind which row a start need not look back, but for those it names.

A table of its own, so that a release from before it passes over it and starts from all rows, as it always did.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

SCHEMA = """
CREATE TABLE IF NOT EXISTS closings (
  upto INTEGER PRIMARY KEY,
  at   TEXT NOT NULL,
  kept TEXT NOT NULL
);
"""
CLOSINGS_KEPT = 10
"""The newest one counts; a few more are there for whoever looks into a fault."""


@dataclass(frozen=True, slots=True)
class ClosedBooks:
    """Of the rows up to ``upto`` those in ``kept`` (ascending) are all that a start must remember. ``at`` is bot time, UTC."""

    upto: int
    at: datetime
    kept: tuple[int, ...]


def last_closing(db: sqlite3.Connection) -> ClosedBooks | None:
    """The newest closing, None where there is none or it says nothing: then every row is remembered."""
    try:
        found = db.execute("SELECT upto, at, kept FROM closings ORDER BY upto DESC LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return None  # a journal from before there were closings, opened to be read
    if found is None:
        return None
    try:
        kept = tuple(int(seq) for seq in json.loads(found[2]))
        return ClosedBooks(int(found[0]), datetime.fromisoformat(found[1]), kept)
    except (ValueError, TypeError):
        return None


def put_closing(db: sqlite3.Connection, closing: ClosedBooks) -> None:
    """In the transaction of the caller."""
    row = (closing.upto, closing.at.isoformat(), json.dumps(closing.kept, separators=(",", ":")))
    db.execute("INSERT OR REPLACE INTO closings VALUES (?, ?, ?)", row)
    db.execute(
        "DELETE FROM closings WHERE upto NOT IN (SELECT upto FROM closings ORDER BY upto DESC LIMIT ?)",
        (CLOSINGS_KEPT,),
    )
