"""Historical data: bars and their updates, the trading schedule, head time stamps, histograms, ticks.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Bits, Block, Body, Options, Repeat
from bot.wire.fields import BOOL, DOUBLE, INT, INT0, LONG, SIZE, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Blank, Field, Many, Tail, Version
from bot.wire.parts import REQ_ID, REQUEST_CONTRACT, REQUEST_LEGS
from bot.wire.parts_bodies import CONTRACT

__all__ = ["KINDS"]

_EXPIRED = Field("includeExpired", BOOL, default=False)
_DONE = Field("done", BOOL, default=True)
_BAR = Block("date open high low close volume average:s barCount")

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        20,
        "reqHistoricalData",
        REQ_ID,
        REQUEST_CONTRACT,
        _EXPIRED,
        Field("endDateTime", STR, ""),
        Field("barSizeSetting", STR),
        Field("durationStr", STR),
        Field("useRTH", BOOL, default=True),
        Field("whatToShow", STR),
        Field("formatDate", INT0, 1),
        REQUEST_LEGS,
        Field("keepUpToDate", BOOL, default=False),
        Tail(Field("chartOptions", STR, "")),
        body=Body(
            208,
            "reqId",
            CONTRACT,
            "endDateTime barSizeSetting durationStr useRTH whatToShow formatDate keepUpToDate",
            Options("chartOptions"),
        ),
    ),
    request(25, "cancelHistoricalData", Version(1), REQ_ID, body=Body(208, "reqId")),
    request(
        87,
        "reqHeadTimeStamp",
        REQ_ID,
        REQUEST_CONTRACT,
        _EXPIRED,
        Field("useRTH", BOOL, default=True),
        Field("whatToShow", STR),
        Field("formatDate", INT0, 1),
        body=Body(208, "reqId", CONTRACT, "useRTH whatToShow formatDate"),
    ),
    request(90, "cancelHeadTimeStamp", REQ_ID, body=Body(208, "reqId")),
    request(
        88,
        "reqHistogramData",
        REQ_ID,
        REQUEST_CONTRACT,
        _EXPIRED,
        Field("useRTH", BOOL, default=True),
        Field("timePeriod", STR),
        body=Body(208, "reqId", CONTRACT, "useRTH timePeriod"),
    ),
    request(89, "cancelHistogramData", REQ_ID, body=Body(208, "reqId")),
    request(107, "cancelHistoricalTicks", REQ_ID, since=215, body=Body(215, "reqId")),
    request(
        96,
        "reqHistoricalTicks",
        REQ_ID,
        REQUEST_CONTRACT,
        _EXPIRED,
        Field("startDateTime", STR, ""),
        Field("endDateTime", STR, ""),
        Field("numberOfTicks", INT0),
        Field("whatToShow", STR),
        Field("useRth", BOOL, default=True),
        Field("ignoreSize", BOOL, default=False),
        Tail(Field("miscOptions", STR, "")),
        body=Body(
            208,
            "reqId",
            CONTRACT,
            "startDateTime endDateTime numberOfTicks whatToShow useRth ignoreSize",
            Options("miscOptions"),
        ),
    ),
)

_ANSWERS: tuple[MessageKind, ...] = (
    # One message holds every bar; before server version 196 it is its own end.
    answer(
        17,
        "historicalData",
        REQ_ID,
        Field("startDateStr", STR, until=195),
        Field("endDateStr", STR, until=195),
        Many(
            "bars",
            Field("date", STR),
            Field("open", DOUBLE),
            Field("high", DOUBLE),
            Field("low", DOUBLE),
            Field("close", DOUBLE),
            Field("volume", SIZE),
            Field("average", DOUBLE),
            Field("barCount", INT),
        ),
        body=Body(208, "reqId", Repeat("bars", _BAR)),
    ),
    # From server version 196 the end is a message of its own (IB's clients, "historical data end").
    answer(
        108,
        "historicalDataEnd",
        REQ_ID,
        Field("startDateStr", STR),
        Field("endDateStr", STR),
        since=196,
        body=Body(208, "reqId startDateStr endDateStr"),
    ),
    # The order of the prices differs from that of historicalData.
    answer(
        90,
        "historicalDataUpdate",
        REQ_ID,
        Field("barCount", INT),
        Field("date", STR),
        Field("open", DOUBLE),
        Field("close", DOUBLE),
        Field("high", DOUBLE),
        Field("low", DOUBLE),
        Field("average", DOUBLE),
        Field("volume", SIZE),
        body=Body(208, "reqId", _BAR),
    ),
    answer(
        106,
        "historicalSchedule",
        REQ_ID,
        Field("startDateTime", STR),
        Field("endDateTime", STR),
        Field("timeZone", STR),
        Many("sessions", Field("startDateTime", STR), Field("endDateTime", STR), Field("refDate", STR)),
        since=165,
        body=Body(
            208,
            "reqId startDateTime endDateTime timeZone",
            Repeat("sessions", Block("startDateTime endDateTime refDate")),
        ),
    ),
    answer(88, "headTimestamp", REQ_ID, Field("headTimestamp", STR), body=Body(208, "reqId headTimestamp")),
    answer(
        89,
        "histogramData",
        REQ_ID,
        Many("items", Field("price", DOUBLE), Field("count", LONG)),
        body=Body(208, "reqId", Repeat("items", Block("price count:s"))),
    ),
    answer(
        96,
        "historicalTicks",
        REQ_ID,
        Many("ticks", Field("time", LONG), Blank("0"), Field("price", DOUBLE), Field("size", SIZE)),
        _DONE,
        body=Body(208, "reqId", Repeat("ticks", Block("time price size")), "done"),
    ),
    answer(
        97,
        "historicalTicksBidAsk",
        REQ_ID,
        Many(
            "ticks",
            Field("time", LONG),
            Field("mask", INT0, 0),
            Field("priceBid", DOUBLE),
            Field("priceAsk", DOUBLE),
            Field("sizeBid", SIZE),
            Field("sizeAsk", SIZE),
        ),
        _DONE,
        body=Body(
            208,
            "reqId",
            Repeat("ticks", Block("time", Bits("mask", (2, 1)), "priceBid priceAsk sizeBid sizeAsk")),
            "done",
        ),
    ),
    answer(
        98,
        "historicalTicksLast",
        REQ_ID,
        Many(
            "ticks",
            Field("time", LONG),
            Field("mask", INT0, 0),
            Field("price", DOUBLE),
            Field("size", SIZE),
            Field("exchange", STR, ""),
            Field("specialConditions", STR, ""),
        ),
        _DONE,
        body=Body(
            208,
            "reqId",
            Repeat("ticks", Block("time", Bits("mask", (1, 2)), "price size exchange specialConditions")),
            "done",
        ),
    ),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
