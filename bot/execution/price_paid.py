"""Moves stop and target to where they count from the price paid, once an entry has filled whole below its limit.

Rule: a modification of the orders at rest, once, in prices alone, and only towards less risk than was approved; so the position
is protected by the old stop until the new one is confirmed, and for good where it is refused. What another hand, an exit plan or
an adoption has touched is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.broker_messages import SendRevision
from bot.domain.machine import Applies
from bot.domain.messages import BracketAdopted, PlaceBracket
from bot.domain.order import Leg, OrderStatus
from bot.domain.types import IdeaId, OrderRef
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.orders import prices_paid

_AT_REST = frozenset({OrderStatus.HELD, OrderStatus.WORKING})


class PricesPaid:
    """Knows which orders were moved before, by whatever part of the desk, also in an earlier life."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._moved: set[OrderRef] = set()
        self._adopted: set[IdeaId] = set()

    def applies(self) -> Applies:
        return {
            SendRevision: lambda revision: self._moved.add(revision.ref),
            BracketAdopted: lambda adopted: self._adopted.add(adopted.place.idea_id),
        }

    def step(self, place: PlaceBracket, now: datetime) -> Iterator[SendRevision]:
        """The revisions of a bracket whose entry has just filled whole; nothing for any other."""
        paid = self._book.ledger.average_paid(place.idea_id)
        if paid is None or paid >= place.entry_limit or place.idea_id in self._adopted:
            return
        pair = self._pair_at_rest(place.idea_id)
        wanted = prices_paid(place, paid)
        if pair is None or not wanted.is_sane:
            return
        stop, target = pair
        (stop_seen,), (target_seen,) = stop.live_sightings(), target.live_sightings()
        if stop_seen.stop_price is not None and wanted.stop < stop_seen.stop_price:
            yield SendRevision(stop.ref, wanted.stop, stop.quantity, now)
        if target_seen.limit_price is not None and wanted.target < target_seen.limit_price:
            yield SendRevision(target.ref, wanted.target, target.quantity, now)

    def _pair_at_rest(self, idea_id: IdeaId) -> tuple[OrderRecord, OrderRecord] | None:
        """Stop and target for the whole of a position that nothing has sold of; None where anything is otherwise."""
        entry = self._book.entry(idea_id)
        if entry is None or entry.status is not OrderStatus.FILLED:
            return None
        held = self._book.ledger.position(idea_id)
        if held != entry.quantity or any(self._book.unbooked(r) for r in self._book.of(idea_id)):
            return None
        live = sorted(self._book.live_exits(idea_id), key=lambda r: r.order.leg)
        if [r.order.leg for r in live] != [Leg.STOP, Leg.TARGET]:
            return None
        stop, target = live
        return (stop, target) if all(self._is_untouched(r, held) for r in live) else None

    def _is_untouched(self, record: OrderRecord, held: int) -> bool:
        """It rests as it was sent: its kind, its price, for the whole position, and nobody moves or ends it."""
        order, seen = record.order, list(record.live_sightings())
        if (
            record.ref in self._moved
            or record.cancel_wanted
            or record.status not in _AT_REST
            or len(seen) != 1
        ):
            return False
        as_sent = (order.type, order.side, order.stop_price, held, 0)
        if order.leg is Leg.TARGET:
            as_sent = (order.type, order.side, order.limit_price, held, 0)
        (one,) = seen
        price = one.limit_price if order.leg is Leg.TARGET else one.stop_price
        return (one.type, one.side, price, one.quantity, one.filled) == as_sent
