"""Contracts and bars, with a gateway that hangs, lies and refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import BarSize
from bot.domain.types import Right, SecType
from bot.wire import WireMessage
from tests.broker.script import NOW, TIMEOUT_S, Said, ScriptedGateway, error, one, running

SPY = Contract(con_id=756733, symbol="SPY", sec_type=SecType.STOCK, primary_exchange="ARCA")
OPEN_EPOCH = int(NOW.timestamp()) - 30 * 60


def history(request: WireMessage, minutes: int = 3) -> Said:
    bars = [
        {"date": str(OPEN_EPOCH + 60 * n), "open": 1, "high": 2, "low": 0.5, "close": 1.5, "volume": 9}
        | {"average": 1, "barCount": 4}
        for n in range(minutes)
    ]
    return one("historicalData", reqId=request.reqId, startDateStr="", endDateStr="", bars=bars)


def update(request: WireMessage, minute: int, close: float = 1.6) -> dict[str, Any]:
    values = {"reqId": request.reqId, "date": str(OPEN_EPOCH + 60 * minute), "open": 1, "high": 2, "low": 0.5}
    return values | {"close": close, "average": 1, "volume": 9, "barCount": 4}


def details(request: WireMessage, **changes: Any) -> Said:
    values = {"reqId": request.reqId, "symbol": request.symbol, "secType": request.secType, "conId": 756733}
    values |= {"exchange": "SMART", "currency": "USD", "minTick": 0.01, "primaryExchange": "ARCA"}
    values |= {
        "localSymbol": "SPY",
        "tradingClass": "SPY",
        "orderTypes": "LMT",
        "validExchanges": "SMART,CBOE",
    }
    values |= {"marketRuleIds": "26,32", "multiplier": "", "lastTradeDateOrContractMonth": "", "strike": 0}
    return [
        ("contractDetails", values | {"right": ""} | changes),
        *one("contractDetailsEnd", reqId=request.reqId),
    ]


def rule(request: WireMessage) -> Said:
    steps = [{"lowEdge": 0, "increment": 0.01}, {"lowEdge": 3, "increment": 0.05}]
    return one("marketRule", marketRuleId=request.marketRuleId, priceIncrements=steps)


def listing(request: WireMessage) -> Said:
    """The chain by three exchanges, one of them with a class of its own."""

    def part(exchange: str, trading_class: str) -> Said:
        return one(
            "securityDefinitionOptionParameter",
            reqId=request.reqId,
            exchange=exchange,
            underlyingConId=756733,
            tradingClass=trading_class,
            multiplier="100",
            expirations=["20110121", "20110107"],
            strikes=[127, 126],
        )

    end = one("securityDefinitionOptionParameterEnd", reqId=request.reqId)
    return [*part("CBOE", "SPY"), *part("SMART", "2SPY"), *part("SMART", "SPY"), *end]


def qualifying(gateway: ScriptedGateway, *missing: Decimal) -> None:
    """The gateway knows every option but those strikes."""

    def answer(request: WireMessage) -> Said:
        if request.secType == "STK":
            return details(request)
        if Decimal(str(request.strike)) in missing:
            return error(request.reqId, 200, "No security definition has been found for the request")
        number = int(request.strike * 10) + (request.right == "P")
        option = {"conId": number, "multiplier": "100", "strike": request.strike, "right": request.right}
        return details(request, **option, lastTradeDateOrContractMonth="20110107 16:00:00 EST")

    gateway.answers["reqContractDetails"] = answer
    gateway.answers["reqMarketRule"] = rule


ASK_OPTIONS = b.QualifyOptions(SPY, "SPY", NOW.date(), (Decimal(126), Decimal("126.5"), Decimal(127)))


def test_a_stock_is_qualified_with_its_tick_grid(gateway: ScriptedGateway, library: str) -> None:
    qualifying(gateway)
    with running(gateway, library) as (broker, facts):
        broker.send(b.QualifyUnderlying("SPY"))
        found = facts.wait_for(b.UnderlyingQualified).contract
    assert (found.con_id, found.symbol, found.primary_exchange) == (756733, "SPY", "ARCA")
    assert found.ticks.increment(Decimal(4)) == Decimal("0.05")


def test_a_symbol_that_does_not_exist_is_said_at_once(gateway: ScriptedGateway) -> None:
    gateway.answers["reqContractDetails"] = lambda x: error(x.reqId, 200, "No security definition")
    with running(gateway) as (broker, facts):
        broker.send(b.QualifyUnderlying("SPYY"))
        failed = facts.wait_for(b.RequestFailed)
    assert (failed.subject, failed.code) == ("underlying:SPYY", 200)
    assert len(gateway.requests("reqContractDetails")) == 1


def test_pairs_that_do_not_exist_are_absent(gateway: ScriptedGateway, library: str) -> None:
    qualifying(gateway, Decimal("126.5"))
    with running(gateway, library) as (broker, facts):
        broker.send(ASK_OPTIONS)
        found = facts.wait_for(b.OptionsQualified).contracts
    assert [(x.strike, x.right) for x in found] == [
        (Decimal(126), Right.CALL),
        (Decimal(126), Right.PUT),
        (Decimal(127), Right.CALL),
        (Decimal(127), Right.PUT),
    ]
    assert {(x.multiplier, x.expiry, x.exchange) for x in found} == {(100, NOW.date(), "SMART")}


@pytest.mark.parametrize(
    ("second", "is_taken"),
    [
        ({"conId": 99}, False),
        ({"conId": 99, "tradingClass": "2SPY"}, True),
        ({"conId": 99, "multiplier": "10"}, True),
    ],
    ids=["the same name twice", "an adjusted class", "a mini"],
)
def test_of_several_contracts_the_standard_one_is_taken_and_of_two_standard_ones_none(
    gateway: ScriptedGateway, second: dict[str, Any], *, is_taken: bool
) -> None:
    option = {
        "conId": 1260,
        "multiplier": "100",
        "tradingClass": "SPY",
        "lastTradeDateOrContractMonth": "20110107",
    }

    def answer(request: WireMessage) -> Said:
        own = {**option, "strike": request.strike, "right": request.right}
        return [*details(request, **own)[:1], *details(request, **{**own, **second})]

    gateway.answers["reqContractDetails"] = answer
    gateway.answers["reqMarketRule"] = rule
    with running(gateway) as (broker, facts):
        broker.send(replace(ASK_OPTIONS, strikes=(Decimal(126),), rights=(Right.CALL,)))
        found = facts.wait_for(b.OptionsQualified).contracts
    assert [x.con_id for x in found] == ([1260] if is_taken else [])
    assert [x.kind for x in facts.of(b.RowSetAside)] == ([] if is_taken else ["ambiguous"])


def test_what_was_asked_once_is_not_asked_again_that_day(gateway: ScriptedGateway) -> None:
    qualifying(gateway, Decimal("126.5"))
    with running(gateway) as (broker, facts):
        for n in (1, 2):
            broker.send(ASK_OPTIONS)
            facts.wait_for(b.OptionsQualified, n)
        broker.send(replace(ASK_OPTIONS, strikes=(Decimal(127), Decimal(128))))
        facts.wait_for(b.OptionsQualified, 3)
    assert len(gateway.requests("reqContractDetails")) == 6 + 2
    assert len(gateway.requests("reqMarketRule")) == 1


def test_an_unanswered_pair_makes_no_answer_and_is_asked_again(gateway: ScriptedGateway) -> None:
    with running(gateway, request_timeout_s=0.1, shortest_deadline_wall_s=0.05) as (broker, facts):
        broker.send(ASK_OPTIONS)
        failed = facts.wait_for(b.RequestFailed)
    assert failed.subject == f"options:SPY:{NOW.date()}"
    assert not facts.of(b.OptionsQualified)


@pytest.mark.parametrize(
    ("question", "request_kind", "end", "answer"),
    [
        (b.QualifyUnderlying("SPY"), "reqContractDetails", "contractDetailsEnd", b.UnderlyingQualified),
        (ASK_OPTIONS, "reqContractDetails", "contractDetailsEnd", b.OptionsQualified),
        (b.ListChain(SPY), "reqSecDefOptParams", "securityDefinitionOptionParameterEnd", b.ChainListed),
    ],
    ids=["stock", "options", "chain"],
)
def test_an_answer_that_names_nothing_is_none_and_is_asked_for_again(
    gateway: ScriptedGateway, question: Any, request_kind: str, end: str, answer: type
) -> None:
    """Seed 33101629: the stock was taken for one that does not exist, and no bar was asked for until the next session."""
    gateway.answers[request_kind] = lambda x: one(end, reqId=x.reqId)
    with running(gateway, retry_first_s=0.05) as (broker, facts):
        broker.send(question)
        assert facts.wait_for(b.RequestFailed).code == 0
        qualifying(gateway)
        gateway.answers["reqSecDefOptParams"] = listing
        facts.wait_for(answer)


def test_a_stock_that_is_told_twice_is_one(gateway: ScriptedGateway) -> None:
    qualifying(gateway)
    told = gateway.answers["reqContractDetails"]
    gateway.answers["reqContractDetails"] = lambda x: [told(x)[0], *told(x)]
    with running(gateway) as (broker, facts):
        broker.send(b.QualifyUnderlying("SPY"))
        assert facts.wait_for(b.UnderlyingQualified).contract.con_id == SPY.con_id


def test_what_was_told_as_failed_is_still_asked_for_and_answered_when_the_line_is_back(
    gateway: ScriptedGateway,
) -> None:
    with running(gateway, request_timeout_s=0.1, shortest_deadline_wall_s=0.05) as (broker, facts):
        broker.send(b.QualifyUnderlying("SPY"))
        assert facts.wait_for(b.RequestFailed).subject == "underlying:SPY"
        qualifying(gateway)
        facts.wait_for(b.UnderlyingQualified)
    assert len(facts.of(b.RequestFailed)) == 1


def test_a_question_cut_off_by_a_disconnect_is_asked_in_the_next_session(gateway: ScriptedGateway) -> None:
    with running(gateway, request_timeout_s=60.0) as (broker, facts):
        facts.wait_for(b.BrokerConnected)
        broker.send(b.QualifyUnderlying("SPY"))
        gateway.wait_request("reqContractDetails")
        qualifying(gateway)
        gateway.drop_client()
        facts.wait_for(b.UnderlyingQualified)
    assert not facts.of(b.RequestFailed)


def test_the_chain_is_the_standard_one(gateway: ScriptedGateway, library: str) -> None:
    gateway.answers["reqSecDefOptParams"] = listing
    with running(gateway, library) as (broker, facts):
        broker.send(b.ListChain(SPY))
        chain = facts.wait_for(b.ChainListed).chain
    assert (chain.trading_class, chain.underlying_con_id) == ("SPY", 756733)
    assert chain.expiries[0] == NOW.date()


@pytest.mark.parametrize(
    "garbled", [{"expirations": ["20110121", "49"]}, {"underlyingConId": -1, "expirations": ["2"]}]
)
def test_a_chain_that_cannot_be_read_is_no_answer_and_is_asked_for_again(
    gateway: ScriptedGateway, garbled: dict[str, Any]
) -> None:
    told: list[WireMessage] = []

    def answer(request: WireMessage) -> Said:
        told.append(request)
        values = {
            "reqId": request.reqId,
            "exchange": "SMART",
            "underlyingConId": 756733,
            "tradingClass": "SPY",
        }
        values |= {"multiplier": "100", "expirations": ["20110121"], "strikes": [127]}
        part = values | (garbled if len(told) == 1 else {})
        return [
            ("securityDefinitionOptionParameter", part),
            *one("securityDefinitionOptionParameterEnd", reqId=request.reqId),
        ]

    gateway.answers["reqSecDefOptParams"] = answer
    with running(gateway) as (broker, facts):
        broker.send(b.ListChain(SPY))
        facts.wait_for(b.ChainListed)
    assert len(told) == 2
    assert not facts.of(b.RequestFailed)


# ── bars ──

WATCH = b.WatchBars(SPY, BarSize.M1, 3)


def test_bars_are_asked_for_in_regular_hours_and_epoch_times(gateway: ScriptedGateway, library: str) -> None:
    gateway.answers["reqHistoricalData"] = history
    with running(gateway, library) as (broker, facts):
        broker.send(WATCH)
        found = facts.wait_for(b.BarsBackfilled)
    asked = gateway.requests("reqHistoricalData")[0]
    assert (asked.durationStr, asked.barSizeSetting, asked.whatToShow) == ("3 D", "1 min", "TRADES")
    assert (asked.useRTH, asked.formatDate, asked.keepUpToDate, asked.endDateTime) == (True, 2, True, "")
    assert [bar.start for bar in found.bars] == [NOW - timedelta(minutes=30 - n) for n in range(3)]


def test_each_bar_is_told_once_when_its_successor_begins(gateway: ScriptedGateway, library: str) -> None:
    gateway.answers["reqHistoricalData"] = history
    with running(gateway, library, now=NOW - timedelta(minutes=27)) as (broker, facts):
        broker.send(WATCH)
        facts.wait_for(b.BarsBackfilled)
        asked = gateway.requests("reqHistoricalData")[0]
        for minute, close in ((2, 1.6), (2, 1.7), (3, 1.0), (3, 1.1), (4, 1.2)):
            gateway.say("historicalDataUpdate", **update(asked, minute, close))
        facts.wait_for(b.BarReceived, 2)
    assert len(facts.of(b.BarsBackfilled)[0].bars) == 2
    assert [x.bar.close for x in facts.of(b.BarReceived)] == [1.7, 1.1]


def test_a_hanging_history_request_is_asked_again_and_then_told(gateway: ScriptedGateway) -> None:
    with running(gateway, history_timeout_s=0.05, shortest_deadline_wall_s=0.05) as (broker, facts):
        broker.send(WATCH)
        failed = facts.wait_for(b.RequestFailed)
        assert (failed.subject, failed.code) == ("bars:SPY:1 min", 0)
        assert "no answer within" in failed.text
        assert not facts.of(b.BarsBackfilled)
        assert len(gateway.requests("cancelHistoricalData")) >= 2
        gateway.answers["reqHistoricalData"] = history
        facts.wait_for(b.BarsBackfilled)


def test_a_silent_feed_that_is_renewed_does_not_cut_its_own_history_short(gateway: ScriptedGateway) -> None:
    with running(gateway, history_timeout_s=TIMEOUT_S) as (broker, facts):
        broker.send(WATCH)
        gateway.wait_request("reqHistoricalData")
        broker.send(replace(WATCH, sessions=1))
        broker.settle(TIMEOUT_S)
        (asked,) = gateway.requests("reqHistoricalData")
        assert asked.durationStr == "3 D"
        gateway.answers["reqHistoricalData"] = history
        broker.send(replace(WATCH, sessions=5))
        facts.wait_for(b.BarsBackfilled)
        assert gateway.requests("reqHistoricalData")[1].durationStr == "5 D"
        broker.send(replace(WATCH, sessions=1))
        facts.wait_for(b.BarsBackfilled, 2)


def test_an_empty_history_is_not_an_answer(gateway: ScriptedGateway) -> None:
    gateway.answers["reqHistoricalData"] = lambda x: history(x, 0)
    with running(gateway) as (broker, facts):
        broker.send(WATCH)
        assert "no bars" in facts.wait_for(b.RequestFailed).text
    assert not facts.of(b.BarsBackfilled)


def test_a_stream_that_ends_is_opened_again(gateway: ScriptedGateway) -> None:
    gateway.answers["reqHistoricalData"] = history
    with running(gateway) as (broker, facts):
        broker.send(WATCH)
        facts.wait_for(b.BarsBackfilled)
        asked = gateway.requests("reqHistoricalData")[0]
        gateway.say("error", reqId=asked.reqId, errorCode=10182, errorString="Failed to request live updates")
        facts.wait_for(b.BarsBackfilled, 2)
    assert facts.of(b.RequestFailed)[0].code == 10182


def test_bars_come_back_with_the_session_and_none_is_told_twice(gateway: ScriptedGateway) -> None:
    gateway.answers["reqHistoricalData"] = history
    with running(gateway) as (broker, facts):
        broker.send(WATCH)
        facts.wait_for(b.BarsBackfilled)
        gateway.drop_client()
        facts.wait_for(b.BarsBackfilled, 2)
        asked = gateway.requests("reqHistoricalData")[-1]
        for minute in (2, 3, 4):
            gateway.say("historicalDataUpdate", **update(asked, minute))
        facts.wait_for(b.BarReceived)
        broker.settle(TIMEOUT_S)
    starts = [x.bar.start for x in facts.of(b.BarReceived)]
    assert len(starts) == len(set(starts))
    assert min(starts) > facts.of(b.BarsBackfilled)[0].bars[-1].start


def test_a_farm_that_comes_back_is_asked_for_everything_again(gateway: ScriptedGateway) -> None:
    gateway.answers["reqHistoricalData"] = history
    with running(gateway) as (broker, facts):
        broker.send(WATCH)
        broker.send(b.WatchQuote(SPY))
        facts.wait_for(b.BarsBackfilled)
        for code in (2103, 2104):
            gateway.say("error", reqId=-1, errorCode=code, errorString="Market data farm connection:usfarm")
        gateway.wait_request("reqHistoricalData", 2)
        gateway.wait_request("reqMktData", 2)
        gateway.wait_request("cancelMktData")
