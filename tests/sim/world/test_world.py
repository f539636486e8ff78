"""The world as a whole: sessions, quotes, contracts, expiry, books."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.domain.contract import Contract
from bot.domain.market import BarSize
from bot.domain.types import Right, Side
from bot.sim.exchange.events import AccountChanged, ExchangeEvent, OrderMessage
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.orders import SimOrder
from bot.sim.market.events import BarFormed, BookChanged, SessionClosed, SessionOpened, Traded
from bot.sim.market.listing import ContractQuery
from bot.sim.market.quotes import TopOfBook
from bot.sim.market.recorded.bars import bars_1m, bars_60m
from bot.sim.market.recorded.chain import recorded_chain
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World

SPY = 756733
DAY = date(2011, 1, 20)
EXPIRY = date(2011, 1, 21)


def at(hour: int, minute: int = 0, second: int = 0, day: date = DAY) -> datetime:
    """New York winter time in UTC."""
    return datetime(day.year, day.month, day.day, hour + 5, minute, second, tzinfo=UTC)


def spy_world(**more: object) -> World:
    return recorded_world(["SPY"], DAY, **more)  # type: ignore[arg-type]  # a test names what it changes


def option(world: World, strike: int, right: Right = Right.CALL, expiry: date = EXPIRY) -> Contract:
    query = ContractQuery(
        symbol="SPY", sec_type="OPT", expiry=f"{expiry:%Y%m%d}", strike=Decimal(strike), right=right
    )
    (found,) = world.find_contracts(query)
    return found.contract


def buy(world: World, contract: Contract, order_id: int = 1, quantity: int = 1) -> list[ExchangeEvent]:
    order = SimOrder(con_id=contract.con_id, action=Side.BUY, type="MKT", quantity=quantity)
    return world.place(1, order_id, order)


# ── time and prices


def test_a_days_bars_are_the_recording_minute_by_minute_and_hour_by_hour() -> None:
    events = spy_world().advance_to(at(16))
    closed = [e.bar for e in events if isinstance(e, BarFormed) and e.is_closed]

    assert tuple(bar for bar in closed if bar.size is BarSize.M1) == bars_1m("SPY", DAY)
    hours = [bar for bar in bars_60m("SPY", at(16)) if bar.start >= at(9, 30)]
    assert [bar for bar in closed if bar.size is BarSize.M60] == hours


def test_a_minute_reveals_its_open_first_and_its_close_last() -> None:
    world = spy_world()
    bar = bars_1m("SPY", DAY)[0]
    prints = [e.price for e in world.advance_to(at(9, 30)) if isinstance(e, Traded)]
    assert prints == [Decimal(str(bar.open))]
    forming = [e.bar for e in world.advance_to(at(9, 30, 50)) if isinstance(e, BarFormed)]

    assert (forming[-2].high, forming[-2].low, forming[-2].close) == (bar.high, bar.low, bar.close)


def test_events_come_in_the_order_of_time_between_open_and_close() -> None:
    events = [e for e in spy_world().advance_to(at(17)) if not isinstance(e, AccountChanged)]
    times = [e.at for e in events if not isinstance(e, OrderMessage)]

    assert times == sorted(times)
    assert isinstance(events[0], SessionOpened)
    assert isinstance(events[-1], SessionClosed)
    assert (times[0], times[-1]) == (at(9, 30), at(16))


def test_in_many_steps_the_same_happens_as_in_one() -> None:
    one, many = spy_world(), spy_world()
    for world in (one, many):
        world.watch(SPY)
        world.watch(option(world, 128).con_id)
    whole = one.advance_to(at(10))
    steps = [many.now + timedelta(seconds=7 * n) for n in range(1, 300)]
    parts = [e for step in steps if step <= at(10) for e in many.advance_to(step)]

    assert parts + many.advance_to(at(10)) == whole


def test_time_cannot_go_back() -> None:
    world = spy_world()

    with pytest.raises(ValueError, match="cannot go back"):
        world.advance_to(world.now - timedelta(seconds=1))


def test_a_world_that_starts_at_noon_knows_its_morning() -> None:
    whole, late = spy_world(), spy_world(start=at(12))
    whole.advance_to(at(11, 59, 59))

    assert late.ticker(SPY) is not None
    assert late.market.stocks["SPY"].day() == whole.market.stocks["SPY"].day()
    assert late.advance_to(at(12, 1)) == whole.advance_to(at(12, 1))


def test_a_stock_is_quoted_a_cent_wide_and_only_while_the_market_is_open() -> None:
    world = spy_world()
    before = world.ticker(SPY)
    world.advance_to(at(10))
    during = world.ticker(SPY)
    world.advance_to(at(16, 30))
    after = world.ticker(SPY)
    assert before is not None
    assert during is not None
    assert after is not None

    assert before.book.bid is None
    assert during.book.ask is not None
    assert during.book.bid is not None
    assert during.book.ask - during.book.bid == Decimal("0.01")
    assert during.close == Decimal("128.26")
    assert (after.book.bid, after.book.last is not None) == (None, True)


def test_options_are_quoted_around_their_model_and_move_with_the_stock() -> None:
    world = spy_world()
    world.advance_to(at(10))
    call = option(world, 128)
    ticker, model = world.ticker(call.con_id), world.model(call.con_id)
    assert ticker is not None
    assert model is not None
    assert ticker.book.bid is not None
    assert ticker.book.ask is not None

    assert float(ticker.book.bid) <= model.price <= float(ticker.book.ask)
    assert 0.3 < model.delta < 0.7
    assert model.gamma > 0 > model.theta
    assert (ticker.volume or 0) > 0 < (ticker.open_interest or 0)


def test_only_watched_contracts_are_told_about() -> None:
    world = spy_world()
    call = option(world, 128)
    world.watch(call.con_id)
    world.watch(call.con_id)
    world.unwatch(call.con_id)
    told = {e.ticker.con_id for e in world.advance_to(at(9, 35)) if isinstance(e, BookChanged)}
    world.unwatch(call.con_id)

    assert told == {call.con_id}
    assert not any(isinstance(e, BookChanged) for e in world.advance_to(at(9, 40)))


def test_a_gap_moves_prices_and_bars_from_the_next_print_on() -> None:
    world = spy_world()
    world.advance_to(at(10))
    world.market.gap("SPY", 0.9)
    bars = [e.bar for e in world.advance_to(at(10, 2)) if isinstance(e, BarFormed) and e.is_closed]

    assert bars[-1].close == pytest.approx(bars_1m("SPY", DAY)[31].close * 0.9, abs=0.01)


def test_a_pinned_book_stays_until_it_is_let_go() -> None:
    world = spy_world()
    call = option(world, 128)
    pinned = TopOfBook(None, None, 0, 0, Decimal("0.50"))
    world.market.pin(call.con_id, pinned)
    world.advance_to(at(10))
    assert world.market.book(call.con_id, world.now) == pinned
    world.market.unpin(call.con_id)

    assert world.market.book(call.con_id, world.now) != pinned


def test_more_points_a_minute_form_the_same_bars() -> None:
    world = spy_world(exchange_settings=ExchangeSettings(points_per_minute=12))
    events = world.advance_to(at(9, 45))
    closed = [e.bar for e in events if isinstance(e, BarFormed) and e.is_closed and e.bar.size is BarSize.M1]

    assert tuple(closed) == bars_1m("SPY", DAY)[:15]
    assert sum(isinstance(e, Traded) for e in events) == 15 * 12 + 1


# ── other markets


def test_the_recorded_goog_chain_is_the_market() -> None:
    day = date(2015, 12, 24)
    world = recorded_world(["GOOG"], day)
    world.advance_to(at(10, 30, day=day))
    chain = recorded_chain("GOOG", day)
    assert chain is not None
    found = {
        (d.contract.expiry, d.contract.strike, d.contract.right): d.contract.con_id
        for d in world.find_contracts(ContractQuery(symbol="GOOG", sec_type="OPT"))
    }
    assert len(found) == len(chain.contracts) == 2192
    for column, contract in enumerate(chain.contracts):
        ticker = world.ticker(found[contract.expiry, contract.strike, contract.right])
        recorded = chain.quote(column, at(10, 30, day=day))
        assert ticker is not None
        assert (ticker.book.bid, ticker.book.ask) == (recorded.bid or None, recorded.ask or None)


def test_a_half_day_ends_at_one() -> None:
    day = date(2015, 12, 24)
    world = recorded_world(["GOOG"], day)
    closes = [e.at for e in world.advance_to(at(17, day=day)) if isinstance(e, SessionClosed)]

    assert closes == [at(13, day=day)]


def test_two_symbols_live_side_by_side() -> None:
    world = recorded_world(["SPY", "AAPL"], DAY)
    closed = [e.bar for e in world.advance_to(at(10)) if isinstance(e, BarFormed) and e.is_closed]

    assert {bar.symbol for bar in closed} == {"SPY", "AAPL"}
    assert len(world.find_contracts(ContractQuery(symbol="AAPL", sec_type="STK"))) == 1


def test_a_synthetic_market_runs_for_days_and_over_a_weekend() -> None:
    world = synthetic_world(["SPY"], date(2026, 1, 8))
    events = world.advance_to(datetime(2026, 1, 12, 23, 0, tzinfo=UTC))

    assert [e.day for e in events if isinstance(e, SessionOpened)] == [
        date(2026, 1, 8),
        date(2026, 1, 9),
        date(2026, 1, 12),
    ]


def test_a_recorded_market_goes_on_after_its_recording() -> None:
    world = recorded_world(["SPY"], date(2011, 1, 31))
    world.advance_to(at(10, day=date(2011, 2, 1)))
    ticker = world.ticker(SPY)
    assert ticker is not None

    assert ticker.book.bid is not None
    assert ticker.close == Decimal(str(bars_1m("SPY", date(2011, 1, 31))[-1].close))


def test_an_index_is_quoted_by_the_index_s_shape_on_every_day() -> None:
    """Records of SPX: 1.17 to 1.29 times the volatility at the money one deviation below; of a stock, about 1.07."""
    world = spy_world()
    world.advance_to(at(10))
    bars = bars_1m("SPY", DAY)
    spot = bars[29].close

    def vol(away: float) -> float:
        strike = round(spot * (1 + away * 0.17 * (29 / 365) ** 0.5))
        model = world.model(option(world, strike, Right.PUT, date(2011, 2, 18)).con_id)
        assert model is not None
        return model.implied_vol

    assert 1.13 < vol(-1) / vol(0) < 1.32
