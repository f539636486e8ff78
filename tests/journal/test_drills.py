"""Certificates of drills: dated, kept through a repair, and no part of the rows that another release must read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import FixTheMachine
from bot.journal.drills import (
    DRILL_EVERY,
    Certificate,
    DrillStep,
    certificates,
    drill_due,
    last_passed,
    put_certificate,
)
from bot.journal.formats import formats
from bot.journal.recover import open_journal
from bot.journal.store import Journal
from tests.journal.makers import CLOSED

NOW = datetime(2026, 3, 20, 21, tzinfo=UTC)


def certificate(at: datetime = NOW, *, passed: bool = True) -> Certificate:
    return Certificate(
        at,
        "1+ab",
        "simulated",
        (DrillStep("kill", True, "well", 1.5), DrillStep("load", passed, "…", 2.0)),
    )


def test_the_last_that_was_passed_counts(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    for one in (certificate(), certificate(NOW + timedelta(days=5), passed=False)):
        put_certificate(journal, one)

    assert last_passed(journal) == certificate()
    assert drill_due(journal) == NOW + DRILL_EVERY


def test_without_any_it_is_due_a_quarter_after_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert (last_passed(path), drill_due(path)) == (None, None)
    journal = Journal(path, lambda: NOW)
    journal.commit(CLOSED)
    journal.close()

    assert drill_due(path) == NOW + DRILL_EVERY


def test_it_is_written_beside_a_bot_that_runs_and_adds_no_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", lambda: NOW)
    journal.commit(CLOSED)
    put_certificate(journal.path, certificate())
    journal.commit(CLOSED)

    assert [row.message for row in journal.rows()] == [CLOSED, CLOSED]
    assert not [kind for kind in formats()["kinds"] if "Certificate" in kind or "Drill" in kind]
    journal.close()


def test_a_repaired_journal_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, lambda: NOW)
    journal.commit(CLOSED)
    journal.close()
    put_certificate(path, certificate())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE messages SET body = 'half a r' WHERE seq = 1")
    again, repair = open_journal(path, lambda: NOW)
    again.close()

    assert repair is not None
    assert last_passed(path) == certificate()


def test_one_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    put_certificate(path, certificate())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO drills VALUES ('2027', '{')")
        assert certificates(db) == [certificate()]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FixTheMachine, match=r"journal\.db"):
        put_certificate(tmp_path / "file" / "journal.db", certificate())
