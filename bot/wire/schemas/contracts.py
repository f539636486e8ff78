"""Contract messages: details of stocks, options and bonds, option parameters, symbol search, market rules.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway.
"""

from __future__ import annotations

from bot.wire.bodies import Block, Body, Repeat
from bot.wire.fields import BOOL, DECIMAL, DECIMAL0, ESCAPED, INT, INT0, OPT_DECIMAL, OPT_DOUBLE, STR
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Each, Field, Gate, Many, Node, Tail, Version, When
from bot.wire.parts import REQ_ID, REQUEST_CONTRACT, TAG_VALUE
from bot.wire.parts_bodies import CONTRACT, CONTRACT_DETAILS
from bot.wire.parts_orders import flags, texts

__all__ = ["KINDS"]

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        9,
        "reqContractDetails",
        Version(8),
        REQ_ID,
        REQUEST_CONTRACT,
        Field("includeExpired", BOOL, default=False),
        Field("secIdType", STR, ""),
        Field("secId", STR, ""),
        Tail(Field("issuerId", STR, "", since=176)),
        body=Body(205, "reqId", CONTRACT),
    ),
    request(106, "cancelContractData", REQ_ID, since=215, body=Body(215, "reqId")),
    request(
        78,
        "reqSecDefOptParams",
        REQ_ID,
        Field("underlyingSymbol", STR),
        Field("futFopExchange", STR, ""),
        Field("underlyingSecType", STR),
        Field("underlyingConId", INT0),
        body=Body(212, "reqId underlyingSymbol futFopExchange underlyingSecType underlyingConId"),
    ),
    request(81, "reqMatchingSymbols", REQ_ID, Field("pattern", STR), body=Body(212, "reqId pattern")),
    request(91, "reqMarketRule", Field("marketRuleId", INT), body=Body(212, "marketRuleId")),
    request(82, "reqMktDepthExchanges", body=Body(213)),
    request(83, "reqSmartComponents", REQ_ID, Field("bboExchange", STR), body=Body(212, "reqId bboExchange")),
)

# Server version 164 dropped the message's own version and the obsolete size multiplier, and added the sizes.
_OWN_VERSION = Gate(Version(8), until=163)
_MD_SIZE_MULTIPLIER = Field("mdSizeMultiplier", INT0, 1, until=163)
_SIZES: tuple[Node, ...] = (
    Field("minSize", OPT_DECIMAL, 1, since=164),
    Field("sizeIncrement", OPT_DECIMAL, 1, since=164),
    Field("suggestedSizeIncrement", OPT_DECIMAL, 1, since=164),
)
_FUND: tuple[Node, ...] = (
    Gate(
        When(
            "secType is FUND",
            lambda values: bool(values["secType"] == "FUND"),
            *texts("fundName", "fundFamily", "fundType", "fundFrontLoad", "fundBackLoad"),
            *texts("fundBackLoadTimeInterval", "fundManagementFee"),
            *flags("fundClosed", "fundClosedForNewInvestors", "fundClosedForNewMoney"),
            *texts("fundNotifyAmount", "fundMinimumInitialPurchase", "fundSubsequentMinimumPurchase"),
            *texts("fundBlueSkyStates", "fundBlueSkyTerritories"),
            *texts("fundDistributionPolicyIndicator", "fundAssetType"),
        ),
        since=179,
    ),
)
_HOURS = texts("timeZoneId", "tradingHours", "liquidHours")
_SEC_IDS = Many("secIdList", *TAG_VALUE)

_CONTRACT_DETAILS = answer(
    10,
    "contractDetails",
    _OWN_VERSION,
    REQ_ID,
    Field("symbol", STR),
    Field("secType", STR),
    Field("lastTradeDateOrContractMonth", STR, ""),
    Field("lastTradeDate", STR, "", since=182),
    Field("strike", DECIMAL0, 0),
    Field("right", STR, ""),
    Field("exchange", STR),
    Field("currency", STR),
    Field("localSymbol", STR, ""),
    Field("marketName", STR, ""),
    Field("tradingClass", STR, ""),
    Field("conId", INT),
    Field("minTick", DECIMAL),
    _MD_SIZE_MULTIPLIER,
    Field("multiplier", STR, ""),
    Field("orderTypes", STR, ""),
    Field("validExchanges", STR, ""),
    Field("priceMagnifier", INT0, 1),
    Field("underConId", INT0, 0),
    Field("longName", ESCAPED, ""),
    Field("primaryExchange", STR, ""),
    Field("contractMonth", STR, ""),
    Field("industry", STR, ""),
    Field("category", STR, ""),
    Field("subcategory", STR, ""),
    *_HOURS,
    Field("evRule", STR, ""),
    Field("evMultiplier", INT0, 0),
    _SEC_IDS,
    Field("aggGroup", INT0, 1),
    Field("underSymbol", STR, ""),
    Field("underSecType", STR, ""),
    Field("marketRuleIds", STR, ""),
    Field("realExpirationDate", STR, ""),
    Field("stockType", STR, "", since=152),
    Gate(Field("suggestedSizeIncrement", OPT_DECIMAL, 1), since=163, until=163),
    *_SIZES,
    *_FUND,
    Gate(Many("ineligibilityReasons", Field("id", STR), Field("description", STR, "")), since=186),
    body=Body(205, "reqId", CONTRACT, CONTRACT_DETAILS),
)

