"""The journal as reports want it: a day or a period, read once."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

from bot.domain.errors import FixTheMachine
from bot.domain.messages import LineStarted, Message
from bot.domain.session import NEW_YORK, new_york_day
from bot.journal.readers import connect_read_only
from bot.journal.store import JOURNAL_FILE, last_seq_before, read_rows, written_at
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import Document, Source
from bot.ops.process.control_client import ask
from bot.ops.process.instance_lock import is_locked
from bot.ops.report.book import KINDS, ONE_DAY_KINDS, Book, book_of, day_in_book
from bot.ops.status.ledger import BookedTrade

HELD_AT_MOST = timedelta(days=40)
"""How far before a period its trades may have been opened: more than any time stop."""


@dataclass(frozen=True, slots=True)
class Period:
    """``record`` is there for one day alone. ``recorded`` are the days of which the journal holds anything."""

    path: Path
    first: date
    last: date
    book: Book
    record: DayRecord | None
    recorded: frozenset[date]
    started: LineStarted | None

    @property
    def is_one_day(self) -> bool:
        return self.record is not None

    @property
    def unrecorded(self) -> tuple[date, ...]:
        """Trading days of the period of which the journal holds nothing: that is not the same as no trades."""
        from bot.ops.report.periods import unrecorded_days

        return unrecorded_days(self.first, self.last, self.recorded)

    @property
    def source(self) -> Source:
        if self.started is None:
            return Source(journal=str(self.path))
        x = self.started
        return Source(
            build=x.build, mode=x.mode, symbols=x.symbols, dry_run=x.dry_run, journal=str(self.path)
        )


def period(path: Path, day: date | None, first: date | None, last: date | None) -> Period | None:
    """What was asked for, None for an empty journal. Without a day and a period it is the journal's last day."""
    with contextlib.closing(connect_read_only(path)) as db:
        ends = _ends(db)
        if ends is None:
            return None
        if first is None and last is None:
            return _one_day(db, path, day or ends[1])
        return _many_days(db, path, first or ends[0], last or ends[1])


def read_page(found: Period) -> str:
    """The period as one HTML file that needs nothing else."""
    from bot.ops.page.render import as_file

    return as_file(read_document(found))


def read_document(found: Period) -> Document:
    from bot.ops.report.documents import day_document, period_document

    if found.record is not None:
        return day_document(found.book, found.record, found.source)
    return period_document(found.book, found.first, found.last, found.unrecorded, found.source)


def read_tax_lots(found: Period) -> str:
    """Every lot that closed in the period, as CSV; all of the journal is matched, since lots may be old."""
    from bot.ops.report.tax_lots import lots_as_csv
    from bot.ops.report.tax_lots import tax_lots as lots_of

    with contextlib.closing(connect_read_only(found.path)) as db:
        book = book_of(row.message for row in read_rows(db, KINDS))
    fills = [fill for trade in book.all_trades for fill in trade.fills]
    lots = lots_of(fills, book.charges)
    return lots_as_csv(lot for lot in lots if found.first <= lot.closed_on <= found.last)


def _one_day(db: sqlite3.Connection, path: Path, day: date) -> Period:
    book, record = day_in_book(_messages(db, ONE_DAY_KINDS, day - HELD_AT_MOST, day), day)
    record = replace(record, bids={**record.bids, **_bids_now(path.parent, day)})
    return Period(path, day, day, book, record, _recorded(db, day, day), _started(db, day))


def _bids_now(directory: Path, day: date) -> dict[int, Decimal | None]:
    """What is bid at this moment, where the journal is a running bot's and the day is its own; None where nobody bids."""
    if not is_locked(directory):
        return {}
    try:
        status = ask(directory, {"do": "status"})["status"]
    except FixTheMachine:
        return {}
    if status["at"] is None or new_york_day(datetime.fromisoformat(status["at"])) != day:
        return {}
    return {one["con_id"]: _amount(one["bid"]) for one in status["open_brackets"]}


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def last_bids(directory: Path, trades: Iterable[BookedTrade]) -> dict[int, Decimal | None]:
    """What was last bid for each contract that is held, by the running bot where there is one."""
    held = [trade for trade in trades if trade.held]
    if not held:
        return {}
    query = (
        "SELECT json_extract(body, '$.bid') FROM messages "
        "WHERE kind = 'PositionMarked' AND json_extract(body, '$.idea_id') = ? ORDER BY seq DESC LIMIT 1"
    )
    found: dict[int, Decimal | None] = {}
    with contextlib.closing(connect_read_only(directory / JOURNAL_FILE)) as db:
        for trade in held:
            row = db.execute(query, (trade.plan.idea_id,)).fetchone()
            found[trade.contract.con_id] = _amount(row[0]) if row is not None else None
        ends = _ends(db)
    return found | (_bids_now(directory, ends[1]) if ends else {})


def _many_days(db: sqlite3.Connection, path: Path, first: date, last: date) -> Period:
    book = book_of(_messages(db, KINDS, first - HELD_AT_MOST, last))
    return Period(path, first, last, book, None, _recorded(db, first, last), _started(db, last))


def _messages(db: sqlite3.Connection, kinds: tuple[type, ...], first: date, last: date) -> Iterator[Message]:
    begin, end = (
        last_seq_before(db, _midnight(first)),
        last_seq_before(db, _midnight(last + timedelta(days=1))),
    )
    for row in read_rows(db, kinds, begin):
        if row.seq > end:
            return
        yield row.message


def _ends(db: sqlite3.Connection) -> tuple[date, date] | None:
    """The journal's first and last New York day."""
    rows = [
        db.execute(f"SELECT at FROM messages ORDER BY seq {order} LIMIT 1").fetchone()  # noqa: S608  one of two words
        for order in ("ASC", "DESC")
    ]
    if None in rows:
        return None
    first, last = (new_york_day(written_at(row[0])) for row in rows)
    return first, last


def _recorded(db: sqlite3.Connection, first: date, last: date) -> frozenset[date]:
    """The days with any row: two look-ups each, however long the journal is."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    marks = [last_seq_before(db, _midnight(day)) for day in days]
    return frozenset(day for day, begin, end in zip(days, marks, marks[1:], strict=False) if end > begin)


def _started(db: sqlite3.Connection, day: date) -> LineStarted | None:
    end = last_seq_before(db, _midnight(day + timedelta(days=1)))
    found = db.execute(
        "SELECT seq FROM messages WHERE kind = ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
        (LineStarted.__name__, end),
    ).fetchone()
    if found is None:
        return None
    return cast("LineStarted", next(read_rows(db, (LineStarted,), found[0] - 1)).message)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)
