"""What a day's end asks of the journal: the books are closed, and the file is looked at from its first page to its last.

Rule: only while the market is closed and for a good while to come, in a thread of its own: a first closing of a long
journal takes seconds, on a Pi a minute, and nothing waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from loguru import logger

from bot.domain.errors import FixTheMachine
from bot.domain.session import (
    CalendarRangeError,
    is_open,
    new_york_day,
    next_open,
    nth_session_before,
    session_on,
)
from bot.journal.essence import essential_rows
from bot.journal.recover import is_whole, suspect_mark
from bot.journal.store import Journal
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.process.memory import give_back

SETTLES = timedelta(minutes=30)
"""After the close: the last commissions and the day's report are in."""
QUIET_BEFORE_OPEN = timedelta(minutes=30)
Tell = Callable[[Alert], None]


class NightlyBooks:
    """``beat`` often; ``end`` waits for what is under way. A stepped clock (``is_on`` false) has no nights."""

    def __init__(self, journal: Journal, tell: Tell, *, is_on: bool = True) -> None:
        self._journal, self._tell, self._is_on = journal, tell, is_on
        self._closed_at = journal.closed_at()
        self._thread: threading.Thread | None = None

    def beat(self, now: datetime) -> bool:
        """Begin if it is time to. Whether it did."""
        is_busy = self._thread is not None and self._thread.is_alive()
        if is_busy or not self._is_on or not is_due(now, self._closed_at):
            return False
        self._closed_at = now
        self._thread = threading.Thread(target=self.close_books, name="nightly-books", daemon=True)
        self._thread.start()
        return True

    def end(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def close_books(self) -> None:
        """Close the books and look at the whole file; damage is told, and the next start repairs it."""
        try:
            books = self._journal.close_books(essential_rows)
        except FixTheMachine as error:
            logger.error("{}", error)
            return
        logger.info("the books are closed: a start remembers {} rows of {}", len(books.kept), books.upto)
        if not is_whole(self._journal.path):
            suspect_mark(self._journal.path).touch()
            self._tell(Alert("journal:suspect", Severity.CRITICAL, "The journal is damaged", _REMEDY))
        give_back()  # the pages of a day that SQLite had read: 2 MiB


_REMEDY = (
    "what a start needs of it is whole; an old page is not. Back it up (make backup) and restart the bot while the market is "
    "closed: it carries over every row that can be read, and halts"
)


def is_due(now: datetime, closed_at: datetime | None) -> bool:
    """Whether a session is over whose books are open, and nothing else is near."""
    try:
        if is_open(now) or next_open(now) - now < QUIET_BEFORE_OPEN:
            return False
        today = session_on(new_york_day(now))
        if today is not None and today.open <= now < today.close + SETTLES:
            return False
        ended = (
            today if today is not None and now >= today.close else nth_session_before(new_york_day(now), 1)
        )
    except CalendarRangeError:
        return False
    return closed_at is None or closed_at < ended.close
