"""What a power cut leaves: every row that was waited for, with all before it, and of the rest a beginning."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.domain.order import OrderStatus
from bot.domain.types import Direction
from bot.journal.recover import open_journal
from bot.journal.store import JOURNAL_FILE, Journal
from bot.wiring import UNHURRIED
from tests.journal.makers import BAR_END, CLOSED, ENTRY, ENTRY_FEE, EXIT, IDEA, JUDGED, PLACED, SENT

FIRED = m.SignalFired("SPY", "scalp", Direction.BULLISH, BAR_END)


def status(leg: str, status: OrderStatus) -> Message:
    return b.OrderStatusChanged(
        ref=f"{IDEA}/{leg}", status=status, filled=0, remaining=3, perm_id=1, order_id=1, at=BAR_END
    )


def course() -> Iterator[Message]:
    """One bracket from its signal to its end."""
    yield from (FIRED, PLACED, SENT, status("entry", OrderStatus.HELD), status("entry", OrderStatus.WORKING))
    yield from (ENTRY, ENTRY_FEE, status("entry", OrderStatus.FILLED), status("stop", OrderStatus.WORKING))
    yield from (EXIT, status("stop", OrderStatus.CANCELLED), replace(ENTRY_FEE, exec_id="e.2.01"), CLOSED)


class Disk:
    """A journal, and how far its write-ahead log was on the disk for certain after each row."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_FILE
        self.wal = self.path.with_name(self.path.name + "-wal")
        self.written: list[Message] = []
        self.marks: list[tuple[int, int]] = [(0, 0)]
        """(size of the log, rows) at each sync."""

    def live(self, cut: Path) -> None:
        """Write the course, and keep the files as they are at its last moment, before the clean end."""
        with closing(Journal(self.path, lambda: BAR_END)) as journal:
            for message in course():
                journal.record(JUDGED)
                journal.commit(message)
                self.written += [JUDGED, message]
                if type(message) not in UNHURRIED:
                    self.marks.append((self.wal.stat().st_size, len(self.written)))
            cut.mkdir()
            shutil.copy(self.path, cut)
            shutil.copy(self.wal, cut)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "live")
    disk.live(tmp_path / "cut")
    return disk


def test_a_log_cut_anywhere_behind_its_last_sync_is_a_beginning_with_all_that_was_synced(
    disk: Disk, tmp_path: Path
) -> None:
    log = (tmp_path / "cut" / disk.wal.name).read_bytes()
    for number, size in enumerate(range(0, len(log) + 1, 4999)):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shutil.copy(tmp_path / "cut" / JOURNAL_FILE, folder)
        (folder / disk.wal.name).write_bytes(log[:size])
        journal, repair = open_journal(folder / JOURNAL_FILE, lambda: BAR_END)
        with closing(journal):
            assert repair is None
            rows = [row.message for row in journal.rows()]
        synced = max(count for end, count in disk.marks if end <= size)
        assert len(rows) >= synced
        assert rows == disk.written[: len(rows)]


def test_one_wait_for_the_disk_stands_before_an_order(tmp_path: Path) -> None:
    said: list[str] = []
    with closing(Journal(tmp_path / JOURNAL_FILE, lambda: BAR_END)) as journal:
        journal._db.set_trace_callback(said.append)
        for message in (JUDGED, FIRED, PLACED, SENT):
            journal.commit(message)
    level, waited = "FULL", list[str]()
    for statement in said:
        if statement.startswith("PRAGMA synchronous="):
            level = statement.rpartition("=")[2]
        elif statement == "COMMIT":
            waited.append(level)
    assert waited[1:4] == ["NORMAL", "NORMAL", "FULL"]


def test_a_group_of_rows_is_one_transaction_with_one_wait_for_the_disk_or_with_none(tmp_path: Path) -> None:
    said: list[str] = []
    with closing(Journal(tmp_path / JOURNAL_FILE, lambda: BAR_END)) as journal:
        journal._db.set_trace_callback(said.append)
        journal.record(JUDGED)
        journal.commit_all([FIRED, PLACED])
        journal.commit_all([FIRED, PLACED, SENT] * 100)
        journal._db.set_trace_callback(None)
        rows = [row.message for row in journal.rows()]
    assert rows == [JUDGED, FIRED, PLACED, *[FIRED, PLACED, SENT] * 100]
    marks = [x for x in said if x.startswith(("PRAGMA synchronous=", "COMMIT"))]
    assert marks == ["PRAGMA synchronous=NORMAL", "COMMIT", "PRAGMA synchronous=FULL", "COMMIT"]
