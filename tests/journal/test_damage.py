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
        "kind = 'BarJudged'",
        "kind = 'Resumed'",
        "at = '2027-01-05T10:00:00+00:00'",
        "body = replace(body, 'e', 'a')",
        "body = replace(body, '1', '7')",
        "seq = 0",
        "seq = -7",
        "seq = 4000000000",
        "crc = 0",
        "crc = 'none'",
    ],
)
def test_any_row_damaged_in_any_column_costs_that_row_alone_and_begins_with_a_halt(
    path: Path, seq: int, change: str
) -> None:
    execute(path, f"UPDATE messages SET {change} WHERE seq = {seq}")  # noqa: S608  our own words

    messages, repair = reopened(path)

    if change == "kind = 'BarJudged'" and WRITTEN[seq - 1] is JUDGED:
        assert repair is None, "nothing changed"
        return
    assert repair is not None
    assert repair.kept == len(WRITTEN) - 1
    assert messages[:-1] == [one for n, one in enumerate(WRITTEN, 1) if n != seq]
    assert messages[-1] == Halted(BAR_END + timedelta(hours=1), "disk_failure", str(repair), "journal")
    assert reopened(path)[1] is None, "what was repaired is whole"


def test_rows_of_a_build_that_wrote_no_checksums_are_read_and_later_ones_have_them(path: Path) -> None:
    execute(path, "ALTER TABLE messages DROP COLUMN crc")

    journal, repair = open_journal(path, lambda: BAR_END)
    with closing(journal):
        journal.commit(PLACED)
    with closing(sqlite3.connect(path)) as db:
        written = [crc is not None for (crc,) in db.execute("SELECT crc FROM messages ORDER BY seq")]

    assert repair is None
    assert written == [False] * len(WRITTEN) + [True]
    assert reopened(path)[1] is None


def test_an_older_build_writes_on_without_checksums_and_nothing_is_damaged(path: Path) -> None:
    execute(path, "INSERT INTO messages (at, kind, body) SELECT at, kind, body FROM messages WHERE seq = 1")

    messages, repair = reopened(path)

    assert repair is None
    assert messages == [*WRITTEN, PLACED]


def test_rows_that_were_carried_over_and_those_written_after_them_are_whole(path: Path) -> None:
    execute(path, "UPDATE messages SET kind = 'Resumed' WHERE seq = 1")
    journal, _ = open_journal(path, lambda: BAR_END)
    with closing(journal):
        journal.commit(CLOSED)

    assert reopened(path)[1] is None


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


@pytest.mark.parametrize("change", ["seq = -7", "kind = 'BarJudged'", "crc = 0", "seq = 4000000000"])
@pytest.mark.parametrize("seq", [4, 5], ids=["named by the closing", "behind it"])
def test_a_halt_that_is_damaged_after_the_books_were_closed_is_missed_at_the_start(
    path: Path, seq: int, change: str
) -> None:
    journal, _ = open_journal(path, lambda: BAR_END)
    with closing(journal):
        journal.close_books(lambda rows, _: tuple(row.seq for row in rows))
        journal.commit(Halted(BAR_END, "operator", "again", "me"))
    assert reopened(path)[1] is None
    execute(path, f"UPDATE messages SET {change} WHERE seq = {seq}")  # noqa: S608  our own words

    messages, repair = reopened(path)

    assert repair is not None
    assert isinstance(messages[-1], Halted)
