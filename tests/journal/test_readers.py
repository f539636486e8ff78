"""Who only looks at a journal leaves nothing beside it and changes no byte of it, however it was left; and reads all of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.domain.errors import BotError, FixTheMachine
from bot.journal.drills import drill_due, last_passed
from bot.journal.readers import connect_read_only
from bot.journal.recover import is_whole
from bot.journal.store import JOURNAL_FILE, Journal, read_rows
from tests.journal.makers import BAR_END, CLOSED, JUDGED, PLACED

ROWS = [PLACED, JUDGED, CLOSED]


def at_rest(folder: Path) -> Path:
    journal = Journal(folder / JOURNAL_FILE, lambda: BAR_END)
    journal.commit_all(ROWS)
    journal.close()
    return folder / JOURNAL_FILE


def killed(folder: Path, *sides: str) -> Path:
    """What a kill leaves: rows that only the write-ahead log has, with these files beside the journal's own."""
    alive = Journal(folder / "alive" / JOURNAL_FILE, lambda: BAR_END)
    alive.commit_all(ROWS)
    for end in ("", *sides):
        shutil.copyfile(f"{alive.path}{end}", folder / f"{JOURNAL_FILE}{end}")
    alive.close()
    shutil.rmtree(alive.path.parent)
    return folder / JOURNAL_FILE


LEFT: dict[str, Callable[[Path], Path]] = {
    "ended": at_rest,
    "killed": lambda folder: killed(folder, "-wal", "-shm"),
    "killed, and copied without its index": lambda folder: killed(folder, "-wal"),
}


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture(params=[0o700, 0o500], ids=["a folder of ours", "a folder that cannot be written"])
def folder(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[Callable[[Path], Path]], Path]]:
    state = tmp_path / "state"
    state.mkdir()

    def make(left: Callable[[Path], Path]) -> Path:
        path = left(state)
        path.chmod(0o600 if request.param & 0o200 else 0o400)
        state.chmod(request.param)
        return path

    yield make
    state.chmod(0o700)


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_every_row_is_read_and_nothing_is_left(
    folder: Callable[[Callable[[Path], Path]], Path], left: Callable[[Path], Path], scratch: Path
) -> None:
    path = folder(left)
    names, before = sorted(path.parent.iterdir()), bytes_in(path.parent)

    with closing(connect_read_only(path)) as db:
        assert not [*scratch.iterdir()], "a kill while it is read would leave this"
        assert [row.message for row in read_rows(db)] == ROWS
    assert is_whole(path)
    assert (last_passed(path), drill_due(path) is None) == (None, False)

    assert sorted(path.parent.iterdir()) == names
    assert bytes_in(path.parent) == before
    assert not [*scratch.iterdir()]


def test_a_running_bot_s_journal_is_read_to_its_last_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL_FILE, lambda: BAR_END)
    journal.commit(PLACED)
    with closing(connect_read_only(journal.path)) as db:
        journal.commit_all(ROWS[1:])
        assert [row.message for row in read_rows(db)] == ROWS
    journal.close()

    assert [*tmp_path.iterdir()] == [journal.path]


def test_what_a_bot_wrote_into_the_file_meanwhile_may_be_torn_and_is_asked_for_again(tmp_path: Path) -> None:
    path = at_rest(tmp_path)
    db = connect_read_only(path)
    again = Journal(path, lambda: BAR_END)
    again.commit(PLACED)
    again.close()

    with pytest.raises(FixTheMachine, match="ask again"):
        db.close()
    with closing(connect_read_only(path)) as db:
        assert [row.message for row in read_rows(db)] == [*ROWS, PLACED]


@pytest.mark.parametrize("text", [b"", b"hello", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_journal_is_named_and_gets_no_company(tmp_path: Path, text: bytes) -> None:
    (path := tmp_path / JOURNAL_FILE).write_bytes(text)

    with pytest.raises(FixTheMachine, match=f"journal {path}: cannot be read"):
        connect_read_only(path)
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize(
    "words",
    ["why SPY 10:31", "report", "trades", "status", "replay --day 2026-11-20", "doctor", ""],
)
def test_no_command_that_looks_leaves_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: Callable[[Path], Path], words: str, scratch: Path
) -> None:
    del scratch
    monkeypatch.chdir(tmp_path)
    (state := tmp_path / "state").mkdir()
    monkeypatch.setenv("JOURNAL__DIRECTORY", f"{state}")
    monkeypatch.setenv("BROKER__TRADING", "paper")
    names, before = sorted(left(state).parent.iterdir()), bytes_in(state)

    with suppress(SystemExit, BotError):
        main(words.split())

    assert sorted(state.iterdir()) == names
    assert bytes_in(state) == before


def test_the_rows_of_a_killed_bot_are_still_there_for_its_next_start(tmp_path: Path) -> None:
    path = killed(tmp_path, "-wal", "-shm")
    with closing(connect_read_only(path)) as db:
        assert len(list(read_rows(db))) == len(ROWS)

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (len(ROWS),)
