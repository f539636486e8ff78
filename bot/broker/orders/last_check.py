"""The last look at an order before it reaches the wire: what must hold of each, however it came to be. Pure, and always on.

Invariant 4 of ARCHITECTURE.md. Whoever made the order has made sure of it already; here stands one who does not trust that.
"""

from __future__ import annotations

from decimal import Decimal

from bot.domain.order import Leg, Order, OrderType
from bot.domain.types import SecType, Side

_EXITS = frozenset({Leg.TARGET, Leg.STOP})


def why_forbidden(order: Order) -> str:
    """Why this order may not leave; empty if it may."""
    if order.quantity < 1:
        return f"{order.ref} is for {order.quantity} contracts"
    leg = order.leg
    if leg is Leg.ENTRY:
        return _of_entry(order)
    if leg in _EXITS and order.side is not Side.SELL:
        return f"{order.ref} is an exit that buys"
    if leg is Leg.STOP and not _is_price(order.stop_price):
        return f"{order.ref} is a stop without a trigger"
    return ""


def _of_entry(order: Order) -> str:
    if order.side is not Side.BUY:
        return f"{order.ref} would open a short position"
    if order.contract.sec_type is not SecType.OPTION:
        return f"{order.ref} is for {order.contract.label}, which is no option"
    if order.type is not OrderType.LIMIT or not _is_price(order.limit_price):
        return f"{order.ref} has no limit"
    return ""


def _is_price(price: Decimal | None) -> bool:
    return price is not None and price > 0
