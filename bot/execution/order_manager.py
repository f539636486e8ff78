"""The execution desk: owns every order's life, from an approved bracket to the broker's last word on it.

Rule: nothing is sent whose ref was sent before, and an order's fate is never guessed: what stays unanswered is asked
for, and only a complete snapshot settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import ClassVar

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.machine import Applies, StateMachine
from bot.domain.order import Fill, Leg, OrderStatus, bot_of
from bot.domain.reconciling.adopt import PlanOf, lost_brackets
from bot.domain.types import ConId, IdeaId
from bot.execution.books.concern import concerned
from bot.execution.books.connection_state import ConnectionState
from bot.execution.books.ledger import idea_of
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.entry_gate import EntryGate
from bot.execution.exits import ExitPlans
from bot.execution.limits import ExecutionLimits
from bot.execution.orders import approved_prices, bracket_orders, entry_ends_at
from bot.execution.price_paid import PricesPaid
from bot.execution.reconciliation import Reconciler
from bot.execution.unanswered import ROUTINE, UnansweredOrders

FUTURE = timedelta(minutes=1)
"""Further ahead than the exchange's clock can be."""


class OrderManager(StateMachine):
    """Brackets and exits in, order commands and booked fills out."""

    JUDGED_FIRST: ClassVar[frozenset[type]] = frozenset({m.PlaceBracket, b.SnapshotTaken})

    def __init__(self, limits: ExecutionLimits, plan_of: PlanOf = lambda *_: None) -> None:
        """``plan_of`` says how a bracket that nothing on disk explains is planned; by default none is taken over."""
        super().__init__()
        self._limits, self._plan_of = limits, plan_of
        self._book = OrderBook(limits.settle_s)
        self._plans = ExitPlans(self._book, limits)
        self._paid = PricesPaid(self._book)
        self._gate = EntryGate()
        self._link = ConnectionState()
        self._snapshot_requests = SnapshotRequests(
            limits.snapshot_retry_s, limits.snapshot_gap_s, limits.backoff_max_s
        )
        self._unanswered = UnansweredOrders(self._book, self._snapshot_requests, limits)
        self._reconciliation = Reconciler(self._book, self._snapshot_requests, limits)
        self._places: dict[IdeaId, m.PlaceBracket] = {}
        self._by_contract: dict[ConId, list[IdeaId]] = {}
        self._open: set[IdeaId] = set()
        self.listen(
            self._link.applies(),
            self._gate.applies(),
            self._book.applies(),
            self._paid.applies(),
            self._reconciliation.applies(),
            self._own(),
            decides={
                m.PlaceBracket: self._place,
                m.CancelEntry: self._cancel_entry,
                m.CancelOrder: self._cancel_order,
                m.PlaceProtection: self._plan,
                m.ExitPosition: self._plan,
                b.Filled: self._fill,
                b.OrderStatusChanged: self._doubt_strangers,
                b.OrderSeen: self._doubt_doubles,
                b.PositionChanged: self._doubt_position,
                b.SnapshotTaken: self._reconcile,
                b.RequestFailed: self._request_failed,
                b.BrokerConnected: self._look_again,
                b.LinkChanged: self._look_again,
                m.Resumed: self._resumed,
                m.TimePassed: lambda _: (),
            },
        )

    # ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────

    def decide(self, message: m.Message) -> Iterable[m.Message]:
        if not self.has_time:
            return ()
        # What is due is looked for when the answers were learned: a generator's first line runs when it is asked.
        return chain(super().decide(message), self._go_on(self.now, concerned(message)))

    def _own(self) -> Applies:
        return {
            m.PlaceBracket: self._opened,
            m.BracketAdopted: lambda adopted: self._opened(adopted.place),
            m.BracketClosed: self._ended,
            m.EntryAbandoned: self._ended,
            m.FillBooked: self._booked,
            b.BrokerDisconnected: self._disconnected,
        }

    def _opened(self, place: m.PlaceBracket) -> None:
        if self._places.setdefault(place.idea_id, place) is place:
            self._open.add(place.idea_id)
            self._by_contract.setdefault(place.contract.con_id, []).append(place.idea_id)

    def _ended(self, end: m.BracketClosed | m.EntryAbandoned) -> None:
        self._open.discard(end.idea_id)
        self._plans.drop(end.idea_id)

    def _booked(self, booked: m.FillBooked) -> None:
        """Also of a trade that had ended: a late fill or a correction opens it again."""
        idea_id = idea_of(booked.fill.order_ref)
        if idea_id in self._places and self._book.ledger.position(idea_id):
            self._open.add(idea_id)

    def _disconnected(self, _: b.BrokerDisconnected) -> None:
        self._snapshot_requests.forget()
        # The watcher says again what it wants once both have seen the new connection's snapshot.
        self._plans.clear()

    # ── entries ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _place(self, place: m.PlaceBracket) -> Iterator[m.Message]:
        now = self.now
        if place.idea_id in self._places:
            yield m.EntryDenied(
                idea_id=place.idea_id,
                symbol=place.symbol,
                strategy=place.strategy,
                at=now,
                code="EXECUTION_ALREADY_PLACED",
            )
            return
        self.apply(place)
        refusal = self._gate.refusal(place, self._link, now)
        if refusal:
            yield m.EntryAbandoned(place.idea_id, place.symbol, refusal, now)
            return
        good_till = entry_ends_at(place, now, self._limits.entry_grace_s)
        kind = self._limits.stop_trigger, self._limits.stop_limit_pct
        orders = bracket_orders(place, approved_prices(place), good_till, *kind)
        yield b.SendOrders(orders, now)
        yield m.BracketSent(place.idea_id, tuple(order.ref for order in orders), now)

    def _cancel_entry(self, command: m.CancelEntry) -> Iterator[m.Message]:
        entry = self._book.entry(command.idea_id)
        if entry is not None:
            self._want_back(entry, command.reason)
        yield from ()

    def _cancel_order(self, command: m.CancelOrder) -> Iterator[m.Message]:
        record = self._book.records.get(command.ref)
        if record is not None:
            self._want_back(record, command.reason)
        yield from ()

    def _want_back(self, record: OrderRecord, reason: str) -> None:
        if record.is_live or record.is_inactive:
            record.cancel_wanted = record.cancel_wanted or reason

    def _plan(self, command: m.PlaceProtection | m.ExitPosition) -> Iterator[m.Message]:
        if command.idea_id in self._places:
            self._plans.adopt(command)
        yield from ()

    def _timely(self, fill: Fill) -> Fill:
        """A fill from the future is no evidence of time: it is booked as of now."""
        return fill if fill.at <= self.now + FUTURE else replace(fill, at=self.now)

    # ── what the broker says ─────────────────────────────────────────────────────────────────────────────────────

    def _fill(self, filled: b.Filled) -> Iterator[m.Message]:
        fill = filled.fill
        record = self._book.find(fill.order_ref, fill.perm_id)
        if record is None and bot_of(fill.order_ref) is not None:
            return  # another bot on this gateway: its fills are its own
        if record is None:
            self._snapshot_requests.need(f"a fill that is not ours: {fill.exec_id}", self.now)
            return
        booked = self._book.ledger.weigh(self._timely(replace(fill, order_ref=record.ref)))
        if booked is not None:
            yield booked

    def _doubt_strangers(self, news: b.OrderStatusChanged) -> Iterator[m.Message]:
        if self._book.find(news.ref, news.perm_id) is None:
            self._snapshot_requests.need(f"an order that is not ours: permId {news.perm_id}", self.now)
        yield from ()

    def _doubt_doubles(self, sighting: b.OrderSeen) -> Iterator[m.Message]:
        record = self._book.find(sighting.order.ref, sighting.order.perm_id)
        if record is None:
            self._snapshot_requests.need(
                f"an order that is not ours: permId {sighting.order.perm_id}", self.now
            )
        elif len(list(record.live_sightings())) > 1:
            self._snapshot_requests.need(f"two live orders under {record.ref}", self.now)
        yield from ()

    def _doubt_position(self, news: b.PositionChanged) -> Iterator[m.Message]:
        """Ask where the broker holds another quantity than our fills make: another hand may have traded."""
        ideas = self._by_contract.get(news.con_id, ())
        if news.quantity != sum(self._book.ledger.position(idea_id) for idea_id in ideas):
            self._snapshot_requests.need(
                f"another quantity of contract {news.con_id}: {news.quantity}", self.now
            )
        yield from ()

    def _request_failed(self, failure: b.RequestFailed) -> Iterator[m.Message]:
        subject = failure.subject
        if subject.startswith("snapshot"):
            self._snapshot_requests.failed()
        elif subject.partition(":")[0] in ("orders", "cancel", "revise"):
            self._snapshot_requests.need(f"{subject} failed: {failure.code}", self.now)
        yield from ()

    def _look_again(self, news: b.BrokerConnected | b.LinkChanged) -> Iterator[m.Message]:
        if self._link.has_opened(news):
            self._snapshot_requests.forget()
            self._snapshot_requests.need("the connection is new", self.now)
        yield from ()

    def _reconcile(self, taken: b.SnapshotTaken) -> Iterator[m.Message]:
        now = self.now
        self._book.bring_back(taken.snapshot)
        yield from self._adopt(taken)
        found = self._reconciliation.compare(taken, frozenset(self._open))
        self.apply(taken)
        self._snapshot_requests.answered(taken, now)
        for fill in found.fills:
            booked = self._book.ledger.weigh(self._timely(fill))
            if booked is not None:
                yield booked
        for ref, perm_id in found.surplus:
            yield b.SendCancel(ref, now, perm_id)
        yield from self._reconciliation.write_off(found, [self._places[x] for x in sorted(self._open)], now)
        yield from self._reconciliation.conclude(found, taken, now)

    def _adopt(self, taken: b.SnapshotTaken) -> Iterator[m.Message]:
        """Take over what is ours and on no disk; its executions are then booked like any others that were missed."""
        lost = lost_brackets(
            self._book.as_own(),
            self._places,
            taken.snapshot,
            taken.requested_at,
            client_id=self._link.client_id,
            symbols=self._limits.symbols,
            plan_of=self._plan_of,
        )
        for adopted in lost:
            yield adopted.bracket
            if adopted.fill is not None:
                yield m.FillBooked(adopted.fill)

    def _resumed(self, resumed: m.Resumed) -> Iterator[m.Message]:
        self._snapshot_requests.need(f"resumed by {resumed.by}", self.now)
        yield from ()

    # ── what time and state demand ───────────────────────────────────────────────────────────────────────────────

    @property
    def is_at_rest(self) -> bool:
        """Whether time alone brings nothing but the routine question to the broker, for whoever skips time."""
        is_busy = self._plans.waiting() or self._snapshot_requests.is_asking
        return not is_busy and not any(record.is_awaited for record in self._book.unsettled())

    @property
    def next_look(self) -> datetime | None:
        """When the broker's books are looked at again if nothing happens; None before the first look."""
        due, not_before = self._unanswered.next_look, self._snapshot_requests.not_before(ROUTINE)
        return due if due is None or not_before is None else max(due, not_before)

    def pass_over_look(self, at: datetime) -> datetime | None:
        """Count the routine look that is due at ``at`` as made, for whoever knows that it would find nothing new.

        When it was asked for; None where it would not have been.
        """
        return self._snapshot_requests.pass_over(ROUTINE, at)

    def _go_on(self, now: datetime, ideas: frozenset[IdeaId] | None) -> Iterator[m.Message]:
        """Everything that is due, after every message: abandoned entries, plans, cancels, questions.

        ``ideas`` are those the message was about; time, and all that concerns everybody, looks at all of them.
        """
        if self._link.is_reconciled:
            yield from self._abandon(now, ideas)
        self._cancel_entries(now, ideas)
        if self._link.can_act:
            yield from self._count_from_paid(now, ideas)
            for idea_id in self._plans.waiting():
                if ideas is None or idea_id in ideas:
                    yield from self._plans.step(self._places[idea_id], now)
            yield from self._cancels(now, ideas)
        if self._link.can_ask:
            self._unanswered.put(now, ideas)
        if ideas is None:
            yield from self._unanswered.tell(now, can_act=self._link.can_act)
        request = self._snapshot_requests.next_request(now) if self._link.can_ask else None
        if request is not None:
            yield request

    def _count_from_paid(self, now: datetime, ideas: frozenset[IdeaId] | None) -> Iterator[m.Message]:
        planned = self._plans.waiting()
        for idea_id in sorted(self._open if ideas is None else self._open & ideas):
            if idea_id not in planned:
                yield from self._paid.step(self._places[idea_id], now)

    def _abandon(self, now: datetime, ideas: frozenset[IdeaId] | None) -> Iterator[m.Message]:
        for idea_id in sorted(self._open if ideas is None else self._open & ideas):
            place, entry = self._places[idea_id], self._book.entry(idea_id)
            if entry is None:
                yield m.EntryAbandoned(idea_id, place.symbol, "it was never sent before the restart", now)
            elif self._ended_empty(entry) and not self._has_fills(idea_id):
                reason = entry.reason or entry.cancel_wanted or str(entry.status)
                yield m.EntryAbandoned(idea_id, place.symbol, reason, now)

    def _ended_empty(self, entry: OrderRecord) -> bool:
        # openOrder says Filled before the execution comes and without a count: its fills are on their way.
        return not entry.is_live and entry.status is not OrderStatus.FILLED and not self._book.filled(entry)

    def _has_fills(self, idea_id: IdeaId) -> bool:
        return any(True for _ in self._book.ledger.of(idea_id))

    def _cancel_entries(self, now: datetime, ideas: frozenset[IdeaId] | None) -> None:
        for entry in self._book.unsettled(ideas):
            idea_id = entry.order.idea_id
            if entry.order.leg is not Leg.ENTRY:
                continue
            if idea_id not in self._open:
                self._want_back(entry, "it was given up already")
            elif self._gate.is_shut:
                self._want_back(entry, "new entries are stopped")
            elif now >= self._places[idea_id].enter_by:
                self._want_back(entry, "entry time-out")

    def _cancels(self, now: datetime, ideas: frozenset[IdeaId] | None) -> Iterator[m.Message]:
        for record in self._book.unsettled(ideas):
            if record.cancel_wanted and self._unanswered.may_cancel(record, now):
                yield b.SendCancel(record.ref, now)
