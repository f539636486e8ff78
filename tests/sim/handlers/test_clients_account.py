"""Account values, summaries, positions and profit and loss, as client libraries see them."""

from __future__ import annotations

import pytest

from tests.sim.desk import Desk

pytestmark = pytest.mark.line


def value(desk: Desk, tag: str, currency: str = "USD") -> float:
    return next(float(v.value) for v in desk.ib.accountValues() if v.tag == tag and v.currency == currency)


def buy_calls(desk: Desk, quantity: int = 2) -> None:
    desk.ib.placeOrder(desk.option(), desk.lib.MarketOrder("BUY", quantity))
    desk.advance(seconds=30)


def test_the_account_is_known_after_connecting(desk: Desk) -> None:
    assert value(desk, "NetLiquidation") == 25_000.0
    assert value(desk, "TotalCashBalance", "BASE") == 25_000.0
    assert next(v.value for v in desk.ib.accountValues() if v.tag == "AccountType") == "INDIVIDUAL"


def test_a_trade_changes_cash_and_shows_in_the_portfolio(desk: Desk) -> None:
    desk.open_market()
    buy_calls(desk)
    (item,) = desk.ib.portfolio()
    assert item.position == 2
    assert value(desk, "TotalCashValue") < 25_000.0
    assert value(desk, "OptionMarketValue") == pytest.approx(item.marketValue, abs=1)


def test_positions_come_with_their_cost_and_follow_trades(desk: Desk) -> None:
    desk.open_market()
    buy_calls(desk)
    (position,) = desk.do(desk.ib.reqPositionsAsync())
    assert (position.account, position.position) == ("DU1234567", 2)
    assert position.contract.multiplier == "100"
    desk.ib.placeOrder(desk.option(), desk.lib.MarketOrder("SELL", 2))
    desk.advance(seconds=30)
    assert desk.ib.positions() == []


def test_the_summary_holds_its_tags_and_the_ledger(desk: Desk) -> None:
    summary = desk.do(desk.ib.accountSummaryAsync())
    tags = {row.tag for row in summary}
    assert {"NetLiquidation", "BuyingPower", "Cushion", "TotalCashBalance"} <= tags


def test_a_third_summary_is_refused(desk: Desk) -> None:
    for req_id in (101, 102, 103):
        desk.ib.client.reqAccountSummary(req_id, "All", "NetLiquidation")
    desk.settle()
    assert [(req_id, code) for req_id, code, _ in desk.errors if req_id != -1] == [(103, 322)]


def test_account_updates_by_model_have_their_own_end(desk: Desk) -> None:
    desk.do(desk.ib.reqAccountUpdatesMultiAsync("DU1234567", ""))
    assert value(desk, "NetLiquidation") == 25_000.0


def test_a_strange_account_is_refused(desk: Desk) -> None:
    desk.ib.client.reqPnL(77, "U999", "")
    desk.settle()
    assert desk.codes() == [321]


def test_profit_and_loss_follow_the_market(desk: Desk) -> None:
    desk.open_market()
    pnl = desk.ib.reqPnL("DU1234567")
    desk.settle()
    assert (pnl.dailyPnL, pnl.unrealizedPnL, pnl.realizedPnL) == (0.0, 0.0, 0.0)
    buy_calls(desk)
    bought = pnl.dailyPnL
    assert bought < 0
    desk.advance(minutes=5)
    assert pnl.dailyPnL != bought


def test_the_profit_of_one_position_is_told_alone(desk: Desk) -> None:
    desk.open_market()
    buy_calls(desk)
    con_id = desk.option().conId
    single = desk.ib.reqPnLSingle("DU1234567", "", con_id)
    desk.settle()
    assert single.position == 2
    assert single.value > 0
    desk.ib.cancelPnLSingle("DU1234567", "", con_id)
    desk.settle()
    assert desk.codes() == []


def test_account_values_come_again_without_a_trade(desk: Desk) -> None:
    desk.open_market()
    buy_calls(desk)
    before = value(desk, "NetLiquidation")
    desk.advance(minutes=4)
    assert value(desk, "NetLiquidation") != before
