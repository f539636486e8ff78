"""The exchange's front desk: takes orders, modifications and cancels, and answers about them.

Rule: knows books, contracts and an account, but not where quotes come from, so the same exchange serves the simulated
market and a dry run on a real one. Nothing happens by itself: every method is called at a moment ``now`` and returns
what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from bot.domain.contract import Contract
from bot.domain.session import NEW_YORK, new_york_day
from bot.domain.types import ConId, OrderId, SecType, Symbol
from bot.sim.exchange import rejections
from bot.sim.exchange.events import ExchangeEvent, MarginAnswered, OrderMessage
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions import rules as fractions
from bot.sim.exchange.fractions.sizes import unsigned, whole_units
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.logins.accounts import Accounts, shared_out
from bot.sim.exchange.matching_engine import MatchingEngine, OrderKey
from bot.sim.exchange.order_kinds import first_stop, trades_outside
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import IbStatus, OrderView, SimOrder
from bot.sim.exchange.rejections import OrderRejection
from bot.sim.exchange.surroundings import ExchangeView


class Exchange:
    """All orders of all clients. ``life`` books what becomes of an order and tells it."""

    def __init__(
        self,
        surroundings: ExchangeView,
        life: OrderLifecycle,
        exchange_settings: ExchangeSettings,
        accounts: Accounts,
        perm_ids: Callable[[], int],
    ) -> None:
        self._world = surroundings
        self._lifecycle = life
        self._settings = exchange_settings
        self._accounts = accounts
        self._perm_ids = perm_ids
        self._engine = MatchingEngine(surroundings, life, exchange_settings)
        self._orders: dict[OrderKey, LiveOrder] = {}
        self._recent: dict[OrderKey, LiveOrder] = {}
        """Those that were not over when the New York day began, oldest first: what a snapshot may tell."""
        self._recent_since: date | None = None
        self._cancels: list[tuple[datetime, LiveOrder]] = []

    def use(self, exchange_settings: ExchangeSettings) -> None:
        """Behave otherwise from now on."""
        self._settings = exchange_settings
        self._engine.use(exchange_settings)

    # ── what a client may do

    def place(self, client_id: int, order_id: OrderId, order: SimOrder, now: datetime) -> list[ExchangeEvent]:
        """A new order, a modification or a what-if; see :meth:`bot.sim.world.world.World.place`."""
        contract = self._world.contract(order.con_id)
        if contract is None:
            return self._reject(client_id, order_id, rejections.NO_CONTRACT, now)
        if order.cash_quantity:
            book = self._world.book(order.con_id)
            size = fractions.size_for(order, contract, book, self._accounts, self._settings)
            order = replace(order, quantity=size)
        if order.what_if:
            return self._what_if(client_id, order_id, order, contract, now)
        known = self._orders.get((client_id, order_id))
        rejection = self._malformed(order, contract, now)
        rejection = rejection or (self._cannot_modify(known, order) if known is not None else None)
        if rejection is not None:
            return self._reject(client_id, order_id, rejection, now)
        if known is not None:
            return self._modify(known, order, now)
        return self._enter(client_id, order_id, order, contract, now)

    def cancel(self, client_id: int, order_id: OrderId, now: datetime) -> list[ExchangeEvent]:
        """Cancel at once, or after the latency that the exchange_settings set; see :meth:`bot.sim.world.world.World.cancel`."""
        order = self._orders.get((client_id, order_id))
        if order is None:
            return self._reject(client_id, order_id, rejections.not_found_to_cancel(order_id), now)
        if order.is_done or order.is_cancelling:
            state = order.status if order.is_done else IbStatus.PENDING_CANCEL
            return self._reject(client_id, order_id, rejections.too_late_to_cancel(order_id, state), now)
        order.is_cancelling = True
        self._cancels.append((now + self._settings.cancel_latency, order))
        return self.run_due(now)

    def cancel_all(self, now: datetime) -> list[ExchangeEvent]:
        """A global cancel: every client's orders."""
        for order in self.alive():
            if not order.is_cancelling:
                order.is_cancelling = True
                self._cancels.append((now + self._settings.cancel_latency, order))
        return self.run_due(now)

    # ── what the world does

    def next_due(self) -> datetime | None:
        """When the next cancel takes effect."""
        return min(at for at, _ in self._cancels) if self._cancels else None

    def run_due(self, now: datetime) -> list[ExchangeEvent]:
        """Let cancels take effect whose time has come."""
        due = [order for at, order in self._cancels if at <= now]
        self._cancels = [(at, order) for at, order in self._cancels if at > now]
        for order in due:
            if not order.is_done:
                self._engine.cancel(order, now)
        return self._lifecycle.take()

    def step(self, now: datetime, only: ConId | None = None) -> list[ExchangeEvent]:
        """The books (or only one of them) have moved: let the orders look."""
        self._engine.new_quotes(only)
        self._engine.match(now, only)
        return self._lifecycle.take()

    def open_session(self, now: datetime) -> list[ExchangeEvent]:
        """Put to work what was held until the open."""
        self._engine.new_quotes()
        self._engine.open_session(now)
        return self._lifecycle.take()

    def open_extended(self, now: datetime) -> list[ExchangeEvent]:
        """Put to work what was held until early trading."""
        self._engine.new_quotes()
        self._engine.open_extended(now)
        return self._lifecycle.take()

    def close_extended(self, now: datetime) -> list[ExchangeEvent]:
        """End the day orders that could trade late."""
        self._engine.close_extended(now)
        return self._lifecycle.take()

    def has_outside(self) -> bool:
        """Whether an order lives that may trade outside regular hours."""
        return any(order.order.outside_rth for order in self._engine.alive())

    def close_session(self, now: datetime) -> list[ExchangeEvent]:
        """End the day orders."""
        self._engine.close_session(now)
        return self._lifecycle.take()

    def end_expired(self, day: date, now: datetime) -> list[ExchangeEvent]:
        """Cancel everything on options that expired on that day or before, combinations with one as a leg too."""
        self._engine.end_expired(day, now)
        return self._lifecycle.take()

    def end_of_symbol(self, symbol: Symbol, why: str, now: datetime) -> list[ExchangeEvent]:
        """Cancel everything on a stock and its options."""
        self._engine.end_of_symbol(symbol, why, now)
        return self._lifecycle.take()

    # ── what there is

    def alive(self) -> list[LiveOrder]:
        """Orders that are not over, untransmitted ones included, oldest first."""
        return self._engine.alive()

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

    def completed_on(self, day: date) -> list[OrderView]:
        """Frozen pictures of the orders that ended on that New York day; days are asked for in order."""
        return [order.view() for order in self._completed_on(day)]

    def named(self, ref: str, day: date) -> list[OrderView]:
        """Those of that name among :meth:`completed_on` and then among the living."""
        alive = (order for order in self.alive() if order.is_transmitted)
        return [o.view() for o in (*self._completed_on(day), *alive) if o.order.order_ref == ref]

    def _completed_on(self, day: date) -> list[LiveOrder]:
        if day != self._recent_since:
            self._recent_since = day
            self._recent = {key: o for key, o in self._recent.items() if not _ended_before(o, day)}
        return [o for o in self._recent.values() if o.is_transmitted and o.is_done]

    def find(self, client_id: int, order_id: OrderId) -> LiveOrder | None:
        return self._orders.get((client_id, order_id))

    def _malformed(self, order: SimOrder, contract: Contract, now: datetime) -> OrderRejection | None:
        """What is wrong with the message itself."""
        found = fractions.refused(order, contract, self._accounts, self._settings)
        return found or rejections.malformed(order, contract, self._accounts, now)

    # ── entering

    def _enter(
        self, client_id: int, order_id: OrderId, order: SimOrder, contract: Contract, now: datetime
    ) -> list[ExchangeEvent]:
        parent = self._orders.get((client_id, order.parent_id)) if order.parent_id else None
        if order.parent_id and (parent is None or parent.is_done):
            return self._reject(client_id, order_id, rejections.no_such_order(order.parent_id), now)
        live = LiveOrder(
            client_id,
            order_id,
            self._perm_ids(),
            contract,
            order,
            now,
            order.quantity,
            parent,
            stop=first_stop(order),
        )
        self._orders[live.key] = self._recent[live.key] = live
        self._engine.add(live)
        if parent is not None:
            parent.children.append(live)
        if order.transmit:
            self._transmit_family(live, now)
        return self._lifecycle.take()

    def _transmit_family(self, order: LiveOrder, now: datetime) -> None:
        head = order.parent or order
        for member in [head, *head.children]:
            if not member.is_transmitted and not member.is_done:
                member.is_transmitted = True
                self._accept(member, now)

    def _accept(self, order: LiveOrder, now: datetime) -> None:
        if order.parent is not None and order.parent.is_done and order.parent.filled == 0:
            self._engine.end(order, now, "The parent order is not working.")
            return
        rejection = self._unacceptable(order, now)
        if rejection is not None:
            self._engine.reject(order, rejection, now)
        elif self._engine.is_held_child(order):
            self._lifecycle.show(order, now)
        elif not self._engine.is_trading(order):
            self._lifecycle.show(order, now)
            is_outside = self._world.has_extended_hours and trades_outside(order.order, order.contract)
            opens_at = self._world.opens_at(is_outside=is_outside)
            self._lifecycle.notify(order, 399, _held_until(order, opens_at), now)
        else:
            self._engine.activate(order, now)

    def _unacceptable(self, order: LiveOrder, now: datetime) -> OrderRejection | None:
        others = self.alive()
        rejection = (
            rejections.expired(order.contract, now)
            or rejections.too_many(order, others, self._settings)
            or self._not_for_account(order, now)
        )
        if rejection is not None or order.parent is not None:
            return rejection
        rejection = rejections.both_sides(order, others, self._settings)
        book = self._world.book(order.contract.con_id)
        if rejection is None and book is not None and rejections.beyond_collar(order, book, self._settings):
            rejection = rejections.COLLAR
        shares = self._shares_of(order, now)
        return rejection or next(
            filter(None, (self._margin_rejection(x.order, x.contract) for x in shares)), None
        )

    def _not_for_account(self, order: LiveOrder, now: datetime) -> OrderRejection | None:
        """What the account, or each of an advisor's group, may not sell."""
        for part in self._shares_of(order, now):
            view = self._world.holdings(part.order.account)
            found = rejections.uncovered(part, view, self._settings)
            found = found or rejections.unborrowable(part, view, self._settings)
            found = found or fractions.sells_short(part, view)
            if found is not None:
                return found
        return None

    def _shares_of(self, order: LiveOrder, now: datetime) -> list[LiveOrder]:
        """The order itself, or what each account of an advisor's group would have of it."""
        if not order.order.group:
            return [order]
        shares = shared_out(whole_units(order.order.quantity), self._accounts.weights(order.order, now), {})
        orders = [replace(order.order, account=key, group="", quantity=n) for key, n in shares.items()]
        return [_trial(order, one) for one in orders]

    def _margin_rejection(self, order: SimOrder, contract: Contract) -> OrderRejection | None:
        signed = order.action.sign * order.quantity
        held = self._world.holdings(order.account).held(contract.con_id)
        if held * signed < 0 and unsigned(signed) <= unsigned(held):
            return None
        return rejections.short_of_margin(self._world.margin_of(order, contract))

    def _what_if(
        self, client_id: int, order_id: OrderId, order: SimOrder, contract: Contract, now: datetime
    ) -> list[ExchangeEvent]:
        rejection = self._malformed(order, contract, now)
        rejection = rejection or rejections.expired(contract, now)
        if not order.transmit:
            rejection = rejections.WHAT_IF_TRANSMIT
        if rejection is not None:
            return self._reject(client_id, order_id, rejection, now)
        return [MarginAnswered(now, client_id, order_id, order, self._world.margin_of(order, contract))]

    # ── modifying

    def _cannot_modify(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        if known.is_done:
            return rejections.FILLED if known.status is IbStatus.FILLED else rejections.DUPLICATE
        if known.order.cash_quantity:
            return fractions.MONETARY
        if order.parent_id and (known.parent is None or known.parent.is_done):
            return rejections.no_such_order(order.parent_id)
        if order.con_id != known.order.con_id or order.action is not known.side:
            return rejections.MISMATCH
        if order.oca_group and order.oca_group != known.oca_group:
            return rejections.OCA_REVISION
        return self._too_many_sold(known, order) or self._too_far(known, order)

    def _too_many_sold(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        if order.quantity <= known.order.quantity or (known.parent is not None and not known.parent.is_done):
            return None
        trial = _trial(known, order)
        trial.filled = known.filled
        return rejections.uncovered(trial, self._world.holdings(order.account), self._settings)

    def _too_far(self, known: LiveOrder, order: SimOrder) -> OrderRejection | None:
        book = self._world.book(order.con_id)
        if book is None or not known.is_at_exchange:
            return None
        return (
            rejections.TOO_FAR
            if rejections.beyond_collar(_trial(known, order), book, self._settings)
            else None
        )

    def _modify(self, known: LiveOrder, order: SimOrder, now: datetime) -> list[ExchangeEvent]:
        old = known.order
        known.become(replace(order, oca_group=old.oca_group, oca_type=old.oca_type, parent_id=old.parent_id))
        known.cap = max(order.quantity, known.filled)
        known.is_resting = known.is_resting and order.limit_price == old.limit_price
        if _trigger_of(order) != _trigger_of(old):
            known.stop, known.hits = first_stop(order), 0
        if not known.is_transmitted:
            if order.transmit:
                self._transmit_family(known, now)
            return self._lifecycle.take()
        self._lifecycle.show(known, now)
        if known.is_active:
            self._engine.look(known, now)
        self._engine.finish_if_full(known, now)
        return self._lifecycle.take()

    @staticmethod
    def _reject(
        client_id: int, order_id: OrderId, rejection: OrderRejection, now: datetime
    ) -> list[ExchangeEvent]:
        return [OrderMessage(now, client_id, order_id, rejection.code, rejection.text)]


def _ended_before(order: LiveOrder, day: date) -> bool:
    return order.completed_at is not None and new_york_day(order.completed_at) < day


def _trigger_of(order: SimOrder) -> tuple[object, ...]:
    return order.aux_price, order.type, order.trailing_percent, order.trail_stop_price


def _trial(known: LiveOrder, order: SimOrder) -> LiveOrder:
    """A trial copy of a live order with a client's new wishes, to judge them by."""
    return LiveOrder(
        known.client_id, known.order_id, known.perm_id, known.contract, order, known.placed_at, order.quantity
    )


def _held_until(order: LiveOrder, opens_at: datetime) -> str:
    """IB's warning, as users' logs have it: of a stock with its listing, NASDAQ.NMS."""
    o, contract = order.order, order.contract
    name = contract.local_symbol or contract.symbol
    if contract.sec_type is SecType.STOCK and contract.primary_exchange:
        name += f" {contract.primary_exchange}{'.NMS' if contract.trading_class == 'NMS' else ''}"
    return (
        f"Order Message:\n{o.action} {o.quantity} {name}\n"
        "Warning: Your order will not be placed at the exchange until "
        f"{opens_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} US/Eastern."
    )
