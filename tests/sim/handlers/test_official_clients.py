"""IB's client of today over both encodings: the same conversations at the last version of text and in numbered bodies.

It offers server versions up to 225 or more and takes what the gateway chooses; here it is held to one version at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.sim.official import Official, cancel, contract, order

pytest.importorskip("ibapi.protobuf", reason="IB's client of today is not installed")
pytest.importorskip("google.protobuf", reason="IB's client of today needs protobuf, which it does not say")
pytestmark = pytest.mark.line
VERSIONS = (178, 187, 193, 200, 201, 204, 206, 208, 212, 213, 222, 225)


@pytest.fixture(scope="module")
def gateway() -> Iterator[SimGatewayThread]:
    with SimGatewayThread(recorded_world(["SPY"], date(2011, 1, 4))) as made:
        made.advance(minutes=15)
        yield made


@pytest.fixture(params=VERSIONS)
def official(request: pytest.FixtureRequest, gateway: SimGatewayThread) -> Iterator[Official]:
    made = Official(gateway.port, newest=request.param)
    assert made.client.serverVersion() == request.param
    yield made
    made.close()


@pytest.fixture
def next_id(official: Official) -> int:
    return int(official.after("nextValidId", lambda: official.client.reqIds(-1))[0])


def option() -> Any:
    return contract(
        "SPY", "OPT", lastTradeDateOrContractMonth="20110121", strike=127, right="C", multiplier="100"
    )


def test_left_to_itself_it_gets_the_newest_version(gateway: SimGatewayThread) -> None:
    client = Official(gateway.port)
    assert client.client.serverVersion() == 225
    client.close()


def test_the_session_begins_and_tells_the_time(official: Official) -> None:
    names = [name for name, _ in official.heard]
    if "managedAccounts" not in names:
        official.after("nextValidId", lambda: official.client.reqIds(-1))
    assert ("managedAccounts", ("DU1234567",)) in official.heard
    assert official.after("managedAccounts", official.client.reqManagedAccts) == ("DU1234567",)
    now_s = official.after("currentTime", official.client.reqCurrentTime)[0]
    if official.client.serverVersion() >= 197:
        now_ms = official.after("currentTimeInMillis", official.client.reqCurrentTimeInMillis)[0]
        assert now_ms // 1000 == now_s


def test_contracts_are_described(official: Official) -> None:
    ask = official.client
    (_, details) = official.after("contractDetails", lambda: ask.reqContractDetails(1, contract()))
    assert (details.contract.conId, details.contract.symbol, details.minTick) == (756733, "SPY", 0.01)
    assert "SMART" in details.validExchanges
    assert {pair.tag for pair in details.secIdList} >= {"ISIN"}
    assert details.minSize == Decimal("0.0001")
    assert official.after("contractDetailsEnd", lambda: ask.reqContractDetails(2, contract())) == (2,)
    (_, details) = official.after("contractDetails", lambda: ask.reqContractDetails(3, option()))
    assert (details.contract.strike, details.contract.right) == (127, "C")
    assert details.contract.lastTradeDateOrContractMonth == "20110121"
    assert float(details.contract.multiplier) == 100
    assert official.error(lambda: ask.reqContractDetails(4, contract("NONE")), 4)[0] == 200
    found = official.after(
        "securityDefinitionOptionParameter", lambda: ask.reqSecDefOptParams(5, "SPY", "", "STK", 756733)
    )
    assert "20110121" in found[5]
    assert 127.0 in found[6]
    assert official.after("symbolSamples", lambda: ask.reqMatchingSymbols(6, "SPY"))[1]
    assert official.after("marketRule", lambda: ask.reqMarketRule(26))[1][0].increment == 0.01


def test_quotes_arrive(official: Official, gateway: SimGatewayThread) -> None:
    ask = official.client
    price = official.after(
        "tickPrice", lambda: ask.reqMktData(1, contract(), "233", False, False, []), lambda n, *_: n == 1
    )
    assert price[2] > 100
    assert any(name == "tickSize" and told[0] == 1 and told[2] > 0 for name, told in official.heard)
    ask.cancelMktData(1)

    def asked() -> None:
        ask.reqMktData(2, option(), "", False, False, [])
        official.catch_up()
        gateway.advance(seconds=3)

    greeks = official.after("tickOptionComputation", asked, lambda n, *_: n == 2)
    assert greeks[1] == 13
    assert 0 < greeks[4] < 1
    ask.cancelMktData(2)
    bad = contract("SPY", exchange="NOWHERE")
    assert official.error(lambda: ask.reqMktData(3, bad, "", False, False, []), 3)[0] == 200
    live = official.after("marketDataType", lambda: ask.reqMktData(4, contract(), "", False, False, []))
    assert live[1] == 1


def test_ticks_one_by_one_arrive(official: Official, gateway: SimGatewayThread) -> None:
    ask = official.client

    def asked(number: int, kind: str) -> None:
        ask.reqTickByTickData(number, contract(), kind, 0, True)
        official.catch_up()
        gateway.advance(minutes=1)

    last = official.after("tickByTickAllLast", lambda: asked(1, "AllLast"))
    assert last[3] > 100
    both = official.after("tickByTickBidAsk", lambda: asked(2, "BidAsk"))
    assert both[2] <= both[3]
    assert official.after("tickByTickMidPoint", lambda: asked(3, "MidPoint"))[2] > 100
    for number in (1, 2, 3):
        ask.cancelTickByTickData(number)


def test_history_arrives_and_goes_on(official: Official, gateway: SimGatewayThread) -> None:
    ask = official.client
    past: tuple[Any, ...] = (1, contract(), "", "600 S", "1 min", "TRADES", 1, 1, False, [])
    bar = official.after("historicalData", lambda: ask.reqHistoricalData(*past))[1]
    assert bar.date.startswith("20110104 ")
    assert bar.low <= bar.open <= bar.high
    assert bar.volume > 0
    end = official.after(
        "historicalDataEnd", lambda: ask.reqHistoricalData(2, *past[1:]), lambda n, *_: n == 2
    )
    assert end[1].startswith("20110104")

    def kept() -> None:
        ask.reqHistoricalData(3, *past[1:8], True, [])
        official.after("historicalDataEnd", such=lambda n, *_: n == 3)
        gateway.advance(seconds=30)

    assert official.after("historicalDataUpdate", kept)[1].close > 100
    ask.cancelHistoricalData(3)
    head = official.after("headTimestamp", lambda: ask.reqHeadTimeStamp(4, contract(), "TRADES", 1, 1))
    assert head[0] == 4
    schedule: tuple[Any, ...] = (5, contract(), "", "5 D", "1 day", "SCHEDULE", 1, 1, False, [])
    assert official.after("historicalSchedule", lambda: ask.reqHistoricalData(*schedule))[4]
    ticks: tuple[Any, ...] = (contract(), "20110104 09:31:00 US/Eastern", "", 10)
    told = official.after(
        "historicalTicksLast", lambda: ask.reqHistoricalTicks(6, *ticks, "TRADES", 1, True, [])
    )
    assert told[1][0].price > 100
    told = official.after(
        "historicalTicksBidAsk", lambda: ask.reqHistoricalTicks(7, *ticks, "BID_ASK", 1, True, [])
    )
    assert told[1][0].priceBid > 100
    assert official.after("histogramData", lambda: ask.reqHistogramData(8, contract(), True, "1 day"))[1]

    def live() -> None:
        ask.reqRealTimeBars(9, contract(), 5, "TRADES", True, [])
        official.catch_up()
        gateway.advance(seconds=15)

    assert official.after("realtimeBar", live)[5] > 100
    ask.cancelRealTimeBars(9)


def test_the_account_is_told(official: Official) -> None:
    ask = official.client
    value = official.after(
        "updateAccountValue", lambda: ask.reqAccountUpdates(True, ""), lambda key, *_: key == "NetLiquidation"
    )
    assert float(value[1]) > 0
    official.after("accountDownloadEnd", lambda: ask.reqAccountUpdates(True, ""))
    ask.reqAccountUpdates(False, "")
    row = official.after("accountSummary", lambda: ask.reqAccountSummary(1, "All", "NetLiquidation"))
    assert (row[1], row[2]) == ("DU1234567", "NetLiquidation")
    ask.cancelAccountSummary(1)
    assert official.after("pnl", lambda: ask.reqPnL(2, "DU1234567", ""))[0] == 2
    assert official.after("positionEnd", ask.reqPositions) == ()
    assert official.after("positionMultiEnd", lambda: ask.reqPositionsMulti(3, "DU1234567", "")) == (3,)
    assert official.after("accountUpdateMultiEnd", lambda: ask.reqAccountUpdatesMulti(4, "", "", False)) == (
        4,
    )


def test_an_order_is_tried_filled_and_paid_for(official: Official, next_id: int) -> None:
    ask = official.client
    what_if = order("BUY", "MKT", whatIf=True)
    margin = official.after("openOrder", lambda: ask.placeOrder(next_id, contract(), what_if))
    assert float(margin[3].initMarginAfter) > 0
    assert margin[3].commissionAndFees == 1
    done = official.after(
        "commissionAndFeesReport",
        lambda: ask.placeOrder(next_id, contract(), order("BUY", "MKT", orderRef="mine")),
    )
    assert (done[0].commissionAndFees, done[0].currency) == (1, "USD")
    (_, traded, execution) = official.after(
        "execDetails",
        lambda: ask.reqExecutions(7, _filter()),
        lambda _, __, e: (e.orderId, e.orderRef) == (next_id, "mine"),
    )
    assert (traded.symbol, execution.side, execution.shares, execution.orderRef) == ("SPY", "BOT", 1, "mine")
    assert execution.price > 100
    assert execution.cumQty == Decimal(1)
    official.after("execDetailsEnd", lambda: ask.reqExecutions(8, _filter()))
    held = official.after("position", ask.reqPositions)
    assert held[1].conId == 756733
    assert held[2] >= 1
    portfolio = official.after("updatePortfolio", lambda: ask.reqAccountUpdates(True, ""))
    assert portfolio[1] == held[2]
    single = official.after("pnlSingle", lambda: ask.reqPnLSingle(9, "DU1234567", "", 756733))
    assert single[1] == held[2]


def test_a_part_of_a_share_is_bought_for_cash_and_sold(official: Official, next_id: int) -> None:
    ask = official.client
    bought = order("BUY", "MKT", totalQuantity=Decimal(0), cashQty=50)
    (_, _, execution) = official.after("execDetails", lambda: ask.placeOrder(next_id, contract(), bought))
    part = execution.shares
    assert 0 < part < 1
    assert execution.cumQty == part
    held = official.after("position", ask.reqPositions)[2]
    assert held % 1 == part
    assert official.error(lambda: ask.placeOrder(next_id, contract(), bought), next_id)[0] == 104
    sold = order("SELL", "MKT", totalQuantity=part)
    left = official.after(
        "position",
        lambda: ask.placeOrder(next_id + 1, contract(), sold),
        lambda _, __, size, ___: size == held - part,
    )
    assert left[2] % 1 == 0
    of_an_option = order("BUY", "MKT", totalQuantity=Decimal("0.5"))
    code, _ = official.error(lambda: ask.placeOrder(next_id + 2, option(), of_an_option), next_id + 2)
    assert code == 10245


def _filter() -> Any:
    from ibapi.execution import ExecutionFilter

    return ExecutionFilter()


def test_a_resting_order_is_changed_shown_and_cancelled(official: Official, next_id: int) -> None:
    ask = official.client
    rest = order("BUY", "LMT", lmtPrice=100.5, tif="GTC", orderRef="rest")
    status = official.after("orderStatus", lambda: ask.placeOrder(next_id, contract(), rest))
    assert (status[0], status[1], status[3]) == (next_id, "Submitted", 1)
    rest.lmtPrice = 101.25
    shown = official.after("openOrder", lambda: ask.placeOrder(next_id, contract(), rest))
    assert shown[2].lmtPrice == 101.25
    (number, about, kept, state) = official.after("openOrder", ask.reqOpenOrders)
    assert (number, about.conId, kept.lmtPrice, kept.tif, kept.orderRef, state.status) == (
        *(next_id, 756733, 101.25, "GTC", "rest", "Submitted"),
    )
    assert (kept.action, kept.orderType, kept.totalQuantity, kept.account) == ("BUY", "LMT", 1, "DU1234567")
    assert kept.permId > 0
    official.after("openOrderEnd", ask.reqAllOpenOrders)
    code, _ = official.error(lambda: cancel(ask, next_id), next_id)
    assert code == 202
    assert official.error(lambda: cancel(ask, next_id), next_id)[0] == 10148
    ended = official.after(
        "completedOrder", lambda: ask.reqCompletedOrders(False), lambda _, o, __: o.orderRef == "rest"
    )
    assert ended[2].status == "Cancelled"
    assert ended[2].completedTime
    official.after("completedOrdersEnd", lambda: ask.reqCompletedOrders(False))


def test_a_bracket_and_conditions_are_understood(official: Official, next_id: int) -> None:
    from ibapi.order_condition import OrderCondition, PriceCondition
    from ibapi.tag_value import TagValue

    ask = official.client
    parent = order("BUY", "LMT", lmtPrice=100, transmit=False)
    target = order("SELL", "LMT", lmtPrice=150, parentId=next_id, transmit=False)
    stop = order("SELL", "STP", auxPrice=90, parentId=next_id)
    ask.placeOrder(next_id, contract(), parent)
    ask.placeOrder(next_id + 1, contract(), target)
    held = official.after(
        "openOrder", lambda: ask.placeOrder(next_id + 2, contract(), stop), lambda n, *_: n == next_id + 2
    )
    assert (held[2].parentId, held[2].auxPrice, held[3].status) == (next_id, 90, "PreSubmitted")
    official.after(
        "orderStatus", lambda: cancel(ask, next_id), lambda n, s, *_: (n, s) == (next_id + 2, "Cancelled")
    )
    condition = PriceCondition(0, 756733, "SMART", True, 500)
    assert condition.condType == OrderCondition.Price
    later = order("BUY", "LMT", lmtPrice=120, conditions=[condition], conditionsIgnoreRth=True)
    later.algoStrategy, later.algoParams = "Adaptive", [TagValue("adaptivePriority", "Normal")]
    shown = official.after("openOrder", lambda: ask.placeOrder(next_id + 3, contract(), later))
    (back,) = shown[2].conditions
    assert (back.price, back.conId, back.isMore, shown[3].status) == (500, 756733, True, "PreSubmitted")
    assert shown[2].conditionsIgnoreRth
    assert [(pair.tag, pair.value) for pair in shown[2].algoParams] == [("adaptivePriority", "Normal")]
    official.error(lambda: cancel(ask, next_id + 3), next_id + 3)


def test_a_combination_is_understood(official: Official, next_id: int) -> None:
    from ibapi.contract import ComboLeg

    ask = official.client
    legs = []
    for strike, action in ((127, "BUY"), (128, "SELL")):
        wanted = option()
        wanted.strike = strike
        (_, details) = official.after("contractDetails", partial(ask.reqContractDetails, strike, wanted))
        leg = ComboLeg()
        leg.conId, leg.ratio, leg.action, leg.exchange = details.contract.conId, 1, action, "SMART"
        legs.append(leg)
    spread = contract("SPY", "BAG", comboLegs=legs)
    rest = order("BUY", "LMT", lmtPrice=0.01)
    shown = official.after("openOrder", lambda: ask.placeOrder(next_id, spread, rest))
    assert [(leg.conId, leg.action) for leg in shown[1].comboLegs] == [
        (leg.conId, leg.action) for leg in legs
    ]
    official.error(lambda: cancel(ask, next_id), next_id)


def test_what_is_refused_is_refused_by_code(official: Official, next_id: int) -> None:
    ask = official.client
    bad = order("BUY", "LMT", lmtPrice=100.001)
    assert official.error(lambda: ask.placeOrder(next_id, contract(), bad), next_id)[0] == 110
    wrong = order("BUY", "NONSENSE")
    assert official.error(lambda: ask.placeOrder(next_id + 1, contract(), wrong), next_id + 1)[0] in (
        321,
        387,
    )
    assert official.error(lambda: ask.reqNewsArticle(1, "BZ", "BZ$1", []), 1)[0] == 10172
    assert official.error(lambda: ask.reqMktDepth(2, contract(), 5, False, []), 2)[0] == 10092
    assert official.after("newsProviders", ask.reqNewsProviders) == ([],)
    assert official.after("scannerParameters", ask.reqScannerParameters)[0].startswith("<?xml")
    if official.client.serverVersion() >= 218:
        attached = order("BUY", "LMT", lmtPrice=100, slOrderId=next_id + 3, slOrderType="PRESET")
        code, text = official.error(lambda: ask.placeOrder(next_id + 2, contract(), attached), next_id + 2)
        assert (code, "slOrder" in text) == (321, True)
    if official.client.serverVersion() >= 197:
        told = official.after(
            "error", lambda: ask.reqContractDetails(3, contract("NONE")), lambda n, *_: n == 3
        )
        assert told[1] > 1_294_000_000_000  # the simulated January 2011 in milliseconds
