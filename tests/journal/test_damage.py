"""Any damage begins with a halt and costs no row but its own; a time or a kind that says nothing is damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.domain.errors import FixTheMachine
from bot.domain.messages import Halted
from bot.journal.recover import Repair, open_journal
from bot.journal.store import Journal
from tests.journal.makers import BAR_END, CLOSED, JUDGED, PLACED

WRITTEN = (PLACED, JUDGED, CLOSED, Halted(BAR_END, "operator", "smoke", "me"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "journal.db", lambda: BAR_END)
    for message in WRITTEN:
        journal.commit(message)
    journal.close()
    return tmp_path / "journal.db"


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def reopened(path: Path) -> tuple[list[object], Repair | None]:
    journal, repair = open_journal(path, lambda: BAR_END + timedelta(hours=1))
    with closing(journal):
        return [row.message for row in journal.rows()], repair


@pytest.mark.parametrize("seq", range(1, len(WRITTEN) + 1))
@pytest.mark.parametrize(
    "change",
    [
        "kind = 'Hxlted'",
        "kind = x'ff00'",
        "at = '2026-13-45'",
        "at = ''",
        "at = 17",
        "at = '2026-01-05T10:00:00'",
        "body = ''",
        "body = '{}'",
        "body = x'ff'",
        "body = 3",
    ],
)
def test_any_row_damaged_in_any_column_costs_that_row_alone_and_begins_with_a_halt(
    path: Path, seq: int, change: str
) -> None:
    execute(path, f"UPDATE messages SET {change} WHERE seq = {seq}")  # noqa: S608  our own words

    messages, repair = reopened(path)

    if WRITTEN[seq - 1] is JUDGED and change in ("body = '{}'", "body = 3"):
        assert repair is None, "no machine remembers it: it is passed over"
        assert messages == [one for one in WRITTEN if one is not JUDGED]
        return
    assert repair is not None
    assert repair.kept == len(WRITTEN) - 1
    assert messages[:-1] == [one for n, one in enumerate(WRITTEN, 1) if n != seq]
    assert messages[-1] == Halted(BAR_END + timedelta(hours=1), "disk_failure", str(repair), "journal")
    assert reopened(path)[1] is None, "what was repaired is whole"


@pytest.mark.parametrize("damage", ["empty", "no table", "a folder of its own"])
def test_a_journal_that_lost_everything_begins_with_a_halt(path: Path, damage: str) -> None:
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "no table":
        execute(path, "DROP TABLE messages")
    else:
        path.write_bytes(b"\0" * 8192)

    messages, repair = reopened(path)

    assert repair is not None
    assert [type(one) for one in messages] == [Halted]


def test_a_first_start_is_no_damage(tmp_path: Path) -> None:
    messages, repair = reopened(tmp_path / "state" / "journal.db")

    assert (messages, repair) == ([], None)
    assert [one.name for one in (tmp_path / "state").iterdir()] == ["journal.db"]


def test_a_row_that_only_a_newer_build_knows_is_set_aside_and_the_rest_is_read(path: Path) -> None:
    execute(
        path, "INSERT INTO messages (at, kind, body) SELECT at, 'BracketRolled', '{}' FROM messages LIMIT 1"
    )

    messages, repair = reopened(path)

    assert repair is not None
    assert repair.unreadable == ("BracketRolled",)
    assert messages[:-1] == list(WRITTEN)


@pytest.mark.parametrize("words", [["report"], ["journal"], ["why", "SPY", "10:31"]])
def test_whoever_only_reads_is_told_of_a_garbled_time_in_one_line(path: Path, words: list[str]) -> None:
    execute(path, "UPDATE messages SET at = 'noon'")

    done = CliRunner().invoke(app, [*words, "--state", str(path.parent)])

    assert isinstance(done.exception, FixTheMachine), done.exception
    assert "the bot repairs it at its next start" in str(done.exception)


def test_the_highest_order_id_is_found_without_reading_the_rows(path: Path) -> None:
    journal = Journal(path, lambda: BAR_END)
    with closing(journal):
        assert journal.highest(type(CLOSED), "quantity") == CLOSED.quantity
        assert journal.highest(type(CLOSED), "nothing") is None
