"""The exchange's front desk: takes orders, modifications and cancels, and answers about them.

Rule: knows books, contracts and an account, but not where quotes come from, so the same exchange serves the simulated
market and a dry run on a real one. Nothing happens by itself: every method is called at a moment ``now`` and returns
what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import ConId, OrderId
from bot.sim.exchange import rejections as refusals
from bot.sim.exchange.events import ExchangeEvent, MarginAnswered, OrderMessage
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.matching_engine import ExchangeView, Key, MatchingEngine
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import IbStatus, OrderView, SimOrder, SimOrderType
from bot.sim.exchange.rejections import OrderRejection


class Exchange:
    """All orders of all clients. ``life`` books what becomes of an order and tells it."""

    def __init__(
        self,
        surroundings: ExchangeView,
        life: OrderLifecycle,
        exchange_settings: ExchangeSettings,
        account_id: str,
        perm_ids: Callable[[], int],
    ) -> None:
        self._world = surroundings
        self._life = life
        self._knobs = exchange_settings
        self._account_id = account_id
        self._perm_ids = perm_ids
        self._floor = MatchingEngine(surroundings, life, exchange_settings)
        self._orders: dict[Key, LiveOrder] = {}
        self._cancels: list[tuple[datetime, LiveOrder]] = []

    def use(self, exchange_settings: ExchangeSettings) -> None:
        """Behave otherwise from now on."""
        self._knobs = exchange_settings
        self._floor.use(exchange_settings)

    # ── what a client may do

    def place(self, client_id: int, order_id: OrderId, order: SimOrder, now: datetime) -> list[ExchangeEvent]:
        """A new order, a modification or a what-if; see :meth:`bot.sim.world.world.World.place`."""
        contract = self._world.contract(order.con_id)
        if contract is None:
            return self._refuse(client_id, order_id, refusals.NO_CONTRACT, now)
        if order.what_if:
            return self._what_if(client_id, order_id, order, contract, now)
        known = self._orders.get((client_id, order_id))
        refusal = refusals.malformed(order, contract, self._account_id, now)
        refusal = refusal or (self._cannot_modify(known, order) if known is not None else None)
        if refusal is not None:
            return self._refuse(client_id, order_id, refusal, now)
        if known is not None:
            return self._modify(known, order, now)
        return self._enter(client_id, order_id, order, contract, now)

    def cancel(self, client_id: int, order_id: OrderId, now: datetime) -> list[ExchangeEvent]:
        """Cancel at once, or after the latency that the exchange_settings set; see :meth:`bot.sim.world.world.World.cancel`."""
        order = self._orders.get((client_id, order_id))
        if order is None:
            return self._refuse(client_id, order_id, refusals.not_found_to_cancel(order_id), now)
        if order.is_done or order.is_cancelling:
            state = order.status if order.is_done else IbStatus.PENDING_CANCEL
            return self._refuse(client_id, order_id, refusals.too_late_to_cancel(order_id, state), now)
        order.is_cancelling = True
        self._cancels.append((now + self._knobs.cancel_latency, order))
        return self.run_due(now)

    def cancel_all(self, now: datetime) -> list[ExchangeEvent]:
        """A global cancel: every client's orders."""
        for order in self.alive():
            if not order.is_cancelling:
                order.is_cancelling = True
                self._cancels.append((now + self._knobs.cancel_latency, order))
        return self.run_due(now)

    # ── what the world does

    def next_due(self) -> datetime | None:
        """When the next cancel takes effect."""
        return min((at for at, _ in self._cancels), default=None)

    def run_due(self, now: datetime) -> list[ExchangeEvent]:
        """Let cancels take effect whose time has come."""
        due = [order for at, order in self._cancels if at <= now]
        self._cancels = [(at, order) for at, order in self._cancels if at > now]
        for order in due:
            if not order.is_done:
                self._floor.cancel(order, now)
        return self._life.take()

    def step(self, now: datetime, only: ConId | None = None) -> list[ExchangeEvent]:
        """The books (or only one of them) have moved: let the orders look."""
        self._floor.new_quotes(only)
        self._floor.match(now, only)
        return self._life.take()

    def open_session(self, now: datetime) -> list[ExchangeEvent]:
        """Put to work what was held until the open."""
        self._floor.new_quotes()
        self._floor.open_session(now)
        return self._life.take()

    def close_session(self, now: datetime) -> list[ExchangeEvent]:
        """End the day orders."""
        self._floor.close_session(now)
        return self._life.take()

    def end_contract(self, con_id: ConId, now: datetime) -> list[ExchangeEvent]:
        """Cancel everything on a contract that ceased to exist."""
        self._floor.end_contract(con_id, now)
        return self._life.take()

    # ── what there is

    def alive(self) -> list[LiveOrder]:
        """Orders that are not over, untransmitted ones included, oldest first."""
        return self._floor.alive()

    def highest_order_id(self, client_id: int) -> OrderId:
        """The highest id a client has used; 0 for none."""
        return max((order_id for client, order_id in self._orders if client == client_id), default=0)

    def views(self, client_id: int | None, *, done: bool) -> list[OrderView]:
        """Frozen pictures of the transmitted orders, oldest first."""
        wanted: Iterable[LiveOrder] = self._orders.values() if done else self.alive()
        return [
            o.view()
            for o in wanted
            if o.is_transmitted and o.is_done is done and client_id in (None, o.client_id)
        ]

    def find(self, client_id: int, order_id: OrderId) -> LiveOrder | None:
        return self._orders.get((client_id, order_id))

    # ── entering

    def _enter(
        self, client_id: int, order_id: OrderId, order: SimOrder, contract: Contract, now: datetime
    ) -> list[ExchangeEvent]:
        parent = self._orders.get((client_id, order.parent_id)) if order.parent_id else None
        if order.parent_id and (parent is None or parent.is_done):
            return self._refuse(client_id, order_id, refusals.no_such_order(order.parent_id), now)
        live = LiveOrder(
            client_id,
            order_id,
            self._perm_ids(),
            contract,
            order,
            now,
            order.quantity,
            parent,
            stop=_first_stop(order),
        )
        self._orders[live.key] = live
        self._floor.add(live)
        if parent is not None:
            parent.children.append(live)
        if order.transmit:
            self._transmit_family(live, now)
        return self._life.take()

    def _transmit_family(self, order: LiveOrder, now: datetime) -> None:
        head = order.parent or order
        for member in [head, *head.children]:
            if not member.is_transmitted and not member.is_done:
                member.is_transmitted = True
                self._accept(member, now)

    def _accept(self, order: LiveOrder, now: datetime) -> None:
        if order.parent is not None and order.parent.is_done and order.parent.filled == 0:
            self._floor.end(order, now, "The parent order is not working.")
            return
        refusal = self._unacceptable(order, now)
        if refusal is not None:
            self._floor.reject(order, refusal, now)
        elif self._floor.is_held_child(order):
            self._life.show(order, now)
        elif not self._world.is_open():
            self._life.show(order, now)
            self._life.say(order, 399, _held_until_open(order), now)
        else:
            self._floor.activate(order, now)

    def _unacceptable(self, order: LiveOrder, now: datetime) -> OrderRejection | None:
        others = self.alive()
        held = self._world.held(order.contract.con_id)
        refusal = (
            refusals.expired(order.contract, now)
            or refusals.too_many(order, others, self._knobs)
            or refusals.uncovered(order, held, self._knobs)
        )
        if refusal is not None or order.parent is not None:
            return refusal
        refusal = refusals.both_sides(order, others, self._knobs)
        book = self._world.book(order.contract.con_id)
        if refusal is None and book is not None and refusals.beyond_collar(order, book, self._knobs):
            refusal = refusals.COLLAR
        return refusal or self._margin_refusal(order.order, order.contract)

    def _margin_refusal(self, order: SimOrder, contract: Contract) -> OrderRejection | None:
        signed = order.action.sign * order.quantity
        held = self._world.held(contract.con_id)
        if held * signed < 0 and abs(signed) <= abs(held):
            return None
        return refusals.short_of_margin(self._world.margin_of(order, contract))

    def _what_if(
        self, client_id: int, order_id: OrderId, order: SimOrder, contract: Contract, now: datetime
    ) -> list[ExchangeEvent]:
        refusal = refusals.malformed(order, contract, self._account_id, now)
        refusal = refusal or refusals.expired(contract, now)
        if not order.transmit:
            refusal = refusals.WHAT_IF_TRANSMIT
        if refusal is not None:
            return self._refuse(client_id, order_id, refusal, now)
        return [MarginAnswered(now, client_id, order_id, order, self._world.margin_of(order, contract))]

    # ── modifying

    def _cannot_modify(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        if known.is_done:
            return refusals.FILLED if known.status is IbStatus.FILLED else refusals.DUPLICATE
        if order.parent_id and (known.parent is None or known.parent.is_done):
            return refusals.no_such_order(order.parent_id)
        if order.con_id != known.order.con_id or order.action is not known.side:
            return refusals.MISMATCH
        if order.oca_group and order.oca_group != known.oca_group:
            return refusals.OCA_REVISION
        return self._too_many_sold(known, order) or self._too_far(known, order)

    def _too_many_sold(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        if order.quantity <= known.order.quantity or (known.parent is not None and not known.parent.is_done):
            return None
        trial = _trial(known, order)
        trial.filled = known.filled
        return refusals.uncovered(trial, self._world.held(order.con_id), self._knobs)

    def _too_far(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        book = self._world.book(order.con_id)
        if book is None or not known.is_at_exchange:
            return None
        return refusals.TOO_FAR if refusals.beyond_collar(_trial(known, order), book, self._knobs) else None

    def _modify(self, known: LiveOrder, order: SimOrder, now: datetime) -> list[ExchangeEvent]:
        old = known.order
        known.order = replace(order, oca_group=old.oca_group, oca_type=old.oca_type, parent_id=old.parent_id)
        known.cap = max(order.quantity, known.filled)
        known.is_resting = known.is_resting and order.limit_price == old.limit_price
        if (order.aux_price, order.type) != (old.aux_price, old.type):
            known.stop, known.hits = _first_stop(order), 0
        if not known.is_transmitted:
            if order.transmit:
                self._transmit_family(known, now)
            return self._life.take()
        self._life.show(known, now)
        if known.is_active:
            self._floor.look(known, now)
        self._floor.finish_if_full(known, now)
        return self._life.take()

    @staticmethod
    def _refuse(
        client_id: int, order_id: OrderId, refusal: OrderRejection, now: datetime
    ) -> list[ExchangeEvent]:
        return [OrderMessage(now, client_id, order_id, refusal.code, refusal.text)]


def _first_stop(order: SimOrder) -> Decimal | None:
    return order.trail_stop_price if order.type == SimOrderType.TRAIL else order.aux_price


def _trial(known: LiveOrder, order: SimOrder) -> LiveOrder:
    """A trial copy of a live order with a client's new wishes, to judge them by."""
    return LiveOrder(
        known.client_id, known.order_id, known.perm_id, known.contract, order, known.placed_at, order.quantity
    )


def _held_until_open(order: LiveOrder) -> str:
    o = order.order
    price = "" if o.limit_price is None else f" {o.limit_price:f}"
    return (
        f"Order Message:\n{o.action} {o.quantity} {order.contract.local_symbol or order.contract.symbol}{price}\n"
        "Warning: your order will not be placed at the exchange until the next regular session opens (US/Eastern)."
    )
