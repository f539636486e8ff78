"""What waits for the disk: the waits before an order, and those of a day, counted at SQLite and not timed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.years import LAST_DAY, Years
from bot.domain.messages import Message
from bot.domain.session import sessions_between
from bot.journal.store import JOURNAL_FILE, Journal
from bot.wiring import DURABLE
from tests.journal.makers import BAR_END, JUDGED, PLACED, SENT
from tests.journal.test_power_cut import FIRED


class Waits:
    """Counts a journal's transactions that wait for the disk."""

    def __init__(self, journal: Journal) -> None:
        self.count, self._is_full, self._has_written = 0, True, False
        journal._db.set_trace_callback(self._hear)  # noqa: SLF001  counted from outside

    def _hear(self, statement: str) -> None:
        if statement.startswith("PRAGMA synchronous="):
            self._is_full = statement.endswith("FULL")
        self._has_written = self._has_written or statement.startswith("INSERT")
        if statement == "COMMIT":
            self.count += self._is_full and self._has_written
            self._has_written = False


def _waits(messages: Iterable[Message]) -> int:
    with tempfile.TemporaryDirectory() as folder, closing(_journal(folder)) as journal:
        waits = Waits(journal)
        for message in messages:
            (journal.commit if type(message) in DURABLE else journal.record)(message)
        return waits.count


def _journal(folder: str) -> Journal:
    return Journal(Path(folder) / JOURNAL_FILE, lambda: BAR_END)


def figures() -> Iterator[Figure]:
    yield Figure(
        "waits for the disk, bar to order", float(_waits((JUDGED, FIRED, PLACED, SENT))), "", 1.0, "3 before"
    )
    (session,) = sessions_between(LAST_DAY, LAST_DAY)
    with tempfile.TemporaryDirectory() as folder:
        years = Years(Path(folder) / JOURNAL_FILE)
        with closing(years.journal):
            day = [message for _, message in years.day(session)]
    yield Figure(
        "waits for the disk, a day of five trades", float(_waits(day)), "", 150.0, "a half day; 630 before"
    )
