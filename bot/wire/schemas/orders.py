"""Order requests, order status, executions, commissions.

Rule: declarations only. Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause); no layout here has
been compared with a real gateway. (open and completed orders: ``open_orders``)
"""

from __future__ import annotations

import math

from bot.wire.bodies import Block, Body
from bot.wire.fields import (
    BOOL,
    DECIMAL,
    INT,
    INT0,
    LONG,
    MAX_DECIMAL,
    MAX_INT,
    OFFSET,
    OPT_BOOL,
    OPT_DECIMAL,
    OPT_DOUBLE,
    OPT_INT,
    STR,
)
from bot.wire.layout import MessageKind, answer, request
from bot.wire.nodes import Blank, Each, Field, Gate, Node, Tail, Version, When
from bot.wire.parts import ANSWER_CONTRACT, REQ_ID, REQUEST_CONTRACT, is_bag
from bot.wire.parts_bodies import CONTRACT, EXECUTION_FIELDS, ORDER, ORDER_CANCEL
from bot.wire.parts_orders import (
    ALGO,
    COMBO_PRICES,
    CONDITIONS,
    CUSTOMER,
    DELTA_NEUTRAL_CONTRACT,
    HEDGE,
    IMBALANCE_ONLY,
    INCLUDE_OVERNIGHT,
    MANUAL_INDICATOR,
    ORDER_COMBO_LEGS,
    PEG_BENCH,
    PRICE_CAPS,
    SMART_COMBO_PARAMS,
    SUBMITTER,
    flags,
    is_peg_best,
    is_peg_mid,
    prices,
    scale,
    texts,
)

__all__ = ["KINDS"]

_ORDER_ID = Field("orderId", INT)

_MAIN: tuple[Node, ...] = (
    Field("action", STR),
    Field("totalQuantity", OPT_DECIMAL),
    Field("orderType", STR),
    *prices("lmtPrice", "auxPrice"),
    *texts("tif", "ocaGroup", "account"),
    Field("openClose", STR, "O"),
    Field("origin", INT0, 0),
    Field("orderRef", STR, ""),
    Field("transmit", BOOL, default=True),
    Field("parentId", INT0, 0),
    *flags("blockOrder", "sweepToFill"),
    Field("displaySize", INT0, 0),
    Field("triggerMethod", INT0, 0),
    *flags("outsideRth", "hidden"),
    When("secType is BAG", is_bag, ORDER_COMBO_LEGS, COMBO_PRICES, SMART_COMBO_PARAMS),
)

_EXTENDED: tuple[Node, ...] = (
    Blank(),
    Field("discretionaryAmt", OPT_DECIMAL, 0),
    *texts("goodAfterTime", "goodTillDate", "faGroup", "faMethod", "faPercentage"),
    Field("faProfile", STR, "", until=176),
    Field("modelCode", STR, ""),
    Field("shortSaleSlot", INT0, 0),
    Field("designatedLocation", STR, ""),
    Field("exemptCode", INT0, -1),
    Field("ocaType", INT0, 0),
    *texts("rule80A", "settlingFirm"),
    Field("allOrNone", BOOL, default=False),
    Field("minQty", OPT_INT, None),
    Field("percentOffset", OPT_DECIMAL, None),
    *flags("eTradeOnly", "firmQuoteOnly"),
    Field("nbboPriceCap", OPT_DECIMAL, None),
    Field("auctionStrategy", INT0, 0),
    *PRICE_CAPS,
    Field("overridePercentageConstraints", BOOL, default=False),
)

_VOLATILITY: tuple[Node, ...] = (
    Field("volatility", OPT_DOUBLE, None),
    Field("volatilityType", OPT_INT, None),
    Field("deltaNeutralOrderType", STR, ""),
    Field("deltaNeutralAuxPrice", OPT_DECIMAL, None),
    When(
        "deltaNeutralOrderType is set",
        lambda values: bool(values["deltaNeutralOrderType"]),
        Field("deltaNeutralConId", INT0, 0),
        *texts("deltaNeutralSettlingFirm", "deltaNeutralClearingAccount", "deltaNeutralClearingIntent"),
        Field("deltaNeutralOpenClose", STR, ""),
        Field("deltaNeutralShortSale", BOOL, default=False),
        Field("deltaNeutralShortSaleSlot", INT0, 0),
        Field("deltaNeutralDesignatedLocation", STR, ""),
    ),
    Field("continuousUpdate", BOOL, default=False),
    Field("referencePriceType", OPT_INT, None),
    *prices("trailStopPrice", "trailingPercent"),
)

