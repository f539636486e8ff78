"""Account messages: values, portfolio, summary, positions, profit and loss, family codes, advisor data.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Block, Body, Repeat
from bot.wire.fields import BOOL, DECIMAL, INT, INT0, MAX_DECIMAL, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Field, Many, Version
from bot.wire.parts import ANSWER_CONTRACT, REQ_ID
from bot.wire.parts_bodies import CONTRACT

__all__ = ["KINDS"]

_ACCOUNT = Field("account", STR, "")
_MODEL = Field("modelCode", STR, "")

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        6,
        "reqAccountUpdates",
        Version(2),
        Field("subscribe", BOOL),
        Field("acctCode", STR, ""),
        body=Body(207, "subscribe acctCode"),
    ),
    request(
        76,
        "reqAccountUpdatesMulti",
        Version(1),
        REQ_ID,
        _ACCOUNT,
        _MODEL,
        Field("ledgerAndNLV", BOOL, default=False),
        body=Body(207, "reqId account modelCode ledgerAndNLV"),
    ),
    request(77, "cancelAccountUpdatesMulti", Version(1), REQ_ID, body=Body(207, "reqId")),
    request(
        62,
        "reqAccountSummary",
        Version(1),
        REQ_ID,
        Field("groupName", STR),
        Field("tags", STR),
        body=Body(207, "reqId groupName tags"),
    ),
    request(63, "cancelAccountSummary", Version(1), REQ_ID, body=Body(207, "reqId")),
    request(61, "reqPositions", Version(1), body=Body(207)),
    request(64, "cancelPositions", Version(1), body=Body(207)),
    request(
        74,
        "reqPositionsMulti",
        Version(1),
        REQ_ID,
        _ACCOUNT,
        _MODEL,
        body=Body(207, "reqId account modelCode"),
    ),
    request(75, "cancelPositionsMulti", Version(1), REQ_ID, body=Body(207, "reqId")),
    request(92, "reqPnL", REQ_ID, _ACCOUNT, _MODEL, body=Body(210, "reqId account modelCode")),
    request(93, "cancelPnL", REQ_ID, body=Body(210, "reqId")),
    request(
        94,
        "reqPnLSingle",
        REQ_ID,
        _ACCOUNT,
        _MODEL,
        Field("conId", INT),
        body=Body(210, "reqId account modelCode conId"),
    ),
    request(95, "cancelPnLSingle", REQ_ID, body=Body(210, "reqId")),
    request(80, "reqFamilyCodes", body=Body(212)),
    request(79, "reqSoftDollarTiers", REQ_ID, body=Body(212, "reqId")),
    request(18, "requestFA", Version(1), Field("faDataType", INT0), body=Body(211, "faDataType")),
    request(
        19,
        "replaceFA",
        Version(1),
        Field("faDataType", INT0),
        Field("xml", STR),
        Field("reqId", INT, -1, since=157),
        body=Body(211, "reqId faDataType xml"),
    ),
)

_ANSWERS: tuple[MessageKind, ...] = (
    answer(
        6,
        "updateAccountValue",
        Version(2),
        Field("key", STR),
        Field("value", STR),
        Field("currency", STR, ""),
        Field("accountName", STR),
        body=Body(207, "key value currency accountName"),
    ),
    answer(
        7,
        "updatePortfolio",
        Version(8),
        Field("conId", INT),
        Field("symbol", STR),
        Field("secType", STR),
        *ANSWER_CONTRACT.nodes[3:7],
        Field("primaryExchange", STR, ""),
        *ANSWER_CONTRACT.nodes[8:],
        Field("position", DECIMAL),
        Field("marketPrice", DECIMAL),
        Field("marketValue", DECIMAL),
        Field("averageCost", DECIMAL),
        Field("unrealizedPNL", MAX_DECIMAL),
        Field("realizedPNL", MAX_DECIMAL),
        Field("accountName", STR),
        body=Body(
            207,
            CONTRACT,
            "position:s marketPrice marketValue averageCost unrealizedPNL realizedPNL accountName",
        ),
    ),
    answer(8, "updateAccountTime", Version(1), Field("timeStamp", STR), body=Body(207, "timeStamp")),
    answer(54, "accountDownloadEnd", Version(1), Field("accountName", STR), body=Body(207, "accountName")),
    answer(
        73,
        "accountUpdateMulti",
        Version(1),
        REQ_ID,
        Field("account", STR),
        _MODEL,
        Field("key", STR),
        Field("value", STR),
        Field("currency", STR, ""),
        body=Body(207, "reqId account modelCode key value currency"),
    ),
    answer(74, "accountUpdateMultiEnd", Version(1), REQ_ID, body=Body(207, "reqId")),
    answer(
        63,
        "accountSummary",
        Version(1),
        REQ_ID,
        Field("account", STR),
        Field("tag", STR),
        Field("value", STR),
        Field("currency", STR, ""),
        body=Body(207, "reqId account tag value currency"),
    ),
    answer(64, "accountSummaryEnd", Version(1), REQ_ID, body=Body(207, "reqId")),
    answer(
        61,
        "position",
        Version(3),
        Field("account", STR),
        ANSWER_CONTRACT,
        Field("position", DECIMAL),
        Field("avgCost", DECIMAL),
        body=Body(207, "account", CONTRACT, "position:s avgCost"),
    ),
    answer(62, "positionEnd", Version(1), body=Body(207)),
    answer(
        71,
        "positionMulti",
        Version(1),
        REQ_ID,
        Field("account", STR),
        ANSWER_CONTRACT,
        Field("position", DECIMAL),
        Field("avgCost", DECIMAL),
        _MODEL,
        body=Body(207, "reqId account", CONTRACT, "position:s avgCost modelCode"),
    ),
    answer(72, "positionMultiEnd", Version(1), REQ_ID, body=Body(207, "reqId")),
    answer(
        94,
        "pnl",
        REQ_ID,
        Field("dailyPnL", MAX_DECIMAL, None),
        Field("unrealizedPnL", MAX_DECIMAL, None),
        Field("realizedPnL", MAX_DECIMAL, None),
        body=Body(210, "reqId dailyPnL unrealizedPnL realizedPnL"),
    ),
    answer(
        95,
        "pnlSingle",
        REQ_ID,
        Field("position", DECIMAL),
        Field("dailyPnL", MAX_DECIMAL, None),
        Field("unrealizedPnL", MAX_DECIMAL, None),
        Field("realizedPnL", MAX_DECIMAL, None),
        Field("value", MAX_DECIMAL, None),
        body=Body(210, "reqId position:s dailyPnL unrealizedPnL realizedPnL value"),
    ),
    answer(
        78,
        "familyCodes",
        Many("familyCodes", Field("accountID", STR), Field("familyCodeStr", STR, "")),
        body=Body(212, Repeat("familyCodes", Block("accountID familyCodeStr"))),
    ),
    answer(
        77,
        "softDollarTiers",
        REQ_ID,
        Many("tiers", Field("name", STR), Field("val", STR), Field("displayName", STR, "")),
        body=Body(212, "reqId", Repeat("tiers", Block("name val displayName"))),
    ),
    answer(
        16,
        "receiveFA",
        Version(1),
        Field("faDataType", INT0),
        Field("xml", STR),
        body=Body(211, "faDataType xml"),
    ),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
