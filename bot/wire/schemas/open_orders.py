"""Open and completed orders as the server shows them.

Rule: declarations only. What may be left out takes the value a real TWS was seen to put there: ``?`` for the right of
what is no option, 2147483647 for unset whole numbers, 1.7976931348623157E308 for unset margins, nothing for other
unset numbers, and the order type ``None`` of a delta-neutral leg, which brings its eight fields along.
Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.wire.bodies import Body
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
    RIGHT,
    STR,
)
from bot.wire.layout import MessageKind, answer
from bot.wire.nodes import Field, Gate, Many, Node, Version, When
from bot.wire.parts import ANSWER_CONTRACT
from bot.wire.parts_bodies import CONTRACT, ORDER, ORDER_STATE
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
    prices,
    scale,
    texts,
)

__all__ = ["KINDS"]


def _shares_allocation(values: Mapping[str, Any]) -> str:
    """``<permId>.0/<account>/<quantity>``, as TWS fills it."""
    quantity = format(Decimal(str(values["totalQuantity"])).normalize(), "f")
    return f"{values['permId']}.0/{values['account']}/{quantity}"


_CONTRACT: tuple[Node, ...] = tuple(
    Field("right", RIGHT, "") if node.described() == "right" else node for node in ANSWER_CONTRACT.nodes
)

_MAIN: tuple[Node, ...] = (
    Field("action", STR),
    Field("totalQuantity", DECIMAL),
    Field("orderType", STR),
    *prices("lmtPrice", "auxPrice"),
    Field("tif", STR, "DAY"),
    Field("ocaGroup", STR, ""),
    Field("account", STR),
    Field("openClose", STR, ""),
    Field("origin", INT0, 0),
    Field("orderRef", STR, ""),
)

_ADVISOR: tuple[Node, ...] = (
    *texts("faGroup", "faMethod", "faPercentage"),
    Field("faProfile", STR, "", until=176),
    *texts("modelCode", "goodTillDate", "rule80A"),
    Field("percentOffset", OPT_DECIMAL, None),
    Field("settlingFirm", STR, ""),
    Field("shortSaleSlot", INT0, 0),
    Field("designatedLocation", STR, ""),
    Field("exemptCode", INT0, -1),
)


def _dn_set(values: Mapping[str, Any]) -> bool:
    return bool(values["deltaNeutralOrderType"])


_DN_TYPE: tuple[Node, ...] = (
    Field("volatility", OPT_DOUBLE, None),
    Field("volatilityType", MAX_INT, None),
    Field("deltaNeutralOrderType", STR, "None"),
    Field("deltaNeutralAuxPrice", OPT_DECIMAL, None),
)
_DN_SHORT: tuple[Node, ...] = (
    Field("deltaNeutralShortSale", BOOL, default=False),
    Field("deltaNeutralShortSaleSlot", INT0, 0),
    Field("deltaNeutralDesignatedLocation", STR, ""),
)
_TRAIL: tuple[Node, ...] = (
    Field("continuousUpdate", BOOL, default=False),
    Field("referencePriceType", MAX_INT, None),
    *prices("trailStopPrice", "trailingPercent"),
)
_COMBO: tuple[Node, ...] = (
    Field("comboLegsDescrip", STR, ""),
    ORDER_COMBO_LEGS,
    COMBO_PRICES,
    SMART_COMBO_PARAMS,
    scale(MAX_INT),
    *HEDGE,
)
_CLEARING: tuple[Node, ...] = (
    *texts("clearingAccount", "clearingIntent"),
    Field("notHeld", BOOL, default=False),
    DELTA_NEUTRAL_CONTRACT,
    *ALGO,
    Field("solicited", BOOL, default=False),
)
_PEG_OFFSETS = Gate(
    Field("minTradeQty", MAX_INT, None),
    Field("minCompeteSize", MAX_INT, None),
    Field("competeAgainstBestOffset", OFFSET, None),
    *prices("midOffsetAtWhole", "midOffsetAtHalf"),
    since=170,
)

_OPEN_VOLATILITY: tuple[Node, ...] = (
    *_DN_TYPE,
    When(
        "deltaNeutralOrderType is set",
        _dn_set,
        Field("deltaNeutralConId", INT0, 0),
        *texts("deltaNeutralSettlingFirm", "deltaNeutralClearingAccount", "deltaNeutralClearingIntent"),
        Field("deltaNeutralOpenClose", STR, "?"),
        *_DN_SHORT,
    ),
    *_TRAIL,
    Field("basisPoints", OPT_DECIMAL, None),
    Field("basisPointsType", MAX_INT, None),
    *_COMBO,
    Field("optOutSmartRouting", BOOL, default=False),
    *_CLEARING,
)

_MARGINS: tuple[Field, ...] = tuple(
    Field(f"{what}{when}", MAX_DECIMAL, None)
    for when in ("Before", "Change", "After")
    for what in ("initMargin", "maintMargin", "equityWithLoan")
)

# From version 195 a what-if tells the margins outside regular hours too, and an advisor's shares.
_PREVIEW: tuple[Node, ...] = (
    Gate(
        Field("marginCurrency", STR, ""),
        *prices(*(f"{field.name}OutsideRTH" for field in _MARGINS)),
        Field("suggestedSize", OPT_DECIMAL, None),
        Field("rejectReason", STR, ""),
        Many(
            "orderAllocations",
            Field("account", STR),
            *prices("position", "positionDesired", "positionAfter", "desiredAllocQty", "allowedAllocQty"),
            Field("isMonetary", BOOL, default=False),
        ),
        since=195,
    ),
)

_STATE: tuple[Node, ...] = (
    Field("whatIf", BOOL, default=False),
    Field("status", STR),
    *_MARGINS,
    *prices("commission", "minCommission", "maxCommission"),
    Field("commissionCurrency", STR, ""),
    *_PREVIEW,
    Field("warningText", STR, ""),
    *flags("randomizeSize", "randomizePrice"),
)

_OPEN_TAIL: tuple[Node, ...] = (
    PEG_BENCH,
    *CONDITIONS,
    Field("adjustedOrderType", STR, ""),
    *prices(
        "triggerPrice",
        "trailStopPrice",
        "lmtPriceOffset",
        "adjustedStopPrice",
        "adjustedStopLimitPrice",
        "adjustedTrailingAmount",
    ),
    Field("adjustableTrailingUnit", INT0, 0),
    *texts("softDollarTierName", "softDollarTierVal", "softDollarTierDisplayName"),
    Field("cashQty", OPT_DECIMAL, None),
    Field("dontUseAutoPriceForHedge", BOOL, default=False),
    Field("isOmsContainer", BOOL, default=False, since=145),
    Field("discretionaryUpToLimitPrice", BOOL, default=False, since=148),
    Field("usePriceMgmtAlgo", OPT_BOOL, default=False, since=151),
    Field("duration", MAX_INT, None, since=158),
    Field("postToAts", MAX_INT, None, since=160),
    Field("autoCancelParent", BOOL, default=False, since=162),
    _PEG_OFFSETS,
    *CUSTOMER,
    Field("bondAccruedInterest", STR, "", since=185),
    INCLUDE_OVERNIGHT,
    Gate(Field("extOperator", STR, ""), MANUAL_INDICATOR, since=193),
    SUBMITTER,
    IMBALANCE_ONLY,
)

_OPEN_ORDER = answer(
    5,
    "openOrder",
    Gate(Version(34), until=144),
    Field("orderId", INT),
    *_CONTRACT,
    *_MAIN,
    Field("clientId", INT),
    Field("permId", LONG),
    *flags("outsideRth", "hidden"),
    Field("discretionaryAmt", OPT_DECIMAL, 0),
    Field("goodAfterTime", STR, ""),
    Field("sharesAllocation", STR, _shares_allocation),
    *_ADVISOR,
    Field("auctionStrategy", INT0, 0),
    *PRICE_CAPS,
    Field("displaySize", INT0, 0),
    *flags("blockOrder", "sweepToFill", "allOrNone"),
    Field("minQty", MAX_INT, None),
    Field("ocaType", INT0, 3),
    *flags("eTradeOnly", "firmQuoteOnly"),
    Field("nbboPriceCap", OPT_DECIMAL, None),
    Field("parentId", INT0, 0),
    Field("triggerMethod", INT0, 0),
    *_OPEN_VOLATILITY,
    *_STATE,
    *_OPEN_TAIL,
    body=Body(203, "orderId", CONTRACT, ORDER, ORDER_STATE),
)

_COMPLETED_VOLATILITY: tuple[Node, ...] = (
    *_DN_TYPE,
    When("deltaNeutralOrderType is set", _dn_set, Field("deltaNeutralConId", INT0, 0), *_DN_SHORT),
    *_TRAIL,
    *_COMBO,
    *_CLEARING,
)

_COMPLETED_TAIL: tuple[Node, ...] = (
    PEG_BENCH,
    *CONDITIONS,
    *prices("trailStopPrice", "lmtPriceOffset", "cashQty"),
    *flags("dontUseAutoPriceForHedge", "isOmsContainer"),
    Field("autoCancelDate", STR, ""),
    Field("filledQuantity", OPT_DECIMAL),
    Field("refFuturesConId", INT0, 0),
    Field("autoCancelParent", BOOL, default=False),
    Field("shareholder", STR, ""),
    *flags("imbalanceOnly", "routeMarketableToBbo"),
    Field("parentPermId", LONG, 0),
    *texts("completedTime", "completedStatus"),
    _PEG_OFFSETS,
    *CUSTOMER,
    SUBMITTER,
)

_COMPLETED_ORDER = answer(
    101,
    "completedOrder",
    *_CONTRACT,
    *_MAIN,
    Field("permId", LONG),
    *flags("outsideRth", "hidden"),
    Field("discretionaryAmt", OPT_DECIMAL, 0),
    Field("goodAfterTime", STR, ""),
    *_ADVISOR,
    *PRICE_CAPS,
    Field("displaySize", INT0, 0),
    *flags("sweepToFill", "allOrNone"),
    Field("minQty", MAX_INT, None),
    Field("ocaType", INT0, 3),
    Field("triggerMethod", INT0, 0),
    *_COMPLETED_VOLATILITY,
    Field("status", STR),
    *flags("randomizeSize", "randomizePrice"),
    *_COMPLETED_TAIL,
    since=150,
    body=Body(204, CONTRACT, ORDER, ORDER_STATE),
)

KINDS: tuple[MessageKind, ...] = (_OPEN_ORDER, _COMPLETED_ORDER)