# A bond's maturity stands where other contracts have their last trading day.
_BOND_CONTRACT = Block("conId symbol secType maturity - - - exchange - currency - tradingClass")

_BOND_DETAILS = answer(
    18,
    "bondContractDetails",
    Gate(Version(6), until=163),
    REQ_ID,
    Field("symbol", STR),
    Field("secType", STR),
    Field("cusip", STR, ""),
    Field("coupon", OPT_DOUBLE, 0),
    Field("maturity", STR, ""),
    Field("issueDate", STR, ""),
    Field("ratings", STR, ""),
    Field("bondType", STR, ""),
    Field("couponType", STR, ""),
    Field("convertible", BOOL, default=False),
    Field("callable", BOOL, default=False),
    Field("putable", BOOL, default=False),
    Field("descAppend", STR, ""),
    Field("exchange", STR),
    Field("currency", STR),
    Field("marketName", STR, ""),
    Field("tradingClass", STR, ""),
    Field("conId", INT),
    Field("minTick", DECIMAL),
    _MD_SIZE_MULTIPLIER,
    Field("orderTypes", STR, ""),
    Field("validExchanges", STR, ""),
    Field("nextOptionDate", STR, ""),
    Field("nextOptionType", STR, ""),
    Field("nextOptionPartial", BOOL, default=False),
    Field("notes", STR, ""),
    Field("longName", STR, ""),
    Gate(*_HOURS, since=188),
    Field("evRule", STR, ""),
    Field("evMultiplier", INT0, 0),
    _SEC_IDS,
    Field("aggGroup", INT0, 1),
    Field("marketRuleIds", STR, ""),
    *_SIZES,
    body=Body(205, "reqId", _BOND_CONTRACT, CONTRACT_DETAILS),
)

_ANSWERS: tuple[MessageKind, ...] = (
    _CONTRACT_DETAILS,
    _BOND_DETAILS,
    answer(52, "contractDetailsEnd", Version(1), REQ_ID, body=Body(205, "reqId")),
    answer(
        75,
        "securityDefinitionOptionParameter",
        REQ_ID,
        Field("exchange", STR),
        Field("underlyingConId", INT),
        Field("tradingClass", STR),
        Field("multiplier", STR),
        Each("expirations", STR),
        Each("strikes", DECIMAL),
        body=Body(212, "reqId exchange underlyingConId tradingClass multiplier expirations strikes"),
    ),
    answer(76, "securityDefinitionOptionParameterEnd", REQ_ID, body=Body(212, "reqId")),
    answer(
        79,
        "symbolSamples",
        REQ_ID,
        Many(
            "contractDescriptions",
            Field("conId", INT),
            Field("symbol", STR),
            Field("secType", STR),
            Field("primaryExchange", STR, ""),
            Field("currency", STR),
            Each("derivativeSecTypes", STR),
            Field("description", STR, "", since=176),
            Field("issuerId", STR, "", since=176),
        ),
        body=Body(212, "reqId", Repeat("contractDescriptions", Block(CONTRACT, "derivativeSecTypes"))),
    ),
    answer(
        93,
        "marketRule",
        Field("marketRuleId", INT),
        Many("priceIncrements", Field("lowEdge", DECIMAL), Field("increment", DECIMAL)),
        body=Body(212, "marketRuleId", Repeat("priceIncrements", Block("lowEdge increment"))),
    ),
    answer(
        80,
        "mktDepthExchanges",
        Many(
            "descriptions",
            Field("exchange", STR),
            Field("secType", STR),
            Field("listingExch", STR, ""),
            Field("serviceDataType", STR, ""),
            Field("aggGroup", INT, 2**31 - 1),
        ),
        body=Body(
            213, Repeat("descriptions", Block("exchange secType listingExch serviceDataType aggGroup"))
        ),
    ),
    answer(
        82,
        "smartComponents",
        REQ_ID,
        Many("components", Field("bitNumber", INT), Field("exchange", STR), Field("exchangeLetter", STR)),
        body=Body(212, "reqId", Repeat("components", Block("bitNumber exchange exchangeLetter"))),
    ),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
