"""The quarterly drill as a person runs it: whole processes, and the gateway's books as judge."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.drill.course import busiest_rows, copy_journal
from bot.cli.main import app
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.journal.drills import last_passed
from bot.journal.store import Journal
from tests.journal.makers import CLOSED

START = datetime(2026, 3, 20, 15, 14, tzinfo=UTC)


def journal_of(path: Path, minutes: list[int]) -> Path:
    now = [START]
    journal = Journal(path, lambda: now[0])
    for minute in minutes:
        now[0] = START + timedelta(minutes=minute)
        journal.commit(CLOSED)
    journal.close()
    return path


@pytest.mark.slow
def test_a_new_user_s_drill_is_passed_and_certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["drill", "--state", str(tmp_path / "state"), "--json"])

    told = json.loads(done.stdout)
    assert [(step["name"], step["passed"]) for step in told["steps"]] == [
        (name, True) for name in ("kill", "restore", "phone", "load")
    ], told
    assert done.exit_code == 0
    kept = last_passed(tmp_path / "state/journal.db")
    assert kept is not None
    assert kept.at.isoformat() == told["at"]


def test_live_settings_are_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "dry_run: false\nbroker: {trading: live, port: 4001, account: U1234567, live_trading_confirmed: true}\n"
    )
    done = CliRunner().invoke(app, ["drill", "--config", str(settings), "--state", str(tmp_path)])

    assert isinstance(done.exception, FixTheCommand)
    assert "broker.trading is live" in str(done.exception)
    assert "--state" in str(done.exception)
    assert not (tmp_path / "journal.db").exists()


def test_the_busiest_quarter_of_an_hour_is_found(tmp_path: Path) -> None:
    assert busiest_rows(tmp_path / "none.db") == 0
    assert busiest_rows(journal_of(tmp_path / "journal.db", [0, 1, 2, 15, 16, 60, 60, 60, 60, 61])) == 4


def test_a_backup_is_whole_or_it_is_none(tmp_path: Path) -> None:
    live = journal_of(tmp_path / "journal.db", [0, 1, 2])
    assert copy_journal(live, tmp_path / "copy.db") == 3
    with closing(sqlite3.connect(live)) as db, db:
        db.execute("UPDATE messages SET body = 'half a r' WHERE seq = 2")

    with pytest.raises(FixTheMachine, match="not whole"):
        copy_journal(live, tmp_path / "another.db")
