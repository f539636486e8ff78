"""What the server says about quotes and history reaches the user of the installed clients as it was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection
from bot.wire.schemas import history as schema_history
from bot.wire.schemas import market as schema_market

Call = tuple[Any, ...]


class Case(NamedTuple):
    kind: str
    sent: dict[str, Any]
    calls: list[Call] | Callable[[int], list[Call]]


NOON = 1767697200
NOON_UTC = datetime.fromtimestamp(NOON, UTC)
BAR = {"open": 1.5, "high": 2.0, "low": 1.25, "close": 1.75, "volume": Decimal(100), "average": 1.6}


MARKET = [
    Case("marketDataType", {"reqId": 1, "marketDataType": 3}, [("marketDataType", 1, 3)]),
    Case(
        "tickReqParams",
        {"reqId": 1, "minTick": Decimal("0.01"), "bboExchange": "9c0001", "snapshotPermissions": 3},
        [("tickReqParams", 1, 0.01, "9c0001", 3)],
    ),
    Case(
        "tickPrice",
        {"reqId": 7, "tickType": 1, "price": -1.0, "size": Decimal(3), "attrMask": 2},
        [("priceSizeTick", 7, 1, -1.0, 3.0)],
    ),
    Case("tickSize", {"reqId": 1, "tickType": 8, "size": Decimal(1500)}, [("tickSize", 1, 8, 1500.0)]),
    Case("tickGeneric", {"reqId": 1, "tickType": 49, "value": 0.0}, [("tickGeneric", 1, 49, 0.0)]),
    Case("tickString", {"reqId": 1, "tickType": 45, "value": str(NOON)}, [("tickString", 1, 45, str(NOON))]),
    Case(
        "tickEFP",
        {
            "reqId": 1,
            "tickType": 38,
            "basisPoints": 1.5,
            "formattedBasisPoints": "1.50",
            "totalDividends": 0.5,
            "holdDays": 9,
            "futureLastTradeDate": "20260116",
            "dividendImpact": 0.25,
            "dividendsToLastTradeDate": 0.75,
        },
        [("tickEFP", 1, 38, 1.5, "1.50", 0.5, 9, "20260116", 0.25, 0.75)],
    ),
    Case(
        "tickOptionComputation",
        {
            "reqId": 1,
            "tickType": 13,
            "tickAttrib": 0,
            "impliedVol": 0.25,
            "delta": -2.0,
            "optPrice": 1.25,
            "pvDividend": 0.0,
            "gamma": 0.01,
            "vega": 0.5,
            "theta": -0.125,
            "undPrice": 627.75,
        },
        [("tickOptionComputation", 1, 13, 0, 0.25, -2.0, 1.25, 0.0, 0.01, 0.5, -0.125, 627.75)],
    ),
    Case("tickSnapshotEnd", {"reqId": 1}, [("tickSnapshotEnd", 1)]),
    Case(
        "tickByTick",
        {"reqId": 1, "tickType": 1, "time": NOON, "price": 1.5, "size": 3, "mask": 3, "exchange": "Q"},
        [("tickByTickAllLast", 1, 1, NOON, 1.5, 3.0, {"pastLimit": True, "unreported": True}, "Q", "")],
    ),
    Case(
        "tickByTick",
        {
            "reqId": 1,
            "tickType": 3,
            "time": NOON,
            "bidPrice": 1,
            "askPrice": 2,
            "bidSize": 3,
            "askSize": 4,
            "mask": 2,
        },
        [("tickByTickBidAsk", 1, NOON, 1.0, 2.0, 3.0, 4.0, {"askPastHigh": True})],
    ),
    Case(
        "tickByTick",
        {"reqId": 1, "tickType": 4, "time": NOON, "midPoint": 1.375},
        [("tickByTickMidPoint", 1, NOON, 1.375)],
    ),
    Case(
        "realtimeBar",
        {
            "reqId": 1,
            "time": NOON,
            "open": 1,
            "high": 2,
            "low": 0.5,
            "close": 1.5,
            "volume": 9,
            "wap": 1.2,
            "count": 3,
        },
        [("realtimeBar", 1, NOON, 1.0, 2.0, 0.5, 1.5, 9.0, 1.2, 3)],
    ),
    Case(
        "updateMktDepth",
        {"reqId": 1, "position": 0, "operation": 1, "side": 0, "price": 1.5, "size": 2},
        [("updateMktDepth", 1, 0, 1, 0, 1.5, 2.0)],
    ),
    Case(
        "updateMktDepthL2",
        {
            "reqId": 1,
            "position": 0,
            "marketMaker": "Q",
            "operation": 1,
            "side": 0,
            "price": 1.5,
            "size": 2,
            "isSmartDepth": True,
        },
        [("updateMktDepthL2", 1, 0, "Q", 1, 0, 1.5, 2.0, True)],
    ),
    Case(
        "deltaNeutralValidation",
        {"reqId": 1, "conId": 5, "delta": 0.5, "price": 10.0},
        [("deltaNeutralValidation", 1, {"conId": 5, "delta": 0.5, "price": 10.0})],
    ),
    Case("rerouteMktDataReq", {"reqId": 1, "conId": 5, "exchange": "X"}, [("rerouteMktDataReq", 1, 5, "X")]),
    Case(
        "rerouteMktDepthReq", {"reqId": 1, "conId": 5, "exchange": "X"}, [("rerouteMktDepthReq", 1, 5, "X")]
    ),
]

HISTORY = [
    Case(
        "historicalData",
        {
            "reqId": 1,
            "startDateStr": "20260105 09:30:00 US/Eastern",
            "endDateStr": "20260106 09:30:00 US/Eastern",
            "bars": [
                {"date": "20260105", **BAR, "barCount": 12},
                {"date": "20260106", **BAR, "barCount": 13},
            ],
        },
        [
            ("historicalData", 1, {"date": "20260105", **BAR, "barCount": 12}),
            ("historicalData", 1, {"date": "20260106", **BAR, "barCount": 13}),
            ("historicalDataEnd", 1, "20260105 09:30:00 US/Eastern", "20260106 09:30:00 US/Eastern"),
        ],
    ),
    Case(
        "historicalDataUpdate",
        {"reqId": 1, "date": str(NOON), **BAR, "barCount": 12},
        [("historicalDataUpdate", 1, {"date": str(NOON), **BAR, "barCount": 12})],
    ),
    Case(
        "historicalSchedule",
        {
            "reqId": 1,
            "startDateTime": "20260105-09:30:00",
            "endDateTime": "20260105-16:00:00",
            "timeZone": "US/Eastern",
            "sessions": [{"startDateTime": "a", "endDateTime": "b", "refDate": "20260105"}],
        },
        [
            (
                "historicalSchedule",
                1,
                "20260105-09:30:00",
                "20260105-16:00:00",
                "US/Eastern",
                [{"startDateTime": "a", "endDateTime": "b", "refDate": "20260105"}],
            )
        ],
    ),
    Case(
        "headTimestamp",
        {"reqId": 1, "headTimestamp": "19930129-14:30:00"},
        [("headTimestamp", 1, "19930129-14:30:00")],
    ),
    Case(
        "histogramData",
        {"reqId": 1, "items": [{"price": 1.5, "count": 3}]},
        [("histogramData", 1, [{"price": 1.5, "count": 3}])],
    ),
    Case(
        "historicalTicks",
        {"reqId": 1, "ticks": [{"time": NOON, "price": 1.5, "size": 2}], "done": True},
        [("historicalTicks", 1, [{"time": NOON_UTC, "price": 1.5, "size": 2.0}], True)],
    ),
    Case(
        "historicalTicksBidAsk",
        {
            "reqId": 1,
            "ticks": [{"time": NOON, "mask": 1, "priceBid": 1.5, "priceAsk": 2, "sizeBid": 3, "sizeAsk": 4}],
            "done": False,
        },
        [
            (
                "historicalTicksBidAsk",
                1,
                [
                    {
                        "time": NOON_UTC,
                        "tickAttribBidAsk": {"askPastHigh": True},
                        "priceBid": 1.5,
                        "priceAsk": 2.0,
                        "sizeBid": 3.0,
                        "sizeAsk": 4.0,
                    }
                ],
                False,
            )
        ],
    ),
    Case(
        "historicalTicksLast",
        {
            "reqId": 1,
            "ticks": [{"time": NOON, "mask": 2, "price": 1.5, "size": 2, "exchange": "Q"}],
            "done": True,
        },
        [
            (
                "historicalTicksLast",
                1,
                [
                    {
                        "time": NOON_UTC,
                        "tickAttribLast": {"unreported": True},
                        "price": 1.5,
                        "size": 2.0,
                        "exchange": "Q",
                    }
                ],
                True,
            )
        ],
    ),
]

# Kinds from this server version on are known to neither library.
NUMBERED_ONLY = 179

CASES = [*MARKET, *HISTORY]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_market_messages_arrive_as_meant(case: Case, assert_heard: Callable[..., None]) -> None:
    assert_heard(*case)


def test_every_kind_of_market_messages_is_in_the_table() -> None:
    schemas = [schema_history, schema_market]
    answers = {
        kind.name
        for schema in schemas
        for kind in schema.KINDS
        if kind.direction is MessageDirection.ANSWER and kind.since < NUMBERED_ONLY
    }
    assert {case.kind for case in CASES} == answers
