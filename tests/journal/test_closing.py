"""Closed books: a start from them stands where a start from all rows stands, whatever the months before had brought."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.codec import encode_row
from bot.journal.essence import essential_rows
from bot.journal.recover import is_whole, open_journal, order_id_floor, restore_state, suspect_mark
from bot.journal.store import JOURNAL_FILE, Row
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import BOARD, DURABLE
from tests.journal.lives import Life, knowledge
from tests.journal.makers import CLOSED, ENTRY, PLACED


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25))
def test_a_start_from_closed_books_equals_a_start_from_all_rows(
    tmp_path_factory: pytest.TempPathFactory, seed: int, days: int
) -> None:
    life = Life(tmp_path_factory.mktemp("life") / JOURNAL_FILE, seed)
    with closing(life.journal):
        for _ in range(days):
            life.day()
            if life.dice.random() < 0.8:
                life.journal.close_books(essential_rows)
            life.night()
        if life.dice.random() < 0.5:
            life.day()
        life.journal.flush()
        everything = [row.message for row in life.journal.rows(DURABLE)]
        living = [row.message for row in life.journal.living(DURABLE)]
        whole = knowledge(everything, life.at)
        for what, known in knowledge(living, life.at).items():
            assert known == whole[what], what
        highest = max((x.order_id for x in everything if isinstance(x, b.OrderStatusChanged)), default=None)
        assert life.journal.highest(b.OrderStatusChanged, "order_id") == highest


def years(path: Path, days: int, *, closed: bool) -> Life:
    life = Life(path, 7)
    for _ in range(days):
        life.day()
        if closed:
            life.journal.close_books(essential_rows)
        life.night()
    return life


def idea_of_row(row: Row) -> str:
    assert isinstance(row.message, m.PlaceBracket | m.BracketClosed | m.EntryAbandoned)
    return row.message.idea_id


def test_what_a_start_reads_does_not_grow_with_the_years(tmp_path: Path) -> None:
    counts = []
    for days in (30, 90):
        life = years(tmp_path / f"{days}.db", days, closed=True)
        with closing(life.journal):
            everything = sum(1 for _ in life.journal.rows(DURABLE))
            opened = {idea_of_row(row) for row in life.journal.rows((m.PlaceBracket,))}
            ended = {idea_of_row(row) for row in life.journal.rows((m.BracketClosed, m.EntryAbandoned))}
            still_open = len(opened - ended)
            counts.append((sum(1 for _ in life.journal.living(DURABLE)) - 11 * still_open, everything))
    assert counts[1][1] > 2 * counts[0][1]
    assert counts[1][0] < counts[0][0] + 150


def test_a_journal_without_a_closing_is_remembered_whole(tmp_path: Path) -> None:
    life = years(tmp_path / JOURNAL_FILE, 3, closed=False)
    with closing(life.journal):
        assert list(life.journal.living()) == list(life.journal.rows())
        assert life.journal.closed_at() is None


def test_a_journal_of_the_release_before_starts_and_can_be_closed(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    years(path, 3, closed=False).journal.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE closings")
    journal, repair = open_journal(path, lambda: ENTRY.fill.at)
    with closing(journal):
        assert repair is None
        assert restore_state(journal, {}) == len(list(journal.rows(DURABLE)))
        journal.close_books(essential_rows)
        assert journal.closed_at() == ENTRY.fill.at


@pytest.mark.parametrize("which", ["kept", "behind"])
def test_a_damaged_row_that_a_start_reads_is_found_and_costs_no_other_row(tmp_path: Path, which: str) -> None:
    path = tmp_path / JOURNAL_FILE
    life = years(path, 20, closed=True)
    life.day()
    life.say(m.Halted(life.at, "operator", "a later row", "me"))
    life.journal.flush()
    kept = [row.seq for row in life.journal.living(DURABLE)]
    rows = len(list(life.journal.rows()))
    life.journal.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "UPDATE messages SET body = 'x' WHERE seq = ?", (kept[0] if which == "kept" else kept[-1],)
        )
        db.commit()
    journal, repair = open_journal(path, lambda: life.at)
    with closing(journal):
        assert repair is not None
        assert (repair.kept, len(repair.unreadable)) == (rows - 1, 1)
        (*_, last) = journal.rows((m.Halted,))
        assert isinstance(last.message, m.Halted)
        assert last.message.cause == "disk_failure"


def test_damage_behind_the_books_waits_for_the_look_at_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    life = years(path, 60, closed=True)
    living = {row.seq for row in life.journal.living(DURABLE)}
    old = next(row.seq for row in life.journal.rows() if row.seq not in living)
    life.journal.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE messages SET kind = 'Nothing' WHERE seq = ?", (old,))
        db.commit()
    journal, repair = open_journal(path, lambda: life.at)
    journal.close()
    assert repair is None
    assert not is_whole(path)
    suspect_mark(path).touch()
    journal, repair = open_journal(path, lambda: life.at)
    journal.close()
    assert repair is not None
    assert not suspect_mark(path).exists()


def test_a_closing_that_says_nothing_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    life = years(path, 5, closed=True)
    with closing(life.journal):
        rows = list(life.journal.rows(DURABLE))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE closings SET kept = '[1,'")
        db.commit()
    journal, repair = open_journal(path, lambda: life.at)
    with closing(journal):
        assert repair is None
        assert list(journal.living(DURABLE)) == rows


def test_the_floor_of_order_ids_outlives_the_order_that_had_the_highest(tmp_path: Path) -> None:
    life = years(tmp_path / JOURNAL_FILE, 30, closed=False)
    with closing(life.journal):
        life.journal.flush()
        before = order_id_floor(life.journal)
        life.at += timedelta(days=400)
        life.journal.close_books(essential_rows)
        assert order_id_floor(life.journal) == before


def test_books_on_a_full_disk_are_not_closed_and_nothing_is_lost(tmp_path: Path) -> None:
    life = years(tmp_path / JOURNAL_FILE, 3, closed=True)
    rows = len(list(life.journal.living()))
    with closing(life.journal):
        life.journal._db.execute("PRAGMA query_only=ON")
        with pytest.raises(FixTheMachine, match="cannot write"):
            life.journal.close_books(essential_rows)
        life.journal._db.execute("PRAGMA query_only=OFF")
        assert len(list(life.journal.living())) == rows


def test_every_durable_kind_survives_a_closing_while_it_is_young(tmp_path: Path) -> None:
    life = years(tmp_path / JOURNAL_FILE, 12, closed=False)
    with closing(life.journal):
        life.journal.close_books(lambda rows, at: essential_rows(rows, at - timedelta(days=4000)))
        kinds = {encode_row(row.message)[0] for row in life.journal.living(DURABLE)}
        written = {encode_row(row.message)[0] for row in life.journal.rows(DURABLE)}
    assert kinds == written


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_a_start_shows_what_it_would_show_had_the_board_been_told_of_the_earlier_days(
    tmp_path_factory: pytest.TempPathFactory, seed: int, days: int
) -> None:
    life = Life(tmp_path_factory.mktemp("life") / JOURNAL_FILE, seed)
    with closing(life.journal):
        for _ in range(days):
            life.day()
            life.night()
        if life.dice.random() < 0.5:
            life.day()
        life.journal.flush()
        started, whole = StatusBuilder(("SPY", "QQQ")), StatusBuilder(("SPY", "QQQ"))
        restore_state(life.journal, {BOARD: started})
        for row in life.journal.living(DURABLE):
            if BOARD in DURABLE[type(row.message)]:
                whole.remember(row.message)
        assert started.status == whole.status
        assert started._ledger.trades == whole._ledger.trades
        assert started._ledger.charges == whole._ledger.charges


def test_a_trade_that_was_taken_over_again_is_open_on_the_board_whenever_it_closed_before(
    tmp_path: Path,
) -> None:
    life = Life(tmp_path / JOURNAL_FILE, 1)
    with closing(life.journal):
        life.say(PLACED, ENTRY, CLOSED)
        life.say(m.BracketAdopted(PLACED, (), (), life.at))
        life.at += timedelta(days=2)
        life.say(m.DayOpened(life.at.date().isoformat(), life.at, life.equity))
        life.journal.flush()
        board = StatusBuilder(("SPY",))
        restore_state(life.journal, {BOARD: board})
    assert [one.idea_id for one in board.status.open_brackets] == [PLACED.idea_id]
