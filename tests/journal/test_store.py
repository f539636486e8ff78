from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.domain.errors import FixTheMachine
from bot.domain.messages import BarJudged, Halted
from bot.journal.codec import encode_row
from bot.journal.readers import connect_read_only
from bot.journal.recover import Repair, open_journal
from bot.journal.store import Journal, read_rows
from tests.journal.makers import BAR_END, CLOSED, ENTRY, JUDGED, PLACED


def journal_at(path: Path) -> Journal:
    return Journal(path, lambda: BAR_END)


def halted_by(repair: Repair) -> Halted:
    """What was lost may be a halt: nothing is traded until a person has looked."""
    return Halted(BAR_END, "disk_failure", str(repair), "journal")


def test_a_committed_message_is_there_for_another_process_at_once(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "journal.db")
    journal.commit(PLACED)

    rows = list(read_rows(connect_read_only(tmp_path / "journal.db")))

    assert [row.message for row in rows] == [PLACED]


def test_a_recorded_message_goes_to_disk_with_the_next_commit_and_before_it(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "journal.db")
    journal.record(JUDGED)
    assert list(journal.rows()) == []

    journal.commit(PLACED)

    assert [row.message for row in journal.rows()] == [JUDGED, PLACED]


def test_of_a_group_that_cannot_be_written_whole_nothing_is(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "journal.db")
    journal.commit(PLACED)
    refuses = "WHEN NEW.kind = 'BracketClosed' BEGIN SELECT raise(ABORT, 'full'); END"
    journal._db.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON messages {refuses}")

    with pytest.raises(FixTheMachine, match="full"):
        journal.commit_all([ENTRY, CLOSED, ENTRY])

    assert [row.message for row in journal.rows()] == [PLACED]


def test_rows_can_be_asked_for_by_kind_and_after_a_place(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "journal.db")
    for message in (PLACED, JUDGED, ENTRY, JUDGED):
        journal.commit(message)

    assert [row.seq for row in journal.rows([BarJudged])] == [2, 4]
    assert [row.seq for row in journal.rows(after_seq=3)] == [4]


def test_more_rows_than_one_batch_come_in_order(tmp_path: Path) -> None:
    journal = journal_at(tmp_path / "journal.db")
    for _ in range(2500):
        journal.record(JUDGED)
    journal.flush()

    assert [row.seq for row in journal.rows()] == list(range(1, 2501))


def test_a_journal_of_a_newer_build_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_at(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()

    with pytest.raises(FixTheMachine, match="newer build"):
        journal_at(path)


def test_a_journal_that_is_not_there_is_named_to_who_wants_to_read_it(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="no such file"):
        connect_read_only(tmp_path / "nothing.db")


def test_a_sound_journal_is_opened_without_repair(tmp_path: Path) -> None:
    journal_at(tmp_path / "journal.db").close()

    _, repair = open_journal(tmp_path / "journal.db", lambda: BAR_END)

    assert repair is None


def test_a_torn_journal_keeps_every_row_that_can_be_read_in_order_and_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = journal_at(path)
    for _ in range(2000):
        journal.record(JUDGED)
    journal.commit(CLOSED)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])

    recovered, repair = open_journal(path, lambda: BAR_END)

    assert repair is not None
    assert 0 < repair.kept < 2001
    assert repair.set_aside.read_bytes() == whole[: len(whole) * 2 // 3]
    numbers = [row.seq for row in recovered.rows()]
    assert len(numbers) == repair.kept + 1
    assert numbers == sorted(numbers)
    recovered.commit(PLACED)
    assert list(recovered.rows())[-1].message == PLACED


def test_a_file_that_never_was_a_journal_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is not a database" * 100)

    recovered, repair = open_journal(path, lambda: BAR_END)

    assert repair is not None
    assert repair.kept == 0
    assert repair.set_aside.exists()
    assert [row.message for row in recovered.rows()] == [halted_by(repair)]


def test_a_repair_whose_process_died_is_ended_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    mended = journal_at(tmp_path / "journal.db.mended")
    mended.commit(PLACED)
    mended.close()
    path.write_bytes(b"this is not a database" * 100)
    path.with_name("journal.db-wal").write_bytes(b"of the damaged one")

    recovered, repair = open_journal(path, lambda: BAR_END)

    assert repair is None
    assert [row.message for row in recovered.rows()] == [PLACED]


@pytest.mark.parametrize("garbage", [b"\xa5", b"x"])
def test_a_row_whose_text_alone_was_lost_is_damage_too(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal.db"
    journal = journal_at(path)
    journal.commit(PLACED)
    journal.commit(CLOSED)
    journal.close()
    data = path.read_bytes()
    text = encode_row(CLOSED)[1].encode()
    assert text in data
    path.write_bytes(data.replace(text, garbage * len(text)))

    recovered, repair = open_journal(path, lambda: BAR_END)

    assert repair is not None
    assert [row.message for row in recovered.rows()] == [PLACED, halted_by(repair)]
