"""Quotes, with a gateway that lies and refuses."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from bot.broker.connection.settings import PacingLimits
from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import DataType
from bot.domain.types import SecType
from bot.wire import WireMessage
from tests.broker.script import TIMEOUT_S, Heard, Said, ScriptedGateway, error, one, running
from tests.broker.translate.test_translate import CALL

SPY = Contract(con_id=756733, symbol="SPY", sec_type=SecType.STOCK, primary_exchange="ARCA")


def price(request: WireMessage, tick: int, value: float, size: int = 5) -> Said:
    return one("tickPrice", reqId=request.reqId, tickType=tick, price=value, size=size, attrMask=0)


def watched(gateway: ScriptedGateway, facts: Heard, count: int = 1) -> WireMessage:
    facts.wait_for(b.BrokerConnected)
    return gateway.wait_request("reqMktData", count)


def test_a_quote_streams_by_con_id_and_ends_with_unwatch(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        broker.send(b.WatchQuote(CALL))
        asked = watched(gateway, facts)
        for said in (price(asked, 1, 1.3), price(asked, 2, 1.35)):
            gateway.say(said[0][0], **said[0][1])
        quote = facts.wait(lambda x: isinstance(x, b.QuoteReceived) and x.quote.ask is not None).quote
        broker.send(b.UnwatchQuote(CALL))
        assert gateway.wait_request("cancelMktData").reqId == asked.reqId
    assert (asked.conId, asked.genericTickList, asked.snapshot) == (CALL.con_id, "100,101,106", False)
    assert (quote.con_id, quote.bid, quote.ask) == (CALL.con_id, Decimal("1.3"), Decimal("1.35"))
    assert (quote.volume, quote.open_interest) == (None, None)


def test_watching_twice_takes_one_line(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        broker.send(b.WatchQuote(SPY))
        watched(gateway, facts)
        broker.settle(TIMEOUT_S)
    assert len(gateway.requests("reqMktData")) == 1


def test_the_line_budget_is_kept_and_said(gateway: ScriptedGateway) -> None:
    with running(gateway, line_budget=1) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        broker.send(b.WatchQuote(CALL))
        failed = facts.wait_for(b.RequestFailed)
        broker.settle(TIMEOUT_S)
    assert (failed.subject, failed.code) == (f"quote:{CALL.con_id}", 101)
    assert [x.conId for x in gateway.requests("reqMktData")] == [SPY.con_id]


def test_many_ticks_of_one_read_make_one_quote(gateway: ScriptedGateway) -> None:
    with running(gateway, quote_interval_s=1e6) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        asked = watched(gateway, facts)
        for n in range(50):
            said = price(asked, 1, 100 + n)
            gateway.say(said[0][0], **said[0][1])
        broker.settle(TIMEOUT_S)
    assert [x.quote.bid for x in facts.of(b.QuoteReceived)] == [Decimal(149)]


@pytest.mark.parametrize("code", [354, 10089])
def test_unpaid_data_fall_back_to_delayed_and_say_so(
    gateway: ScriptedGateway, library: str, code: int
) -> None:
    def answer(request: WireMessage) -> Said:
        if gateway.requests("reqMarketDataType")[-1].marketDataType == 1:
            return error(
                request.reqId, code, "Requested market data requires additional subscription for API"
            )
        return [*one("marketDataType", reqId=request.reqId, marketDataType=3), *price(request, 66, 1.2)]

    gateway.answers["reqMktData"] = answer
    with running(gateway, library) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        quote = facts.wait_for(b.QuoteReceived).quote
    assert facts.of(b.RequestFailed)[0].code == code
    assert facts.of(b.DataTypeChanged)[0].data_type is DataType.DELAYED
    assert (quote.data_type, quote.bid) == (DataType.DELAYED, Decimal("1.2"))


def test_a_competing_session_freezes_the_quote_and_is_waited_out(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        asked = watched(gateway, facts)
        gateway.say("error", reqId=asked.reqId, errorCode=10197, errorString="competing live session")
        frozen = facts.wait_for(b.DataTypeChanged)
        again = watched(gateway, facts, 2)
        gateway.say("marketDataType", reqId=again.reqId, marketDataType=1)
        live = facts.wait_for(b.DataTypeChanged, 2)
    assert (frozen.data_type, live.data_type) == (DataType.FROZEN, DataType.LIVE)


def test_an_old_quote_does_not_survive_the_session(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        broker.send(b.WatchQuote(SPY))
        asked = watched(gateway, facts)
        said = price(asked, 1, 127.0)
        gateway.say(said[0][0], **said[0][1])
        facts.wait_for(b.QuoteReceived)
        gateway.drop_client()
        again = watched(gateway, facts, 2)
        said = price(again, 2, 127.1)
        gateway.say(said[0][0], **said[0][1])
        quote = facts.wait_for(b.QuoteReceived, 2).quote
    assert (quote.bid, quote.ask) == (None, Decimal("127.1"))
    assert not gateway.requests("cancelMktData")  # the old session's ids mean nothing in the new one


def test_a_line_that_is_dropped_while_the_limiter_holds_it_is_never_opened(gateway: ScriptedGateway) -> None:
    slow = PacingLimits(messages_per_s=10, reserved_for_orders=0)
    with running(gateway, pacing=slow) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        for _ in range(10):
            broker.send(b.WatchQuote(SPY))
            broker.send(b.UnwatchQuote(SPY))
        broker.settle(TIMEOUT_S)
    opened, ended = gateway.requests("reqMktData"), gateway.requests("cancelMktData")
    assert [x.reqId for x in opened] == [x.reqId for x in ended]


def test_to_settle_is_to_have_been_heard_and_not_only_to_have_written(gateway: ScriptedGateway) -> None:
    answer, settled = gateway.answers["reqCurrentTime"], threading.Event()
    was_early: list[bool] = []

    def unwatch_behind(request: WireMessage) -> Said:
        """A command leaves behind the question that settling asks, as what the limiter lets go at that moment does, and the
        gateway is slow to read it."""
        gateway.answers["reqCurrentTime"] = answer
        broker.send(b.UnwatchQuote(SPY))
        for kind, values in answer(request):
            gateway.say(kind, **values)
        was_early.append(settled.wait(0.2))
        return []

    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.WatchQuote(SPY))
        opened = gateway.wait_request("reqMktData")
        gateway.answers["reqCurrentTime"] = unwatch_behind
        broker.settle(TIMEOUT_S)
        settled.set()
        assert [x.reqId for x in gateway.requests("cancelMktData")] == [opened.reqId]
    assert was_early == [False]
