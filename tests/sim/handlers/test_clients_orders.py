"""Orders, their families, executions and what-ifs, as client libraries see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sim.desk import Desk, fair_world

pytestmark = pytest.mark.line


@pytest.fixture
def trader(desk: Desk) -> Desk:
    desk.open_market()
    return desk


def place(desk: Desk, order: Any, contract: Any = None) -> Any:
    trade = desk.ib.placeOrder(contract or desk.option(), order)
    desk.settle()
    return trade


def bracket(desk: Desk, quantity: int = 1, limit: float = 5.0) -> tuple[Any, Any, Any]:
    """A marketable entry with its target above and its stop below."""
    parent, target, stop = desk.ib.bracketOrder("BUY", quantity, limit, 6.0, 0.5)
    contract = desk.option()
    trades = [desk.ib.placeOrder(contract, order) for order in (parent, target, stop)]
    desk.settle()
    return trades[0], trades[1], trades[2]


def ask(desk: Desk, contract: Any) -> float:
    ticker = desk.gateway.ask(lambda core: core.world.ticker(contract.conId))
    assert ticker is not None
    assert ticker.book.ask is not None
    return float(ticker.book.ask)


def test_a_market_order_fills_and_its_commission_follows(trader: Desk) -> None:
    trade = place(trader, trader.lib.MarketOrder("BUY", 2, orderRef="idea/entry"))
    trader.advance(seconds=15)
    assert trade.orderStatus.status == "Filled"
    assert trade.orderStatus.remaining == 0
    assert sum(fill.execution.shares for fill in trade.fills) == 2
    assert all(fill.commissionReport.commission > 0 for fill in trade.fills)
    assert trade.fills[0].execution.orderRef == "idea/entry"
    assert trade.fills[0].execution.side == "BOT"
    assert trade.order.permId > 0


def test_a_limit_order_rests_is_moved_and_cancelled(trader: Desk) -> None:
    trade = place(trader, trader.lib.LimitOrder("BUY", 1, 0.05))
    assert trade.orderStatus.status == "Submitted"
    trade.order.lmtPrice = 0.10
    trader.ib.placeOrder(trade.contract, trade.order)
    trader.settle()
    (open_trade,) = trader.do(trader.ib.reqAllOpenOrdersAsync())
    assert open_trade.order.lmtPrice == 0.10
    trader.ib.cancelOrder(trade.order)
    trader.settle()
    assert trade.orderStatus.status == "Cancelled"
    assert trader.codes() == [202]
    assert trader.gateway.books().modifies == 1


def test_a_cancel_of_what_is_over_or_unknown_is_said_so(trader: Desk) -> None:
    trade = place(trader, trader.lib.MarketOrder("BUY", 1))
    trader.advance(seconds=15)
    trader.ib.client.cancelOrder(trade.order.orderId, "")
    trader.ib.client.cancelOrder(99_999, "")
    trader.settle()
    assert trader.codes() == [10148, 10147]
    assert trade.orderStatus.status == "Filled"


def test_a_what_if_answers_once_and_leaves_nothing(trader: Desk) -> None:
    contract = trader.option()
    limit = ask(trader, contract)
    state = trader.do(trader.ib.whatIfOrderAsync(contract, trader.lib.LimitOrder("BUY", 1, limit)))
    assert state.commission > 0
    assert float(state.equityWithLoanChange) < 0
    assert trader.do(trader.ib.reqAllOpenOrdersAsync()) == []
    assert trader.gateway.books().what_ifs == 1


def test_children_are_held_until_the_parent_fills(trader: Desk) -> None:
    parent, target, stop = bracket(trader, limit=0.05)
    assert [t.orderStatus.status for t in (parent, target, stop)] == [
        "Submitted",
        "PreSubmitted",
        "PreSubmitted",
    ]
    assert trader.gateway.books().working_stops == {}


def test_a_filled_parent_releases_its_children(trader: Desk) -> None:
    parent, target, stop = bracket(trader, limit=ask(trader, trader.option()))
    trader.advance(seconds=15)
    assert parent.orderStatus.status == "Filled"
    assert target.orderStatus.status == "Submitted"
    assert stop.orderStatus.status == "PreSubmitted"
    assert dict(trader.gateway.books().working_stops) == {parent.contract.conId: 1}
    assert target.order.parentId == parent.order.orderId


def test_a_cancelled_parent_takes_its_children_along(trader: Desk) -> None:
    parent, target, stop = bracket(trader, limit=0.05)
    trader.ib.cancelOrder(parent.order)
    trader.settle()
    assert {t.orderStatus.status for t in (parent, target, stop)} == {"Cancelled"}


def test_one_exit_ends_the_other(trader: Desk) -> None:
    _, target, stop = bracket(trader, limit=ask(trader, trader.option()))
    trader.advance(seconds=15)
    # With its parent gone a child is changed without naming it; IB says 135 otherwise.
    target.order.parentId = 0
    target.order.lmtPrice = round(ask(trader, target.contract) - 0.05, 2)
    trader.ib.placeOrder(target.contract, target.order)
    trader.advance(seconds=15)
    assert target.orderStatus.status == "Filled"
    assert stop.orderStatus.status == "Cancelled"
    assert trader.gateway.books().positions.get(target.contract.conId, 0) == 0


def test_a_price_with_a_floats_noise_is_the_one_that_was_meant(trader: Desk) -> None:
    trade = place(trader, trader.lib.LimitOrder("BUY", 1, 0.1 + 0.2))
    assert (trade.orderStatus.status, trade.order.lmtPrice) == ("Submitted", 0.3)


def test_a_price_off_the_grid_is_refused(trader: Desk) -> None:
    place(trader, trader.lib.LimitOrder("BUY", 1, 1.005))
    assert trader.codes() == [110]


def test_an_option_that_is_not_held_cannot_be_sold(trader: Desk) -> None:
    trade = place(trader, trader.lib.MarketOrder("SELL", 1))
    assert trader.codes() == [201]
    assert trade.orderStatus.status in ("Inactive", "Cancelled")


def test_before_the_open_an_order_waits_with_a_warning(desk: Desk) -> None:
    trade = place(desk, desk.lib.LimitOrder("BUY", 1, 100.0), desk.spy())
    assert desk.codes() == [399]
    assert "will not be placed at the exchange" in desk.errors[-1][2]
    # ib_async takes the warning for a refusal of the order, so what the gateway itself says is looked at.
    watcher = desk.connect(2)
    (seen,) = desk.do(watcher.reqAllOpenOrdersAsync())
    assert (seen.order.permId, seen.orderStatus.status) == (trade.order.permId, "PreSubmitted")
    desk.open_market()
    (seen,) = desk.do(watcher.reqAllOpenOrdersAsync())
    assert seen.orderStatus.status == "Submitted"


def test_an_order_without_an_exchange_is_refused(trader: Desk) -> None:
    contract = trader.option()
    place(trader, trader.lib.LimitOrder("BUY", 1, 1.0), trader.lib.Contract(conId=contract.conId))
    assert trader.codes() == [321]


def test_an_old_order_id_cannot_be_used_for_a_new_order(trader: Desk) -> None:
    order_id = trader.ib.client.getReqId()
    place(trader, trader.lib.LimitOrder("BUY", 1, 0.05, orderId=order_id + 5))
    place(trader, trader.lib.LimitOrder("BUY", 1, 0.05, orderId=order_id))
    assert trader.codes() == [103]


def test_an_order_belongs_to_its_client(trader: Desk) -> None:
    trade = place(trader, trader.lib.LimitOrder("BUY", 1, 0.05))
    other = trader.connect(2)
    assert other.openTrades() == []
    (seen,) = trader.do(other.reqAllOpenOrdersAsync())
    assert seen.order.clientId == 1
    other.client.cancelOrder(trade.order.orderId, "")
    trader.settle()
    assert trader.codes() == [10147]
    assert trade.orderStatus.status == "Submitted"


def test_a_global_cancel_ends_every_clients_orders(trader: Desk) -> None:
    trade = place(trader, trader.lib.LimitOrder("BUY", 1, 0.05))
    trader.connect(2).reqGlobalCancel()
    trader.settle()
    trader.settle()
    assert trade.orderStatus.status == "Cancelled"


def test_completed_orders_and_executions_can_be_asked_for(trader: Desk) -> None:
    done = place(trader, trader.lib.MarketOrder("BUY", 1, orderRef="mine"))
    gone = place(trader, trader.lib.LimitOrder("BUY", 1, 0.05))
    trader.ib.cancelOrder(gone.order)
    trader.advance(seconds=15)
    other = trader.connect(2)
    completed = trader.do(other.reqCompletedOrdersAsync(False))
    assert {t.orderStatus.status for t in completed} == {"Filled", "Cancelled"}
    trader.do(other.reqExecutionsAsync())
    (fill,) = other.fills()
    assert fill.execution.permId == done.order.permId
    assert fill.commissionReport.commission > 0


def test_executions_are_filtered(trader: Desk) -> None:
    place(trader, trader.lib.MarketOrder("BUY", 1))
    trader.advance(seconds=15)
    place(trader, trader.lib.MarketOrder("SELL", 1))
    trader.advance(seconds=15)

    def count(**wanted: Any) -> int:
        return len(trader.do(trader.ib.reqExecutionsAsync(trader.lib.ExecutionFilter(**wanted))))

    assert (count(), count(side="BUY"), count(symbol="AAPL"), count(secType="OPT")) == (2, 1, 0, 2)
    assert (count(clientId=9), count(time="20110104-14:40:05")) == (0, 1)


def test_the_master_client_hears_everyones_orders(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(master_client_id=5)
    desk.open_market()
    master = desk.connect(5)
    trade = place(desk, desk.lib.MarketOrder("BUY", 1))
    desk.advance(seconds=15)
    (seen,) = [t for t in master.trades() if t.order.permId == trade.order.permId]
    assert seen.orderStatus.status == "Filled"


def test_client_0_binds_what_was_typed_into_tws(trader: Desk) -> None:
    con_id = trader.option().conId
    zero = trader.connect(0)
    trader.gateway.faults.manual_order(con_id, "BUY", 1, order_type="LMT", limit=0.05)
    trader.settle()
    (seen,) = zero.openTrades()
    assert seen.order.orderId < 0
    assert trader.ib.openTrades() == []


def test_only_client_0_may_bind(trader: Desk) -> None:
    trader.ib.client.reqAutoOpenOrders(True)
    trader.settle()
    assert 327 in trader.system_codes()


def test_a_partial_fill_is_told_piece_by_piece(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(fair_world(displayed_size=2))
    desk.open_market()
    contract = desk.option()
    trade = place(desk, desk.lib.LimitOrder("BUY", 5, round(ask(desk, contract) + 0.2, 2)), contract)
    seen = [trade.orderStatus.filled]
    while trade.orderStatus.status != "Filled" and len(seen) < 50:
        desk.advance(seconds=15)
        seen.append(trade.orderStatus.filled)
    assert len({*seen}) >= 3
    assert [fill.execution.cumQty for fill in trade.fills] == sorted(
        fill.execution.cumQty for fill in trade.fills
    )


def test_a_long_option_can_be_exercised(trader: Desk) -> None:
    contract = trader.option(strike=120.0)
    place(trader, trader.lib.MarketOrder("BUY", 1), contract)
    trader.advance(seconds=15)
    trader.ib.exerciseOptions(contract, 1, 1, "", 1)
    trader.settle()
    held = {p.contract.conId: p.position for p in trader.do(trader.ib.reqPositionsAsync())}
    assert held == {756733: 100}


def test_what_is_not_held_cannot_be_exercised(trader: Desk) -> None:
    trader.ib.exerciseOptions(trader.option(), 1, 1, "", 1)
    trader.settle()
    assert trader.codes() == [321]


def test_a_read_only_gateway_takes_no_orders(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(read_only=True)
    trade = place(desk, desk.lib.LimitOrder("BUY", 1, 0.05))
    assert desk.codes() == [321]
    assert trade.fills == []
    assert desk.gateway.books().order_messages == 0


def test_a_part_of_a_share_is_bought_shown_and_sold(trader: Desk) -> None:
    bought = place(trader, trader.lib.MarketOrder("BUY", 2.5), trader.spy())
    trader.advance(seconds=15)
    assert [fill.execution.shares for fill in bought.fills] == [2, 0.5]
    assert (bought.orderStatus.status, bought.orderStatus.filled) == ("Filled", 2.5)
    assert [position.position for position in trader.ib.positions()] == [2.5]
    assert [item.position for item in trader.ib.portfolio()] == [2.5]
    place(trader, trader.lib.MarketOrder("SELL", 2.5), trader.spy())
    trader.advance(seconds=15)
    assert trader.ib.positions() == []
    assert trader.codes() == []


def test_cash_buys_shares_and_whole_units_of_a_currency(trader: Desk) -> None:
    shares = place(trader, trader.lib.MarketOrder("BUY", 0, cashQty=200), trader.spy())
    assert 1 < shares.orderStatus.filled < 2
    pair = trader.lib.Forex("EURUSD")
    trader.do(trader.ib.qualifyContractsAsync(pair))
    euros = place(trader, trader.lib.MarketOrder("BUY", 0, cashQty=1_000), pair)
    assert euros.orderStatus.status == "Filled"
    assert 500 < euros.orderStatus.filled < 1_000
    assert euros.orderStatus.filled == int(euros.orderStatus.filled)
    place(trader, trader.lib.MarketOrder("BUY", 0, cashQty=200), trader.option())
    assert trader.codes() == [10244]
