"""What is put into the store is there, whole; what contradicts is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.backtest.store.files import locked
from bot.backtest.store.intake.taken import as_table
from bot.backtest.store.kinds import Kind, symbol_named
from bot.backtest.store.store import Added, Store
from bot.domain.errors import FixTheCommand, FixTheMachine, StopTheOther
from bot.domain.market import Bar
from tests.backtest.store.makers import DAYS, bars, expected, plain, rows, taken, write

YEARS = (date(2011, 1, 3), date(2011, 1, 31))


def stored(store: Store, folder: Path, given: list[Bar], *, replace: bool = False) -> Added:
    one = taken(write(folder, [plain(x) for x in given]))
    return store.add(one.kind, one.symbol, one.table, replace=replace)


def held(store: Store) -> list[tuple[object, ...]]:
    table = store.table(Kind.BARS_1M, "SPY", date(2011, 1, 1), date(2011, 12, 31))
    return [tuple(row.values())[:-1] for row in table.to_pylist()]


def test_days_added_in_any_order_are_read_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")

    for day in reversed(DAYS):
        assert stored(store, tmp_path, bars([day])) == Added(new=390)

    assert held(store) == expected(bars())
    assert store.days(Kind.BARS_1M, "SPY") == DAYS
    assert store.symbols(Kind.BARS_1M) == ("SPY",)
    [holding] = store.holdings()
    assert (holding.days, holding.rows, holding.first, holding.last) == (3, 1170, DAYS[0], DAYS[-1])


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    stored(store, tmp_path, bars())
    [path] = (tmp_path / "data").rglob("*.parquet")
    before = path.read_bytes()

    assert stored(store, tmp_path, bars()) == Added(same=1170)
    assert path.read_bytes() == before


def test_a_contradiction_changes_nothing_until_a_person_says_which_is_right(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    stored(store, tmp_path, bars())
    other = [replace(bars()[0], close=126.73), *bars()[1:]]

    with pytest.raises(FixTheCommand, match=r"1 row differs .*126\.72 .*126\.73.*--replace"):
        stored(store, tmp_path, other)
    assert held(store) == expected(bars())

    assert stored(store, tmp_path, other, replace=True) == Added(same=1169, changed=1)
    assert held(store) == expected(other)


def test_a_day_is_cut_out_of_its_year(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    stored(store, tmp_path, bars())

    table = store.table(Kind.BARS_1M, "SPY", DAYS[1], DAYS[1])

    assert [row["ts"] for row in table.to_pylist()] == [x.start for x in bars([DAYS[1]])]


def test_a_writer_that_died_leaves_the_old_file_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    stored(store, tmp_path, bars())
    [path] = (tmp_path / "data").rglob("*.parquet")
    path.with_name(f".{path.name}.{os.getpid()}").write_bytes(path.read_bytes()[:500])

    assert held(store) == expected(bars())
    assert stored(store, tmp_path, bars()) == Added(same=1170)


@pytest.mark.parametrize(
    "damage", [lambda x: x[: len(x) // 2], lambda x: x[:900] + b"\0" * 40 + x[940:], lambda _: b""]
)
def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path, damage: object) -> None:
    store = Store(tmp_path / "data")
    stored(store, tmp_path, bars())
    [path] = (tmp_path / "data").rglob("*.parquet")
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(FixTheMachine, match=r"2011\.parquet: not a sound file.*delete it and import"):
        held(store)


def test_two_writers_do_not_write_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")

    with locked(store.root), pytest.raises(StopTheOther, match="another import or fetch"):
        stored(store, tmp_path, bars())


@pytest.mark.parametrize("name", ["../etc", "", "SPY/..", "a b", "1", "SPY\0"])
def test_a_symbol_cannot_name_a_place_outside(name: str) -> None:
    with pytest.raises(FixTheCommand, match="is not a symbol"):
        symbol_named(name)


def test_option_quotes_of_one_minute_and_two_contracts_are_two_rows(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    stamp = 1_401_975_060_000_000
    columns = {
        "ts": [stamp, stamp],
        "expiry": [date(2014, 6, 20)] * 2,
        "strike": [645.0, 645.0],
        "right": ["C", "P"],
        "bid": [1.0, 2.0],
        "ask": [1.1, 2.1],
    }
    table = as_table(Kind.OPTIONS_1M, dict(columns), 2, "test")

    assert store.add(Kind.OPTIONS_1M, "AAPL", table) == Added(new=2)
    assert store.add(Kind.OPTIONS_1M, "AAPL", table) == Added(same=2)
    assert [path.name for path in (tmp_path / "data").rglob("*.parquet")] == ["2014-06-05.parquet"]


def test_rows_keep_where_they_came_from(tmp_path: Path) -> None:
    one = taken(write(tmp_path, [plain(x) for x in bars()]))

    assert set(one.table["source"].to_pylist()) == {"import SPY.csv"}
    assert rows(one) == expected(bars())