_CLEARING: tuple[Node, ...] = (
    scale(OPT_INT),
    *texts("scaleTable", "activeStartTime", "activeStopTime"),
    *HEDGE,
    Field("optOutSmartRouting", BOOL, default=False),
    *texts("clearingAccount", "clearingIntent"),
    Field("notHeld", BOOL, default=False),
    DELTA_NEUTRAL_CONTRACT,
    *ALGO,
    Field("algoId", STR, ""),
    Field("whatIf", BOOL, default=False),
    Field("orderMiscOptions", STR, ""),
    *flags("solicited", "randomizeSize", "randomizePrice"),
    PEG_BENCH,
    *CONDITIONS,
)

_ADJUSTED: tuple[Node, ...] = (
    Field("adjustedOrderType", STR, ""),
    *prices(
        "triggerPrice",
        "lmtPriceOffset",
        "adjustedStopPrice",
        "adjustedStopLimitPrice",
        "adjustedTrailingAmount",
    ),
    Field("adjustableTrailingUnit", INT0, 0),
    *texts("extOperator", "softDollarTierName", "softDollarTierVal"),
    Field("cashQty", OPT_DECIMAL, None),
    *texts("mifid2DecisionMaker", "mifid2DecisionAlgo", "mifid2ExecutionTrader", "mifid2ExecutionAlgo"),
    Field("dontUseAutoPriceForHedge", BOOL, default=False),
    Field("isOmsContainer", BOOL, default=False, since=145),
    Field("discretionaryUpToLimitPrice", BOOL, default=False, since=148),
    Field("usePriceMgmtAlgo", OPT_BOOL, default=False, since=151),
)

_MID_OFFSETS = prices("midOffsetAtWhole", "midOffsetAtHalf")

_GATED: tuple[Node, ...] = (
    Field("duration", OPT_INT, None, since=158),
    Field("postToAts", OPT_INT, None, since=160),
    Field("autoCancelParent", BOOL, default=False, since=162),
    Field("advancedErrorOverride", STR, "", since=166),
    Field("manualOrderTime", STR, "", since=169),
    Gate(
        When(
            "exchange is IBKRATS",
            lambda values: bool(values["exchange"] == "IBKRATS"),
            Field("minTradeQty", OPT_INT, None),
        ),
        When(
            "orderType is PEG BEST",
            is_peg_best,
            Field("minCompeteSize", OPT_INT, None),
            Field("competeAgainstBestOffset", OFFSET, None),
            When(
                "competeAgainstBestOffset is infinite",
                lambda values: values["competeAgainstBestOffset"] == math.inf,
                *_MID_OFFSETS,
            ),
        ),
        When("orderType is PEG MID", is_peg_mid, *_MID_OFFSETS),
        since=170,
    ),
)

# IB's published clients, server_versions: a request for quotes brought fields that were taken back three versions later.
_QUOTE_REQUESTS = {"since": 187, "until": 189}
_UNSET_INDICATOR = Blank("2147483647")

_NEWER: tuple[Node, ...] = (
    *CUSTOMER,
    Gate(Blank(), _UNSET_INDICATOR, **_QUOTE_REQUESTS),
    INCLUDE_OVERNIGHT,
    MANUAL_INDICATOR,
    IMBALANCE_ONLY,
    # Said in numbered bodies only.
    *(
        Field(name, BOOL, default=False, since=216)
        for name in ("deactivate", "postOnly", "allowPreOpen", "ignoreOpenAuction")
    ),
    Field("slOrderId", OPT_INT, None, since=218),
    Field("slOrderType", STR, "", since=218),
    Field("ptOrderId", OPT_INT, None, since=218),
    Field("ptOrderType", STR, "", since=218),
)

# From version 192 who sent a cancellation is said, and its message's own version is not.
_UNTAGGED = Gate(Version(1), until=191)
_TAGGING = Tail(Field("extOperator", STR, "", since=192), MANUAL_INDICATOR)

