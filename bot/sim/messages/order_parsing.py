"""A client's placeOrder as an order of the exchange, or IB's reason why it is none.

Rule: only what concerns the message itself is checked here; tick grid, margin, sides and states are the exchange's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.domain.types import ConId, OrderId, Side
from bot.sim.exchange.orders import SimOrder
from bot.sim.messages.formatting import UnreadableTimeError, parse_when
from bot.wire import WireMessage

_SPELLINGS: Final = {"STPLMT": "STP LMT", "STOP": "STP", "LIMIT": "LMT", "MARKET": "MKT"}
# IBKR Campus, "Time in Force for Orders".
_TIFS: Final = frozenset({"DAY", "GTC", "IOC", "GTD", "OPG", "FOK", "DTC"})
_OCA_TYPES: Final = range(4)
# IBKR Campus, "Trigger Methods": 5 and 6 do not exist.
_TRIGGER_METHODS: Final = frozenset({0, 1, 2, 3, 4, 7, 8})
# What would change when or how an order trades, and is not simulated: better refused than ignored.
_NOT_SIMULATED: Final = (
    *("conditions", "goodAfterTime", "allOrNone", "minQty", "hedgeType", "discretionaryAmt"),
    *("scalePriceIncrement", "adjustedOrderType", "deltaNeutralContract", "deltaNeutralOrderType"),
)
_LARGEST_SIZE: Final = 10**9
_HIGHEST_PRICE: Final = 10**7
_OWN: Final = frozenset(
    {
        *(
            "orderId",
            "conId",
            "symbol",
            "secType",
            "lastTradeDateOrContractMonth",
            "strike",
            "right",
            "multiplier",
        ),
        *("exchange", "primaryExchange", "currency", "localSymbol", "tradingClass", "secIdType", "secId"),
        *(
            "action",
            "totalQuantity",
            "orderType",
            "lmtPrice",
            "auxPrice",
            "tif",
            "ocaGroup",
            "account",
            "orderRef",
        ),
        *(
            "transmit",
            "parentId",
            "triggerMethod",
            "outsideRth",
            "ocaType",
            "trailStopPrice",
            "trailingPercent",
        ),
        # openClose is for institutional customers alone (IB, "Order" class reference): taken and passed over.
        *("whatIf", "openClose"),
    }
)


@dataclass(frozen=True, slots=True)
class RejectedRequest(Exception):
    """IB's code and text."""

    code: int
    text: str


def take_order(
    message: WireMessage, con_id: ConId, account: str, parent_id: OrderId, exchange: str
) -> SimOrder:
    """The order the message describes. Errors: RejectedRequest."""
    values = message.values
    _check_attributes(message)
    return SimOrder(
        con_id=con_id,
        action=_side(values["action"]),
        type=_SPELLINGS.get(values["orderType"], values["orderType"]),
        quantity=_quantity(message),
        limit_price=_price(values["lmtPrice"]),
        aux_price=_price(values["auxPrice"]),
        trailing_percent=_price(values["trailingPercent"]),
        trail_stop_price=_price(values["trailStopPrice"]),
        tif=_tif(values["tif"]),
        good_till=_good_till(message),
        oca_group=values["ocaGroup"],
        oca_type=values["ocaType"],
        parent_id=parent_id,
        transmit=values["transmit"],
        outside_rth=values["outsideRth"],
        trigger_method=values["triggerMethod"],
        order_ref=values["orderRef"],
        account=_account(values["account"], account),
        exchange=exchange,
        what_if=values["whatIf"],
        extra={name: value for name, value in values.items() if name not in _OWN},
    )


def _check_attributes(message: WireMessage) -> None:
    for name in _NOT_SIMULATED:
        if message.get(name) not in (None, "", (), 0, "None"):
            raise _invalid(f"{name} is not supported by the simulated gateway")
    if message.ocaType not in _OCA_TYPES:
        raise _invalid(f"Invalid OCA type {message.ocaType}")
    if message.triggerMethod not in _TRIGGER_METHODS:
        raise _invalid(f"Invalid trigger method {message.triggerMethod}")


def _side(action: str) -> Side:
    try:
        return Side(action.upper())
    except ValueError:
        raise _invalid("Invalid side") from None


def _quantity(message: WireMessage) -> int:
    quantity: Decimal | None = message.totalQuantity
    if message.get("cashQty"):
        raise RejectedRequest(10244, "Cash quantity cannot be used for this order")
    if not quantity or quantity < 0:
        raise RejectedRequest(434, "The order size cannot be zero")
    if quantity != int(quantity):
        text = "Fractional-sized order cannot be placed via API. Please place order with an integer size"
        raise RejectedRequest(10243, text)
    if quantity > _LARGEST_SIZE:
        raise _invalid(f"Order size exceeds {_LARGEST_SIZE}")
    return int(quantity)


def _price(price: Decimal | None) -> Decimal | None:
    if price is not None and abs(price) > _HIGHEST_PRICE:
        raise _invalid("Invalid price")
    return price


def _tif(text: str) -> str:
    tif = text.upper() or "DAY"
    if tif not in _TIFS:
        raise _invalid(f"Invalid time in force:{text}")
    return tif


def _good_till(message: WireMessage) -> datetime | None:
    if message.tif.upper() != "GTD":
        return None
    try:
        until = parse_when(message.goodTillDate)
    except UnreadableTimeError:
        until = None
    if until is None:
        raise RejectedRequest(391, "The time or time-zone entered is invalid: good till date")
    return until


def _account(named: str, own: str) -> str:
    if named not in ("", own):
        raise _invalid(f"Invalid account code '{named}'")
    return own


def _invalid(cause: str) -> RejectedRequest:
    return RejectedRequest(321, f"Error validating request.-'placeOrder' : cause - {cause}")
