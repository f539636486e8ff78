"""The trading floor: where accepted orders wait, wake up, trade and end.

Rule: every change of an order's state happens here. What an order means to its children, its OCA group and the account
follows at once and in one place, so that no order is ever left in a state another contradicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from bot.domain.types import ConId, OrderId, Side, Symbol
from bot.sim.exchange import oca
from bot.sim.exchange import rejections as rejections
from bot.sim.exchange.combos import Combo, LegFill, consists_of, has_expired, is_about, leg_fills
from bot.sim.exchange.conditions import are_met
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import Units, pieces, tidy
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.matching import (
    adjusted,
    auction_price,
    displayed,
    fill_price,
    follow_peg,
    update_trail,
    wakes_up,
)
from bot.sim.exchange.order_kinds import (
    AT_ONCE_OR_NEVER,
    AT_THE_OPEN,
    first_stop,
    least_fill,
    trades_outside,
)
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import IbStatus, SimOrderType
from bot.sim.exchange.rejections import OrderRejection
from bot.sim.exchange.surroundings import ExchangeView, OrderSight
from bot.sim.market.quotes import TopOfBook

OrderKey = tuple[int, OrderId]
"""Client id and order id."""


class MatchingEngine:
    """The orders that are not over. ``life`` books what becomes of them and tells it."""

    def __init__(
        self, surroundings: ExchangeView, life: OrderLifecycle, exchange_settings: ExchangeSettings
    ) -> None:
        self._world = surroundings
        self._lifecycle = life
        self._settings = exchange_settings
        self._alive: dict[OrderKey, LiveOrder] = {}
        self._unblocked: list[tuple[LiveOrder, Units]] = []
        self._taken: dict[tuple[ConId, Side], int] = {}

    def use(self, exchange_settings: ExchangeSettings) -> None:
        """Behave otherwise from now on."""
        self._settings = exchange_settings

    def add(self, order: LiveOrder) -> None:
        self._alive[order.key] = order

    def alive(self) -> list[LiveOrder]:
        """Orders that are not over, untransmitted ones included, oldest first."""
        return list(self._alive.values())

    # ── what time does

    def new_quotes(self, only: ConId | None = None) -> None:
        """Forget what earlier orders took out of the books (or one book): the displayed sizes are there again."""
        self._taken = {key: n for key, n in self._taken.items() if only is not None and key[0] != only}

    def match(self, now: datetime, only: ConId | None = None) -> None:
        """Let every active order (of one contract) look at its book once."""
        for order in self.alive():
            if order.is_gated:
                self._try_gate(order, now)
            elif (
                order.is_active and not order.is_done and (only is None or consists_of(order.contract, only))
            ):
                self.look(order, now)
        pending, self._unblocked = self._unblocked, []
        for order, quantity in pending:
            self._reduce_group(order, quantity, now)
        self._end_where(_is_out_of_time, now, "The order's time is over.")
        self._end_where(self._is_ended_by_condition, now, "A condition of the order has ended it.")

    def open_session(self, now: datetime) -> None:
        """Activate what waited for the open; limits that are too far away by now are cancelled (202)."""
        for order in self.alive():
            if order.is_active or not order.is_alive or self.is_held_child(order):
                continue
            book = self._world.book(order.contract.con_id)
            if book is not None and rejections.beyond_collar(order, book, self._settings):
                self.end(order, now, "The limit price is too far through the NBBO.")
            elif order.order.tif == AT_THE_OPEN:
                self._open_auction(order, now)
            else:
                self.activate(order, now)

    def open_extended(self, now: datetime) -> None:
        """Activate what waited for early trading."""
        for order in self.alive():
            is_waiting = order.is_alive and not order.is_active and not self.is_held_child(order)
            if is_waiting and self._lives_outside(order):
                self.activate(order, now)

    def close_extended(self, now: datetime) -> None:
        """End the day orders that late trading was open to."""
        self._end_where(lambda o, _: o.order.tif in _OF_THE_DAY and self._lives_outside(o), now, _DAY_IS_OVER)

    def close_session(self, now: datetime) -> None:
        """Hold the closing auction and end the day orders; children of an order that ends without a fill end with it.

        What trades on in late trading ends with that.
        """
        for order in self.alive():
            if order.is_active and not order.is_done and order.kind.at_close:
                self._auction(order, now)
        self._end_where(
            lambda o, _: o.order.tif in _OF_THE_DAY and not self._lives_outside(o), now, _DAY_IS_OVER
        )

    def end_expired(self, day: date, now: datetime) -> None:
        """Cancel everything on options that expired on that day or before."""
        self._end_where(lambda o, _: has_expired(o.contract, day), now, "The contract has expired.")

    def end_of_symbol(self, symbol: Symbol, why: str, now: datetime) -> None:
        """Cancel everything on a stock and its options, combinations with one as a leg too."""
        self._end_where(lambda o, _: is_about(o.contract, symbol), now, why)

    def _end_where(self, is_over: Callable[[LiveOrder, datetime], bool], now: datetime, why: str) -> None:
        for order in self.alive():
            if order.is_alive and is_over(order, now):
                self.end(order, now, why)

    # ── working

    def _lives_outside(self, order: LiveOrder) -> bool:
        return self._world.has_extended_hours and trades_outside(order.order, order.contract)

    def is_trading(self, order: LiveOrder) -> bool:
        """Whether the market is open to this order."""
        return self._world.is_open() or (self._lives_outside(order) and self._world.is_extended())

    def is_held_child(self, order: LiveOrder) -> bool:
        """True while the order waits for its parent's fill."""
        parent = order.parent
        if parent is None:
            return False
        if parent.is_done or (parent.filled > 0 and self._settings.children_on_partial_parent):
            return parent.filled == 0
        return True

    def activate(self, order: LiveOrder, now: datetime) -> None:
        """Put an accepted order to work, in an open market; or keep it until its time, conditions or auction come."""
        if self._world.is_extended() and not self.is_trading(order):
            self._lifecycle.show(order, now)
            return
        if self._is_gated(order, now):
            if not order.is_gated:
                order.is_gated = True
                self._lifecycle.show(order, now)
            return
        order.is_gated = False
        order.is_active = True
        if not order.waits_for_trigger:
            order.status = IbStatus.SUBMITTED
        if order.order.outside_rth and not self._lives_outside(order):
            self._lifecycle.notify(order, 2109, _RTH_IGNORED, now)
        self._lifecycle.show(order, now)
        self.look(order, now, is_first=True)
        if order.order.tif in AT_ONCE_OR_NEVER and not order.is_done:
            self.end(order, now, "The rest could not be filled at once.")

    def _is_gated(self, order: LiveOrder, now: datetime) -> bool:
        o = order.order
        if o.tif == AT_THE_OPEN or (o.good_after is not None and now < o.good_after):
            return True
        return not o.conditions_cancel and not self._are_met(order, now)

    def _try_gate(self, order: LiveOrder, now: datetime) -> None:
        if not order.is_done and self.is_trading(order) and not self._is_gated(order, now):
            self.activate(order, now)

    def _open_auction(self, order: LiveOrder, now: datetime) -> None:
        """MOO and LOO: the opening price or nothing."""
        order.is_gated, order.is_active, order.status = False, True, IbStatus.SUBMITTED
        self._lifecycle.show(order, now)
        self._auction(order, now)
        if not order.is_done:
            self.end(order, now, "The order could not be filled at the open.")

    def _auction(self, order: LiveOrder, now: datetime) -> None:
        book = self._world.book(order.contract.con_id)
        price = None if book is None else auction_price(order, book)
        if price is not None:
            for piece in pieces(order.remaining):
                self._fill(order, piece, price, now)

    def _is_ended_by_condition(self, order: LiveOrder, now: datetime) -> bool:
        o = order.order
        return o.conditions_cancel and bool(o.conditions) and self._are_met(order, now)

    def _are_met(self, order: LiveOrder, now: datetime) -> bool:
        return are_met(order.order.conditions, OrderSight(order, self._world, self._lifecycle), now)

    def look(self, order: LiveOrder, now: datetime, *, is_first: bool = False) -> None:
        """One glance at the book: trail, trigger, fill. A stop does not count the quote it was born with."""
        book = self._world.book(order.contract.con_id)
        if book is None or not self.is_trading(order) or self._world.is_halted(order.contract):
            return
        if order.kind.at_close:
            return
        if order.waits_for_trigger:
            self._adjust(order, book, now)
            if update_trail(order, book) and not is_first:
                self._lifecycle.show(order, now)
            if is_first or not wakes_up(order, book, self._settings):
                return
            order.is_triggered = True
            order.status = IbStatus.SUBMITTED
            self._lifecycle.show(order, now)
        if order.kind.peg is not None:
            # What it was at meets the new quote first; then it follows.
            self._trade(order, book, now)
            if order.is_done or not follow_peg(order, book):
                return
            order.is_resting = False
        self._trade(order, book, now)
        if order.kind.becomes_limit:
            self._become_limit(order)

    def _become_limit(self, order: LiveOrder) -> None:
        """What is left of MTL after its first fill is a limit order at that price."""
        if order.filled and not order.is_done:
            order.become(replace(order.order, type=SimOrderType.LIMIT, limit_price=order.last_price))

    def _adjust(self, order: LiveOrder, book: TopOfBook, now: datetime) -> None:
        changed = adjusted(order, book)
        if changed is not None:
            order.become(changed)
            order.stop, order.hits = first_stop(changed) or order.stop, 0
            self._lifecycle.show(order, now)

    def _trade(self, order: LiveOrder, book: TopOfBook, now: datetime) -> None:
        price = fill_price(order, book)
        shown = displayed(order.side, book, self._settings)
        taken = self._taken.get((order.contract.con_id, order.side), 0)
        quantity = order.remaining if shown is None else min(order.remaining, shown - taken)
        least = min(order.remaining, least_fill(order.order, order.filled))
        if price is not None and quantity > 0 and quantity >= least:
            self._taken[order.contract.con_id, order.side] = taken + int(quantity)
            for piece in pieces(quantity):
                self._fill(order, piece, price, now)
        order.is_resting = True

    def _fill(self, order: LiveOrder, quantity: Units, price: Decimal, now: datetime) -> None:
        order.filled = tidy(order.filled + quantity)
        order.value += price * quantity
        order.last_price = price
        is_complete = order.remaining == 0 and not order.covers_part
        if is_complete:
            self._complete(order, IbStatus.FILLED, now, "")
        self._lifecycle.fill(order, quantity, price, now, self._legs(order, quantity, price))
        if oca.has_block(order):
            self._reduce_group(order, quantity, now)
        else:
            self._unblocked.append((order, quantity))
        self._release_children(order, now)

    def _legs(self, order: LiveOrder, quantity: Units, price: Decimal) -> list[LegFill]:
        combo = order.contract
        return (
            leg_fills(combo, order.side, quantity, price, self._world.book)
            if isinstance(combo, Combo)
            else []
        )

    def _release_children(self, parent: LiveOrder, now: datetime) -> None:
        for child in parent.children:
            if child.is_done or not child.is_transmitted or self.is_held_child(child):
                continue
            if child.is_active:
                self._lifecycle.show(child, now)
                self.finish_if_full(child, now)
            elif rejection := rejections.uncovered(
                child, self._world.holdings(child.order.account), self._settings
            ):
                self.reject(child, rejection, now)
            else:
                self.activate(child, now)

    def _reduce_group(self, order: LiveOrder, quantity: Units, now: datetime) -> None:
        order.answered = tidy(order.answered + quantity)
        group = oca.members(order, self._alive.values())
        for other, cap in list(oca.new_caps(order, quantity, group, self._settings)):
            if cap > other.filled:
                other.cap = cap
                self._lifecycle.show(other, now)
            else:
                self.end(other, now, "Another order of the OCA group was executed.")

    # ── ending

    def cancel(self, order: LiveOrder, now: datetime) -> None:
        """End an order by its client's wish, and with it an OCA group that has not traded."""
        group = oca.members(order, self._alive.values()) if order.filled == 0 else []
        self.end(order, now, "")
        if self._settings.oca_client_cancel_ends_group:
            for other in group:
                if not other.is_done:
                    self.end(other, now, "")

    def end(self, order: LiveOrder, now: datetime, reason: str) -> None:
        """Cancel an order and what hangs on it; what its children cover already stays covered."""
        was_transmitted = order.is_transmitted
        self._complete(order, IbStatus.CANCELLED, now, reason)
        if was_transmitted:
            self._lifecycle.status(order, now)
        self._lifecycle.notify(order, 202, f"Order Canceled - reason:{reason}", now)
        for child in order.children:
            if not child.is_done:
                self._after_parent_ended(child, order, now)

    def _after_parent_ended(self, child: LiveOrder, parent: LiveOrder, now: datetime) -> None:
        if parent.filled == 0:
            self.end(child, now, "The parent order is not working.")
        elif child.is_active:
            self._lifecycle.show(child, now)
            self.finish_if_full(child, now)
        elif child.is_transmitted:
            self.activate(child, now)

    def finish_if_full(self, order: LiveOrder, now: datetime) -> None:
        """Call an order filled that has nothing left to fill, now that its quantity has changed."""
        if not order.is_done and order.filled and order.remaining == 0 and not order.covers_part:
            self._complete(order, IbStatus.FILLED, now, "")
            self._lifecycle.status(order, now)

    def reject(self, order: LiveOrder, rejection: OrderRejection, now: datetime) -> None:
        """Leave the order behind as Inactive."""
        self._complete(order, IbStatus.INACTIVE, now, rejection.text)
        self._lifecycle.show(order, now)
        self._lifecycle.notify(order, rejection.code, rejection.text, now)
        for child in order.children:
            if not child.is_done and child.is_transmitted:
                self.end(child, now, "The parent order is not working.")

    def _complete(self, order: LiveOrder, status: IbStatus, now: datetime, reason: str) -> None:
        order.status = status
        order.completed_at = now
        order.reason = reason
        order.is_active = False
        self._alive.pop(order.key, None)


_OF_THE_DAY = frozenset({"DAY", *AT_ONCE_OR_NEVER})
_DAY_IS_OVER = "End of the trading day."
_RTH_IGNORED = (
    "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and destination. "
    "PlaceOrder is now being processed."
)


def _is_out_of_time(order: LiveOrder, now: datetime) -> bool:
    till = order.order.good_till
    return order.order.tif == "GTD" and till is not None and till <= now
