"""A stock is split overnight: prices, the past, positions, orders and options, as an owner and a client see them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Final

import pytest

from bot.domain.contract import Contract
from bot.domain.errors import FixTheCommand, FixTheConfiguration
from bot.domain.types import Right, Side
from bot.sim.exchange.events import AccountPositionChanged, ExchangeEvent, OrderMessage
from bot.sim.exchange.orders import SimOrder
from bot.sim.faults.handle import bind
from bot.sim.handlers.table import make_core
from bot.sim.market.catalog import SPX
from bot.sim.market.corporate.splits import read_split
from bot.sim.market.history import HistoryQuery
from bot.sim.market.listing import ContractQuery
from bot.sim.server.main import SimOptions, make_world
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World

AAPL: Final = 265598
MONDAY: Final = date(2026, 1, 5)
EXPIRY: Final = "20260220"


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """New York's winter time."""
    return datetime(2026, 1, day, hour + 5, minute, tzinfo=UTC)


def afternoon(split: str, symbols: tuple[str, ...] = ("AAPL",)) -> World:
    """Shortly before Monday's close, with a split planned."""
    world = synthetic_world(symbols, MONDAY, start=utc(5, 15, 50), equity=Decimal(200_000))
    world.splits.plan(read_split(split))
    return world


def near_the_money(world: World, right: Right = Right.CALL) -> Contract:
    found = world.find_contracts(ContractQuery(symbol="AAPL", sec_type="OPT", expiry=EXPIRY, right=right))
    spot = last(world)
    return min((one.contract for one in found), key=lambda one: abs((one.strike or 0) - spot))


def last(world: World, con_id: int = AAPL) -> Decimal:
    ticker = world.ticker(con_id)
    assert ticker is not None
    assert ticker.book.last is not None
    return ticker.book.last


def trade(world: World, con_id: int, quantity: int, side: Side = Side.BUY) -> None:
    number = world.highest_order_id(1) + 1
    world.place(1, number, SimOrder(con_id=con_id, action=side, type="MKT", quantity=quantity))
    world.advance_to(world.now + timedelta(minutes=1))


def overnight(world: World) -> list[ExchangeEvent]:
    return world.advance_to(utc(6, 9, 31))


def held(world: World) -> dict[int, tuple[Decimal, Decimal]]:
    """Quantity and cost of all of it, by conId."""
    return {
        one.contract.con_id: (Decimal(one.quantity), one.quantity * one.avg_cost) for one in world.positions()
    }


@pytest.mark.parametrize(
    ("split", "shares", "contracts"), [("4:1", 400, 12), ("3:2", 150, 3), ("1:10", 10, 3)]
)
def test_a_split_changes_how_much_is_held_and_not_what_it_cost_or_is_worth(
    split: str, shares: int, contracts: int
) -> None:
    world = afternoon(f"AAPL:{split}@2026-01-06")
    option = near_the_money(world)
    trade(world, AAPL, 100)
    trade(world, option.con_id, 3)
    before, costs = world.account_figures().net_liquidation, held(world)

    told = overnight(world)

    after = held(world)
    assert after[AAPL][0] == shares
    assert after[option.con_id][0] == contracts
    assert {k: round(v[1], 6) for k, v in after.items()} == {k: round(v[1], 6) for k, v in costs.items()}
    assert abs(world.account_figures().net_liquidation - before) < before / 20  # a night's own move
    changed = [one.position.quantity for one in told if isinstance(one, AccountPositionChanged)]
    assert changed == [shares, contracts]


@pytest.mark.parametrize("split", ["7:1", "3:2", "1:8"])
def test_the_past_is_told_in_new_shares_and_joins_todays_price(split: str) -> None:
    world = afternoon(f"AAPL:{split}@2026-01-06")
    old = world.history(HistoryQuery(AAPL, None, "1 M", "1 day"))
    price = last(world)

    overnight(world)

    new, old_shares = int(split.partition(":")[0]), int(split.partition(":")[2])
    bars = world.history(HistoryQuery(AAPL, None, "1 M", "1 day"))
    known = {bar.start: bar for bar in bars}
    for bar in old[1:-1]:
        assert known[bar.start].close == pytest.approx(bar.close * old_shares / new, abs=0.006)
        assert known[bar.start].volume == pytest.approx(bar.volume * new / old_shares, abs=1)
    assert all(abs(right.open / left.close - 1) < 0.2 for left, right in pairwise(bars))
    assert abs(float(last(world)) / (float(price) * old_shares / new) - 1) < 0.2
    assert bars[-1].close == pytest.approx(float(last(world)))
    minutes = world.history(HistoryQuery(AAPL, None, "2 D", "1 min"))
    assert all(abs(right.open / left.close - 1) < 0.1 for left, right in pairwise(minutes))


