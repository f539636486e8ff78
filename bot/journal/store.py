"""One append-only table in SQLite. ``commit`` returns when the row is written; ``record`` may wait for the next flush.

A written row survives a kill. What is synced survives a power cut, with everything written before it: WAL with
synchronous=FULL for what must, NORMAL, which writes and does not wait, for the kinds of ``UNHURRIED`` and for a flush (SQLite,
"PRAGMA synchronous"). The frames of a WAL are a chain: what a power cut takes is its end, never its middle.
Rows are never changed or deleted. At a day's end the books are closed (``close_books``): a start reads the rows that are
named there and those behind it, so that it takes as long after five years as after a day.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.errors import FixTheMachine
from bot.domain.messages import Message
from bot.domain.types import Now
from bot.journal import checksum
from bot.journal.closings import SCHEMA, ClosedBooks, last_closing, put_closing
from bot.journal.codec import JOURNAL_KINDS, decode_row, encode_row
from bot.wiring import DURABLE, UNHURRIED

SCHEMA_VERSION = 1
_CACHE_PAGES = 64
"""Of 4 KiB. SQLite's own 2 MiB fill up with the first long row and stay; rows are added, and read in their order."""
_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS messages (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  at   TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_kind ON messages (kind, seq);
"""
    + SCHEMA
)


@dataclass(frozen=True, slots=True)
class Row:
    """One journaled message. ``at`` is bot time (UTC) of the writing."""

    seq: int
    at: datetime
    message: Message


JOURNAL_FILE = "journal.db"
"""Its name in the state directory."""


class Journal:
    """The bot's memory. Safe to use from any thread."""

    def __init__(self, path: Path, now: Now) -> None:
        """Open or create the file. Raises FixTheMachine where that cannot be done."""
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, str, str]] = []
        self._writing_since_s: float | None = None
        self._slowest_s = 0.0
        self._is_synced = True
        self._db = connect(path)

    def commit(self, message: Message) -> None:
        """Written before this returns, with everything recorded before it; synced, too, unless its kind is UNHURRIED."""
        self.commit_all((message,))

    def commit_all(self, messages: Sequence[Message]) -> None:
        """As ``commit``, in one transaction: all of them or none; one sync, unless every kind is UNHURRIED."""
        rows = [self._as_row(message) for message in messages]
        is_synced = any(type(message) not in UNHURRIED for message in messages)
        self._write([*self._take_waiting(), *rows], is_synced=is_synced)

    def record(self, message: Message) -> None:
        """Written at the next commit or flush."""
        row = self._as_row(message)
        with self._lock:
            self._waiting.append(row)

    def flush(self) -> None:
        """Write what waits. It is synced with the next commit that is."""
        rows = self._take_waiting()
        if rows:
            self._write(rows, is_synced=False)

    def rows(self, kinds: Iterable[type] | None = None, after_seq: int = 0) -> Iterator[Row]:
        """What is on disk, oldest first."""
        yield from read_rows(self._db, kinds, after_seq, self._lock)

    def living(self, kinds: Iterable[type] | None = None) -> Iterator[Row]:
        """What a start must remember, oldest first: the rows that the last closing names, and all behind it."""
        yield from living_rows(self._db, kinds, self._lock)

    def close_books(self, essential: Callable[[Iterable[Row], datetime], tuple[int, ...]]) -> ClosedBooks:
        """Write down which rows still matter; what is committed meanwhile lies behind it. Raises FixTheMachine."""
        self.flush()
        with self._lock:
            upto = self._db.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()[0]
        at = self._now()
        rows = (row for row in self.living(DURABLE) if row.seq <= upto)
        closing = ClosedBooks(upto, at, essential(rows, at))
        try:
            with self._lock, self._synced(is_synced=True), self._db:
                put_closing(self._db, closing)
        except sqlite3.Error as error:
            raise FixTheMachine(f"journal {self.path}: cannot write ({error})") from error
        return closing

    def closed_at(self) -> datetime | None:
        """When the books were last closed, in bot time."""
        with self._lock:
            closing = last_closing(self._db)
        return None if closing is None else closing.at

    def seq_before(self, at: datetime) -> int:
        """The last row written before that instant, 0 where there is none: what ``rows`` takes as ``after_seq``."""
        with self._lock:
            return last_seq_before(self._db, at)

    def highest(self, kind: type, key: str) -> int | None:
        """The largest number that living rows of this kind have under ``key``; None where there are none."""
        query = "SELECT max(json_extract(body, ?)) FROM messages WHERE kind = ? AND "
        named = "seq IN (SELECT value FROM json_each(?))"
        with self._lock:
            books = last_closing(self._db) or ClosedBooks(0, self._now(), ())
            asked = (("seq > ?", books.upto), (named, json.dumps(books.kept)))
            found = [
                self._db.execute(query + part, (f"$.{key}", kind.__name__, x)).fetchone()[0]
                for part, x in asked
            ]
        return max((number for number in found if number is not None), default=None)

    def close(self) -> None:
        """Write and sync what waits, and let go of the file, whether that could be done or not. Raises FixTheMachine."""
        try:
            self._write(self._take_waiting(), is_synced=True)
        finally:
            with self._lock, suppress(sqlite3.Error):
                self._db.close()

    def _as_row(self, message: Message) -> tuple[str, str, str]:
        return (self._now().isoformat(), *encode_row(message))

    def _take_waiting(self) -> list[tuple[str, str, str]]:
        with self._lock:
            rows, self._waiting = self._waiting, []
        return rows

    @property
    def waits_s(self) -> float:
        """For how long the disk has been at the write that it is asked for now; 0 while it is at none."""
        since_s = self._writing_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def take_slowest_s(self) -> float:
        """How long the slowest write took since this was last asked."""
        slowest_s, self._slowest_s = self._slowest_s, 0.0
        return slowest_s

    def _write(self, rows: list[tuple[str, str, str]], *, is_synced: bool) -> None:
        try:
            with self._lock, self._timed(), self._synced(is_synced=is_synced), self._db:
                checksum.append_rows(self._db, rows)
        except sqlite3.Error as error:
            raise FixTheMachine(
                f"journal {self.path}: cannot write ({error}); free or remount the disk"
            ) from error

    @contextmanager
    def _synced(self, *, is_synced: bool) -> Iterator[None]:
        """The next transaction waits for the disk, or not."""
        if is_synced is not self._is_synced:
            self._db.execute("PRAGMA synchronous=FULL" if is_synced else "PRAGMA synchronous=NORMAL")
            self._is_synced = is_synced
        yield

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began_s = self._writing_since_s = time.monotonic()
        try:
            yield
        finally:
            self._writing_since_s = None
            self._slowest_s = max(self._slowest_s, time.monotonic() - began_s)


