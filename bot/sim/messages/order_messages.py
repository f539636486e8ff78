"""What happened to orders, as messages; and who is told.

Rule: an order's news go to the client that placed it and to the master client; those of orders typed into TWS (negative
ids) to client 0 once it binds them, and to the master. Prices and sizes are as the exchange has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.sim.exchange.combos import Combo
from bot.sim.exchange.order_kinds import Wake, kind_of
from bot.sim.exchange.orders import CommissionReport, Execution, MarginFigures, OrderView, SimOrder
from bot.sim.gateway.session import ClientSession
from bot.sim.messages.formatting import bought_or_sold, describe, stamp
from bot.wire import field_names

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore

_ECHOED = field_names("placeOrder") & field_names("openOrder")
_ECHOED_WHEN_DONE = field_names("placeOrder") & field_names("completedOrder")


def recipients(core: GatewayCore, client_id: int, order_id: int) -> Iterator[ClientSession]:
    """The clients to be told of this order."""
    for session in core.started():
        is_own = session.client_id == client_id and (order_id >= 0 or session.auto_binds)
        if is_own or session.client_id == core.settings.master_client_id:
            yield session


def send_open_order(core: GatewayCore, session: ClientSession, view: OrderView) -> None:
    """openOrder and orderStatus, as they come together."""
    send_order(core, session, view)
    tell_status(core, session, view)


def send_order(core: GatewayCore, session: ClientSession, view: OrderView) -> None:
    values = {**_order_values(core, view, _ECHOED), "status": str(view.status)}
    values |= _warning(view.order)
    values |= {"orderId": core.order_ids.wire(view.client_id, view.order_id), "clientId": view.client_id}
    values |= {"parentId": core.order_ids.wire(view.client_id, view.order.parent_id)}
    core.send(session, "openOrder", **values, permId=view.perm_id)


def send_margin(
    core: GatewayCore, session: ClientSession, order_id: int, order: SimOrder, figures: MarginFigures
) -> None:
    """The one openOrder that answers a what-if."""
    contract = core.world.contract(order.con_id)
    if contract is None:
        return
    values = {**_echoed(order, _ECHOED), **describe(contract, order.exchange), **_terms(core, order)}
    margins = {
        "initMarginBefore": figures.initial_before / figures.rate,
        "maintMarginBefore": figures.maintenance_before / figures.rate,
        "equityWithLoanBefore": figures.equity_with_loan_before / figures.rate,
        "initMarginChange": figures.initial_change / figures.rate,
        "maintMarginChange": figures.maintenance_change / figures.rate,
        "equityWithLoanChange": figures.equity_with_loan_change / figures.rate,
        "initMarginAfter": figures.initial_after / figures.rate,
        "maintMarginAfter": figures.maintenance_after / figures.rate,
        "equityWithLoanAfter": figures.equity_with_loan_after / figures.rate,
        "commission": figures.commission,
        "commissionCurrency": figures.currency,
        "marginCurrency": figures.base,
    }
    values |= {"orderId": order_id, "clientId": session.client_id, "permId": 0, "whatIf": True}
    core.send(session, "openOrder", **values, **margins, status="PreSubmitted")


def send_completed(core: GatewayCore, session: ClientSession, view: OrderView) -> None:
    values = _order_values(core, view, _ECHOED_WHEN_DONE)
    values.pop("whatIf", None)
    done_at = view.completed_at or view.placed_at
    parent = core.world.order(view.client_id, view.order.parent_id) if view.order.parent_id else None
    core.send(
        session,
        "completedOrder",
        **values,
        permId=view.perm_id,
        status=str(view.status),
        filledQuantity=view.filled,
        parentPermId=view.parent_perm_id or (parent.perm_id if parent else 0),
        completedTime=stamp(done_at, session.version),
        completedStatus=view.reason or f"{view.status} Size: {view.filled}",
    )


def tell_status(core: GatewayCore, session: ClientSession, view: OrderView) -> None:
    core.send(
        session,
        "orderStatus",
        orderId=core.order_ids.wire(view.client_id, view.order_id),
        status=str(view.status),
        filled=view.filled,
        remaining=view.remaining,
        avgFillPrice=view.avg_fill_price,
        permId=view.perm_id,
        parentId=core.order_ids.wire(view.client_id, view.order.parent_id),
        lastFillPrice=view.last_fill_price,
        clientId=view.client_id,
        whyHeld=view.why_held,
    )


def send_execution(core: GatewayCore, session: ClientSession, execution: Execution, req_id: int = -1) -> None:
    """``req_id`` -1 says it has just happened."""
    core.send(
        session,
        "execDetails",
        reqId=req_id,
        orderId=core.order_ids.wire(execution.client_id, execution.order_id),
        **describe(execution.contract),
        execId=execution.exec_id,
        time=stamp(execution.at, session.version),
        acctNumber=execution.account,
        execExchange=execution.exchange,
        side=bought_or_sold(execution.side),
        shares=execution.quantity,
        price=execution.price,
        permId=execution.perm_id,
        clientId=execution.client_id,
        cumQty=execution.cum_quantity,
        avgPrice=execution.avg_price,
        orderRef=execution.order_ref,
        lastLiquidity=1 if execution.adds_liquidity else 2,
    )


def send_commission(core: GatewayCore, session: ClientSession, report: CommissionReport) -> None:
    core.send(
        session,
        "commissionReport",
        execId=report.exec_id,
        commission=report.commission,
        currency=report.currency,
        realizedPNL=report.realized_pnl,
    )


def _order_values(core: GatewayCore, view: OrderView, names: frozenset[str]) -> dict[str, Any]:
    order = view.order
    values = {**_echoed(order, names), **describe(view.contract, order.exchange), **_terms(core, order)}
    values |= {"ocaGroup": view.oca_group, "ocaType": view.oca_type or 3}
    if isinstance(view.contract, Combo):
        values["comboLegsDescrip"] = view.contract.description
    if view.stop_price is not None and kind_of(order).wakes is Wake.TRAIL:
        values["trailStopPrice"] = view.stop_price
        values["lmtPrice"] = view.limit_price or 0
    return values


def _warning(order: SimOrder) -> dict[str, str]:
    """What the exchange does not do as IB would: an algorithm's order is worked as the limit or market order it is."""
    algorithm = order.extra.get("algoStrategy")
    if not algorithm:
        return {}
    return {"warningText": f"The simulated gateway works {algorithm} as a plain {order.type} order."}


def _echoed(order: SimOrder, names: frozenset[str]) -> Mapping[str, Any]:
    # What a client left empty is shown as TWS shows it, which the wire's own defaults know.
    return {name: value for name, value in order.extra.items() if name in names and value}


def _terms(core: GatewayCore, order: SimOrder) -> dict[str, Any]:
    return {
        "action": str(order.action),
        "totalQuantity": order.quantity,
        "orderType": order.type,
        "lmtPrice": 0 if order.limit_price is None else order.limit_price,
        "auxPrice": 0 if order.aux_price is None else order.aux_price,
        "trailStopPrice": order.trail_stop_price,
        "trailingPercent": order.trailing_percent,
        "tif": order.tif,
        "account": order.account or core.world.login.managed[0],
        "orderRef": order.order_ref,
        "outsideRth": order.outside_rth,
        "triggerMethod": order.trigger_method,
    }
