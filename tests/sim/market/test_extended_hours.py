"""Early and late trading: what is quoted, what fills there, and that history tells the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.session import NEW_YORK, session_on
from bot.domain.types import Side
from bot.sim.exchange.events import Executed, OrderMessage, StatusChanged
from bot.sim.exchange.orders import SimOrder
from bot.sim.market.events import Traded
from bot.sim.market.history import HistoryBar, HistoryQuery
from bot.sim.market.listing import ContractQuery
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World

SPY = 756733
MONDAY, HALF_DAY = date(2026, 1, 5), date(2026, 11, 27)


def ny(clock: str, day: date = MONDAY) -> datetime:
    at = time.fromisoformat(clock)
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def early_world(clock: str = "04:30", day: date = MONDAY, seed: int = 1) -> World:
    return synthetic_world(["SPY"], day, start=ny(clock, day), seed=seed, has_extended_hours=True)


def limit(price: str, side: Side = Side.BUY, **more: object) -> SimOrder:
    terms = {"type": "LMT", "outside_rth": True, **more}
    return SimOrder(con_id=SPY, action=side, quantity=10, limit_price=Decimal(price), **terms)  # type: ignore[arg-type]  # a test names its terms


def bars(world: World, size: str = "1 min", what: str = "TRADES", duration: str = "1 D") -> list[HistoryBar]:
    return world.history(HistoryQuery(SPY, None, duration, size, what, use_rth=False))


def sides(world: World, at: datetime) -> tuple[Decimal, Decimal] | None:
    """Bid and ask, None where nobody quotes."""
    world.advance_to(at)
    ticker = world.ticker(SPY)
    assert ticker is not None
    bid, ask = ticker.book.bid, ticker.book.ask
    return None if bid is None or ask is None else (bid, ask)


def width(world: World, clock: str) -> Decimal:
    bid, ask = sides(world, ny(clock)) or (Decimal(0), Decimal(0))
    assert bid < ask
    return ask - bid


def test_quotes_are_wide_at_four_and_narrow_towards_the_open() -> None:
    world = early_world("04:00")
    widths = [width(world, clock) for clock in ("04:00", "08:00", "09:15", "10:00")]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 4 * widths[-1]


def test_early_trading_leads_from_yesterdays_close_to_the_open() -> None:
    world = early_world("04:00")
    world.advance_to(ny("09:31"))
    told = {bar.start: bar for bar in bars(world)}
    assert told[ny("09:29")].close == told[ny("09:30")].open
    yesterday = world.history(HistoryQuery(SPY, ny("04:00"), "1 D", "1 min", "TRADES", use_rth=True))[-1]
    assert abs(told[ny("04:00")].open / yesterday.close - 1) < 0.02


def test_an_order_with_the_flag_fills_before_the_open_and_history_shows_the_price() -> None:
    world = early_world("07:00")
    (fill,) = [e.execution for e in world.place(1, 1, limit("650")) if isinstance(e, Executed)]
    world.advance_to(ny("07:05"))
    (ask,) = [bar for bar in bars(world, what="ASK") if bar.start == ny("07:00")]
    assert ask.low <= float(fill.price) <= ask.high


def test_an_order_without_the_flag_waits_for_the_open_and_is_told_so() -> None:
    world = early_world("07:00")
    told = world.place(1, 1, limit("650", outside_rth=False))
    (warning,) = [e for e in told if isinstance(e, OrderMessage)]
    assert (warning.code, "until 2026-01-05 09:30:00 US/Eastern" in warning.text) == (399, True)
    assert [e.view.status for e in told if isinstance(e, StatusChanged)] == ["PreSubmitted"]
    (filled,) = [e for e in world.advance_to(ny("09:31")) if isinstance(e, Executed)]
    assert filled.at == ny("09:30")


@pytest.mark.parametrize(
    ("terms", "fills"),
    [
        ({"type": "STP", "aux_price": Decimal(1), "limit_price": None}, True),
        ({"type": "STP LMT", "aux_price": Decimal(1)}, True),
        ({"type": "MIT", "aux_price": Decimal(900), "limit_price": None}, True),
        ({"type": "MKT", "limit_price": None}, False),
        ({"type": "MOC", "limit_price": None}, False),
        ({"tif": "OPG"}, False),
    ],
)
def test_of_the_order_types_those_fill_early_that_ib_lets(terms: dict[str, object], fills: bool) -> None:
    world = early_world("07:00")
    told = world.place(1, 1, replace(limit("650"), **terms))  # type: ignore[arg-type]  # a test names its terms
    told += world.advance_to(ny("09:29"))
    assert any(isinstance(e, Executed) for e in told) is fills


def test_a_day_order_with_the_flag_ends_with_late_trading_and_another_with_the_session() -> None:
    world = early_world("15:00")
    world.place(1, 1, limit("100"))
    world.place(1, 2, limit("100", outside_rth=False))
    ended = {
        e.view.order_id: e.at
        for e in world.advance_to(ny("20:01"))
        if isinstance(e, StatusChanged) and e.view.status == "Cancelled"
    }
    assert ended == {1: ny("20:00"), 2: ny("16:00")}


def test_on_a_half_day_late_trading_ends_at_five() -> None:
    world = early_world("12:00", HALF_DAY)
    (details,) = world.find_contracts(ContractQuery(con_id=SPY))
    assert details.trading_hours.startswith("20261127:0400-20261127:1700;20261128:CLOSED")
    assert details.liquid_hours.startswith("20261127:0930-20261127:1300;")
    assert sides(world, ny("16:59", HALF_DAY)) is not None
    assert sides(world, ny("17:00", HALF_DAY)) is None


def test_options_do_not_trade_outside_the_session() -> None:
    world = early_world("15:58")
    option = world.find_contracts(
        ContractQuery(symbol="SPY", sec_type="OPT", expiry="20260116", strike=Decimal(600))
    )[0]
    assert option.trading_hours == option.liquid_hours
    world.advance_to(ny("16:30"))
    told = world.place(1, 1, replace(limit("1"), con_id=option.contract.con_id))
    assert [e.code for e in told if isinstance(e, OrderMessage)] == [399]


def test_what_was_printed_live_is_what_history_tells() -> None:
    world = early_world("06:00")
    world.watch(SPY)
    seen = [e for e in world.advance_to(ny("06:10")) if isinstance(e, Traded)]
    told = {bar.start: bar for bar in bars(world)}
    for start in (ny("06:01"), ny("06:07")):
        inside = [float(e.price) for e in seen if start <= e.at < start + timedelta(minutes=1)]
        bar = told[start]
        assert (inside[0], max(inside), min(inside), inside[-1]) == (bar.open, bar.high, bar.low, bar.close)


@pytest.mark.parametrize("size", ["5 mins", "20 mins", "1 hour", "4 hours", "1 day"])
def test_larger_bars_are_sums_of_the_minutes(size: str) -> None:
    world = early_world("18:00")
    minutes, large = bars(world), bars(world, size)
    assert sum(bar.volume for bar in large) == sum(bar.volume for bar in minutes)
    assert max(bar.high for bar in large) == max(bar.high for bar in minutes)
    assert (large[0].open, large[-1].close) == (minutes[0].open, minutes[-1].close)


@given(seed=st.integers(1, 500), days=st.integers(0, 300))
@settings(max_examples=5, deadline=None)
def test_every_night_meets_both_sessions(seed: int, days: int) -> None:
    session = session_on(MONDAY + timedelta(days=days))
    if session is None:
        return
    world = early_world("04:00", session.day, seed)
    ends = world.market.stocks["SPY"].tape.ends(session.day)
    assert ends is not None
    for at, price in zip((session.open - timedelta(seconds=1), session.close), ends, strict=True):
        bid, ask = sides(world, at) or (Decimal(0), Decimal(0))
        assert bid <= Decimal(str(price)) <= ask


def test_the_same_seed_gives_the_same_night_and_another_another() -> None:
    first, again, other = (bars(early_world("09:00", seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_recorded_day_has_its_early_trading_made_up_towards_the_recorded_open() -> None:
    day = date(2011, 1, 20)
    world = recorded_world(["SPY"], day, start=ny("09:00", day), has_extended_hours=True)
    world.advance_to(ny("09:31", day))
    told = {bar.start: bar for bar in bars(world)}
    assert told[ny("09:29", day)].close == told[ny("09:30", day)].open


def test_a_market_that_nobody_watches_early_costs_no_step() -> None:
    world = early_world("04:30")
    assert world.next_point() == ny("09:30")
    world.watch(SPY)
    assert world.next_point() == ny("04:30:15")


def test_a_price_gap_of_a_scenario_shows_outside_the_session_too() -> None:
    world = early_world("17:00")
    before = sides(world, ny("17:00"))
    world.market.gap("SPY", 0.9)
    after = sides(world, ny("17:00"))
    assert before is not None
    assert after is not None
    assert float(after[0] / before[0]) == pytest.approx(0.9, abs=0.001)
    assert bars(world)[0].open > 590
