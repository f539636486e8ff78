"""A row's checksum: what SQLite does not keep. A page that rots, or a hand that edits, may leave a row that still reads well.

CRC-32 over everything the row says, its place in the order included: a halt that changed its kind, or moved before an older
resume, is damage like any other. Rows of builds that wrote none carry NULL and are judged by how they read.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from itertools import chain

COLUMN = "crc"
_AT_ONCE = 100
"""Rows a statement, each of five values: SQLite before 3.32 takes 999. Between two statements another thread may take the
interpreter for its whole interval of 5 ms, and a hundred rows would be half a second."""

_LONG = 64_000
"""Characters of a body."""

_Row = tuple[int, str, str, str, int]


def checksum(seq: int, at: str, kind: str, body: str) -> int:
    return zlib.crc32("\0".join((str(seq), at, kind, body)).encode("utf-8", "surrogatepass"))


def agrees(crc: object, seq: int, at: object, kind: object, body: object) -> bool:
    """Whether a row is as it was written, as far as anybody can say."""
    return crc is None or (
        isinstance(at, str)
        and isinstance(kind, str)
        and isinstance(body, str)
        and crc == checksum(seq, at, kind, body)
    )


def has_column(db: sqlite3.Connection) -> bool:
    return any(row[1] == COLUMN for row in db.execute("PRAGMA table_info(messages)"))


def add_column(db: sqlite3.Connection) -> None:
    """Beside the columns that every build knows by name: an older build reads and writes on as before."""
    if not has_column(db):
        db.execute(f"ALTER TABLE messages ADD COLUMN {COLUMN} INTEGER")


def append_rows(db: sqlite3.Connection, rows: list[tuple[str, str, str]]) -> None:
    """Append rows of (at, kind, body) within the caller's transaction. Raises sqlite3.Error."""
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    last = 0 if found is None else int(found[0])
    numbered = [(last + n, *row, checksum(last + n, *row)) for n, row in enumerate(rows, 1)]
    for some in _batches(numbered):
        places = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
        insert = f"INSERT INTO messages (seq, at, kind, body, {COLUMN}) VALUES {places}"  # noqa: S608  our own words
        db.execute(insert, [*chain.from_iterable(some)])


def _batches(rows: list[_Row]) -> Iterator[list[_Row]]:
    """A long one by itself: SQLite keeps what a prepared statement was last given, and there is one for each number of rows."""
    some: list[_Row] = []
    for row in rows:
        is_long = len(row[3]) > _LONG
        if some and (is_long or len(some) == _AT_ONCE):
            yield some
            some = []
        some.append(row)
        if is_long:
            yield some
            some = []
    if some:
        yield some
