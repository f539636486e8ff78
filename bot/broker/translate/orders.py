"""Orders between ib_insync's objects and ours, and IB's status words. Pure.

Rules: exits and entries carry our reference and the account; OCA groups are of type 2 (reduce the rest, with block);
nothing works outside regular hours. An unknown status is an error, since every guess about an order can cost money.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.translate.contracts import side, unset
from bot.broker.translate.numbers import amount, order_price, quantity, to_size
from bot.broker.translate.order_refs import marked
from bot.domain.contract import Contract, TickGrid
from bot.domain.order import STOP_LIMIT, OpenOrder, Order, OrderStatus, OrderType, read_order_type
from bot.domain.pricing import follow
from bot.domain.session import NEW_YORK

# IBKR Campus, "Understanding Order Status Message". Inactive is no certain end: IB may activate the order again, and
# ib_insync and ib_async disagree on it (ib_insync #363), so execution waits for what the broker's books say.
STATUS_OF_TEXT = {
    "ApiPending": OrderStatus.IN_FLIGHT,
    "PendingSubmit": OrderStatus.IN_FLIGHT,
    "PreSubmitted": OrderStatus.HELD,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.CANCELLING,
    "ApiCancelled": OrderStatus.CANCELLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Filled": OrderStatus.FILLED,
    "Inactive": OrderStatus.REJECTED,
}
_GOOD_TILL_DATE = "GTD"
# IBKR Campus, "One-Cancels-All": type 2 reduces the remaining orders in proportion, with overfill protection ("block").
_OCA_REDUCE_WITH_BLOCK = 2
# IBKR Campus, "Modifying Orders": the same order again, with the few fields that changed. A field IB filled in and we sent
# back was rejected in the field (105, ib_insync #502).
_KEPT_BY_A_REVISION = (
    "action",
    "orderType",
    "totalQuantity",
    "lmtPrice",
    "auxPrice",
    "tif",
    "goodTillDate",
    "ocaGroup",
    "ocaType",
    "account",
    "orderRef",
    "openClose",
    "outsideRth",
    "triggerMethod",
)


def to_status(text: str) -> OrderStatus:
    """The order's status. Raises UnreadableAnswer for a word IB does not document."""
    try:
        return STATUS_OF_TEXT[text]
    except KeyError:
        raise UnreadableAnswer(
            f"the gateway said order status {text!r}, which this bot does not know"
        ) from None


def order_fields(
    order: Order, *, order_id: int, parent_id: int, account: str, client_id: int
) -> dict[str, Any]:
    """Our order as the keyword arguments of the library's Order."""
    fields: dict[str, Any] = {
        "orderId": order_id,
        "action": order.side.value,
        "orderType": order.broker_type,
        "totalQuantity": order.quantity,
        "tif": order.tif.value,
        "orderRef": marked(order.ref, client_id),
        "account": account,
        "transmit": order.transmit,
        "parentId": parent_id,
        "outsideRth": False,
        "lmtPrice": unset(order.limit_price),
        "auxPrice": unset(order.stop_price),
    }
    if order.good_till is not None:
        fields |= {"tif": _GOOD_TILL_DATE, "goodTillDate": _good_till(order.good_till)}
    if order.trigger_method:
        fields["triggerMethod"] = order.trigger_method
    if order.oca_group:
        fields |= {"ocaGroup": order.oca_group, "ocaType": _OCA_REDUCE_WITH_BLOCK}
    return fields


def _good_till(at: datetime) -> str:
    """New York's clock and its zone by IB's name, which IB wants explicit (2174); TWS API, Order.GoodTillDate."""
    return f"{at.astimezone(NEW_YORK):%Y%m%d %H:%M:%S} US/Eastern"


def revision_fields(
    reported: Any, ticks: TickGrid, *, order_id: int, parent_id: int, limit: float, units: int
) -> dict[str, Any]:
    """A working order with a new limit and quantity, everything else as the broker last reported it.

    Only fields that say what the order is are sent back: IB fills others in (volatility, '?') and then refuses them.
    """
    fields = {name: getattr(reported, name) for name in _KEPT_BY_A_REVISION}
    # Of a stop the trigger is the price that is named; a limit it has stays as far below.
    if reported.orderType == OrderType.STOP.value:
        fields |= {"auxPrice": limit, "lmtPrice": unset(None)}
    elif reported.orderType == STOP_LIMIT:
        trigger, below = (
            Decimal(str(limit)),
            Decimal(str(reported.auxPrice)) - Decimal(str(reported.lmtPrice)),
        )
        fields |= {"auxPrice": limit, "lmtPrice": float(follow(ticks, trigger, below))}
    else:
        fields["lmtPrice"] = limit
    fields["totalQuantity"] = units
    return fields | {"orderId": order_id, "parentId": parent_id, "transmit": True}


def to_open_order(
    contract: Contract,
    order: Any,
    *,
    order_id: int,
    client_id: int,
    status: OrderStatus,
    filled: int,
    at_least: int = 0,
) -> OpenOrder:
    """An order as an openOrder message tells it; ``filled`` comes from elsewhere since that message lacks it."""
    units = quantity(order.totalQuantity, f"the size of order {order.permId}")
    return OpenOrder(
        ref=order.orderRef,
        order_id=order_id,
        perm_id=int(order.permId),
        client_id=client_id,
        contract=contract,
        side=side(order.action),
        type=read_order_type(order.orderType),
        quantity=max(units, at_least),
        filled=filled,
        status=status,
        limit_price=None if order.orderType == OrderType.STOP else order_price(order.lmtPrice),
        stop_price=order_price(order.auxPrice),
        tif=order.tif,
        oca_group=order.ocaGroup,
        parent_id=int(order.parentId),
    )


def to_completed_order(contract: Contract, order: Any, state: Any) -> OpenOrder:
    """A completed order: IB tells its filled quantity there, and quantity 0 for a filled one."""
    filled = to_size(order.filledQuantity) or 0
    return to_open_order(
        contract,
        order,
        order_id=int(order.orderId),
        client_id=int(order.clientId),
        status=to_status(state.status),
        filled=filled,
        at_least=filled,
    )


def margin_from_order_state(state: Any) -> dict[str, Any] | None:
    """The figures of a what-if's answer; None while IB has not filled them in."""
    change = amount(state.initMarginChange)
    if change is None:
        return None
    return {
        "initial_margin_change": change,
        "equity_with_loan_after": amount(state.equityWithLoanAfter),
        "initial_margin_after": amount(state.initMarginAfter),
        "commission": amount(state.commission),
    }
