"""Is the position protected? Judged by the broker's own words alone. Rule: an order protects only if the broker itself
showed it as a live sell stop of the right contract at a sensible price; what we sent is no evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.frozen import quickly_made
from bot.domain.messages import PlaceBracket
from bot.domain.order import OpenOrder, OrderStatus, OrderType
from bot.domain.types import Side
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.orders import prices_paid

_AT_REST = frozenset({OrderStatus.HELD, OrderStatus.WORKING})


@quickly_made
@dataclass(frozen=True, slots=True)
class Proof:
    """``stop_quantity`` is what the broker's live stops would sell, ``at_rest`` what all its live exits could sell at most."""

    position: int
    stop_quantity: int
    at_rest: int
    counted: int
    """The position once every fill the broker has counted is booked; equals ``position`` when none is under way."""
    entry_works: bool
    lacks: int = 0
    """How much of the position the broker says it does not hold: that part must not be stopped."""
    defects: tuple[str, ...] = ()
    is_day_order: bool = False

    @property
    def holds(self) -> bool:
        """Exactly the position is stopped, and no more than it can be sold."""
        return self.stop_quantity in self._due and not self.is_excessive

    @property
    def is_stopped(self) -> bool:
        """No contract of it is without a stop, though the exits may be too many."""
        return self.position >= 0 and self.stop_quantity >= min(self._due)

    @property
    def is_excessive(self) -> bool:
        """The exits at rest could sell more than is held."""
        return not self.entry_works and self.at_rest > max(self._due)

    @property
    def _due(self) -> tuple[int, int]:
        return max(0, self.position - self.lacks), max(0, self.counted - self.lacks)


def prove(book: OrderBook, place: PlaceBracket, lacks: int = 0) -> Proof:
    """Weigh every exit order the broker has shown for this bracket."""
    position = book.ledger.position(place.idea_id)
    counted = position + sum(r.order.side.sign * book.unbooked(r) for r in book.of(place.idea_id))
    entry = book.entry(place.idea_id)
    entry_works = entry is not None and entry.is_live
    paid = book.ledger.average_paid(place.idea_id)
    stops, defects, is_day = 0, [], False
    groups: Counter[str] = Counter()
    for record, seen in _sightings(book, place):
        quantity = _quantity(book, record, seen)
        if entry_works and record.order.parent_ref is not None:
            # A child of a parent that is filled in part stands for the filled part only.
            quantity = min(quantity, max(position, counted, 0))
        group = record.order.oca_group or record.ref
        groups[group] = max(groups[group], quantity)
        if record.order.type is OrderType.STOP:
            defect = _defect(record, seen, place, paid)
            stops += 0 if defect else quantity
            defects += [f"{record.ref}: {defect}"] if defect else []
            is_day = is_day or seen.tif == "DAY"
    return Proof(position, stops, sum(groups.values()), counted, entry_works, lacks, tuple(defects), is_day)


def _sightings(book: OrderBook, place: PlaceBracket) -> Iterator[tuple[OrderRecord, OpenOrder]]:
    for record in book.exits(place.idea_id):
        if record.order.side is Side.SELL:
            yield from ((record, seen) for seen in record.live_sightings())


def _quantity(book: OrderBook, record: OrderRecord, seen: OpenOrder) -> int:
    filled = book.filled(record) if seen.perm_id in (0, record.perm_id) else seen.filled
    return max(0, seen.quantity - max(filled, seen.filled))


def _defect(record: OrderRecord, seen: OpenOrder, place: PlaceBracket, paid: Decimal | None) -> str:
    """Why this stop does not protect; empty if it does."""
    if seen.status not in _AT_REST:
        return f"it is {seen.status}"
    if (seen.type, seen.side) != (OrderType.STOP, Side.SELL):
        return f"it is {seen.side} {seen.type}, not SELL STP"
    if seen.contract.con_id != place.contract.con_id:
        return f"it sells {seen.contract.label}, not {place.contract.label}"
    if seen.stop_price is None or seen.stop_price <= 0:
        return "it has no trigger price"
    if record.order.limit_price is None and seen.limit_price is not None:
        return f"it has a limit of {seen.limit_price}, which may not fill"
    meant = record.order.stop_price
    if meant is not None and paid is not None:
        meant = min(meant, prices_paid(place, paid).stop)
    if meant is not None and seen.stop_price < meant:
        return f"its trigger {seen.stop_price} is below the {meant} that was set"
    if paid is not None and seen.stop_price >= paid:
        return f"its trigger {seen.stop_price} is not below the {paid} paid"
    return ""
