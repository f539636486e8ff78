"""What the installed clients ask about contracts, quotes and history is read with the values that were asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection
from bot.wire.schemas import contracts as schema_contracts
from bot.wire.schemas import history as schema_history
from bot.wire.schemas import market as schema_market


class Case(NamedTuple):
    method: str
    arguments: Callable[[Any], tuple[Any, ...]]
    expected: dict[str, Any] | Callable[[int], dict[str, Any]]


def option(ib: Any) -> Any:
    return ib.Option("SPY", "20260116", 627.5, "C", "SMART", "100", "USD", conId=495512552, **NAMES)


def bag(ib: Any) -> Any:
    legs = [
        ib.ComboLeg(conId=101, ratio=1, action="BUY", exchange="SMART"),
        ib.ComboLeg(conId=102, ratio=2, action="SELL"),
    ]
    return ib.Contract(secType="BAG", symbol="SPY", exchange="SMART", currency="USD", comboLegs=legs)


def hedged(ib: Any) -> Any:
    stock = ib.Stock("SPY", "SMART", "USD", primaryExchange="ARCA")
    stock.deltaNeutralContract = ib.DeltaNeutralContract(5, 0.5, 10.25)
    return stock


NAMES = {"primaryExchange": "CBOE", "localSymbol": "SPY   260116C00627500", "tradingClass": "SPYW"}
OPTION = {
    "conId": 495512552,
    "symbol": "SPY",
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260116",
    "strike": Decimal("627.5"),
    "right": "C",
    "multiplier": "100",
    "exchange": "SMART",
    "currency": "USD",
    **NAMES,
}
NOTHING = dict.fromkeys(OPTION, "") | {"conId": 0, "strike": Decimal(0)}
BAG = NOTHING | {"symbol": "SPY", "secType": "BAG", "exchange": "SMART", "currency": "USD"}
LEGS = (
    {"conId": 101, "ratio": 1, "action": "BUY", "exchange": "SMART"},
    {"conId": 102, "ratio": 2, "action": "SELL", "exchange": ""},
)
STOCK = NOTHING | {
    "symbol": "SPY",
    "secType": "STK",
    "exchange": "SMART",
    "primaryExchange": "ARCA",
    "currency": "USD",
}


def with_contract(*arguments: Any) -> Callable[[Any], tuple[Any, ...]]:
    return lambda ib: (1, option(ib), *arguments)


def plainly(*arguments: Any) -> Callable[[Any], tuple[Any, ...]]:
    return lambda _: arguments


def only_id(method: str) -> Case:
    return Case(method, plainly(1), {"reqId": 1})


def bare(method: str) -> Case:
    return Case(method, plainly(), {})


def details(version: int) -> dict[str, Any]:
    issuer = {"issuerId": "e1"} if version >= 176 else {}
    return {"reqId": 1, **OPTION, "includeExpired": True, "secIdType": "ISIN", "secId": "US1", **issuer}


def identified(ib: Any) -> tuple[Any, ...]:
    contract = option(ib)
    contract.includeExpired, contract.secIdType, contract.secId = True, "ISIN", "US1"
    contract.issuerId = "e1"
    return 1, contract


CONTRACTS = [
    Case("reqContractDetails", identified, details),
    Case(
        "reqSecDefOptParams",
        plainly(1, "SPY", "", "STK", 756733),
        {
            "reqId": 1,
            "underlyingSymbol": "SPY",
            "futFopExchange": "",
            "underlyingSecType": "STK",
            "underlyingConId": 756733,
        },
    ),
    Case("reqMatchingSymbols", plainly(1, "SP"), {"reqId": 1, "pattern": "SP"}),
    Case("reqMarketRule", plainly(26), {"marketRuleId": 26}),
    bare("reqMktDepthExchanges"),
    Case(
        "reqSmartComponents",
        plainly(1, "9c0001"),
        {"reqId": 1, "bboExchange": "9c0001"},
    ),
]

QUOTE = {
    "genericTickList": "100,101",
    "snapshot": True,
    "regulatorySnapshot": False,
    "mktDataOptions": "a=b;",
}
MARKET = [
    Case("reqMarketDataType", plainly(3), {"marketDataType": 3}),
    Case(
        "reqMktData",
        lambda ib: (1, option(ib), "100,101", True, False, [ib.TagValue("a", "b")]),
        {"reqId": 1, **OPTION, "deltaNeutralContract": None, **QUOTE},
    ),
    Case(
        "reqMktData",
        lambda ib: (1, bag(ib), "100,101", True, False, [ib.TagValue("a", "b")]),
        {"reqId": 1, **BAG, "comboLegs": LEGS, "deltaNeutralContract": None, **QUOTE},
    ),
    Case(
        "reqMktData",
        lambda ib: (1, hedged(ib), "100,101", True, False, [ib.TagValue("a", "b")]),
        {
            "reqId": 1,
            **STOCK,
            "deltaNeutralContract": {"conId": 5, "delta": 0.5, "price": Decimal("10.25")},
            **QUOTE,
        },
    ),
    only_id("cancelMktData"),
    Case(
        "calculateImpliedVolatility",
        with_contract(1.25, 627.5, []),
        {
            "reqId": 1,
            **OPTION,
            "optionPrice": 1.25,
            "underPrice": 627.5,
            "optionsCount": "0",
            "implVolOptions": "",
        },
    ),
    only_id("cancelCalculateImpliedVolatility"),
    Case(
        "calculateOptionPrice",
        with_contract(0.25, 627.5, []),
        {
            "reqId": 1,
            **OPTION,
            "volatility": 0.25,
            "underPrice": 627.5,
            "optionsCount": "0",
            "optPrcOptions": "",
        },
    ),
    only_id("cancelCalculateOptionPrice"),
    Case(
        "reqTickByTickData",
        with_contract("BidAsk", 10, True),
        {"reqId": 1, **OPTION, "tickType": "BidAsk", "numberOfTicks": 10, "ignoreSize": True},
    ),
    only_id("cancelTickByTickData"),
    Case(
        "reqRealTimeBars",
        with_contract(5, "TRADES", True, []),
        {
            "reqId": 1,
            **OPTION,
            "barSize": 5,
            "whatToShow": "TRADES",
            "useRTH": True,
            "realTimeBarsOptions": "",
        },
    ),
    only_id("cancelRealTimeBars"),
    Case(
        "reqMktDepth",
        with_contract(5, True, []),
        {"reqId": 1, **OPTION, "numRows": 5, "isSmartDepth": True, "mktDepthOptions": ""},
    ),
    Case("cancelMktDepth", plainly(7, True), {"reqId": 7, "isSmartDepth": True}),
]

BARS = {
    "includeExpired": False,
    "endDateTime": "20260106 16:00:00 US/Eastern",
    "barSizeSetting": "1 min",
    "durationStr": "1 D",
    "useRTH": True,
    "whatToShow": "TRADES",
    "formatDate": 2,
    "keepUpToDate": True,
    "chartOptions": "",
}
ASKED: tuple[Any, ...] = ("20260106 16:00:00 US/Eastern", "1 D", "1 min", "TRADES", True, 2, True, [])
HISTORY = [
    Case("reqHistoricalData", with_contract(*ASKED), {"reqId": 1, **OPTION, **BARS}),
    Case(
        "reqHistoricalData",
        lambda ib: (1, bag(ib), *ASKED),
        {"reqId": 1, **BAG, **BARS, "comboLegs": LEGS},
    ),
    only_id("cancelHistoricalData"),
    Case(
        "reqHeadTimeStamp",
        with_contract("TRADES", True, 1),
        {
            "reqId": 1,
            **OPTION,
            "includeExpired": False,
            "useRTH": True,
            "whatToShow": "TRADES",
            "formatDate": 1,
        },
    ),
    only_id("cancelHeadTimeStamp"),
    Case(
        "reqHistogramData",
        with_contract(True, "3 days"),
        {"reqId": 1, **OPTION, "includeExpired": False, "useRTH": True, "timePeriod": "3 days"},
    ),
    only_id("cancelHistogramData"),
    Case(
        "reqHistoricalTicks",
        with_contract("", "20260106 16:00:00", 1000, "BID_ASK", True, False, []),
        {
            "reqId": 1,
            **OPTION,
            "includeExpired": False,
            "startDateTime": "",
            "endDateTime": "20260106 16:00:00",
            "numberOfTicks": 1000,
            "whatToShow": "BID_ASK",
            "useRth": True,
            "ignoreSize": False,
            "miscOptions": "",
        },
    ),
]

# Kinds from this server version on are known to neither library.
NUMBERED_ONLY = 179

CASES = [*CONTRACTS, *MARKET, *HISTORY]
SCHEMAS = [schema_contracts, schema_history, schema_market]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)
def test_market_request_is_read_as_it_was_asked(case: Case, assert_said: Callable[..., None]) -> None:
    assert_said(*case)


def test_every_market_request_is_in_the_table() -> None:
    kinds = {
        kind.name
        for schema in SCHEMAS
        for kind in schema.KINDS
        if kind.direction is MessageDirection.REQUEST and kind.since < NUMBERED_ONLY
    }
    assert {case.method for case in CASES} == kinds