_REQUESTS: tuple[MessageKind, ...] = (
    request(
        3,
        "placeOrder",
        Gate(Version(45), until=144),
        _ORDER_ID,
        REQUEST_CONTRACT,
        *texts("secIdType", "secId"),
        *_MAIN,
        *_EXTENDED,
        *_VOLATILITY,
        *_CLEARING,
        *_ADJUSTED,
        *_GATED,
        *_NEWER,
        body=Body(203, "orderId", CONTRACT, ORDER, Block("slOrderId slOrderType ptOrderId ptOrderType")),
    ),
    request(
        4,
        "cancelOrder",
        _UNTAGGED,
        _ORDER_ID,
        Tail(Field("manualCancelOrderTime", STR, "", since=169)),
        Tail(Gate(Blank(), Blank(), _UNSET_INDICATOR, **_QUOTE_REQUESTS)),
        _TAGGING,
        body=Body(203, "orderId", ORDER_CANCEL),
    ),
    request(58, "reqGlobalCancel", _UNTAGGED, _TAGGING, body=Body(203, ORDER_CANCEL)),
    request(5, "reqOpenOrders", Version(1), body=Body(204)),
    request(16, "reqAllOpenOrders", Version(1), body=Body(204)),
    request(15, "reqAutoOpenOrders", Version(1), Field("bAutoBind", BOOL), body=Body(204, "bAutoBind")),
    request(
        99, "reqCompletedOrders", Field("apiOnly", BOOL, default=False), since=150, body=Body(204, "apiOnly")
    ),
    request(
        7,
        "reqExecutions",
        Version(3),
        REQ_ID,
        Field("clientId", INT0, 0),
        *texts("acctCode", "time", "symbol", "secType", "exchange", "side"),
        Gate(Field("lastNDays", MAX_INT, None), Each("specificDates", INT), since=200),
        body=Body(
            201,
            "reqId",
            Block("clientId acctCode time symbol secType exchange side lastNDays specificDates"),
        ),
    ),
    request(
        21,
        "exerciseOptions",
        Version(2),
        REQ_ID,
        *(node for node in REQUEST_CONTRACT.nodes if node.described() != "primaryExchange"),
        Field("exerciseAction", INT),
        Field("exerciseQuantity", INT),
        Field("account", STR, ""),
        Field("override", INT0, 0),
        Field("manualOrderTime", STR, "", since=180),
        *CUSTOMER,
        body=Body(
            211,
            "reqId",
            CONTRACT,
            "exerciseAction exerciseQuantity account override:b manualOrderTime customerAccount professionalCustomer",
        ),
    ),
)

_ANSWERS: tuple[MessageKind, ...] = (
    answer(
        3,
        "orderStatus",
        _ORDER_ID,
        Field("status", STR),
        Field("filled", DECIMAL),
        Field("remaining", DECIMAL),
        Field("avgFillPrice", DECIMAL, 0),
        Field("permId", LONG),
        Field("parentId", INT0, 0),
        Field("lastFillPrice", DECIMAL, 0),
        Field("clientId", INT),
        Field("whyHeld", STR, ""),
        Field("mktCapPrice", DECIMAL, 0),
        body=Body(
            203,
            "orderId status filled:s remaining:s avgFillPrice permId parentId lastFillPrice clientId whyHeld mktCapPrice",
        ),
    ),
    # The contract's exchange is "exchange"; where the trade happened is "execExchange".
    answer(
        11,
        "execDetails",
        Field("reqId", INT, -1),
        _ORDER_ID,
        ANSWER_CONTRACT,
        Field("execId", STR),
        Field("time", STR),
        Field("acctNumber", STR),
        Field("execExchange", STR),
        Field("side", STR),
        Field("shares", DECIMAL),
        Field("price", DECIMAL),
        Field("permId", LONG),
        Field("clientId", INT),
        Field("liquidation", INT0, 0),
        Field("cumQty", DECIMAL),
        Field("avgPrice", DECIMAL),
        *texts("orderRef", "evRule"),
        Field("evMultiplier", OPT_DOUBLE, None),
        Field("modelCode", STR, ""),
        Field("lastLiquidity", INT0, 0),
        Field("pendingPriceRevision", BOOL, default=False, since=178),
        SUBMITTER,
        body=Body(201, "reqId", CONTRACT, EXECUTION_FIELDS),
    ),
    answer(55, "execDetailsEnd", Version(1), REQ_ID, body=Body(201, "reqId")),
    answer(
        59,
        "commissionReport",
        Version(1),
        Field("execId", STR),
        Field("commission", DECIMAL),
        Field("currency", STR),
        Field("realizedPNL", MAX_DECIMAL, None),
        Field("yield_", MAX_DECIMAL, None),
        Field("yieldRedemptionDate", OPT_INT, None),
        body=Body(201, "execId commission currency realizedPNL yield_ yieldRedemptionDate:s"),
    ),
    answer(53, "openOrderEnd", Version(1), body=Body(204)),
    answer(102, "completedOrdersEnd", since=150, body=Body(204)),
    answer(
        100,
        "orderBound",
        Field("permId", LONG),
        Field("apiClientId", INT),
        Field("apiOrderId", INT),
        since=144,
        body=Body(204, "permId apiClientId apiOrderId"),
    ),
)

KINDS: tuple[MessageKind, ...] = _REQUESTS + _ANSWERS
