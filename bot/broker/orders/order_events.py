"""What the gateway says about orders, fills and commissions, turned into facts as it comes.

Rules: every message is told, repeated ones too; nothing is concluded here except from IB's own words. While a session
is being opened nothing is told: what it replays is told once, whole, after BrokerConnected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.data.contracts import ContractQueries
from bot.broker.orders.order_index import KnownOrder, OrderIndex
from bot.broker.orders.set_aside import SetAside
from bot.broker.translate.contracts import to_commission, to_fill
from bot.broker.translate.numbers import UNSET_INTEGER, quantity
from bot.broker.translate.order_refs import read_ref
from bot.broker.translate.orders import margin_from_order_state, to_completed_order, to_open_order, to_status
from bot.domain import broker_messages as b
from bot.domain.order import OpenOrder, OrderStatus
from bot.domain.types import ExecId, OrderRef, PermId

OPEN_ORDERS, COMPLETED_ORDERS = "openOrders", "completedOrders"
_COMMISSIONS_KEPT = 5000


class OrderEvents:
    def __init__(
        self,
        link: BrokerContext,
        contracts: ContractQueries,
        unknown: Callable[[PermId], None],
        aside: SetAside,
    ) -> None:
        self._link = link
        self._aside = aside
        self.in_dollars: Callable[[Decimal, str], Decimal | None] = lambda amount, _: amount
        self._contracts = contracts
        self._unknown = unknown
        self.names = OrderIndex()
        self.commissions: dict[ExecId, b.CommissionCharged] = {}
        self._refs: dict[ExecId, OrderRef] = {}
        self.is_syncing = False

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        return {
            "openOrder": self._open_order,
            "openOrderEnd": lambda: self._link.requests.end(OPEN_ORDERS),
            "orderStatus": self._order_status,
            "completedOrder": self._completed_order,
            "completedOrdersEnd": lambda: self._link.requests.end(COMPLETED_ORDERS),
            "execDetails": self._execution,
            "execDetailsEnd": self._link.requests.end,
            "commissionReport": self._commission,
        }

    def start_session(self) -> None:
        """Commissions stay: the new session lists the day's reports again, and none of them is news."""
        self.names.start_session()
        self._refs.clear()
        while len(self.commissions) > _COMMISSIONS_KEPT:
            del self.commissions[next(iter(self.commissions))]

    def sighting(self, known: KnownOrder) -> OpenOrder:
        """The order as the broker last reported it, with what is known of its fills."""
        found = to_open_order(
            known.contract,
            known.reported,
            order_id=known.order_id,
            client_id=known.client_id,
            status=known.status,
            filled=known.filled,
        )
        return replace(found, ref=known.ref)

    def publish_sighting(self, known: KnownOrder) -> None:
        self._link.pass_on(b.OrderSeen(self.sighting(known), self._link.now()))

    def publish_status(
        self, known: KnownOrder, status: OrderStatus, remaining: int, reason: str = ""
    ) -> None:
        text, known.text = known.text, ""
        self._link.pass_on(
            b.OrderStatusChanged(
                ref=known.ref,
                status=status,
                filled=known.filled,
                remaining=remaining,
                perm_id=known.perm_id,
                order_id=known.order_id,
                at=self._link.now(),
                reason=text or reason,
            )
        )

    # ── the library's messages ──

    def _open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        if order.whatIf:
            if margin_from_order_state(state) is not None:
                self._link.requests.end(order_id, state)
            return
        self._link.keep_ids_above(order_id)
        order.orderRef = read_ref(order.orderRef, int(order.clientId), self._link.settings.client_id)
        if self._aside.is_other_account(order.account):
            self._aside.foreign(f"an order of account {order.account}: {order.action} {contract.symbol}")
            return
        quantity(order.totalQuantity, f"the size of order {order.permId}")
        known = self.names.seen(
            self._contracts.resolve(contract),
            order,
            order_id,
            client_id=int(order.clientId),
            status=to_status(state.status),
        )
        self._link.requests.add(OPEN_ORDERS, known)
        if self._is_news(known):
            self.publish_sighting(known)

    def _order_status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        _average_price: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        *_: object,
    ) -> None:
        known = self.names.find(client_id, order_id, perm_id)
        if known is None:
            if client_id == self._link.settings.client_id:
                self._unknown(perm_id)
            return
        received = to_status(status)
        self.names.received(known, perm_id, received, quantity(filled, f"what was filled of {known.ref}"))
        if self._is_news(known):
            self.publish_status(
                known, received, quantity(remaining, f"what remains of {known.ref}"), why_held
            )

    def _is_news(self, known: KnownOrder) -> bool:
        """Strangers' orders in a list that was asked for belong to that list alone."""
        if self.is_syncing:
            return False
        is_ours = known.client_id == self._link.settings.client_id
        return is_ours or not self._link.requests.is_open(OPEN_ORDERS)

    def _completed_order(self, contract: Any, order: Any, state: Any) -> None:
        order.orderRef = read_ref(order.orderRef, None, self._link.settings.client_id)
        if self._aside.is_other_account(order.account):
            return
        completed = to_completed_order(self._contracts.resolve(contract), order, state)
        self._link.requests.add(COMPLETED_ORDERS, completed)

    def _execution(self, request_id: int, contract: Any, execution: Any) -> None:
        if execution.orderId == UNSET_INTEGER:  # how IB reports an order that was typed into TWS
            execution.orderId = 0
        own = self._link.settings.client_id
        execution.orderRef = read_ref(execution.orderRef, int(execution.clientId), own)
        if self._aside.is_other_account(execution.acctNumber):
            self._aside.foreign(f"executions of account {execution.acctNumber}")
            return
        known = self.names.find(int(execution.clientId), int(execution.orderId), int(execution.permId))
        if known is not None and execution.orderRef not in ("", known.ref):
            known = None  # its order id is another order's now: permId and reference say whose it is
        if known is not None:
            execution.orderRef = execution.orderRef or known.ref
            known.filled = max(known.filled, int(execution.cumQty))
        fill = to_fill(self._contracts.resolve(contract), execution)
        self._refs[fill.exec_id] = fill.order_ref
        if self._link.requests.is_open(request_id):
            self._link.requests.add(request_id, fill)
        else:
            self._link.pass_on(b.Filled(fill))

    def _commission(self, report: Any) -> None:
        ref = self._refs.get(report.execId)
        charged = None if ref is None else self._charge(report, ref)
        # Every snapshot repeats the day's reports: what was told once is not news, and need not go to disk again.
        if charged is not None and self.commissions.get(charged.exec_id) != charged:
            self.commissions[charged.exec_id] = charged
            self._link.pass_on(charged)

    def _charge(self, report: Any, ref: OrderRef) -> b.CommissionCharged | None:
        charged = to_commission(report, ref)
        if charged is None or charged.currency in ("", "USD"):
            return charged
        dollars = self.in_dollars(charged.amount, charged.currency)
        if dollars is None:
            self._aside.foreign(f"a commission in {charged.currency}, and no rate to USD: {charged.exec_id}")
            return None
        return replace(charged, amount=dollars, currency="USD")
