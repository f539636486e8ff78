"""Every order of ours, as we meant it and as the broker last spoke of it.

Rule: the book only learns; it never acts. It learns the same way from what happens now and from what an earlier life
had put on disk, so that a rebuilt book equals the lost one, less the broker's sightings (``seen``), which the next
snapshot brings back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from bot.domain import broker_messages as b
from bot.domain.machine import Applies
from bot.domain.messages import BracketAdopted, FillBooked, TimePassed
from bot.domain.order import LIVE, Leg, OpenOrder, Order, OrderStatus, next_status
from bot.domain.reconciling.evidence import OwnBooks
from bot.domain.reconciling.reconcile import Settled, settle_orders
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId, OrderRef, PermId
from bot.execution.books.ledger import FillLedger, idea_of
from bot.execution.books.order_record import OrderRecord


class OrderBook:
    """Records by ref, with the ledger of their fills.

    ``_current`` are the ideas that a snapshot is compared with: what is open, and what has changed since the last one. An
    idea that ended flat and settled leaves it with a snapshot, or on the next day, so that a comparison costs the same after a
    hundred trades and in every year; whatever the broker still mentions of it brings it back.
    """

    def __init__(self, settle_s: float) -> None:
        self.ledger = FillLedger()
        self.records: dict[OrderRef, OrderRecord] = {}
        self._by_idea: dict[IdeaId, list[OrderRecord]] = {}
        self._by_perm: dict[PermId, OrderRef] = {}
        self._unsettled: dict[OrderRef, OrderRecord] = {}
        self._settle_s = settle_s
        self._current: dict[IdeaId, date] = {}
        """With the New York day of the latest news."""
        self._day = date.min

    def applies(self) -> Applies:
        return {
            TimePassed: self._let_go,
            b.SendOrders: self._sent,
            b.SendRevision: self._revised,
            b.SendCancel: self._cancel_sent,
            b.OrderStatusChanged: self._status,
            b.OrderSeen: self._sighted,
            b.OrderRefused: self._rejected,
            b.SnapshotTaken: self._snapshot,
            BracketAdopted: self._adopted,
            FillBooked: self._filled,
        }

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────────

    def unsettled(self, ideas: frozenset[IdeaId] | None = None) -> tuple[OrderRecord, ...]:
        """Orders that may still trade, or whose counted fills have not all come: all, or those of ``ideas``."""
        if ideas is None:
            return tuple(self._unsettled.values())
        return tuple(
            r for idea_id in ideas for r in self._by_idea.get(idea_id, ()) if r.order.ref in self._unsettled
        )

    def of(self, idea_id: IdeaId) -> tuple[OrderRecord, ...]:
        return tuple(self._by_idea.get(idea_id, ()))

    def entry(self, idea_id: IdeaId) -> OrderRecord | None:
        for record in self._by_idea.get(idea_id, ()):
            if record.order.leg is Leg.ENTRY:
                return record
        return None

    def exits(self, idea_id: IdeaId) -> tuple[OrderRecord, ...]:
        return tuple([r for r in self._by_idea.get(idea_id, ()) if r.order.leg is not Leg.ENTRY])

    def live_exits(self, idea_id: IdeaId) -> tuple[OrderRecord, ...]:
        return tuple(r for r in self.exits(idea_id) if r.is_live)

    def find(self, ref: OrderRef, perm_id: PermId) -> OrderRecord | None:
        """By ref, else by permId: a fill may come with an id we do not know (orderRef lost, id reused)."""
        return self.records.get(ref) or self.records.get(self._by_perm.get(perm_id, ""))

    def filled(self, record: OrderRecord) -> int:
        """How much of it is filled for certain: booked, or counted by the broker."""
        return self.ledger.filled(record.ref) + self.unbooked(record)

    def remaining(self, record: OrderRecord) -> int:
        return max(0, record.quantity - self.filled(record))

    def unbooked(self, record: OrderRecord) -> int:
        """Fills the broker counted whose executions have not come; all of an order it calls filled without a count."""
        reported, is_whole = record.reported_filled, record.status is OrderStatus.FILLED
        if not reported and not is_whole:
            return 0  # most orders at most times, and every message asks
        booked = self.ledger.filled(record.order.ref)
        if is_whole and not reported and not booked:
            return record.quantity
        return max(0, reported - booked)

    def as_own(self, open_ideas: frozenset[IdeaId] = frozenset()) -> OwnBooks:
        orders = {r.order.ref: r.as_own() for r in self._current_records()}
        return OwnBooks(orders, self.ledger.of_ideas(self._current), open_ideas)

    def _current_records(self) -> Iterator[OrderRecord]:
        return (record for idea_id in self._current for record in self._by_idea.get(idea_id, ()))

    # ── the working set ──────────────────────────────────────────────────────────────────────────────────────────

    def _touch(self, idea_id: IdeaId, at: datetime) -> None:
        self._current[idea_id] = max(self._current.get(idea_id, date.min), new_york_day(at))

    def _let_go(self, time: TimePassed) -> None:
        """Once a day: what ended before today, flat and with every fill booked."""
        today = new_york_day(time.at)
        if today == self._day:
            return
        self._day = today
        busy = self._busy
        self._current = {
            idea_id: day
            for idea_id, day in self._current.items()
            if day >= today or idea_id in busy or self.ledger.position(idea_id)
        }

    @property
    def _busy(self) -> set[IdeaId]:
        return {record.order.idea_id for record in self._unsettled.values()}

    def bring_back(self, snapshot: b.Snapshot) -> None:
        """Take what the broker mentions into the working set again, however old it is."""
        for seen in (*snapshot.open_orders, *snapshot.completed_orders):
            known = self.find(seen.ref, seen.perm_id)
            if known is not None:
                self._current.setdefault(known.order.idea_id, self._day)
        for fill in snapshot.fills:
            known, booked = self.find(fill.order_ref, fill.perm_id), self.ledger.find(fill.exec_id)
            if known is not None:
                self._current.setdefault(known.order.idea_id, self._day)
            if booked is not None:
                self._current.setdefault(idea_of(booked.order_ref), self._day)

    # ── lessons ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, record: OrderRecord) -> None:
        if record.is_live or record.is_inactive or self.unbooked(record):
            self._unsettled[record.ref] = record
        else:
            self._unsettled.pop(record.ref, None)

    def _sent(self, sent: b.SendOrders) -> None:
        for order in sent.orders:
            self._enter(order, sent.at)

    def _enter(self, order: Order, sent_at: datetime) -> None:
        if order.ref in self.records:
            return
        record = OrderRecord(order, sent_at, order.quantity, order.limit_price, order.stop_price)
        self.records[order.ref] = record
        self._by_idea.setdefault(order.idea_id, []).append(record)
        self._touch(order.idea_id, sent_at)
        self._note(record)

    def _adopted(self, adopted: BracketAdopted) -> None:
        for order in adopted.orders:
            self._enter(order, adopted.place.at)
        for seen in adopted.seen:
            record = self.records[seen.ref]
            if seen.status in LIVE:
                self._see(record, seen)
            self._hear(record, seen.perm_id, seen.status, seen.filled, adopted.at, "")

    def _revised(self, revision: b.SendRevision) -> None:
        record = self.records[revision.ref]
        record.quantity = revision.quantity
        if record.stop_price is not None:
            record.stop_price = revision.limit_price
        elif record.limit_price is not None:
            record.limit_price = revision.limit_price

    def _cancel_sent(self, cancel: b.SendCancel) -> None:
        record = self.records[cancel.ref]
        if cancel.perm_id is None:
            record.cancel_sent_at = cancel.at
            record.status = next_status(record.ref, record.status, OrderStatus.CANCELLING)

    def _status(self, news: b.OrderStatusChanged) -> None:
        record = self.find(news.ref, news.perm_id)
        if record is None:
            return
        seen = record.seen.get(news.perm_id)
        if seen is not None:
            status = next_status(record.ref, seen.status, news.status)
            record.seen[news.perm_id] = _as_now(seen, status, max(seen.filled, news.filled))
        self._hear(record, news.perm_id, news.status, news.filled, news.at, news.reason)

    def _sighted(self, sighting: b.OrderSeen) -> None:
        seen = sighting.order
        record = self.find(seen.ref, seen.perm_id)
        if record is None:
            return
        self._see(record, seen)
        self._hear(record, seen.perm_id, seen.status, seen.filled, sighting.at, "")

    def _see(self, record: OrderRecord, seen: OpenOrder) -> None:
        known = record.seen.get(seen.perm_id)
        if known is not None:
            status = next_status(record.ref, known.status, seen.status)
            seen = _as_now(seen, status, max(known.filled, seen.filled))
        elif seen.perm_id in (0, record.perm_id):
            # A sighting older than the order's end must not pass for evidence that it lives.
            seen = _as_now(seen, next_status(record.ref, record.status, seen.status), seen.filled)
        if seen.perm_id:
            record.seen.pop(0, None)
        record.seen[seen.perm_id] = seen

    def _hear(
        self,
        record: OrderRecord,
        perm_id: PermId,
        status: OrderStatus,
        filled: int,
        at: datetime,
        reason: str,
    ) -> None:
        self._touch(
            record.order.idea_id, at
        )  # a second order's news, too: the next snapshot tells whether it lives
        if perm_id:
            self._by_perm.setdefault(perm_id, record.ref)
            record.perm_id = record.perm_id or perm_id
            if perm_id != record.perm_id:
                return  # a second live order under one ref: its fate is not the first one's
        record.reported_at = max(at, record.reported_at or at)
        record.status = next_status(record.ref, record.status, status)
        if record.status is not OrderStatus.REJECTED:
            record.is_rejected = False
        record.reported_filled = max(record.reported_filled, filled)
        record.reason = reason or record.reason
        self._mind_due_fills(record, at)
        self._note(record)

    def _mind_due_fills(self, record: OrderRecord, at: datetime) -> None:
        if not self.unbooked(record):
            record.fill_due_since = None
        elif record.fill_due_since is None:
            record.fill_due_since = at

    def _rejected(self, rejection: b.OrderRefused) -> None:
        record = self.records.get(rejection.ref)
        if record is None:
            return
        record.reported_at = max(rejection.at, record.reported_at or rejection.at)
        record.status = next_status(record.ref, record.status, OrderStatus.REJECTED)
        record.is_rejected = record.status is OrderStatus.REJECTED
        record.reason = f"{rejection.code}: {rejection.text}"
        self._note(record)

    def _filled(self, booked: FillBooked) -> None:
        self.ledger.learn(booked)
        fill = booked.fill
        self._touch(idea_of(fill.order_ref), fill.at)
        record = self.records.get(fill.order_ref)
        if record is None:
            return
        record.reported_at = max(fill.at, record.reported_at or fill.at)
        if fill.perm_id:
            self._by_perm.setdefault(fill.perm_id, record.ref)
            record.perm_id = record.perm_id or fill.perm_id
        if booked.replaces is not None:
            # A corrected execution makes the broker's earlier count of it void.
            record.reported_filled = min(record.reported_filled, self.ledger.filled(record.ref))
        self._mind_due_fills(record, fill.at)
        if self.ledger.filled(record.ref) >= record.quantity:
            record.status = next_status(record.ref, record.status, OrderStatus.FILLED)
        elif record.status is OrderStatus.IN_FLIGHT:
            record.status = OrderStatus.WORKING
        self._note(record)

    def _snapshot(self, taken: b.SnapshotTaken) -> None:
        self.bring_back(taken.snapshot)
        verdicts = tuple(
            settle_orders(self.as_own(), taken.snapshot, taken.requested_at, settle_s=self._settle_s)
        )
        at_rest = {seen.perm_id for seen in taken.snapshot.open_orders}
        for record in self._current_records():
            if record.seen and record.reported_at is not None and record.reported_at < taken.requested_at:
                record.seen = {perm_id: seen for perm_id, seen in record.seen.items() if perm_id in at_rest}
        for seen in taken.snapshot.open_orders:
            found = self.find(seen.ref, seen.perm_id)
            if found is not None:
                self._revive(found, seen, taken.requested_at)
                self._see(found, seen)
        for verdict in verdicts:
            self._settle(verdict, taken)
        self._leave_out_what_is_over()

    def _leave_out_what_is_over(self) -> None:
        """Flat, with every fill booked, and nothing of it shown as alive: only news of it can change anything."""
        busy = self._busy
        for idea_id in tuple(self._current):
            if idea_id in busy or self.ledger.position(idea_id):
                continue
            if not any(True for record in self.of(idea_id) for _ in record.live_sightings()):
                del self._current[idea_id]

    def _revive(self, record: OrderRecord, seen: OpenOrder, requested_at: datetime) -> None:
        """A broker that lists an order as live after it was called cancelled was never going to cancel it."""
        is_newer = record.reported_at is None or record.reported_at < requested_at
        if seen.status not in LIVE or not is_newer or seen.perm_id != (record.perm_id or seen.perm_id):
            return
        if record.status in (OrderStatus.CANCELLED, OrderStatus.REJECTED):
            record.status, record.is_rejected = seen.status, False
            record.seen.pop(seen.perm_id, None)
            self._note(record)

    def _settle(self, verdict: Settled, taken: b.SnapshotTaken) -> None:
        record = self.records[verdict.ref]
        if not verdict.by_absence:
            # Stamped with the question, since what was received after it is newer than the answer.
            self._hear(
                record,
                verdict.perm_id,
                verdict.status,
                verdict.filled,
                taken.requested_at,
                verdict.reason,
            )
            record.is_rejected = record.is_rejected or (
                verdict.is_final and record.status is OrderStatus.REJECTED
            )
            self._note(record)
            return
        record.seen.clear()
        record.status, record.is_rejected, record.reason = OrderStatus.REJECTED, True, verdict.reason
        self._note(record)


def _as_now(seen: OpenOrder, status: OrderStatus, filled: int) -> OpenOrder:
    """The sighting with what is known by now; itself where it says so already."""
    is_known = seen.status is status and seen.filled == filled
    return seen if is_known else replace(seen, status=status, filled=filled)