def connect(path: Path) -> sqlite3.Connection:
    """A read-write connection with the schema in place. Raises FixTheMachine with the remedy."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _begin(path)
        db = sqlite3.connect(path, check_same_thread=False, timeout=10)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size={_CACHE_PAGES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise FixTheMachine(
                f"journal {path}: written by a newer build (schema {version}); upgrade the bot"
            )
        db.executescript(_SCHEMA)
        checksum.add_column(db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.commit()
    except (sqlite3.Error, OSError) as error:
        raise FixTheMachine(
            f"journal {path}: cannot be opened ({error}); free or remount the disk, or make the folder writable"
        ) from error
    return db


def _begin(path: Path) -> None:
    """An empty journal in one step: a file without its table is never a beginning, always damage."""
    fresh = path.with_name(f"{path.name}.new")
    for part in (fresh, *(fresh.with_name(fresh.name + side) for side in ("-wal", "-shm"))):
        part.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as db:
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.commit()
    fresh.replace(path)


def _fetched(db: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[Any]:
    """A damaged page is met when it is read, long after the file was opened. Raises FixTheMachine."""
    try:
        return db.execute(query, values).fetchall()
    except sqlite3.DatabaseError as error:
        raise FixTheMachine(
            f"journal: cannot be read ({_without_text(error)}); the bot repairs it at its next start"
        ) from error


def _without_text(error: Exception) -> str:
    """SQLite repeats the whole text that it could not decode."""
    return f"{error}".partition(" with text ")[0]


def read_rows(
    db: sqlite3.Connection,
    kinds: Iterable[type] | None = None,
    after_seq: int = 0,
    lock: threading.Lock | None = None,
) -> Iterator[Row]:
    """Rows after ``after_seq``, a thousand at a time so that a writer is never kept waiting long."""
    names = None if kinds is None else [kind.__name__ for kind in kinds]
    where = "" if names is None else f" AND kind IN ({','.join('?' * len(names))})"
    query = f"SELECT seq, at, kind, body FROM messages WHERE seq > ?{where} ORDER BY seq LIMIT 1000"  # noqa: S608  only question marks are added
    while True:
        if lock is None:
            batch = _fetched(db, query, (after_seq, *(names or ())))
        else:
            with lock:
                batch = _fetched(db, query, (after_seq, *(names or ())))
        for seq, at, kind, body in batch:
            message = _message(kind, body)
            if message is not None:
                yield Row(seq, written_at(at), message)
        if len(batch) < 1000:
            return
        after_seq = batch[-1][0]


def living_rows(
    db: sqlite3.Connection, kinds: Iterable[type] | None = None, lock: threading.Lock | None = None
) -> Iterator[Row]:
    """The rows that the last closing names and those behind it; without a closing every row."""
    kinds = None if kinds is None else tuple(kinds)
    with lock or nullcontext():
        closing = last_closing(db)
        kept = [] if closing is None else _kept_rows(db, closing)
    for seq, at, kind, body in kept:
        message = _message(kind, body) if kinds is None or JOURNAL_KINDS.get(kind) in kinds else None
        if message is not None:
            yield Row(seq, written_at(at), message)
    yield from read_rows(db, kinds, 0 if closing is None else closing.upto, lock)


def _kept_rows(db: sqlite3.Connection, closing: ClosedBooks) -> list[tuple[int, str, str, str]]:
    query = (
        "SELECT seq, at, kind, body FROM messages WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"
    )
    return db.execute(query, (json.dumps(closing.kept),)).fetchall()


def _message(kind: str, body: str) -> Message | None:
    """None for a damaged row that no machine remembers: it is passed over. Raises FixTheMachine for one that counts."""
    try:
        return decode_row(kind, body)
    except FixTheMachine:
        if kind not in JOURNAL_KINDS or JOURNAL_KINDS[kind] in DURABLE:
            raise
        return None


def last_row(db: sqlite3.Connection, kind: type) -> Row | None:
    """The newest row of that kind, by its index. Raises FixTheMachine for one that cannot be read."""
    query = "SELECT seq, at, kind, body FROM messages WHERE kind = ? ORDER BY seq DESC LIMIT 1"
    found = db.execute(query, (kind.__name__,)).fetchone()
    return None if found is None else Row(found[0], written_at(found[1]), decode_row(*found[2:]))


def written_at(text: object) -> datetime:
    """The time of a row, aware. Raises FixTheMachine for what is none."""
    try:
        at = datetime.fromisoformat(str(text))
        if at.tzinfo is not None:
            return at
    except ValueError:
        pass
    raise FixTheMachine("journal: a row has no readable time; the bot repairs it at its next start")


def last_seq_before(db: sqlite3.Connection, at: datetime) -> int:
    """The last row written before that instant, found by halving: as quick in a journal of ten years as in one of a day.

    A clock that was set back leaves rows out of order; then some row of that time is found.
    """
    low, high = 0, _fetched(db, "SELECT coalesce(max(seq), 0) FROM messages")[0][0]
    while low < high:
        middle = (low + high + 1) // 2
        found = _fetched(db, "SELECT at FROM messages WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (middle,))
        if not found or written_at(found[0][0]) < at:
            low = middle
        else:
            high = middle - 1
    return low
