"""Requests about orders and executions.

Rule: an order belongs to the client id that placed it; only that id may change or cancel it, and client 0 binds what was
typed into TWS. The exchange answers with events; ``routing`` turns them into messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.session import new_york_day
from bot.domain.types import Side
from bot.sim.exchange.orders import ExecutionFilter, OrderView
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.gateway.order_ids import MAX_ORDER_ID
from bot.sim.messages.contract_lookup import resolve, validation
from bot.sim.messages.formatting import UnreadableTimeError, parse_when
from bot.sim.messages.order_attributes import RejectedRequest
from bot.sim.messages.order_messages import send_commission, send_completed, send_execution, send_open_order
from bot.sim.messages.order_parsing import take_order

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

_READ_ONLY = "The API interface is currently in Read-Only mode."
_SIDES = {"BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL, "SSHORT": Side.SELL}
_EXERCISE, _LAPSE = 1, 2
# The server version from which orderBound is sent (ib_insync's and IB's clients agree).
_BOUND_SINCE = 144


def place_order(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """A new order, a modification, or a what-if."""
    try:
        _place(core, session, message)
    except RejectedRequest as rejection:
        core.error(session, message.orderId, rejection.code, rejection.text)


def _place(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if core.settings.read_only:
        raise RejectedRequest(321, validation("placeOrder", _READ_ONLY))
    client_id, wire_id = session.client_id or 0, message.orderId
    if wire_id > MAX_ORDER_ID:
        raise RejectedRequest(321, validation("placeOrder", "Invalid order id"))
    old = core.world.order(client_id, core.order_ids.own(client_id, wire_id))
    if old is None and not message.whatIf:
        _reject_by_scenario(core, message)
    if not message.exchange:
        raise RejectedRequest(321, validation("placeOrder", "Missing order exchange"))
    details = resolve(core, session, wire_id, message, combos=True)
    if details is None:
        return
    parent_id = core.order_ids.own(client_id, message.parentId) if message.parentId else 0
    order = take_order(message, details.contract.con_id, core.world.accounts, parent_id, message.exchange)
    strange = (
        one
        for one in order.conditions
        if core.world.contract(getattr(one, "con_id", 0) or order.con_id) is None
    )
    if next(strange, None) is not None:
        raise RejectedRequest(147, "The conditional contract info is incomplete.")
    own_id = wire_id if order.what_if else _own_id(core, client_id, wire_id, old)
    core.apply(core.world.place(client_id, own_id, order))


def _reject_by_scenario(core: GatewayCore, message: WireMessage) -> None:
    rejection = core.faults.rejection(message.action, message.orderType)
    if rejection is not None:
        raise RejectedRequest(rejection.code, rejection.text)


def _own_id(core: GatewayCore, client_id: int, wire_id: int, old: OrderView | None) -> int:
    """The exchange's id for the client's; raises RejectedRequest 103 for one that was passed over or used before."""
    is_below = wire_id < core.order_ids.next_valid(client_id)
    core.order_ids.note(client_id, wire_id)
    if old is None:
        if is_below:
            raise RejectedRequest(103, "Duplicate order id")
        return core.order_ids.own(client_id, wire_id)
    if old.is_done and not is_below:
        # Only after a roll-back of the ids can a new order bear an old one's id.
        return core.order_ids.reuse(client_id, wire_id)
    return old.order_id


def cancel_order(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if core.settings.read_only:
        core.error(session, message.orderId, 321, validation("cancelOrder", _READ_ONLY))
        return
    client_id = session.client_id or 0
    core.apply(core.world.cancel(client_id, core.order_ids.own(client_id, message.orderId)))


def global_cancel(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    if core.settings.read_only:
        core.error(session, NO_ID, 321, validation("reqGlobalCancel", _READ_ONLY))
        return
    core.apply(core.world.global_cancel())


def open_orders(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """The client's own living orders; client 0 also binds what was typed into TWS."""
    del message
    for view in core.world.open_orders(session.client_id):
        if view.order_id < 0:
            _bind(core, session, view)
        send_open_order(core, session, view)
    core.send(session, "openOrderEnd")


def all_open_orders(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Every client's living orders, without binding any."""
    del message
    for view in core.world.open_orders():
        send_open_order(core, session, view)
    core.send(session, "openOrderEnd")


def auto_open_orders(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if session.client_id != 0:
        text = "Only the default client (i.e 0) can auto bind orders"
        core.error(session, NO_ID, 327, text)
        return
    session.auto_binds = message.bAutoBind
    if session.auto_binds:
        for view in core.world.open_orders(0):
            if view.order_id < 0:
                _bind(core, session, view)


def _bind(core: GatewayCore, session: ClientSession, view: OrderView) -> None:
    session.auto_binds = True
    if session.version < _BOUND_SINCE:
        return
    core.send(session, "orderBound", permId=view.perm_id, apiClientId=0, apiOrderId=view.order_id)


def completed_orders(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    for view in core.world.completed_orders():
        if not (message.apiOnly and view.order_id < 0):
            send_completed(core, session, view)
    core.send(session, "completedOrdersEnd")


def executions(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """The day's fills that match, each with its commission, then the end."""
    try:
        since = parse_when(message.time)
    except UnreadableTimeError:
        core.error(session, message.reqId, 391, "The time or time-zone entered is invalid")
        return
    wanted = ExecutionFilter(
        client_id=message.clientId or None,
        since=since,
        symbol=message.symbol.upper(),
        sec_type=message.secType.upper(),
        side=_SIDES.get(message.side.upper()),
        account=message.acctCode,
    )
    days = message.get("specificDates") or ()
    # A gateway keeps today's (IBKR Campus, "Request Executions"): other days have none, and "the last days" are today.
    is_asked_for = not days or int(f"{new_york_day(core.now):%Y%m%d}") in days
    for execution, report in core.world.executions(wanted):
        if is_asked_for and message.exchange.upper() in ("", execution.exchange):
            send_execution(core, session, execution, message.reqId)
            if report is not None:
                send_commission(core, session, report)
    core.send(session, "execDetailsEnd", reqId=message.reqId)


def exercise_options(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Exercise or lapse now. What comes of it are executions and positions; a refusal bears the request's id."""
    if message.exerciseAction not in (_EXERCISE, _LAPSE) or message.exerciseQuantity <= 0:
        cause = validation("exerciseOptions", "Invalid exercise action or quantity")
        core.error(session, message.reqId, 321, cause)
        return
    if not core.world.accounts.may_trade_in(message.account):
        cause = validation("exerciseOptions", f"Invalid account code '{message.account}'")
        core.error(session, message.reqId, 321, cause)
        return
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    is_lapse = message.exerciseAction == _LAPSE
    try:
        events = core.world.exercise(
            details.contract.con_id, message.exerciseQuantity, lapse=is_lapse, account_id=message.account
        )
    except ValueError as error:
        cause = validation("exerciseOptions", str(error))
        core.error(session, message.reqId, 321, cause)
        return
    core.apply(events)


HANDLERS: dict[str, Handler] = {
    "placeOrder": place_order,
    "cancelOrder": cancel_order,
    "reqGlobalCancel": global_cancel,
    "reqOpenOrders": open_orders,
    "reqAllOpenOrders": all_open_orders,
    "reqAutoOpenOrders": auto_open_orders,
    "reqCompletedOrders": completed_orders,
    "reqExecutions": executions,
    "exerciseOptions": exercise_options,
}
