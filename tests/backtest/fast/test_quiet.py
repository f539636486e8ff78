"""A stretch is skipped only where looking at each of its points would have found nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.backtest.exact.run import plan_stretches
from bot.backtest.fast.quiet import first_stir, first_touch
from bot.backtest.feed.markets import market_of
from bot.domain.contract import Contract
from bot.domain.types import Right, Side
from bot.sim.exchange.matching import would_act
from bot.sim.exchange.orders import IbStatus, OrderView, SimOrder, SimOrderType
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.world.world import World
from tests.backtest.conftest import plan

DAY = date(2025, 3, 3)


@cache
def world() -> World:
    return fresh_world()


def fresh_world() -> World:
    chosen = replace(plan("SPY", DAY, DAY), is_synthetic=True)
    [stretch] = plan_stretches(chosen, BUNDLE)
    made = market_of(chosen, stretch, BUNDLE, chosen.equity)
    made.advance_to(stretch.sessions[0].open + timedelta(minutes=3, seconds=20))
    return made


def near_the_money(right: Right, away: int, expiry: int) -> Contract:
    listed = world().market.contracts
    expiries = listed.parameters(world().market.stocks["SPY"].con_id)[0].expiries
    spot = (world().market.stocks["SPY"].last_cents or 0) / 100
    series = [c for c in listed.series("SPY", expiries[expiry]) if c.right is right]
    middle = min(range(len(series)), key=lambda n: abs(float(series[n].strike or 0) - spot))
    return series[middle + away]


def resting(contract: Contract, kind: str, price: Decimal) -> OrderView:
    is_stop = kind == SimOrderType.STOP
    stop, limit = (price, None) if is_stop else (None, price)
    order = SimOrder(
        con_id=contract.con_id, action=Side.SELL, type=kind, quantity=1, limit_price=limit, aux_price=stop
    )
    return OrderView(
        client_id=1,
        order_id=2,
        perm_id=3,
        contract=contract,
        order=order,
        status=IbStatus.PRE_SUBMITTED if is_stop else IbStatus.SUBMITTED,
        quantity=1,
        filled=0,
        avg_fill_price=Decimal(0),
        last_fill_price=Decimal(0),
        stop_price=stop,
        limit_price=limit,
        is_triggered=False,
        is_active=True,
        why_held="",
        oca_group="",
        oca_type=0,
        parent_perm_id=0,
        placed_at=world().now,
    )


def point_by_point(orders: list[OrderView], since: datetime, until: datetime) -> datetime | None:
    market, exchange = world().market, world().exchange_settings
    for at, minute, step in market.points_ahead(until):
        books = [(order, market.book_ahead(order.contract, minute, step)) for order in orders]
        if at > since and any(book is None or would_act(order, book, exchange) for order, book in books):
            return at
    return None


@settings(max_examples=20, deadline=None)
@given(
    right=st.sampled_from(Right),
    away=st.integers(-6, 6),
    expiry=st.integers(0, 3),
    stop=st.integers(40, 99),
    target=st.integers(101, 190),
    since=st.integers(0, 300),
    minutes=st.integers(1, 60),
)
def test_the_first_touch_is_the_one_that_a_look_at_every_point_finds(
    right: Right, away: int, expiry: int, stop: int, target: int, since: int, minutes: int
) -> None:
    contract = near_the_money(right, away, expiry)
    book = world().market.book(contract.con_id, world().now)
    paid = Decimal("0.05") if book is None or book.ask is None else book.ask
    prices = ((SimOrderType.STOP, stop), (SimOrderType.LIMIT, target))
    orders = [resting(contract, kind, contract.ticks.round_up(paid * part / 100)) for kind, part in prices]
    begin = world().now + timedelta(minutes=since)
    end = begin + timedelta(minutes=minutes)

    found = first_touch(world().market, orders, begin, end, world().exchange_settings)

    assert found == point_by_point(orders, begin, end)


@settings(max_examples=40, deadline=None)
@given(
    away=st.integers(-300, 300),
    far=st.integers(1, 300),
    since=st.integers(0, 7200),
    seconds=st.integers(1, 3600),
)
def test_until_the_first_stir_no_middle_leaves_the_reach(
    away: int, far: int, since: int, seconds: int
) -> None:
    made = fresh_world()
    market, spot = made.market, (made.market.stocks["SPY"].last_cents or 0) / 100
    reach = [(spot + away / 100, far / 100 + 0.2)]
    begin = made.now + timedelta(seconds=since)
    made.advance_to(begin)
    to = begin + timedelta(seconds=seconds)

    found = first_stir(market, begin, to, lambda _: reach)
    points = [at for at, _, _ in market.points_ahead(to)]

    assert found is None or found in points
    for at in points:
        if found is not None and at >= found:
            break
        made.advance_to(at)
        mid = market.stocks["SPY"].book.mid
        assert mid is not None
        assert abs(float(mid) - reach[0][0]) <= reach[0][1]


def test_where_nothing_is_watched_yet_the_next_point_stirs() -> None:
    now = world().now

    assert first_stir(world().market, now, now + timedelta(hours=1), lambda _: None) == now


def test_a_series_lists_each_strike_as_call_and_put() -> None:
    listed = world().market.contracts
    [parameters, *_] = listed.parameters(world().market.stocks["SPY"].con_id)
    found = listed.series("SPY", parameters.expiries[0])

    assert [c.right for c in found[:4]] == [Right.CALL, Right.PUT, Right.CALL, Right.PUT]
    assert {c.strike for c in found} <= set(parameters.strikes)
    assert listed.series("SPY", date(2025, 3, 2)) == ()
