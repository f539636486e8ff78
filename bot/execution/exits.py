"""How a position's exits are replaced or moved: small plans that wait for the broker's answers.

Rule: an exit order is sent only when every fill the broker counted is booked, never for more than the position, and
only when every other exit of its bracket has ended, or within the live stop's OCA group, where the broker itself lets
no more be sold than the largest of them; so the orders at rest can never sell what is not held, and a position that is
closed keeps its stop until it is gone. The entry's remainder is cancelled first, since the broker rejects orders on
both sides of one option.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from bot.domain.broker_messages import SendOrders, SendRevision
from bot.domain.messages import ExitPosition, Message, PlaceBracket, PlaceProtection
from bot.domain.order import Leg, Order, OrderStatus, OrderType, Tif
from bot.domain.pricing import buying_price, least, selling_price
from bot.domain.types import IdeaId, Side
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.limits import ExecutionLimits
from bot.execution.orders import flatten_order, next_number, protection_orders, protection_prices

Plan: TypeAlias = PlaceProtection | ExitPosition
_ACTIVE = frozenset({OrderStatus.HELD, OrderStatus.WORKING})
_CLOSING_ORDERS_BESIDE_A_STOP = 2
_AS_FAR_AS_MAY_BE = 100
"""Ticks: more than ``max_slip`` ever allows."""


class ExitPlans:
    """At most one plan per bracket; a newer one takes the older one's place."""

    def __init__(self, book: OrderBook, limits: ExecutionLimits) -> None:
        self._book, self._limits = book, limits
        self._plans: dict[IdeaId, Plan] = {}

    def adopt(self, plan: Plan) -> None:
        self._plans[plan.idea_id] = plan

    def drop(self, idea_id: IdeaId) -> None:
        self._plans.pop(idea_id, None)

    def clear(self) -> None:
        self._plans.clear()

    def waiting(self) -> tuple[IdeaId, ...]:
        return tuple(self._plans)

    def step(self, place: PlaceBracket, now: datetime) -> Iterator[Message]:
        """What the plan does next; marks orders as wanted back where it must wait for their end."""
        plan = self._plans.get(place.idea_id)
        if plan is None or not self._entry_is_over(place.idea_id, now):
            return
        if isinstance(plan, PlaceProtection):
            yield from self._protect(plan, place, now)
        elif plan.quantity > 0:
            yield from self._sell(plan, place, now)
        else:
            yield from self._buy_back(plan, place, now)

    # ── the three plans ──────────────────────────────────────────────────────────────────────────────────────────

    def _protect(self, plan: PlaceProtection, place: PlaceBracket, now: datetime) -> Iterator[Message]:
        quantity = min(plan.quantity, self.position_at_rest(plan.idea_id))
        resizable = self._resizable(plan) if quantity > 0 else ()
        if resizable:
            self.drop(plan.idea_id)
            yield from (
                self._resized(r, quantity, now)
                for r in resizable
                if self._book.remaining(r) != quantity or not self._is_as_meant(r)
            )
            return
        if not self._exits_are_over(plan.idea_id, now, "makes room for new protection"):
            return
        self.drop(plan.idea_id)
        paid = self._book.ledger.average_paid(plan.idea_id)
        if quantity > 0 and paid is not None:
            number = self._number(plan.idea_id, (Leg.TARGET, Leg.STOP), plan.attempt)
            yield SendOrders(self._pair(place, paid, quantity, number), now)

    def _sell(self, plan: ExitPosition, place: PlaceBracket, now: datetime) -> Iterator[Message]:
        quantity = min(plan.quantity, self.position_at_rest(plan.idea_id))
        plan = replace(plan, nobody_bids=plan.nobody_bids or self._market_rests(plan.idea_id, now))
        price = self._step_price(plan, place)
        moved = self._movable(plan)
        if quantity > 0 and moved is not None:
            self.drop(plan.idea_id)
            if price is not None and moved.order.type is OrderType.LIMIT:
                total = self._book.filled(moved) + quantity
                yield SendRevision(moved.ref, price, total, now, _start(plan))
            return
        yield from self._flatten(plan, place, quantity, Side.SELL, now)

    def _buy_back(self, plan: ExitPosition, place: PlaceBracket, now: datetime) -> Iterator[Message]:
        quantity = min(-plan.quantity, -self._short(plan.idea_id))
        yield from self._flatten(plan, place, quantity, Side.BUY, now)

    def _flatten(
        self,
        plan: ExitPosition,
        place: PlaceBracket,
        quantity: int,
        side: Side,
        now: datetime,
    ) -> Iterator[Message]:
        group = self._stops_group(plan.idea_id, now) if side is Side.SELL else ""
        if group:
            if self._has_unbooked(plan.idea_id):
                return
        elif not self._exits_are_over(plan.idea_id, now, f"makes room to close: {plan.reason}"):
            return
        self.drop(plan.idea_id)
        if quantity <= 0:
            return
        if side is Side.SELL and not group:
            # The closing order may be refused: it never goes alone.
            stop = self._fresh_stop(place, quantity)
            group = stop.oca_group
            yield SendOrders((stop,), now)
        number = self._number(plan.idea_id, (Leg.FLATTEN,))
        price = self._new_price(plan, place)
        tif = Tif.GTC if plan.nobody_bids else Tif.DAY
        closing = flatten_order(place, side, quantity, price, number, group, tif)
        yield SendOrders((closing,), now, _start(plan))

    def _fresh_stop(self, place: PlaceBracket, quantity: int) -> Order:
        paid = self._book.ledger.average_paid(place.idea_id) or place.entry_limit
        number = self._number(place.idea_id, (Leg.TARGET, Leg.STOP))
        stop, _ = self._pair(place, paid, quantity, number)
        return stop

    def _pair(self, place: PlaceBracket, paid: Decimal, quantity: int, number: int) -> tuple[Order, Order]:
        prices = protection_prices(place, paid)
        limits = self._limits
        return protection_orders(place, prices, quantity, number, limits.stop_trigger, limits.stop_limit_pct)

    # ── what they ask of the book ────────────────────────────────────────────────────────────────────────────────

    def position_at_rest(self, idea_id: IdeaId) -> int:
        """What may be sold: booked buys less every sale booked or merely counted by the broker."""
        ledger = self._book.ledger
        counted = sum(self._book.unbooked(r) for r in self._book.of(idea_id) if r.order.side is Side.SELL)
        return ledger.position(idea_id) - counted

    def _short(self, idea_id: IdeaId) -> int:
        """The position, should it be negative, with every buy-back merely counted by the broker taken in."""
        counted = sum(self._book.unbooked(r) for r in self._book.of(idea_id) if r.order.side is Side.BUY)
        return min(0, self._book.ledger.position(idea_id) + counted)

    def _entry_is_over(self, idea_id: IdeaId, now: datetime) -> bool:
        entry = self._book.entry(idea_id)
        if entry is None or entry.is_over(now, self._limits.inactive_wait_s):
            return True
        entry.cancel_wanted = entry.cancel_wanted or "clears the way for an exit"
        return False

    def _exits_are_over(self, idea_id: IdeaId, now: datetime, why: str) -> bool:
        exits = self._book.exits(idea_id)
        over = True
        for record in exits:
            if not record.is_over(now, self._limits.inactive_wait_s):
                record.cancel_wanted = record.cancel_wanted or why
                over = False
        return over and not self._has_unbooked(idea_id)

    def _has_unbooked(self, idea_id: IdeaId) -> bool:
        """A fill that is counted and not booked would be sold a second time."""
        return any(self._book.unbooked(r) for r in self._book.of(idea_id))

    def _stops_group(self, idea_id: IdeaId, now: datetime) -> str:
        """The OCA group of the one live stop, if a closing order can stand beside it; else empty.

        A group that has ended so many closing orders it had taken is given up for a fresh one. A refusal says nothing
        of the group, and never costs the stop.
        """
        exits = self._book.exits(idea_id)
        live = [r for r in exits if not r.is_over(now, self._limits.inactive_wait_s)]
        groups = {r.order.oca_group for r in live}
        stops = [r for r in live if r.order.leg is Leg.STOP]
        if len(stops) != 1 or len(groups) != 1 or not self._is_as_meant(stops[0]):
            return ""
        group = stops[0].order.oca_group
        tried = sum(
            r.order.leg is Leg.FLATTEN
            and r.order.oca_group == group
            and not (r.is_rejected or r.cancel_wanted)
            for r in exits
        )
        return group if tried < _CLOSING_ORDERS_BESIDE_A_STOP else ""

    def _resizable(self, plan: PlaceProtection) -> tuple[OrderRecord, ...]:
        """The live pair, if nothing but its quantity is wrong: moving it keeps the position protected meanwhile."""
        live = [r for r in self._book.exits(plan.idea_id) if r.is_live or r.is_inactive]
        legs = sorted(r.order.leg for r in live)
        if plan.attempt > 1 or legs not in ([Leg.STOP], [Leg.STOP, Leg.TARGET]):
            return ()
        if len({r.order.oca_group for r in live}) > 1 or not all(map(self._can_be_moved, live)):
            return ()
        return tuple(live)

    def _can_be_moved(self, record: OrderRecord) -> bool:
        """It works, once, as the kind of order that was meant: whatever its price, a revision puts it right."""
        seen = list(record.live_sightings())
        if record.status not in _ACTIVE or record.cancel_wanted or len(seen) != 1:
            return False
        is_of_its_kind = (seen[0].type, seen[0].side) == (record.order.type, record.order.side)
        # A limit that another hand gave it can only be taken from it with the order.
        return is_of_its_kind and (seen[0].limit_price is None or record.order.limit_price is not None)

    def _is_as_meant(self, record: OrderRecord) -> bool:
        """It works, and a stop's trigger is where it was set or nearer, below what was paid."""
        if not self._can_be_moved(record):
            return False
        if record.order.type is not OrderType.STOP:
            return True
        paid = self._book.ledger.average_paid(record.order.idea_id)
        (seen,) = record.live_sightings()
        meant, stop = record.stop_price, seen.stop_price
        return stop is not None and paid is not None and meant is not None and meant <= stop < paid

    def _resized(self, record: OrderRecord, quantity: int, now: datetime) -> SendRevision:
        price = record.limit_price if record.stop_price is None else record.stop_price
        if price is None:
            raise ValueError(f"{record.ref} has neither a limit nor a stop price")
        return SendRevision(record.ref, price, self._book.filled(record) + quantity, now)

    def _movable(self, plan: ExitPosition) -> OrderRecord | None:
        """The live order that an exit can ride on: a market order as it is, a limit while there is a bid for it."""
        may_move = plan.step < self._limits.forced_step and _start(plan) is not None
        for record in self._book.exits(plan.idea_id):
            if record.status not in _ACTIVE or record.cancel_wanted or record.order.side is Side.BUY:
                continue
            if record.order.leg is Leg.FLATTEN and record.order.tif is Tif.GTC:
                return record  # it waits at one tick for whoever bids
            if plan.nobody_bids and record.order.leg is Leg.FLATTEN:
                record.cancel_wanted = "nobody bids: a limit that stays takes its place"
            elif record.order.type is OrderType.MARKET or (record.order.type is OrderType.LIMIT and may_move):
                return record
        return None

    def _step_price(self, plan: ExitPosition, place: PlaceBracket) -> Decimal | None:
        """The step's limit, None without a quote to start from."""
        quote = _start(plan)
        if quote is None:
            return None
        is_last = plan.step >= self._limits.market_rung
        away = _AS_FAR_AS_MAY_BE if is_last else plan.step * self._limits.ticks_per_rung
        make = selling_price if plan.quantity > 0 else buying_price
        return make(place.contract, quote, away, self._limits.max_slip)

    def _new_price(self, plan: ExitPosition, place: PlaceBracket) -> Decimal | None:
        """The limit of a new closing order; None for the market, on the last step or without a quote.

        Where nobody bids, or the last market order was refused, a limit of one tick waits for whoever comes: like a
        market order it takes any bid, and the broker keeps it.
        """
        if plan.quantity > 0 and (plan.nobody_bids or self._was_market_refused(plan.idea_id)):
            return least(place.contract.ticks)
        return None if plan.step >= self._limits.market_rung else self._step_price(plan, place)

    def _market_rests(self, idea_id: IdeaId, now: datetime) -> bool:
        """A market order that nobody has taken for so long waits for a bidder like any other."""
        patience = timedelta(seconds=self._limits.market_rests_s)
        return any(
            r.is_live and r.order.type is OrderType.MARKET and now >= r.sent_at + patience
            for r in self._book.exits(idea_id)
        )

    def _was_market_refused(self, idea_id: IdeaId) -> bool:
        closing = [r for r in self._book.exits(idea_id) if r.order.leg is Leg.FLATTEN]
        return bool(closing) and closing[-1].is_rejected and closing[-1].order.type is OrderType.MARKET

    def _number(self, idea_id: IdeaId, legs: tuple[Leg, ...], at_least: int = 1) -> int:
        return next_number(idea_id, legs, self._book.records, at_least)


def _start(plan: ExitPosition) -> Decimal | None:
    """The quote the escalation starts from: the bid to sell, the ask to buy back."""
    quote = plan.bid if plan.quantity > 0 else plan.ask
    return quote if quote is not None and quote > 0 else None
