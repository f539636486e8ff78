"""What follows when a line fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.assembly.failures import FAILURES_ALLOWED, Failures
from bot.assembly.outside import Outside
from bot.assembly.timing import Timing
from bot.domain.messages import Halted, MachineFailed
from bot.journal.store import Journal
from bot.ops.alerts.alert import Alert

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
FAILED = MachineFailed(NOW, "journal", "FixTheMachine: journal: cannot write", "Filled()")


class Told:
    """Where alerts go, and how many rows were on disk when each was told."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def put(self, alert: Alert) -> None:
        self.alerts.append(alert)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", lambda: NOW)
    yield opened
    opened.close()


def failures(told: Told) -> Failures:
    outside = SimpleNamespace(
        alerts=told,
        signals=SimpleNamespace(wanted=None),
        metrics=SimpleNamespace(note_failure=lambda *_, **__: None),
    )
    return Failures(Timing(lambda: NOW), cast(Outside, cast(Any, outside)))


def test_the_last_failure_allowed_latches_a_halt_and_ends_the_process(told: Told, journal: Journal) -> None:
    judged = failures(told)
    codes = [judged.judge(FAILED, journal) for _ in range(FAILURES_ALLOWED)]

    assert codes == [None, None, 1]
    assert [type(row.message) for row in journal.rows()] == [Halted]
    assert judged.cause == "journal: FixTheMachine: journal: cannot write"


def test_on_a_full_disk_the_last_alert_is_sent_all_the_same(told: Told, journal: Journal) -> None:
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count={pages}")
    long = MachineFailed(NOW, "journal", "disk is full" * 10_000, "Filled()")
    judged = failures(told)

    assert [judged.judge(long, journal) for _ in range(FAILURES_ALLOWED)][-1] == 1
    assert "has ended" in told.alerts[-1].title
    assert list(journal.rows()) == []
