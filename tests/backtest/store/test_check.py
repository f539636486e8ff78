"""Each defect is found with its day and a remedy; sound data are left in peace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.backtest.fetch import requests_for
from bot.backtest.store.check.check import check
from bot.backtest.store.check.findings import DataSeverity
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.taken import as_table
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Store
from bot.domain.market import Bar, BarSize
from bot.sim.market.recorded.bars import bars_1m, recorded_sessions
from tests.backtest.store.makers import bars, plain, taken, write

SPY_DAYS = [day for symbol, day in recorded_sessions() if symbol == "SPY"]
FOUR = SPY_DAYS[:4]
TRUST = Told(zone="America/New_York", as_told=True)


def scaled(bar: Bar, by: float) -> Bar:
    prices = {name: round(getattr(bar, name) * by, 2) for name in ("open", "high", "low", "close")}
    return replace(bar, **prices)


def spiked(given: list[Bar]) -> list[Bar]:
    return [replace(x, high=300.0) if n == 500 else x for n, x in enumerate(given)]


def split(given: list[Bar]) -> list[Bar]:
    return [scaled(x, 0.5) if x.start.date() >= FOUR[2] else x for x in given]


def cents(given: list[Bar]) -> list[Bar]:
    return [scaled(x, 100) if x.start.date() >= FOUR[2] else x for x in given]


def late(given: list[Bar]) -> list[Bar]:
    """The third day an hour too late: what fell beyond the close is gone."""
    moved = [
        replace(x, start=x.start + timedelta(hours=1)) if x.start.date() == FOUR[2] else x for x in given
    ]
    return [x for x in moved if (x.start.hour, x.start.minute) < (21, 0)]


Change = Callable[[list[Bar]], list[Bar]]
DEFECTS: dict[str, tuple[Change, str, date]] = {
    "a missing session": (lambda x: [b for b in x if b.start.date() != FOUR[1]], "no bars on a trading day", FOUR[1]),
    "missing minutes": (lambda x: [*x[:100], *x[140:]], "minutes are missing, at most 40", FOUR[0]),
    "an hour's shift": (late, "the first or last hour is missing", FOUR[2]),
    "a spike": (spiked, "leaps and is back", FOUR[1]),
    "a split": (split, "looks like a 2:1 split", FOUR[2]),
    "cents": (cents, "leap a hundredfold overnight", FOUR[2]),
    "no volume": (lambda x: [replace(b, volume=0.0) for b in x], "no volume at all", FOUR[0]),
}  # fmt: skip


def checked(folder: Path, given: list[Bar]) -> Store:
    store = Store(folder / "data")
    one = taken(write(folder, [plain(x) for x in given]), TRUST)
    store.add(one.kind, one.symbol, one.table)
    return store


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found_on_its_day_with_a_remedy(tmp_path: Path, defect: str) -> None:
    change, words, day = DEFECTS[defect]
    store = checked(tmp_path, change(bars(FOUR)))

    found = [x for x in check(store, "SPY") if x.kind is Kind.BARS_1M]

    assert [words in x.what for x in found] == [True]
    assert found[0].days[0] == day
    assert found[0].remedy


@pytest.mark.parametrize("defect", ["a missing session", "missing minutes", "a spike"])
def test_a_fetch_that_is_advised_asks_for_what_is_wrong(tmp_path: Path, defect: str) -> None:
    """To the letter: what the store has of a day is not asked for again without --replace."""
    change, _, day = DEFECTS[defect]
    store = checked(tmp_path, change(bars(FOUR)))
    [found] = [x for x in check(store, "SPY") if x.kind is Kind.BARS_1M]

    words = found.remedy.partition("data fetch ")[2].partition(";")[0].split()
    first, last = (date.fromisoformat(words[words.index(x) + 1]) for x in ("--from", "--to"))
    wanted = requests_for(store, words[0], BarSize.M1, first, last, again="--replace" in words)

    assert day in {x.day for request in wanted for x in request.sessions}


def test_recorded_days_have_nothing_wrong(tmp_path: Path) -> None:
    store = checked(tmp_path, [bar for day in SPY_DAYS for bar in bars_1m("SPY", day)])

    assert [x for x in check(store, "SPY") if x.severity is DataSeverity.WRONG] == []


def test_rows_that_some_other_program_wrote_are_found_too(tmp_path: Path) -> None:
    store = checked(tmp_path, bars(FOUR))
    table = store.table(Kind.BARS_1M, "SPY", FOUR[0], FOUR[0])
    night = 1_294_095_600_000_000  # 23:00 UTC on the first day
    columns = {name: [1.0] for name in ("open", "high", "close", "volume")} | {"low": [-1.0], "ts": [night]}
    odd = as_table(Kind.BARS_1M, dict(columns), 1, "hand")
    store.add(Kind.BARS_1M, "SPY", odd)
    assert len(table) == 390

    words = " ".join(x.what for x in check(store, "SPY"))

    assert "outside of the session" in words
    assert "prices that cannot be" in words
    remedies = [x.remedy for x in check(store, "SPY")]
    assert any("delete bars_1m/SPY/2011.parquet in the data folder" in x for x in remedies)
    assert (store.root / "bars_1m/SPY/2011.parquet").exists()


def test_crossed_option_quotes_are_noted(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    columns = {
        "ts": [1_401_975_060_000_000],
        "expiry": [date(2014, 6, 20)],
        "strike": [645.0],
        "right": ["C"],
    }
    store.add(
        Kind.OPTIONS_1M, "AAPL", as_table(Kind.OPTIONS_1M, columns | {"bid": [2.0], "ask": [1.0]}, 1, "test")
    )

    [found] = check(store, "AAPL")

    assert ("crossed" in found.what, found.severity) == (True, DataSeverity.NOTE)
