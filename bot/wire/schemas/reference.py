"""News, scanner, fundamental and calendar messages: laid out so that a server can recognise and answer them.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Block, Body, Options, Repeat
from bot.wire.fields import BOOL, DECIMAL0, INT, INT0, LONG, MAX_INT, OPT_DECIMAL, OPT_DOUBLE, OPT_INT, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Field, Gate, Many, Tail, Version
from bot.wire.parts import REQ_ID
from bot.wire.parts_bodies import CONTRACT, SCANNER_SUBSCRIPTION

__all__ = ["KINDS"]

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        22,
        "reqScannerSubscription",
        Gate(Version(4), until=142),
        REQ_ID,
        Field("numberOfRows", INT0, -1),
        Field("instrument", STR, ""),
        Field("locationCode", STR, ""),
        Field("scanCode", STR, ""),
        Field("abovePrice", OPT_DECIMAL, None),
        Field("belowPrice", OPT_DECIMAL, None),
        Field("aboveVolume", OPT_INT, None),
        Field("marketCapAbove", OPT_DOUBLE, None),
        Field("marketCapBelow", OPT_DOUBLE, None),
        Field("moodyRatingAbove", STR, ""),
        Field("moodyRatingBelow", STR, ""),
        Field("spRatingAbove", STR, ""),
        Field("spRatingBelow", STR, ""),
        Field("maturityDateAbove", STR, ""),
        Field("maturityDateBelow", STR, ""),
        Field("couponRateAbove", OPT_DOUBLE, None),
        Field("couponRateBelow", OPT_DOUBLE, None),
        Field("excludeConvertible", BOOL, default=False),
        Field("averageOptionVolumeAbove", OPT_INT, None),
        Field("scannerSettingPairs", STR, ""),
        Field("stockTypeFilter", STR, ""),
        Field("filterOptions", STR, "", since=143),
        Tail(Field("subscriptionOptions", STR, "")),
        body=Body(210, "reqId", SCANNER_SUBSCRIPTION),
    ),
    request(23, "cancelScannerSubscription", Version(1), REQ_ID, body=Body(210, "reqId")),
    request(24, "reqScannerParameters", Version(1), body=Body(210)),
    request(
        52,
        "reqFundamentalData",
        Version(2),
        REQ_ID,
        Field("conId", INT0, 0),
        Field("symbol", STR, ""),
        Field("secType", STR, ""),
        Field("exchange", STR, ""),
        Field("primaryExchange", STR, ""),
        Field("currency", STR, ""),
        Field("localSymbol", STR, ""),
        Field("reportType", STR),
        # Some clients write how many options follow, then the options; others the options alone.
        Tail(Field("optionsCount", STR, "0")),
        Tail(Field("fundamentalDataOptions", STR, "")),
        body=Body(210, "reqId", CONTRACT, "reportType", Options("fundamentalDataOptions")),
    ),
    request(53, "cancelFundamentalData", Version(1), REQ_ID, body=Body(210, "reqId")),
    request(
        84,
        "reqNewsArticle",
        REQ_ID,
        Field("providerCode", STR),
        Field("articleId", STR),
        Tail(Field("newsArticleOptions", STR, "")),
        body=Body(209, "reqId providerCode articleId", Options("newsArticleOptions")),
    ),
    request(85, "reqNewsProviders", body=Body(209)),
    request(
        86,
        "reqHistoricalNews",
        REQ_ID,
        Field("conId", INT0),
        Field("providerCodes", STR),
        Field("startDateTime", STR, ""),
        Field("endDateTime", STR, ""),
        Field("totalResults", INT0),
        Tail(Field("historicalNewsOptions", STR, "")),
        body=Body(
            209,
            "reqId conId providerCodes startDateTime endDateTime totalResults",
            Options("historicalNewsOptions"),
        ),
    ),
    request(100, "reqWshMetaData", REQ_ID, body=Body(209, "reqId")),
    request(101, "cancelWshMetaData", REQ_ID, body=Body(209, "reqId")),
    request(
        102,
        "reqWshEventData",
        REQ_ID,
        Field("conId", MAX_INT, None),
        Gate(
            Field("filter", STR, ""),
            Field("fillWatchlist", BOOL, default=False),
            Field("fillPortfolio", BOOL, default=False),
            Field("fillCompetitors", BOOL, default=False),
            since=171,
        ),
        Gate(
            Field("startDate", STR, ""),
            Field("endDate", STR, ""),
            Field("totalLimit", MAX_INT, None),
            since=173,
        ),
        body=Body(
            209, "reqId conId filter fillWatchlist fillPortfolio fillCompetitors startDate endDate totalLimit"
        ),
    ),
    request(103, "cancelWshEventData", REQ_ID, body=Body(209, "reqId")),
)

_ANSWERS: tuple[MessageKind, ...] = (
    answer(19, "scannerParameters", Version(1), Field("xml", STR), body=Body(210, "xml")),
    answer(
        20,
        "scannerData",
        Version(3),
        REQ_ID,
        Many(
            "rows",
            Field("rank", INT),
            Field("conId", INT0),
            Field("symbol", STR),
            Field("secType", STR),
            Field("lastTradeDateOrContractMonth", STR, ""),
            Field("strike", DECIMAL0, 0),
            Field("right", STR, ""),
            Field("exchange", STR),
            Field("currency", STR),
            Field("localSymbol", STR, ""),
            Field("marketName", STR, ""),
            Field("tradingClass", STR, ""),
            Field("distance", STR, ""),
            Field("benchmark", STR, ""),
            Field("projection", STR, ""),
            Field("legsStr", STR, ""),
        ),
        body=Body(
            210,
            "reqId",
            Repeat("rows", Block("rank", CONTRACT, "marketName distance benchmark projection legsStr")),
        ),
    ),
    answer(51, "fundamentalData", Version(1), REQ_ID, Field("data", STR), body=Body(210, "reqId data")),
    answer(
        83,
        "newsArticle",
        REQ_ID,
        Field("articleType", INT),
        Field("articleText", STR),
        body=Body(209, "reqId articleType articleText"),
    ),
    answer(
        84,
        "tickNews",
        REQ_ID,
        Field("timeStamp", LONG),
        Field("providerCode", STR),
        Field("articleId", STR),
        Field("headline", STR),
        Field("extraData", STR, ""),
        body=Body(209, "reqId timeStamp providerCode articleId headline extraData"),
    ),
    answer(
        85,
        "newsProviders",
        Many("providers", Field("code", STR), Field("name", STR)),
        body=Body(209, Repeat("providers", Block("code name"))),
    ),
    answer(
        86,
        "historicalNews",
        REQ_ID,
        Field("time", STR),
        Field("providerCode", STR),
        Field("articleId", STR),
        Field("headline", STR),
        body=Body(209, "reqId time providerCode articleId headline"),
    ),
    answer(
        87,
        "historicalNewsEnd",
        REQ_ID,
        Field("hasMore", BOOL, default=False),
        body=Body(209, "reqId hasMore"),
    ),
    answer(104, "wshMetaData", REQ_ID, Field("dataJson", STR), body=Body(209, "reqId dataJson")),
    answer(105, "wshEventData", REQ_ID, Field("dataJson", STR), body=Body(209, "reqId dataJson")),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
