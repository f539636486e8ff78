"""The certificates of drills, beside the rows: a drill proves the machine and the build, and is no part of what was traded.

A table of its own, so that a release from before it passes over it, as with the closings.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from bot.domain.errors import FixTheMachine
from bot.journal.readers import connect_read_only
from bot.journal.store import connect, written_at

_TABLE = """
CREATE TABLE IF NOT EXISTS drills (
  at   TEXT NOT NULL,
  body TEXT NOT NULL
);
"""
# RTS 6 article 12 wants the kill tested, article 6 the systems; a quarter is the house's rule.
DRILL_EVERY = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class DrillStep:
    """One thing that was tried. ``words`` say what was seen, with its figures."""

    name: str
    passed: bool
    words: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a drill came to, ``at`` (UTC) its end."""

    at: datetime
    build: str
    where: str
    steps: tuple[DrillStep, ...]

    @property
    def passed(self) -> bool:
        return bool(self.steps) and all(step.passed for step in self.steps)


def put_certificate(journal: Path, certificate: Certificate) -> None:
    """Write it into that journal, which may be in use or not yet there; on disk when this returns. Raises FixTheMachine."""
    try:
        with closing(connect(journal)) as db, db:
            db.execute(_TABLE)
            row = (certificate.at.isoformat(), msgspec.json.encode(certificate).decode())
            db.execute("INSERT INTO drills VALUES (?, ?)", row)
    except sqlite3.Error as error:
        raise FixTheMachine(f"journal {journal}: the certificate cannot be written ({error})") from error


def certificates(db: sqlite3.Connection) -> list[Certificate]:
    """Every one that can be read, oldest first; none where there was never a drill."""
    found: list[Certificate] = []
    with suppress(sqlite3.DatabaseError):
        for (body,) in db.execute("SELECT body FROM drills ORDER BY at"):
            with suppress(msgspec.MsgspecError):
                found.append(msgspec.json.decode(body, type=Certificate))
    return found


def last_passed(journal: Path) -> Certificate | None:
    """The latest drill that was passed; ``None`` also where there is no journal."""
    try:
        with closing(connect_read_only(journal)) as db:
            return next((one for one in reversed(certificates(db)) if one.passed), None)
    except (sqlite3.Error, FixTheMachine):
        return None


def drill_due(journal: Path) -> datetime | None:
    """When the next drill is due: a quarter after the last that was passed, else after the journal's first row."""
    last = last_passed(journal)
    if last is not None:
        return last.at + DRILL_EVERY
    try:
        with closing(connect_read_only(journal)) as db:
            first = db.execute("SELECT at FROM messages ORDER BY seq LIMIT 1").fetchone()
        return None if first is None else written_at(first[0]) + DRILL_EVERY
    except (sqlite3.Error, FixTheMachine):
        return None


def carry_certificates(damaged: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    """A repaired journal keeps what can be read of them."""
    kept = certificates(damaged)
    if kept:
        fresh.execute(_TABLE)
        rows = [(one.at.isoformat(), msgspec.json.encode(one).decode()) for one in kept]
        fresh.executemany("INSERT INTO drills VALUES (?, ?)", rows)
