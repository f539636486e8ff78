"""Orders on their way to the gateway: one lane, in the order they were given, and never across a disconnect.

Rules: a family is written as one piece; an order that cannot leave now is refused at once, not kept for later; with
``read_only`` or ``dry_run`` nothing that concerns an order leaves at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.error_codes import CodeEffect, order_effect
from bot.broker.connection.errors import RequestTrouble
from bot.broker.data.subscriptions import Subscriptions
from bot.broker.orders.last_check import why_forbidden
from bot.broker.orders.order_events import OrderEvents
from bot.broker.orders.order_evidence import Evidence
from bot.broker.orders.order_index import KnownOrder
from bot.broker.translate.order_refs import marked
from bot.broker.translate.orders import margin_from_order_state, order_fields, revision_fields
from bot.domain import broker_messages as b
from bot.domain.order import Order, OrderStatus

# IBKR Campus, "TWS API: Error Codes": 202 confirms that an active order was cancelled.
_CANCEL_CONFIRMED = 202
# IBKR Campus, "Order Management": not every change of an order is reported by orderStatus. Our choice of wait, no rule of IB.
_STATUS_DUE_S = 2.0
# IBKR Campus, "TWS API: Error Codes": error validating request.
_INVALID = 321

OrderCommand = b.SendOrders | b.SendCancel | b.SendRevision


class Orders:
    def __init__(
        self, link: BrokerContext, subscriptions: Subscriptions, order_events: OrderEvents, evidence: Evidence
    ) -> None:
        self._link = link
        self._instrument = subscriptions.instrument
        self._order_events = order_events
        self._names = order_events.names
        self._evidence = evidence
        self._lane: asyncio.Queue[OrderCommand] = asyncio.Queue()
        self.is_idle = True

    def put(self, command: OrderCommand) -> None:
        self.is_idle = False
        self._lane.put_nowait(command)

    async def work(self) -> None:
        """For the adapter's whole life: one command after the other."""
        while True:
            command = await self._lane.get()
            try:
                await self._carry_out(command)
            except RequestTrouble as trouble:
                self._reject(command, trouble)
            self.is_idle = self._lane.empty()

    async def _carry_out(self, command: OrderCommand) -> None:
        self._check_allowed()
        if isinstance(command, b.SendOrders):
            await self._send(command.orders)
        elif isinstance(command, b.SendCancel):
            await self._cancel(command)
        else:
            await self._revise(command)

    def _check_allowed(self) -> None:
        if self._link.settings.dry_run:
            raise RequestTrouble(_INVALID, "dry run: no order may leave")
        if self._link.settings.read_only:
            raise RequestTrouble(_INVALID, "read only: no order may leave")

    def _reject(self, command: OrderCommand, trouble: RequestTrouble) -> None:
        """Nothing was written. A new order thereby never worked; for the others, the order stays as it is."""
        if isinstance(command, b.SendOrders):
            for order in command.orders:
                self._link.publish(b.OrderRefused(order.ref, trouble.code, trouble.text, self._link.now()))
            self._link.publish_failure(f"orders:{command.orders[0].ref}", trouble)
        else:
            kind = "cancel" if isinstance(command, b.SendCancel) else "revise"
            self._link.publish_failure(f"{kind}:{command.ref}", trouble)

    # ── new orders ──

    async def _send(self, orders: tuple[Order, ...]) -> None:
        await self._link.pace(is_urgent=True, count=len(orders))
        client = self._ready_client()
        for order in orders:
            if self._names.of_ref(order.ref) is not None:
                raise RequestTrouble(103, f"{order.ref} was sent before")
            if why := why_forbidden(order):
                raise RequestTrouble(_INVALID, f"not sent: {why}")
        parents = {order.ref: self._link.next_id() for order in orders}
        family = [(order, self._prepared(order, parents)) for order in orders]
        for order, known in family:
            self._names.sent(known)
            client.placeOrder(known.order_id, self._instrument(order.contract), known.reported)

    def _ready_client(self) -> Any:
        """Raises when an order could be lost or doubled: no session, or none between the gateway and IB."""
        client = self._link.client
        if not self._link.is_ib_up:
            raise RequestTrouble(1100, "the gateway is cut off from IB; nothing was sent")
        return client

    def _prepared(self, order: Order, ids: dict[str, int]) -> KnownOrder:
        parent_id = 0 if order.parent_ref is None else self._parent_id(order.parent_ref, ids)
        fields = order_fields(
            order,
            order_id=ids[order.ref],
            parent_id=parent_id,
            account=self._link.account,
            client_id=self._link.settings.client_id,
        )
        return KnownOrder(
            ref=order.ref,
            contract=order.contract,
            client_id=self._link.settings.client_id,
            order_id=ids[order.ref],
            parent_id=parent_id,
            reported=self._link.library.Order(**fields),
        )

    def _parent_id(self, ref: str, ids: dict[str, int]) -> int:
        if ref in ids:
            return ids[ref]
        parent = self._names.of_ref(ref)
        if parent is None or not parent.is_live:
            raise RequestTrouble(135, f"the parent {ref} is not at the broker")
        return parent.order_id

    # ── changes ──

    async def _cancel(self, command: b.SendCancel) -> None:
        known = self._own(command.ref, command.perm_id)
        await self._link.pace(is_urgent=True)
        self._link.client.cancelOrder(known.order_id, "")

    async def _revise(self, command: b.SendRevision) -> None:
        known = self._own(command.ref, None)
        await self._link.pace(is_urgent=True)
        client = self._ready_client()
        parent = self._names.parent_of(known)
        fields = revision_fields(
            known.reported,
            known.contract.ticks,
            order_id=known.order_id,
            # A child whose parent has ended may no longer name it: IB answers 135.
            parent_id=known.parent_id if parent is not None and parent.is_live else 0,
            limit=float(command.limit_price),
            units=command.quantity,
        )
        fields["orderRef"] = marked(known.ref, self._link.settings.client_id)
        known.is_revising = True
        client.placeOrder(
            known.order_id, self._instrument(known.contract), self._link.library.Order(**fields)
        )

    def _own(self, ref: str, perm_id: int | None) -> KnownOrder:
        known = self._names.of_ref(ref, perm_id)
        if known is None:
            raise RequestTrouble(135, f"no order at the broker bears the name {ref}")
        if known.client_id != self._link.settings.client_id or known.order_id <= 0:
            raise RequestTrouble(135, f"{ref} belongs to client {known.client_id}, which alone may change it")
        return known

    # ── what-if ──

    async def quote_margin(self, command: b.QuoteMargin) -> None:
        """Tells MarginQuoted or RequestFailed. A what-if is an order message too: it obeys the same lock."""
        try:
            self._check_allowed()
            state = await self._what_if(command.order)
        except RequestTrouble as trouble:
            self._link.publish_failure(f"margin:{command.idea_id}", trouble)
            return
        figures = margin_from_order_state(state) or {}
        self._link.publish(b.MarginQuoted(command.idea_id, self._link.now(), **figures))

    async def _what_if(self, order: Order) -> Any:
        fields = order_fields(
            order,
            order_id=0,
            parent_id=0,
            account=self._link.account,
            client_id=self._link.settings.client_id,
        )
        question = fields | {"whatIf": True, "transmit": True, "ocaGroup": "", "ocaType": 0}
        contract = self._instrument(order.contract)

        def send(client: Any, request_id: int) -> None:
            client.placeOrder(
                request_id, contract, self._link.library.Order(**question | {"orderId": request_id})
            )

        return await self._link.ask_by_id(send, is_urgent=True)

    # ── what goes wrong ──

    def of_id(self, order_id: int) -> KnownOrder | None:
        return self._names.of_id(self._link.settings.client_id, order_id)

    def on_error(self, known: KnownOrder, code: int, text: str) -> None:
        """A message that bears the id of one of our orders."""
        effect = order_effect(code, is_acknowledged=known.is_acknowledged, is_revising=known.is_revising)
        if effect is CodeEffect.REJECT and known.filled:
            effect = CodeEffect.ASK_BROKER  # it did work
        known.text = f"{code}: {text}"
        trouble = RequestTrouble(code, text)
        act: Callable[[], None] = {
            CodeEffect.INFO: lambda: None,
            CodeEffect.REJECT: lambda: self._rejected(known, trouble),
            CodeEffect.STILL_LIVE: lambda: self._change_rejected(known, trouble),
            CodeEffect.ASK_BROKER: lambda: self._evidence.want(known, trouble),
            CodeEffect.CANCEL_ANSWER: lambda: self._cancel_answered(known, trouble),
        }[effect]
        act()

    def _rejected(self, known: KnownOrder, trouble: RequestTrouble) -> None:
        known.status = OrderStatus.REJECTED
        self._link.publish(b.OrderRefused(known.ref, trouble.code, trouble.text, self._link.now()))

    def _change_rejected(self, known: KnownOrder, trouble: RequestTrouble) -> None:
        known.is_revising = False
        self._link.publish_failure(f"revise:{known.ref}", trouble)
        self._evidence.want(known, trouble)

    def _cancel_answered(self, known: KnownOrder, trouble: RequestTrouble) -> None:
        if trouble.code == _CANCEL_CONFIRMED:
            self._evidence.want_unless_ended(known, trouble, _STATUS_DUE_S)
        else:
            self._evidence.want(known, trouble)
