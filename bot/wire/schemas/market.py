"""Live market data: quotes, greeks, tick-by-tick, five-second bars, depth, implied-volatility calculations.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Bits, Block, Body, Options
from bot.wire.fields import BOOL, DECIMAL, DOUBLE, INT, INT0, LONG, OPT_DOUBLE, SIZE, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Field, Gate, Maybe, Node, Switch, Tail, Version
from bot.wire.parts import DELTA_NEUTRAL, REQ_ID, REQUEST_CONTRACT, REQUEST_LEGS
from bot.wire.parts_bodies import CONTRACT

__all__ = ["KINDS"]

_TICK_TYPE = Field("tickType", INT)


def _calculation_options(name: str) -> tuple[Node, ...]:
    # Some clients write how many options follow, then the options; others the options alone.
    return Tail(Field("optionsCount", STR, "0")), Tail(Field(name, STR, ""))


_DEPTH_CONTRACT: tuple[Node, ...] = tuple(
    Gate(node, since=149) if node.described() == "primaryExchange" else node
    for node in REQUEST_CONTRACT.nodes
)

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        59, "reqMarketDataType", Version(1), Field("marketDataType", INT), body=Body(206, "marketDataType")
    ),
    request(
        1,
        "reqMktData",
        Version(11),
        REQ_ID,
        REQUEST_CONTRACT,
        REQUEST_LEGS,
        Maybe("deltaNeutralContract", *DELTA_NEUTRAL),
        Field("genericTickList", STR, ""),
        Field("snapshot", BOOL, default=False),
        Field("regulatorySnapshot", BOOL, default=False),
        Tail(Field("mktDataOptions", STR, "")),
        body=Body(
            206, "reqId", CONTRACT, "genericTickList snapshot regulatorySnapshot", Options("mktDataOptions")
        ),
    ),
    request(2, "cancelMktData", Version(2), REQ_ID, body=Body(206, "reqId")),
    request(
        54,
        "calculateImpliedVolatility",
        Version(3),
        REQ_ID,
        REQUEST_CONTRACT,
        Field("optionPrice", DOUBLE),
        Field("underPrice", DOUBLE),
        *_calculation_options("implVolOptions"),
        body=Body(211, "reqId", CONTRACT, "optionPrice underPrice", Options("implVolOptions")),
    ),
    request(56, "cancelCalculateImpliedVolatility", Version(1), REQ_ID, body=Body(211, "reqId")),
    request(
        55,
        "calculateOptionPrice",
        Version(3),
        REQ_ID,
        REQUEST_CONTRACT,
        Field("volatility", DOUBLE),
        Field("underPrice", DOUBLE),
        *_calculation_options("optPrcOptions"),
        body=Body(211, "reqId", CONTRACT, "volatility underPrice", Options("optPrcOptions")),
    ),
    request(57, "cancelCalculateOptionPrice", Version(1), REQ_ID, body=Body(211, "reqId")),
    request(
        97,
        "reqTickByTickData",
        REQ_ID,
        REQUEST_CONTRACT,
        Field("tickType", STR),
        Field("numberOfTicks", INT0, 0),
        Field("ignoreSize", BOOL, default=False),
        body=Body(208, "reqId", CONTRACT, "tickType numberOfTicks ignoreSize"),
    ),
    request(98, "cancelTickByTickData", REQ_ID, body=Body(208, "reqId")),
    request(
        50,
        "reqRealTimeBars",
        Version(3),
        REQ_ID,
        REQUEST_CONTRACT,
        Field("barSize", INT0, 5),
        Field("whatToShow", STR),
        Field("useRTH", BOOL, default=False),
        Tail(Field("realTimeBarsOptions", STR, "")),
        body=Body(208, "reqId", CONTRACT, "barSize whatToShow useRTH", Options("realTimeBarsOptions")),
    ),
    request(51, "cancelRealTimeBars", Version(1), REQ_ID, body=Body(208, "reqId")),
    request(
        10,
        "reqMktDepth",
        Version(5),
        REQ_ID,
        *_DEPTH_CONTRACT,
        Field("numRows", INT0),
        Field("isSmartDepth", BOOL, default=False, since=146),
        Tail(Field("mktDepthOptions", STR, "")),
        body=Body(206, "reqId", CONTRACT, "numRows isSmartDepth", Options("mktDepthOptions")),
    ),
    request(
        11,
        "cancelMktDepth",
        Version(1),
        REQ_ID,
        Tail(Field("isSmartDepth", BOOL, default=False, since=146)),
        body=Body(206, "reqId isSmartDepth"),
    ),
)

_LAST: tuple[Node, ...] = (
    Field("price", DOUBLE),
    Field("size", SIZE),
    Field("mask", INT0, 0),
    Field("exchange", STR, ""),
    Field("specialConditions", STR, ""),
)
_BID_ASK: tuple[Node, ...] = (
    Field("bidPrice", DOUBLE),
    Field("askPrice", DOUBLE),
    Field("bidSize", SIZE),
    Field("askSize", SIZE),
    Field("mask", INT0, 0),
)
_LAST_TICK = Block(
    "time",
    Bits("mask", (1, 2)),
    "price size exchange specialConditions",
    only=("tickType", frozenset({1, 2})),
)
_BID_ASK_TICK = Block(
    "time", Bits("mask", (1, 2)), "bidPrice askPrice bidSize askSize", only=("tickType", frozenset({3}))
)
_MID_TICK = Block("time midPoint", only=("tickType", frozenset({4})))

_ANSWERS: tuple[MessageKind, ...] = (
    answer(
        58,
        "marketDataType",
        Version(1),
        REQ_ID,
        Field("marketDataType", INT),
        body=Body(206, "reqId marketDataType"),
    ),
    answer(
        81,
        "tickReqParams",
        REQ_ID,
        Field("minTick", DECIMAL),
        Field("bboExchange", STR, ""),
        Field("snapshotPermissions", INT0, 0),
        body=Body(206, "reqId minTick:s bboExchange snapshotPermissions"),
    ),
    answer(
        1,
        "tickPrice",
        Version(6),
        REQ_ID,
        _TICK_TYPE,
        Field("price", DOUBLE),
        Field("size", SIZE),
        Field("attrMask", INT),
        body=Body(206, "reqId tickType price size attrMask"),
    ),
    answer(
        2,
        "tickSize",
        Version(6),
        REQ_ID,
        _TICK_TYPE,
        Field("size", SIZE),
        body=Body(206, "reqId tickType size"),
    ),
    answer(
        45,
        "tickGeneric",
        Version(6),
        REQ_ID,
        _TICK_TYPE,
        Field("value", DOUBLE),
        body=Body(206, "reqId tickType value"),
    ),
    answer(
        46,
        "tickString",
        Version(6),
        REQ_ID,
        _TICK_TYPE,
        Field("value", STR),
        body=Body(206, "reqId tickType value"),
    ),
    answer(
        47,
        "tickEFP",
        Version(6),
        REQ_ID,
        _TICK_TYPE,
        Field("basisPoints", DOUBLE),
        Field("formattedBasisPoints", STR),
        Field("totalDividends", DOUBLE),
        Field("holdDays", INT0),
        Field("futureLastTradeDate", STR),
        Field("dividendImpact", DOUBLE),
        Field("dividendsToLastTradeDate", DOUBLE),
    ),
    # The client libraries compare with -1 and -2 for "not computed"; they have no text for unset here.
    answer(
        21,
        "tickOptionComputation",
        Gate(Version(6), until=155),
        REQ_ID,
        _TICK_TYPE,
        Field("tickAttrib", INT, since=156),
        Field("impliedVol", DOUBLE),
        Field("delta", DOUBLE),
        Field("optPrice", DOUBLE),
        Field("pvDividend", DOUBLE),
        Field("gamma", DOUBLE),
        Field("vega", DOUBLE),
        Field("theta", DOUBLE),
        Field("undPrice", DOUBLE),
        body=Body(
            206, "reqId tickType tickAttrib impliedVol delta optPrice pvDividend gamma vega theta undPrice"
        ),
    ),
    answer(57, "tickSnapshotEnd", Version(1), REQ_ID, body=Body(206, "reqId")),
    answer(
        99,
        "tickByTick",
        REQ_ID,
        _TICK_TYPE,
        Field("time", LONG),
        Switch("tickType", {1: _LAST, 2: _LAST, 3: _BID_ASK, 4: (Field("midPoint", DOUBLE),)}),
        body=Body(208, "reqId tickType", _LAST_TICK, _BID_ASK_TICK, _MID_TICK),
    ),
    answer(
        50,
        "realtimeBar",
        Version(3),
        REQ_ID,
        Field("time", LONG),
        Field("open", DOUBLE),
        Field("high", DOUBLE),
        Field("low", DOUBLE),
        Field("close", DOUBLE),
        Field("volume", SIZE),
        Field("wap", DOUBLE),
        Field("count", INT),
        body=Body(208, "reqId time open high low close volume wap:s count"),
    ),
    answer(
        12,
        "updateMktDepth",
        Version(1),
        REQ_ID,
        Field("position", INT),
        Field("operation", INT),
        Field("side", INT),
        Field("price", DOUBLE),
        Field("size", SIZE),
        body=Body(206, "reqId", Block("position operation side price size")),
    ),
    answer(
        13,
        "updateMktDepthL2",
        Version(1),
        REQ_ID,
        Field("position", INT),
        Field("marketMaker", STR),
        Field("operation", INT),
        Field("side", INT),
        Field("price", DOUBLE),
        Field("size", SIZE),
        Field("isSmartDepth", BOOL, default=False, since=146),
        body=Body(206, "reqId", Block("position operation side price size marketMaker isSmartDepth")),
    ),
    answer(
        56,
        "deltaNeutralValidation",
        Version(1),
        REQ_ID,
        Field("conId", INT),
        Field("delta", OPT_DOUBLE, None),
        Field("price", OPT_DOUBLE, None),
    ),
    answer(
        91,
        "rerouteMktDataReq",
        REQ_ID,
        Field("conId", INT),
        Field("exchange", STR),
        body=Body(206, "reqId conId exchange"),
    ),
    answer(
        92,
        "rerouteMktDepthReq",
        REQ_ID,
        Field("conId", INT),
        Field("exchange", STR),
        body=Body(206, "reqId conId exchange"),
    ),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
