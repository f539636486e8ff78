"""More of the simulated world, through its public calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.domain.contract import Contract
from bot.domain.types import Right, Side
from bot.sim.exchange.events import (
    AccountChanged,
    AccountPositionChanged,
    ExchangeEvent,
    Executed,
    OrderMessage,
)
from bot.sim.exchange.orders import ExecutionFilter, IbStatus, SimOrder
from bot.sim.market.catalog import EUR_USD, SPX, VIX, underlying
from bot.sim.market.events import BookChanged
from bot.sim.market.known_symbols import check_digit
from bot.sim.market.listing import ContractQuery
from bot.sim.market.quotes import TopOfBook
from bot.sim.market.recorded.bars import NotRecordedError
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


def test_euro_dollar_is_quoted_at_night_and_indices_have_no_quotes() -> None:
    world = spy_world()
    world.watch(EUR_USD.con_id)
    events = world.advance_to(world.now + timedelta(minutes=2))
    spx, vix = world.ticker(SPX.con_id), world.ticker(VIX.con_id)
    assert spx is not None
    assert vix is not None

    assert sum(isinstance(e, BookChanged) for e in events) >= 8
    assert (spx.book.bid, spx.book.last) == (None, Decimal("1282.60"))
    assert 10 < (vix.book.last or 0) < 30


def test_a_day_that_is_not_recorded_is_refused_with_what_there_is() -> None:
    with pytest.raises(NotRecordedError, match="2011-01-03 to 2011-01-31"):
        recorded_world(["SPY"], date(2012, 1, 3))


# ── contracts


def test_expiries_times_strikes_is_more_than_there_is() -> None:
    world = spy_world()
    parameters = world.option_parameters(SPY)[0]
    all_pairs = {(e, s) for e in parameters.expiries for s in parameters.strikes}
    real = {
        (d.contract.expiry, d.contract.strike)
        for d in world.find_contracts(ContractQuery(symbol="SPY", sec_type="OPT"))
    }

    assert real < all_pairs
    missing = ContractQuery(
        symbol="SPY", sec_type="OPT", expiry="20110128", strike=Decimal(80), right=Right.CALL
    )
    assert world.find_contracts(missing) == []


def test_contract_ids_are_unique_and_the_same_in_every_run() -> None:
    first, second = spy_world(seed=1), spy_world(seed=2)
    chains = [
        {
            d.contract.local_symbol: d.contract.con_id
            for d in w.find_contracts(ContractQuery(symbol="SPY", sec_type="OPT"))
        }
        for w in (first, second)
    ]

    assert chains[0] == chains[1]
    assert len(set(chains[0].values())) == len(chains[0])
    assert "SPY   110121C00128000" in chains[0]


def test_a_contract_known_from_an_earlier_run_is_found_by_its_id() -> None:
    con_id = option(spy_world(), 128).con_id
    contract = spy_world().contract(con_id)

    assert contract is not None
    assert contract.label == "SPY 2011-01-21 128 C"


def test_details_name_hours_rules_and_the_underlying() -> None:
    world = spy_world()
    (details,) = world.find_contracts(ContractQuery(con_id=option(world, 128).con_id))

    assert details.liquid_hours.startswith("20110120:0930-20110120:1600;20110121:0930")
    assert details.under_con_id == SPY
    rules = details.market_rule_ids.split(",")
    assert len(rules) == len(details.valid_exchanges.split(","))
    assert world.market_rule(int(rules[0])) == details.contract.ticks


def test_symbols_are_found_by_their_beginning() -> None:
    world = recorded_world(["SPY", "AAPL"], DAY)

    assert [d.contract.symbol for d in world.matching_symbols("aa")] == ["AAPL"]
    assert world.matching_symbols("") == []


@pytest.mark.parametrize(("base", "quote", "con_id"), [("EUR", "USD", 12087792), ("USD", "JPY", 15016059)])
def test_a_currency_pair_is_found_by_its_two_currencies(base: str, quote: str, con_id: int) -> None:
    query = ContractQuery(symbol=base, sec_type="CASH", currency=quote)
    assert [found.contract.con_id for found in spy_world().find_contracts(query)] == [con_id]


@pytest.mark.parametrize("sec_id", [("ISIN", "US78462F1030"), ("CUSIP", "78462F103")])
def test_a_stock_is_found_by_its_security_id(sec_id: tuple[str, str]) -> None:
    query = ContractQuery(sec_type="STK", sec_id_type=sec_id[0], sec_id=sec_id[1])
    (found,) = spy_world().find_contracts(query)
    assert (found.contract.con_id, sec_id in found.sec_ids) == (SPY, True)


@pytest.mark.parametrize("symbol", ["SPY", "AMD", "NEVER"])
def test_every_stock_has_an_isin_that_is_formed_as_one(symbol: str) -> None:
    isin = underlying(symbol).isin
    assert len(isin) == 12
    assert check_digit(isin[:-1]) == int(isin[-1])


@pytest.mark.parametrize("primary", ["ARCA", "ISLAND", "AMEX", "NYSE", "NASDAQ", ""])
def test_a_stock_is_found_by_any_venue_it_trades_at(primary: str) -> None:
    query = ContractQuery(symbol="SPY", sec_type="STK", exchange="SMART", primary_exchange=primary)
    assert [found.contract.con_id for found in spy_world().find_contracts(query)] == [SPY]


# ── orders, account, expiry


def test_an_order_over_night_works_again_in_the_morning() -> None:
    world = spy_world()
    contract = option(world, 128, expiry=date(2011, 2, 18))
    world.advance_to(at(16, 30))
    events = buy(world, contract)
    assert [e.code for e in events if isinstance(e, OrderMessage)] == [399]
    world.advance_to(at(9, 30, day=date(2011, 1, 21)))

    assert [v.status for v in world.completed_orders()] == [IbStatus.FILLED]


def test_a_call_in_the_money_becomes_shares_after_its_last_close() -> None:
    world = spy_world()
    call = option(world, 120)
    world.advance_to(at(10))
    buy(world, call, quantity=1)
    cash = world.account_figures().cash
    events = world.advance_to(at(18, day=EXPIRY))
    changes = [
        (e.position.contract.con_id, e.position.quantity)
        for e in events
        if isinstance(e, AccountPositionChanged)
    ]

    assert changes == [(call.con_id, 0), (SPY, 100)]
    assert world.account_figures().cash == cash - 12_000
    assert [e.execution.order_id for e in events if isinstance(e, Executed)] == [0, 0]


def test_a_put_in_the_money_becomes_a_short_and_a_worthless_option_nothing() -> None:
    world = spy_world()
    put, far = option(world, 135, Right.PUT), option(world, 140)
    world.advance_to(at(10))
    buy(world, put)
    world.market.pin(far.con_id, TopOfBook(None, Decimal("0.01"), 0, 50, None))
    buy(world, far, order_id=2, quantity=3)
    world.advance_to(at(18, day=EXPIRY))

    assert {p.contract.con_id: p.quantity for p in world.positions()} == {SPY: -100}


def test_orders_on_an_expired_contract_end_with_it() -> None:
    world = spy_world()
    call = option(world, 120)
    world.advance_to(at(10))
    buy(world, call)
    target = SimOrder(
        con_id=call.con_id, action=Side.SELL, type="LMT", quantity=1, limit_price=Decimal(60), tif="GTC"
    )
    world.place(1, 2, target)
    world.advance_to(at(18, day=EXPIRY))

    assert world.open_orders() == []


def test_long_options_can_be_exercised_early_and_nobody_elses() -> None:
    world = spy_world()
    call = option(world, 120)
    world.advance_to(at(10))
    buy(world, call)
    with pytest.raises(ValueError, match="not held"):
        world.exercise(call.con_id, 2)
    world.exercise(call.con_id, 1)

    assert {p.contract.con_id: p.quantity for p in world.positions()} == {SPY: 100}


def test_books_count_stops_that_can_trigger_and_every_message() -> None:
    world = spy_world()
    call = option(world, 128)
    world.advance_to(at(10))
    book = world.market.book(call.con_id, world.now)
    assert book is not None
    assert book.bid is not None
    entry = SimOrder(
        con_id=call.con_id,
        action=Side.BUY,
        type="LMT",
        quantity=2,
        limit_price=book.bid - Decimal("0.10"),
        order_ref="idea/x",
    )
    stop = replace(
        entry, action=Side.SELL, type="STP", limit_price=None, aux_price=Decimal("0.10"), parent_id=1
    )
    world.place(1, 1, replace(entry, transmit=False))
    world.place(1, 2, stop)
    assert world.books().working_stops == {}
    world.place(1, 1, replace(entry, limit_price=book.bid + Decimal("0.05")))
    world.place(1, 9, replace(entry, what_if=True))
    books = world.books()
    world.cancel(1, 2)

    assert books.working_stops == books.positions == {call.con_id: 2}
    assert (books.orders_received, books.modifies, books.what_ifs, books.cancels) == (2, 1, 1, 0)
    assert world.books().order_messages == 4
    assert {r.order_ref for r in books.received} == {"idea/x"}


def test_a_manual_order_has_a_negative_id_and_belongs_to_client_0() -> None:
    world = spy_world()
    world.advance_to(at(10))
    order = SimOrder(con_id=option(world, 128).con_id, action=Side.BUY, type="MKT", quantity=1)
    events = world.place_manual(order)
    (execution,) = [e.execution for e in events if isinstance(e, Executed)]

    assert (execution.client_id, execution.order_id) == (0, -1)
    assert world.books().orders_received == 0


def test_executions_are_filtered_and_only_todays() -> None:
    world = spy_world()
    world.advance_to(at(10))
    buy(world, option(world, 128, expiry=date(2011, 2, 18)))

    assert len(world.executions(ExecutionFilter(client_id=1, sec_type="OPT", side=Side.BUY))) == 1
    assert world.executions(ExecutionFilter(side=Side.SELL)) == []
    assert world.executions(ExecutionFilter(since=at(10, 0, 1))) == []
    world.advance_to(at(9, 0, day=date(2011, 1, 21)))
    assert world.executions(ExecutionFilter()) == []


def test_the_account_is_told_every_three_minutes_and_on_every_trade() -> None:
    world = spy_world()
    quiet = [e.at for e in world.advance_to(at(9, 40)) if isinstance(e, AccountChanged)]
    traded = [e for e in buy(world, option(world, 128)) if isinstance(e, AccountChanged)]

    assert quiet == [at(9, 30), at(9, 33), at(9, 36), at(9, 39)]
    assert len(traded) == 1


def test_the_same_seed_and_commands_give_the_same_events() -> None:
    def run() -> list[ExchangeEvent]:
        world = synthetic_world(["SPY"], date(2026, 1, 8), seed=7)
        for d in world.find_contracts(ContractQuery(symbol="SPY", sec_type="OPT", expiry="20260109"))[:30]:
            world.watch(d.contract.con_id)
        events = world.advance_to(world.now + timedelta(minutes=10))
        events += world.place(1, 1, SimOrder(con_id=SPY, action=Side.BUY, type="MKT", quantity=10))
        return events + world.advance_to(world.now + timedelta(minutes=10))

    assert run() == run()