def test_orders_on_the_stock_and_its_options_end_with_a_reason_and_others_live_on() -> None:
    world = afternoon("AAPL:2:1@2026-01-06", ("AAPL", "SPY"))
    option, spy = near_the_money(world), 756733
    for number, con_id in enumerate((AAPL, option.con_id, spy), start=1):
        order = SimOrder(
            con_id=con_id, action=Side.BUY, type="LMT", quantity=1, limit_price=Decimal(1), tif="GTC"
        )
        world.place(1, number, order)

    told = overnight(world)

    ended = [(one.order_id, one.code, one.text) for one in told if isinstance(one, OrderMessage)]
    assert {(number, code) for number, code, _ in ended} == {(1, 202), (2, 202)}
    assert all("Corporate action" in text for _, _, text in ended)
    assert [view.order_id for view in world.open_orders()] == [3]


def test_a_whole_split_lowers_the_strike_and_leaves_class_and_conid() -> None:
    world = afternoon("AAPL:4:1@2026-01-06")
    option = near_the_money(world)

    overnight(world)

    found = world.contract(option.con_id)
    assert found is not None
    assert option.strike is not None
    strike = (option.strike / 4).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (found.trading_class, found.multiplier, found.strike) == ("AAPL", 100, strike)
    assert found.local_symbol == f"AAPL  260220C{int(strike * 1000):08d}"
    assert {one.trading_class for one in world.option_parameters(AAPL)} == {"AAPL"}
    (again,) = world.find_contracts(
        ContractQuery(symbol="AAPL", sec_type="OPT", expiry=EXPIRY, strike=found.strike, right=Right.CALL)
    )
    assert again.contract == found


def test_an_uneven_split_makes_a_class_of_its_own_beside_new_standard_options() -> None:
    world = afternoon("AAPL:3:2@2026-01-06")
    option = near_the_money(world)

    overnight(world)

    found = world.contract(option.con_id)
    assert found is not None
    assert (found.trading_class, found.multiplier, found.shares) == ("AAPL1", 150, 150)
    told = {one.trading_class: one.multiplier for one in world.option_parameters(AAPL)}
    assert told == {"AAPL": 100, "AAPL1": 150}
    both = world.find_contracts(ContractQuery(symbol="AAPL", sec_type="OPT", expiry=EXPIRY))
    assert {one.contract.trading_class for one in both} == {"AAPL", "AAPL1"}
    for query in (ContractQuery(multiplier="150"), ContractQuery(trading_class="AAPL1")):
        wanted = ContractQuery(
            symbol="AAPL",
            sec_type="OPT",
            expiry=EXPIRY,
            multiplier=query.multiplier,
            trading_class=query.trading_class,
        )
        assert {one.contract.trading_class for one in world.find_contracts(wanted)} == {"AAPL1"}
    (named,) = world.find_contracts(ContractQuery(sec_type="OPT", local_symbol=found.local_symbol))
    assert named.contract.con_id == option.con_id


def test_shares_drawn_together_leave_a_contract_of_fewer_shares_priced_and_delivered_as_such() -> None:
    world = afternoon("AAPL:1:10@2026-01-06")
    option = near_the_money(world)
    trade(world, option.con_id, 2)

    overnight(world)

    found = world.contract(option.con_id)
    model = world.model(option.con_id)
    assert found is not None
    assert model is not None
    assert option.strike is not None
    assert (found.trading_class, found.strike, found.multiplier, found.shares) == ("AAPL1", option.strike, 100, 10)  # fmt: skip
    assert model.underlying_price == pytest.approx(float(last(world)) / 10)
    cash = world.account_figures().cash
    world.exercise(option.con_id, 2)
    assert {k: v[0] for k, v in held(world).items()} == {AAPL: 20}
    assert world.account_figures().cash == cash - 2 * 100 * option.strike


def test_fewer_shares_cover_a_short_call_on_fewer_shares() -> None:
    world = afternoon("AAPL:1:10@2026-01-06")
    option = near_the_money(world)
    trade(world, AAPL, 100)
    trade(world, option.con_id, 1, Side.SELL)
    assert world.accounts.first.naked().calls == 0

    overnight(world)

    assert world.accounts.first.naked().calls == 0
    assert {k: v[0] for k, v in held(world).items()} == {AAPL: 10, option.con_id: -1}


