"""Streaming quotes, snapshots, data types, tick by tick and real-time bars, as client libraries see them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.sim.desk import Desk

pytestmark = pytest.mark.line


def test_a_stock_streams_book_tape_and_day(desk: Desk) -> None:
    desk.open_market()
    ticker = desk.quote(desk.spy())
    assert 0 < ticker.ask - ticker.bid < 0.05
    assert ticker.low <= ticker.last <= ticker.high
    assert ticker.volume > 1_000_000
    assert ticker.marketDataType == 1
    before = ticker.volume
    desk.advance(seconds=30)
    assert ticker.volume > before


def test_an_option_streams_open_interest_and_volume_where_asked(desk: Desk) -> None:
    desk.open_market()
    ticker = desk.ib.reqMktData(desk.option(), "100,101,106")
    desk.advance(seconds=1)
    assert ticker.callOpenInterest > 0
    assert ticker.callVolume == ticker.volume


def test_greeks_come_behind_the_first_quote(desk: Desk) -> None:
    desk.open_market()
    ticker = desk.quote(desk.option())
    assert ticker.bid > 0
    assert ticker.modelGreeks is None
    desk.advance(seconds=2)
    greeks: Any = ticker.modelGreeks
    assert 0.2 < greeks.delta < 0.8
    assert greeks.gamma > 0 > greeks.theta
    assert greeks.undPrice == pytest.approx(127, abs=2)


def test_a_quote_that_nobody_makes_is_minus_one(desk: Desk) -> None:
    desk.open_market()
    ticker = desk.quote(desk.option())
    desk.gateway.faults.hide_quotes(scope="OPT")
    desk.advance(seconds=1)
    assert (ticker.bid, ticker.ask, ticker.bidSize) == (-1, -1, 0)
    desk.gateway.faults.show_quotes(scope="OPT")
    desk.advance(seconds=1)
    assert ticker.bid > 0


def test_a_closed_market_has_no_bid_and_no_ask(desk: Desk) -> None:
    ticker = desk.quote(desk.spy())
    assert (ticker.bid, ticker.ask) == (-1, -1)
    assert ticker.close == pytest.approx(127, abs=2)


def test_a_snapshot_ends_after_eleven_seconds(desk: Desk) -> None:
    desk.open_market()
    task = desk.start(desk.ib.reqTickersAsync(desk.option()))
    desk.advance(seconds=10.9)
    assert not task.done()
    desk.advance(seconds=0.2)
    (ticker,) = task.result()
    assert ticker.bid > 0
    assert desk.gateway.ask(lambda core: core.feeds.count("line")) == 0


def test_without_a_subscription_live_data_are_refused_and_delayed_ones_come(desk: Desk) -> None:
    desk.gateway.faults.unsubscribed(scope="SPY")
    desk.advance(minutes=35)
    refused = desk.quote(desk.spy())
    assert desk.codes() == [10089]
    assert math.isnan(refused.bid)
    desk.ib.reqMarketDataType(3)
    desk.ib.cancelMktData(refused.contract)
    ticker = desk.quote(desk.spy())
    assert 10167 in desk.codes()
    assert ticker.marketDataType == 3
    desk.advance(minutes=16)
    assert ticker.bid > 0


def test_delayed_data_are_a_quarter_of_an_hour_old(desk: Desk) -> None:
    desk.open_market()
    spy = desk.spy()
    live = desk.quote(spy)
    desk.gateway.faults.unsubscribed(scope="SPY")
    late_client = desk.connect(2)
    late_client.reqMarketDataType(3)
    late = late_client.reqMktData(desk.lib.Stock("SPY", "SMART", "USD", conId=spy.conId), "")
    shown = []
    for _ in range(4):
        desk.advance(seconds=15)
        shown.append((live.bid, live.ask, live.last))
    assert late.bid > 0
    desk.advance(minutes=14, seconds=14)
    for expected in shown:
        desk.advance(seconds=1)
        assert (late.bid, late.ask, late.last) == expected
        desk.advance(seconds=14)


def test_frozen_data_show_the_last_quote_after_the_close(desk: Desk) -> None:
    desk.advance(hours=6, minutes=34)
    ticker = desk.quote(desk.spy())
    last_bid = ticker.bid
    desk.ib.reqMarketDataType(2)
    desk.advance(minutes=3)
    desk.ib.cancelMktData(ticker.contract)
    frozen = desk.quote(desk.spy())
    assert frozen.marketDataType == 2
    assert frozen.bid == pytest.approx(last_bid, abs=0.25)


def test_lines_are_limited(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(market_data_lines=2)
    for contract in (desk.spy(), desk.option(), desk.option(right="P")):
        desk.ib.reqMktData(contract, "")
    desk.settle()
    assert desk.codes() == [101]


def test_a_cancelled_line_is_free_again_and_cannot_be_cancelled_twice(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(market_data_lines=1)
    spy = desk.spy()
    desk.quote(spy)
    desk.ib.cancelMktData(spy)
    desk.quote(desk.option())
    assert desk.codes() == []
    desk.ib.client.cancelMktData(4711)
    desk.settle()
    assert desk.codes() == [300]


def test_a_ticker_id_cannot_be_used_twice(desk: Desk) -> None:
    spy = desk.spy()
    for _ in range(2):
        desk.ib.client.reqMktData(500, spy, "", False, False, None)
    desk.settle()
    assert desk.codes() == [322]


def test_unknown_generic_ticks_are_named(desk: Desk) -> None:
    desk.ib.reqMktData(desk.spy(), "100,999")
    desk.settle()
    assert desk.codes() == [321]
    assert "999" in desk.errors[-1][2]


@pytest.mark.parametrize("kind", ["Last", "AllLast", "BidAsk", "MidPoint"])
def test_every_tick_comes_one_by_one(desk: Desk, kind: str) -> None:
    desk.open_market()
    spy = desk.spy()
    seen: list[Any] = []
    desk.ib.pendingTickersEvent += lambda tickers: seen.extend(t for x in tickers for t in x.tickByTicks)
    desk.ib.reqTickByTickData(spy, kind)
    desk.advance(minutes=2)
    assert len(seen) >= 4
    desk.ib.cancelTickByTickData(spy, kind)
    before = len(seen)
    desk.advance(minutes=1)
    assert len(seen) == before


def test_tick_by_tick_is_for_stocks_and_limited(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(tick_by_tick_lines=1)
    desk.ib.reqTickByTickData(desk.option(), "BidAsk")
    desk.ib.reqTickByTickData(desk.spy(), "BidAsk")
    desk.ib.reqTickByTickData(desk.spy(), "Last")
    desk.settle()
    assert desk.codes() == [10189, 10190]


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK"])
def test_real_time_bars_come_every_five_seconds(desk: Desk, what: str) -> None:
    desk.open_market()
    bars = desk.ib.reqRealTimeBars(desk.spy(), 5, what, False)
    desk.advance(minutes=1)
    assert len(bars) == 12
    assert [bar.time.second % 5 for bar in bars] == [0] * 12
    assert all(bar.low <= bar.close <= bar.high for bar in bars)
    assert (sum(bar.volume for bar in bars) > 0) == (what == "TRADES")
    desk.ib.cancelRealTimeBars(bars)


def test_currencies_stream_and_indices_have_only_a_last_price(desk: Desk) -> None:
    desk.open_market()
    euro = desk.lib.Forex("EURUSD")
    spx = desk.lib.Index("SPX", "CBOE")
    desk.do(desk.ib.qualifyContractsAsync(euro, spx))
    pair, index = desk.quote(euro), desk.quote(spx)
    assert 0.9 < pair.bid < pair.ask < 1.3
    assert index.last > 1000
    assert index.bid == -1
