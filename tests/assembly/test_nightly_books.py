"""The books are closed once a day, while the market is closed; a damaged old page is told, and repaired at the next start."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.assembly.nightly_books import NightlyBooks, is_due
from bot.journal.recover import suspect_mark
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.alerts.alert import Alert
from tests.journal.makers import ENTRY, PLACED

BEFORE_THE_OPEN = datetime(2025, 12, 24, 14, 20, tzinfo=UTC)
AFTER_THE_CLOSE = datetime(2025, 12, 24, 18, 31, tzinfo=UTC)
"""A half day: it closes at 18:00 UTC."""


@pytest.mark.parametrize(
    ("now", "closed_at", "due"),
    [
        (AFTER_THE_CLOSE, None, True),
        (AFTER_THE_CLOSE, datetime(2025, 12, 23, 21, 30, tzinfo=UTC), True),
        (AFTER_THE_CLOSE, AFTER_THE_CLOSE, False),
        (datetime(2025, 12, 24, 18, 10, tzinfo=UTC), None, False),
        (datetime(2025, 12, 24, 15, 0, tzinfo=UTC), None, False),
        (BEFORE_THE_OPEN, None, False),
        (datetime(2025, 12, 25, 15, 0, tzinfo=UTC), AFTER_THE_CLOSE, False),
        (datetime(2025, 12, 26, 13, 0, tzinfo=UTC), datetime(2025, 12, 23, 21, 30, tzinfo=UTC), True),
        (datetime(1990, 1, 3, tzinfo=UTC), None, False),
    ],
)
def test_the_books_are_closed_once_after_each_session(
    now: datetime, closed_at: datetime | None, due: bool
) -> None:
    assert is_due(now, closed_at) is due


def test_a_day_s_end_closes_the_books_once(tmp_path: Path) -> None:
    told: list[Alert] = []
    with closing(Journal(tmp_path / JOURNAL_FILE, lambda: AFTER_THE_CLOSE)) as journal:
        journal.record(PLACED)
        books = NightlyBooks(journal, told.append)
        assert [books.beat(at) for at in (BEFORE_THE_OPEN, AFTER_THE_CLOSE)] == [False, True]
        books.end()
        assert journal.closed_at() == AFTER_THE_CLOSE
        assert [row.message for row in journal.living()] == [PLACED]
        assert not books.beat(AFTER_THE_CLOSE)
        assert not NightlyBooks(journal, told.append).beat(AFTER_THE_CLOSE)
    assert told == []


def test_an_old_page_that_is_damaged_is_told_and_marked_for_the_next_start(tmp_path: Path) -> None:
    path, told = tmp_path / JOURNAL_FILE, list[Alert]()
    with closing(Journal(path, lambda: AFTER_THE_CLOSE)) as journal:
        journal.commit(PLACED)
        journal.commit(ENTRY)
        journal.close_books(lambda *_: ())
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE messages SET body = 'x' WHERE seq = 1")
            db.commit()
        NightlyBooks(journal, told.append).close_books()
    assert [(alert.key, alert.severity) for alert in told] == [("journal:suspect", "critical")]
    assert suspect_mark(path).exists()