def test_parts_of_a_share_that_a_split_would_leave_are_paid_in_cash() -> None:
    world = afternoon("AAPL:1:10@2026-01-06")
    trade(world, AAPL, 105)
    cash, price = world.account_figures().cash, last(world)

    overnight(world)

    assert held(world)[AAPL][0] == 10
    assert world.account_figures().cash - cash == pytest.approx(5 * price, rel=Decimal("0.05"))


def test_an_index_does_not_move_by_a_split_of_its_fund() -> None:
    world = afternoon("SPY:2:1@2026-01-06", ("SPY",))
    level, fund = last(world, SPX.con_id), last(world, 756733)

    overnight(world)

    assert abs(last(world, SPX.con_id) / level - 1) < Decimal("0.05")
    assert abs(last(world, 756733) / fund - Decimal("0.5")) < Decimal("0.03")


def test_two_splits_of_one_stock_follow_each_other() -> None:
    world = afternoon("AAPL:3:2@2026-01-06")
    world.splits.plan(read_split("AAPL:3:2@2026-01-07"))
    option = near_the_money(world)
    price = last(world)

    world.advance_to(utc(7, 9, 31))

    found = world.contract(option.con_id)
    assert found is not None
    assert (found.trading_class, found.multiplier) == ("AAPL3", 225)
    names = {one.trading_class for one in world.option_parameters(AAPL)}
    assert names == {"AAPL", "AAPL2", "AAPL3"}
    assert abs(last(world) * 9 / 4 / price - 1) < Decimal("0.2")


def test_the_fault_splits_before_the_next_session() -> None:
    world = synthetic_world(["AAPL"], MONDAY, start=utc(5, 15, 50))

    bind("split", {"symbol": "AAPL", "new": 4, "old": 1})(make_core(world))

    assert world.splits.next_due() == utc(6, 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AAPL", "write SYMBOL:NEW:OLD@DATE"),
        ("AAPL:4:1@2026-13-01", "is no date"),
        ("AAPL:4:0@2026-01-06", "above 0"),
        ("AAPL:2:2@2026-01-06", "not the same"),
        ("AAPL:4:1@2026-01-10", "closed on that day"),
        ("AAPL:4:1@2026-01-05", "is not ahead"),
        ("XYZ:4:1@2026-01-06", "there is no stock 'XYZ'"),
    ],
)
def test_a_split_that_cannot_be_is_refused_in_a_line(text: str, says: str) -> None:
    options = SimOptions(is_synthetic=True, symbols=("AAPL",), session=MONDAY, splits=(text,))

    with pytest.raises(FixTheCommand, match=says):
        make_world(options, utc(5, 9))


def test_recorded_prices_are_not_split() -> None:
    world = recorded_world(["SPY"], date(2011, 1, 4))

    with pytest.raises(FixTheConfiguration, match="recorded until"):
        world.splits.plan(read_split("SPY:2:1@2011-01-05"))


def test_mini_options_are_a_second_class_of_ten_shares_that_makes_a_search_ambiguous() -> None:
    options = SimOptions(is_synthetic=True, symbols=("AAPL",), session=MONDAY, minis=("AAPL",))
    world = make_world(options, utc(5, 9))
    wanted = ContractQuery(
        symbol="AAPL", sec_type="OPT", expiry=EXPIRY, strike=Decimal(230), right=Right.CALL
    )
    standard, mini = (one.contract for one in world.find_contracts(wanted))

    world.advance_to(utc(5, 10))

    assert (standard.trading_class, standard.multiplier) == ("AAPL", 100)
    assert (mini.trading_class, mini.multiplier, mini.local_symbol) == ("AAPL7", 10, "AAPL7 260220C00230000")
    classes = {(one.trading_class, one.multiplier) for one in world.option_parameters(AAPL)}
    assert classes == {("AAPL", 100), ("AAPL7", 10)}
    models = [world.model(one.con_id) for one in (standard, mini)]
    assert models[0] == models[1]
    with pytest.raises(FixTheCommand, match="no stock 'SPY'"):
        make_world(
            SimOptions(is_synthetic=True, symbols=("AAPL",), session=MONDAY, minis=("SPY",)), utc(5, 9)
        )
