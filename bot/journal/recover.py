"""The one start path's first half: open the journal, repair a torn tail, and restore the machines' state.

A damaged file is never thrown away: it is set aside under its own name, and every row that can be read is carried over.
What it lost may be a halt or a day's loss, so the repaired journal begins with a halt that the operator lifts. Damage is
whatever is not as it was written: an empty file, a missing table, a kind, a time or a body that says nothing, and a row that
reads well and whose checksum does not agree. A kind
that only a newer build knows is such a row, too, so a release that was rolled back reads what the newer one wrote.
A start looks at what it reads: the rows since the books were closed and those named there. The whole file is read where
they never were, by ``doctor``, and at each day's end.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.broker_messages import OrderStatusChanged
from bot.domain.errors import FixTheMachine
from bot.domain.messages import Halted
from bot.domain.text import made_safe
from bot.domain.types import Now
from bot.journal.checksum import COLUMN, agrees, append_rows, has_column
from bot.journal.closings import ClosedBooks, last_closing
from bot.journal.codec import JOURNAL_KINDS, decode_row, encode_row, forget_decoded, keep_decoded
from bot.journal.drills import carry_certificates
from bot.journal.off_the_board import left_the_board
from bot.journal.readers import connect_read_only
from bot.journal.store import SCHEMA_VERSION, Journal, connect, written_at
from bot.wiring import BOARD, DURABLE, Machine, subscribers

SIDES = ("-wal", "-shm")
REPAIRED = ".mended"


@dataclass(frozen=True, slots=True)
class Repair:
    """What a damaged journal cost: ``kept`` rows carried over, ``unreadable`` left out, the old file at ``set_aside``."""

    kept: int
    set_aside: Path
    unreadable: tuple[str, ...] = ()
    """Their kinds, as they are written."""

    def __str__(self) -> str:
        kinds = ", ".join(sorted({made_safe(kind, 30) for kind in self.unreadable})[:5])
        lost = f", {len(self.unreadable)} unreadable ({kinds})" if self.unreadable else ""
        return f"the journal was damaged: {self.kept} rows kept{lost}, the old file is {self.set_aside.name}"


def open_journal(path: Path, now: Now) -> tuple[Journal, Repair | None]:
    """The journal, repaired first if SQLite finds it damaged. Raises FixTheMachine where it cannot be opened."""
    repair = None
    keep_decoded()
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
            if db.execute("PRAGMA user_version").fetchone()[0] > SCHEMA_VERSION:
                return True  # a newer build's, which is told when it is opened
            books = last_closing(db)
            if books is None or suspect_mark(path).exists():
                is_sound = _is_whole(db)
                suspect_mark(path).unlink(missing_ok=True)
                return is_sound
            return _is_sound_from(db, books)
    except sqlite3.DatabaseError:
        return False


def is_whole(path: Path) -> bool:
    """Every page and every row, to the beginning: seconds in a journal of years. Changes nothing."""
    try:
        db = connect_read_only(path)
    except FixTheMachine:
        return False
    with closing(db):
        try:
            return _is_whole(db)
        except sqlite3.DatabaseError:
            return False


def suspect_mark(path: Path) -> Path:
    """A file beside the journal that makes the next start look at the whole of it."""
    return _beside(path, ".suspect")


def _is_whole(db: sqlite3.Connection) -> bool:
    return db.execute("PRAGMA quick_check").fetchone()[0] == "ok" and _is_legible(db)


def _is_sound_from(db: sqlite3.Connection, books: ClosedBooks) -> bool:
    """What a start reads, and the pages that the next rows go to: the end of the table and of each kind in the index."""
    for kind in JOURNAL_KINDS:
        db.execute("SELECT max(seq) FROM messages WHERE kind = ?", (kind,)).fetchone()
    found = db.execute(
        f"{_form(db)} WHERE seq IN (SELECT value FROM json_each(?))",  # noqa: S608  our own words
        (json.dumps(books.kept),),
    ).fetchall()
    are_there = len(found) == len(books.kept) and _has_all_since(db, books.upto)
    return are_there and _are_legible(found) and _is_legible(db, books.upto)


def _has_all_since(db: sqlite3.Connection, seq: int) -> bool:
    """Rows are numbered without a gap: one that lost its number would be looked for in vain behind the closing."""
    written = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    count = db.execute("SELECT count(*) FROM messages WHERE seq > ?", (seq,)).fetchone()[0]
    return written is not None and count == max(0, written[0] - seq)


def _form(db: sqlite3.Connection) -> str:
    return f"SELECT {_columns(db)}, json_valid(body) FROM messages"  # noqa: S608  our own words


def _columns(db: sqlite3.Connection) -> str:
    return f"seq, at, kind, body, {COLUMN if has_column(db) else 'NULL'}"


def _is_legible(db: sqlite3.Connection, after_seq: int | None = None) -> bool:
    """Every row behind that one; without it every row, one whose number is damaged included."""
    where, values = ("", ()) if after_seq is None else (" WHERE seq > ?", (after_seq,))
    return _are_legible(db.execute(_form(db) + where, values))


def _are_legible(rows: Iterable[tuple[Any, ...]]) -> bool:
    return all(is_json and agrees(crc, seq, *row) and _is_readable(*row) for seq, *row, crc, is_json in rows)


def _is_readable(at: object, kind: object, body: object) -> bool:
    """What a restart reads is decoded; of the rest, which may be much, only its form is looked at."""
    if not isinstance(kind, str) or kind not in JOURNAL_KINDS or not _is_time(at):
        return False
    return JOURNAL_KINDS[kind] not in DURABLE or _can_be_decoded(kind, body)


def _is_time(at: object) -> bool:
    try:
        written_at(at)
    except FixTheMachine:
        return False
    return True


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
    """Copy in order every row that can be read, as far as SQLite can follow the file."""
    target = connect(fresh)
    kept, unreadable = 0, list[str]()
    with suppress(sqlite3.DatabaseError):
        source = sqlite3.connect(damaged)
        source.text_factory = _as_text
        # SQLite refuses a file that is shorter than its header says, except to whoever may write the schema.
        source.execute("PRAGMA writable_schema=ON")
        query = f"SELECT {_columns(source)} FROM messages ORDER BY seq"  # noqa: S608  our own words
        for *row, crc in source.execute(query):
            if agrees(crc, *row) and _is_time(row[1]) and _can_be_decoded(*row[2:]):
                target.execute(
                    "INSERT INTO messages (seq, at, kind, body, crc) VALUES (?, ?, ?, ?, ?)", (*row, crc)
                )
                kept += 1
            else:
                unreadable.append(str(row[2]))
        carry_certificates(source, target)
    repair = Repair(kept, damaged, tuple(unreadable))
    halted = encode_row(Halted(at, "disk_failure", f"{repair}", "journal"))
    append_rows(target, [(at.isoformat(), *halted)])
    target.commit()
    target.close()
    return repair


def _as_text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _can_be_decoded(kind: object, body: object) -> bool:
    try:
        decode_row(str(kind), str(body))
    except FixTheMachine:
        return False
    return True


def restore_state(journal: Journal, machines: Mapping[str, Machine]) -> int:
    """Every machine remembers its DURABLE rows, in the order they were written. Returns how many rows there were."""
    count, off_the_board = 0, left_the_board(journal)
    for row in journal.living(DURABLE):
        for name in subscribers(row.message, DURABLE):
            # A symbol that is no longer traded keeps its rows, and nobody to read them.
            if name in machines and not (name == BOARD and off_the_board.holds(row)):
                machines[name].remember(row.message)
        count += 1
    forget_decoded()
    return count


ORDER_ID_GAP = 100
"""Ids that may have left unanswered before a crash: the floor jumps over them."""


def order_id_floor(journal: Journal) -> int:
    """The highest order id ever seen, plus the gap. 0 for a journal without orders."""
    highest = journal.highest(OrderStatusChanged, "order_id")
    return 0 if highest is None else highest + ORDER_ID_GAP
