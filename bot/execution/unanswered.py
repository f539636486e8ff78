"""What should have been answered by now, and when a cancel may be sent (again).

Rule: an order's fate is never guessed. What stays unanswered becomes a question to the broker, and a second cancel
goes out only when a snapshot asked for after the first shows the order still alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain.order import OrderStatus
from bot.domain.types import IdeaId, OrderRef
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.limits import ExecutionLimits

ROUTINE = "routine"
"""The question that is put while nothing is in doubt."""
TOLD_AFTER = 10
"""A person is told after so many times ``answer_s``: 30 s, in which the broker was asked again and again."""


class UnansweredOrders:
    def __init__(self, book: OrderBook, snapshot_requests: SnapshotRequests, limits: ExecutionLimits) -> None:
        self._book, self._snapshot_requests, self._limits = book, snapshot_requests, limits
        self._waiting: dict[OrderRef, b.OrderUnanswered] = {}
        self._told: dict[OrderRef, b.OrderUnanswered] = {}

    def put(self, now: datetime, ideas: frozenset[IdeaId] | None = None) -> None:
        """A question for every order that keeps us waiting (of all, or of ``ideas``), and the routine one."""
        for record in self._book.unsettled(ideas):
            question = self._unanswered(record, now)
            if question:
                self._snapshot_requests.need(question, now)
        due = self.next_look
        if due is not None and now >= due:
            self._snapshot_requests.need(ROUTINE, now)

    @property
    def next_look(self) -> datetime | None:
        """When the routine look at the broker's books falls due; None before the first answer."""
        last = self._snapshot_requests.answered_for
        return None if last is None else last + timedelta(seconds=self._limits.snapshot_every_s)

    def _unanswered(self, record: OrderRecord, now: datetime) -> str:
        answer_time = timedelta(seconds=self._limits.answer_s)
        if record.status is OrderStatus.IN_FLIGHT and now >= record.sent_at + answer_time:
            return f"{record.ref} is unanswered"
        sent = record.cancel_sent_at
        if record.status is OrderStatus.CANCELLING and sent is not None and now >= sent + answer_time:
            return f"the cancel of {record.ref} is unanswered"
        due = record.fill_due_since
        if due is not None and now >= due + timedelta(seconds=self._limits.fill_wait_s):
            return f"a fill of {record.ref} is missing"
        return ""

    def tell(self, now: datetime, *, can_act: bool) -> Iterator[b.OrderUnanswered]:
        """What has waited too long, once, and that it waits no more. Time without a connection is another alert's."""
        limit = timedelta(seconds=self._limits.answer_s * TOLD_AFTER)
        waits = {r.ref: what for r in self._book.unsettled() if (what := _waits_for(r))}
        for ref in [ref for ref, one in self._told.items() if waits.get(ref) != one.what]:
            yield replace(self._told.pop(ref), at=now, is_answered=True)
        self._waiting = {
            ref: known if (known := self._waiting.get(ref)) and known.what == what
            else b.OrderUnanswered(ref, what, now, now)
            for ref, what in waits.items() if can_act
        }  # fmt: skip
        for ref, one in self._waiting.items():
            if ref not in self._told and now >= one.since + limit:
                self._told[ref] = replace(one, at=now)
                yield self._told[ref]

    def may_cancel(self, record: OrderRecord, now: datetime) -> bool:
        if record.is_inactive:
            return record.cancel_sent_at is None
        if not record.is_live:
            return False
        answer_time = timedelta(seconds=self._limits.answer_s)
        if record.status is OrderStatus.IN_FLIGHT:
            # Its first answer is a moment away, and a cancel that overtakes the order finds nothing.
            return now >= record.sent_at + answer_time
        if record.cancel_sent_at is None:
            return True
        asked = self._snapshot_requests.answered_for
        return asked is not None and asked >= record.cancel_sent_at + answer_time


def _waits_for(record: OrderRecord) -> str:
    """The answer that is still to come of an order; empty while none is."""
    if record.status is OrderStatus.IN_FLIGHT:
        return "order"
    if record.status is OrderStatus.CANCELLING:
        return "cancel"
    return "fill" if record.fill_due_since is not None else ""
