"""The rarer attributes of a placeOrder: conditions, good-after times, adjustments, algorithms.

Rule: what would change when or how an order trades is either simulated or refused, never passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bot.sim.exchange.conditions import (
    Adjustment,
    ChangeCondition,
    Condition,
    ExecutionCondition,
    MarginCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from bot.sim.exchange.order_kinds import KINDS, OrderKind, Wake
from bot.sim.messages.formatting import UnreadableTimeError, parse_when
from bot.wire import WireMessage

# What would change when or how an order trades, and is not simulated: better refused than ignored.
_NOT_SIMULATED: Final = (
    *("hedgeType", "scalePriceIncrement"),
    *("deltaNeutralContract", "deltaNeutralOrderType"),
    *("includeOvernight", "imbalanceOnly", "deactivate", "postOnly", "allowPreOpen", "ignoreOpenAuction"),
    *("slOrderId", "slOrderType", "ptOrderId", "ptOrderType"),
)
_OCA_TYPES: Final = range(4)
# IBKR Campus, "Trigger Methods": 5 and 6 do not exist.
_TRIGGER_METHODS: Final = frozenset({0, 1, 2, 3, 4, 7, 8})
# IBKR Campus, "IB Algorithms" and the third-party algorithms of Jefferies and CSFB are others.
ALGORITHMS: Final = frozenset(
    {
        *("Adaptive", "ArrivalPx", "DarkIce", "AD", "PctVol", "Twap", "Vwap", "BalanceImpactRisk"),
        *("MinImpact", "ClosePx", "PctVolPx", "PctVolSz", "PctVolTm", "Inline"),
    }
)
_ICEBERG_OR_DISCRETION: Final = (
    "An order can be EITHER Iceberg or Discretionary. "
    "Please remove either the Discretionary amount or the Iceberg size."
)
_PRICE_DIGITS = 8
"""Behind the point: finer than any market's steps."""
_PERCENT = 100
"""``adjustableTrailingUnit``: 0 is an amount, 100 a percentage (IBKR Campus, "Adjustable Stops")."""


@dataclass(frozen=True, slots=True)
class RejectedRequest(Exception):
    """IB's code and text."""

    code: int
    text: str


def invalid(cause: str) -> RejectedRequest:
    return RejectedRequest(321, f"Error validating request.-'placeOrder' : cause - {cause}")


def attributes(message: WireMessage) -> dict[str, Any]:
    """The fields of a SimOrder that these attributes fill. Errors: RejectedRequest."""
    _check(message)
    return {
        "good_till": _time(message.goodTillDate, "good till date") if message.tif.upper() == "GTD" else None,
        "good_after": _time(message.goodAfterTime, "good after time") if message.goodAfterTime else None,
        "conditions": tuple(_condition(one) for one in message.get("conditions") or ()),
        "conditions_cancel": bool(message.get("conditionsCancelOrder")),
        "adjustment": _adjustment(message),
        "all_or_none": message.allOrNone,
        "min_quantity": message.get("minQty") or 0,
        "limit_offset": without_noise(message.get("lmtPriceOffset")),
        "percent_offset": without_noise(message.get("percentOffset")),
        "discretion": without_noise(message.get("discretionaryAmt")) or None,
        "cash_quantity": message.get("cashQty") or None,
    }


def _check(message: WireMessage) -> None:
    for name in _NOT_SIMULATED:
        if message.get(name) not in (None, "", (), 0, "None"):
            raise invalid(f"{name} is not supported by the simulated gateway")
    if message.ocaType not in _OCA_TYPES:
        raise invalid(f"Invalid OCA type {message.ocaType}")
    if message.triggerMethod not in _TRIGGER_METHODS:
        raise RejectedRequest(146, f"Invalid trigger method: {message.triggerMethod}")
    if message.discretionaryAmt and message.displaySize:
        raise RejectedRequest(157, _ICEBERG_OR_DISCRETION)
    # IBKR Campus, "TWS API: Error Codes": 439 and 442.
    if message.algoStrategy and message.algoStrategy not in ALGORITHMS:
        raise RejectedRequest(439, "Order processing failed. Algorithm definition not found.")
    if message.algoStrategy and message.orderType not in ("LMT", "MKT"):
        raise RejectedRequest(442, "Specified algorithm is not allowed for this order.")


def _time(text: str, what: str) -> datetime:
    try:
        at = parse_when(text)
    except UnreadableTimeError:
        at = None
    if at is None:
        raise RejectedRequest(391, f"The time or time-zone entered is invalid: {what}")
    return at


def without_noise(price: Decimal | None) -> Decimal | None:
    """The price that was meant: clients add and multiply floats, and say 199.4000000000001 for 199.40."""
    exponent = 0 if price is None else price.as_tuple().exponent
    is_long = isinstance(exponent, int) and exponent < -_PRICE_DIGITS
    return round(price, _PRICE_DIGITS).normalize() if price is not None and is_long else price


def _condition(one: dict[str, Any]) -> Condition:
    is_and, is_more = str(one["conjunction"]).lower() != "o", bool(one.get("isMore"))
    match one["condType"]:
        case 1:
            return PriceCondition(one["conId"], one["price"], is_more, one["triggerMethod"], is_and)
        case 3:
            return TimeCondition(_time(one["time"], "condition"), is_more, is_and)
        case 4:
            return MarginCondition(one["percent"], is_more, is_and)
        case 5:
            return ExecutionCondition(one["symbol"].upper(), one["secType"].upper(), is_and)
        case 6:
            return VolumeCondition(one["conId"], one["volume"], is_more, is_and)
        case 7:
            return ChangeCondition(one["conId"], one["changePercent"] or 0.0, is_more, is_and)
    raise invalid(f"Invalid condition type {one['condType']}")


def _check_adjusted(message: WireMessage, kind: OrderKind) -> None:
    # IBKR Campus, "TWS API: Error Codes": 361 to 364.
    is_trailing = kind.wakes is Wake.TRAIL
    if not message.triggerPrice or message.triggerPrice < 0:
        raise RejectedRequest(361, "Invalid trigger price.")
    if not is_trailing and not message.adjustedStopPrice:
        raise RejectedRequest(362, "Invalid adjusted stop price.")
    if kind.has_limit and not is_trailing and not message.adjustedStopLimitPrice:
        raise RejectedRequest(363, "Invalid adjusted stop limit price.")
    if is_trailing and (not message.adjustedTrailingAmount or message.adjustedTrailingAmount < 0):
        raise RejectedRequest(364, "Invalid adjusted trailing amount.")


def _adjustment(message: WireMessage) -> Adjustment | None:
    kind = message.get("adjustedOrderType")
    if not kind or kind == "None":
        return None
    if kind not in KINDS:
        raise invalid("Invalid adjusted order type")
    amount = without_noise(message.adjustedTrailingAmount)
    _check_adjusted(message, KINDS[kind])
    return Adjustment(
        type=kind,
        trigger_price=without_noise(message.triggerPrice) or Decimal(0),
        stop_price=without_noise(message.adjustedStopPrice),
        stop_limit_price=without_noise(message.adjustedStopLimitPrice),
        trailing_amount=amount,
        is_percent=message.adjustableTrailingUnit == _PERCENT,
    )
