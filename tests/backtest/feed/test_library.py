"""A stored day plays as the same day that travels with the package."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.backtest.feed.library import StoreLibrary, days_to_play, warnings_of
from bot.backtest.feed.stretches import recorded_tape
from bot.backtest.plan import BacktestPlan
from bot.backtest.store.intake.taken import as_table
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Store
from bot.config import load_settings
from bot.domain.errors import FixTheCommand
from bot.domain.market import Bar
from bot.domain.session import session_on
from bot.domain.types import Right
from bot.sim.market.recorded.bars import recorded_hours
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.world.build import recorded_world

DAYS = (date(2011, 1, 12), date(2011, 1, 13), date(2011, 1, 14))
LATE = datetime(2011, 1, 14, 21, 0, tzinfo=UTC)
GOOG_DAY = date(2015, 12, 24)


class Nothing:
    """No days at all behind the store."""

    def sessions(self, symbol: str) -> tuple[date, ...]:
        return ()

    def minutes(self, symbol: str, day: date) -> tuple[Bar, ...]:
        raise AssertionError

    def hours(self, symbol: str, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return ()

    def stock_quotes(self, symbol: str, day: date) -> tuple[()]:
        return ()

    def chain(self, symbol: str, day: date) -> None:
        return None

    def listed(self, symbol: str, day: date) -> None:
        return None

    def volatility(self, symbol: str, day: date) -> None:
        return None


def put(store: Store, kind: Kind, symbol: str, bars: tuple[Bar, ...]) -> None:
    columns: dict[str, object] = {
        name: [getattr(x, name) for x in bars] for name in ("open", "high", "low", "close", "volume")
    }
    columns["ts"] = [round(x.start.timestamp()) * 1_000_000 for x in bars]
    store.add(kind, symbol, as_table(kind, columns, len(bars), "test"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for day in DAYS:
        put(store, Kind.BARS_1M, "SPY", BUNDLE.minutes("SPY", day))
    return store


def test_minutes_and_their_hours_are_those_of_the_package(store: Store) -> None:
    library = StoreLibrary(store, Nothing())

    assert library.sessions("SPY") == DAYS
    assert [library.minutes("SPY", day) for day in DAYS] == [BUNDLE.minutes("SPY", day) for day in DAYS]
    assert library.hours("SPY", LATE) == BUNDLE.hours("SPY", LATE, DAYS[0])


def test_no_hour_is_told_before_it_ended(store: Store) -> None:
    library = StoreLibrary(store, Nothing())
    session = session_on(DAYS[1])
    assert session is not None

    told = library.hours("SPY", session.open + timedelta(minutes=45))

    assert told[-1].end == session.open + timedelta(minutes=30)


def test_stored_hours_serve_where_there_are_no_minutes(store: Store) -> None:
    older = tuple(bar for bar in recorded_hours("SPY") if bar.start.date() < DAYS[0])[-140:]
    put(store, Kind.BARS_60M, "SPY", older)

    assert StoreLibrary(store, Nothing()).hours("SPY", LATE)[:140] == older


def test_the_package_s_days_lie_behind_the_store(store: Store) -> None:
    library = StoreLibrary(store)

    assert library.sessions("SPY") == BUNDLE.sessions("SPY")
    assert library.minutes("AAPL", date(2014, 6, 5)) == BUNDLE.minutes("AAPL", date(2014, 6, 5))
    with pytest.raises(
        FixTheCommand, match="no recording of SPY on 2019-01-02; there is: 2011-01-03 to 2011-01-31"
    ):
        library.minutes("SPY", date(2019, 1, 2))


def test_a_world_of_stored_days_prints_what_a_world_of_the_package_s_does(store: Store) -> None:
    ours = recorded_world(["SPY"], DAYS[0], library=StoreLibrary(store))
    theirs = recorded_world(["SPY"], DAYS[0])
    end = theirs.now + timedelta(minutes=40)

    assert ours.advance_to(end) == theirs.advance_to(end)


def test_a_stored_chain_quotes_what_was_recorded_and_nothing_before_its_minute(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, Kind.BARS_1M, "GOOG", BUNDLE.minutes("GOOG", GOOG_DAY))
    recorded = BUNDLE.chain("GOOG", GOOG_DAY)
    session = session_on(GOOG_DAY)
    assert recorded is not None
    assert session is not None
    at = [session.open + timedelta(minutes=n) for n in (1, 60)]
    rows = [
        (t, x, q)
        for t in at
        for n, x in enumerate(recorded.contracts)
        if (q := recorded.quote(n, t)).bid is not None and q.ask is not None
    ]
    columns: dict[str, object] = {
        "ts": [round(t.timestamp()) * 1_000_000 for t, _, _ in rows],
        "expiry": [x.expiry for _, x, _ in rows],
        "strike": [float(x.strike) for _, x, _ in rows],
        "right": [x.right.value for _, x, _ in rows],
        "bid": [float(q.bid or 0) for _, _, q in rows],
        "ask": [float(q.ask or 0) for _, _, q in rows],
        "bid_size": [float(q.bid_size or 0) for _, _, q in rows],
    }
    store.add(Kind.OPTIONS_1M, "GOOG", as_table(Kind.OPTIONS_1M, columns, len(rows), "test"))

    chain = StoreLibrary(store, Nothing()).chain("GOOG", GOOG_DAY)

    assert chain is not None
    names = {(x.expiry, x.strike, x.right): n for n, x in enumerate(chain.contracts)}
    assert chain.quote(0, session.open + timedelta(seconds=59)).bid is None
    for t, x, q in rows:
        found = chain.quote(names[x.expiry, x.strike, x.right], t)
        assert (found.bid, found.ask, found.bid_size) == (q.bid, q.ask, q.bid_size)
    assert StoreLibrary(store, Nothing()).listed("GOOG", GOOG_DAY) == {
        expiry: frozenset(x.strike for _, x, _ in rows if x.expiry == expiry)
        for expiry in {x.expiry for _, x, _ in rows}
    }
    assert {x.right for x in chain.contracts} == set(Right)
    assert all(isinstance(x.strike, Decimal) for x in chain.contracts)


def test_a_modelled_chain_is_priced_at_what_was_realised_before_the_day_and_not_after(tmp_path: Path) -> None:
    store = Store(tmp_path)
    days = BUNDLE.sessions("SPY")
    hours = tuple(bar for bar in recorded_hours("SPY") if bar.start.date() < days[0])[-300:]
    put(store, Kind.BARS_60M, "SPY", hours)
    put(store, Kind.BARS_1M, "SPY", BUNDLE.minutes("SPY", days[0]))
    before = StoreLibrary(store, Nothing()).volatility("SPY", days[0])

    put(store, Kind.BARS_1M, "SPY", BUNDLE.minutes("SPY", days[1]))
    library = StoreLibrary(store, Nothing())

    assert before is not None
    assert 0.05 <= before < 0.5
    assert library.volatility("SPY", days[0]) == before
    assert library.volatility("SPY", days[1]) != before


def moved(bars: tuple[Bar, ...], days: timedelta, times: float) -> tuple[Bar, ...]:
    """The same bars so much later, at so many times the price."""
    prices = ("open", "high", "low", "close")
    return tuple(
        replace(x, start=x.start + days, **{name: round(getattr(x, name) * times, 2) for name in prices})
        for x in bars
    )


def test_closes_before_a_hole_tell_neither_a_day_s_volatility_nor_the_close_before_it(tmp_path: Path) -> None:
    store, years = Store(tmp_path), timedelta(weeks=52 * 13)
    put(store, Kind.BARS_1M, "SPY", moved(BUNDLE.minutes("SPY", DAYS[0]), years, 3.0))
    library, own = StoreLibrary(store), DAYS[0] + years
    session = session_on(own)
    assert session is not None

    assert library.volatility("SPY", own) is None
    assert recorded_tape(library, "SPY").last_close(session.open) is None
    assert recorded_tape(library, "SPY").last_close(session.close) == library.minutes("SPY", own)[-1].close


def test_without_a_date_the_owner_s_days_are_played_and_a_mixture_is_told(store: Store) -> None:
    library = StoreLibrary(store)
    settings = load_settings(None, {"SYMBOLS": "SPY"})
    mixed = BacktestPlan(settings, ("SPY",), BUNDLE.sessions("SPY")[0], DAYS[-1], Decimal(50_000))
    own = replace(mixed, first=DAYS[0])

    assert days_to_play(library, ["SPY"]) == list(DAYS)
    assert days_to_play(library, ["AAPL"]) == list(BUNDLE.sessions("AAPL"))
    assert warnings_of(own, library) == ()
    (told,) = warnings_of(mixed, library)
    assert told.startswith("SPY: 3 of 10 days are yours (2011-01-12 to 2011-01-14), the others the package's")
    assert told.endswith("--from 2011-01-12 --to 2011-01-14 plays yours alone")


def test_where_days_of_the_package_lie_between_the_owner_s_the_longest_run_is_named(tmp_path: Path) -> None:
    store, days = Store(tmp_path), BUNDLE.sessions("SPY")
    for n in (1, 2, 3, 6, 7):
        put(store, Kind.BARS_1M, "SPY", BUNDLE.minutes("SPY", days[n]))
    plan = BacktestPlan(load_settings(None, {"SYMBOLS": "SPY"}), ("SPY",), days[1], days[7])

    (told,) = warnings_of(plan, StoreLibrary(store))

    assert told.startswith("SPY: 5 of 7 days are yours")
    assert told.endswith(f"--from {days[1]} --to {days[3]} plays 3 days of yours alone")


def test_days_of_the_package_alone_are_told_where_the_owner_s_data_are_of_another_symbol(
    store: Store,
) -> None:
    plan = BacktestPlan(load_settings(None, {}), ("GOOG",), GOOG_DAY, GOOG_DAY)

    (told,) = warnings_of(plan, StoreLibrary(store))

    assert "yours are of SPY: --symbols SPY plays them" in told
    assert warnings_of(replace(plan, symbols=("GOOG", "SPY")), StoreLibrary(store)) == ()
