"""The execution desk: owns every order's life, from an approved bracket to the broker's last word on it.

Rule: what the desk says and what it hears go through one ``_learn``; a rebuilt desk therefore knows what the lost one
knew. Nothing is sent whose ref was sent before, and an order's fate is never guessed: what stays unanswered is asked
for, and only a complete snapshot settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.adopt import PlanOf, lost_brackets
from bot.domain.order import Leg, OrderStatus
from bot.domain.types import IdeaId
from bot.execution.connection_state import ConnectionState
from bot.execution.entry_gate import EntryGate
from bot.execution.exits import ExitPlans
from bot.execution.ledger import idea_of
from bot.execution.limits import ExecutionLimits
from bot.execution.order_book import OrderBook, OrderRecord
from bot.execution.orders import bracket_orders
from bot.execution.pricing import bracket_prices
from bot.execution.reconciliation import Reconciler
from bot.execution.snapshot_requests import SnapshotRequests
from bot.execution.unanswered import UnansweredOrders


class OrderManager:
    """A machine (see ``wiring.Machine``): brackets and exits in, order commands and booked fills out."""

    def __init__(self, limits: ExecutionLimits, plan_of: PlanOf = lambda *_: None) -> None:
        """``plan_of`` says how a bracket that nothing on disk explains is planned; by default none is taken over."""
        self._limits, self._plan_of = limits, plan_of
        self._book = OrderBook(limits.settle_s)
        self._plans = ExitPlans(self._book, limits)
        self._gate = EntryGate()
        self._link = ConnectionState()
        self._asker = SnapshotRequests(limits.snapshot_retry_s, limits.snapshot_gap_s, limits.backoff_max_s)
        self._doubts = UnansweredOrders(self._book, self._asker, limits)
        self._agreement = Reconciler(self._book, self._asker, limits)
        self._places: dict[IdeaId, m.PlaceBracket] = {}
        self._open: set[IdeaId] = set()
        self._now: datetime | None = None
        self._link_opened = False
        self._handlers: dict[type, Callable[[Any, datetime], Iterator[m.Message]]] = {
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
            m.Resumed: self._resumed,
        }

    # ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────

    def handle(self, message: m.Message) -> Iterable[m.Message]:
        now = self._read_clock(message)
        if now is None:
            return ()
        said: list[m.Message] = []
        # A bracket and a snapshot are judged against what was known before them.
        answer = self._handlers.get(type(message))
        judged_first = isinstance(message, (m.PlaceBracket, b.SnapshotTaken))
        if not judged_first:
            self._learn(message)
        if answer is not None:
            self._say(answer(message, now), said)
        elif self._link_opened:
            self._look_again(now)
        self._say(self._go_on(now), said)
        return said

    def remember(self, message: m.Message) -> None:
        self._read_clock(message)
        self._learn(message)

    def _say(self, messages: Iterable[m.Message], said: list[m.Message]) -> None:
        for message in messages:
            said.append(message)
            self._learn(message)

    def _read_clock(self, message: m.Message) -> datetime | None:
        at: datetime | None = getattr(message, "at", None)
        if at is not None and (self._now is None or at > self._now):
            self._now = at
        return self._now

    def _learn(self, message: m.Message) -> None:
        self._link_opened = self._link.learn(message)
        self._gate.learn(message)
        self._book.learn(message)
        self._agreement.learn(message)
        if isinstance(message, m.PlaceBracket):
            self._places.setdefault(message.idea_id, message)
            self._open.add(message.idea_id)
        elif isinstance(message, m.BracketAdopted):
            self._adopted(message.place)
        elif isinstance(message, (m.BracketClosed, m.EntryAbandoned)):
            self._open.discard(message.idea_id)
            self._plans.drop(message.idea_id)
        elif isinstance(message, m.FillBooked):
            # Also of a trade that had ended: a late fill or a correction opens it again.
            idea_id = idea_of(message.fill.order_ref)
            if idea_id in self._places and self._book.ledger.position(idea_id):
                self._open.add(idea_id)
        elif isinstance(message, b.BrokerDisconnected):
            self._asker.forget()
            # The watcher says again what it wants once both have seen the new connection's snapshot.
            self._plans.clear()

    def _adopted(self, place: m.PlaceBracket) -> None:
        if self._places.setdefault(place.idea_id, place) is place:
            self._open.add(place.idea_id)

    # ── entries ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _place(self, place: m.PlaceBracket, now: datetime) -> Iterator[m.Message]:
        if place.idea_id in self._places:
            yield m.EntryDenied(
                idea_id=place.idea_id,
                symbol=place.symbol,
                strategy=place.strategy,
                at=now,
                code="EXECUTION_ALREADY_PLACED",
            )
            return
        self._places[place.idea_id] = place
        self._open.add(place.idea_id)
        refusal = self._gate.refusal(place, self._link, now)
        if refusal:
            yield m.EntryAbandoned(place.idea_id, place.symbol, refusal, now)
            return
        orders = bracket_orders(place, bracket_prices(place))
        yield b.SendOrders(orders, now)
        yield m.BracketSent(place.idea_id, tuple(order.ref for order in orders), now)

    def _cancel_entry(self, command: m.CancelEntry, _now: datetime) -> Iterator[m.Message]:
        entry = self._book.entry(command.idea_id)
        if entry is not None:
            self._want_back(entry, command.reason)
        yield from ()

    def _cancel_order(self, command: m.CancelOrder, _now: datetime) -> Iterator[m.Message]:
        record = self._book.records.get(command.ref)
        if record is not None:
            self._want_back(record, command.reason)
        yield from ()

    def _want_back(self, record: OrderRecord, reason: str) -> None:
        if record.is_live or record.is_inactive:
            record.cancel_wanted = record.cancel_wanted or reason

    def _plan(self, command: m.PlaceProtection | m.ExitPosition, _now: datetime) -> Iterator[m.Message]:
        if command.idea_id in self._places:
            self._plans.adopt(command)
        yield from ()

    # ── what the broker says ─────────────────────────────────────────────────────────────────────────────────────

    def _fill(self, filled: b.Filled, now: datetime) -> Iterator[m.Message]:
        fill = filled.fill
        record = self._book.find(fill.order_ref, fill.perm_id)
        if record is None:
            self._asker.need(f"a fill that is not ours: {fill.exec_id}", now)
            return
        booked = self._book.ledger.weigh(replace(fill, order_ref=record.ref))
        if booked is not None:
            yield booked

    def _doubt_strangers(self, news: b.OrderStatusChanged, now: datetime) -> Iterator[m.Message]:
        if self._book.find(news.ref, news.perm_id) is None:
            self._asker.need(f"an order that is not ours: permId {news.perm_id}", now)
        yield from ()

    def _doubt_doubles(self, sighting: b.OrderSeen, now: datetime) -> Iterator[m.Message]:
        record = self._book.find(sighting.order.ref, sighting.order.perm_id)
        if record is None:
            self._asker.need(f"an order that is not ours: permId {sighting.order.perm_id}", now)
        elif len(list(record.live_sightings())) > 1:
            self._asker.need(f"two live orders under {record.ref}", now)
        yield from ()

    def _doubt_position(self, news: b.PositionChanged, now: datetime) -> Iterator[m.Message]:
        """Ask where the broker holds another quantity than our fills make: another hand may have traded."""
        ideas = (x for x, place in self._places.items() if place.contract.con_id == news.con_id)
        if news.quantity != sum(self._book.ledger.position(idea_id) for idea_id in ideas):
            self._asker.need(f"another quantity of contract {news.con_id}: {news.quantity}", now)
        yield from ()

    def _request_failed(self, failure: b.RequestFailed, now: datetime) -> Iterator[m.Message]:
        subject = failure.subject
        if subject.startswith("snapshot"):
            self._asker.failed()
        elif subject.partition(":")[0] in ("orders", "cancel", "revise"):
            self._asker.need(f"{subject} failed: {failure.code}", now)
        yield from ()

    def _look_again(self, now: datetime) -> None:
        self._asker.forget()
        self._asker.need("the connection is new", now)

    def _reconcile(self, taken: b.SnapshotTaken, now: datetime) -> Iterator[m.Message]:
        yield from self._adopt(taken)
        found = self._agreement.compare(taken, frozenset(self._open))
        self._learn(taken)
        self._asker.answered(taken, now)
        for fill in found.fills:
            booked = self._book.ledger.weigh(fill)
            if booked is not None:
                yield booked
        for ref, perm_id in found.surplus:
            yield b.SendCancel(ref, now, perm_id)
        yield from self._agreement.write_off(found, [self._places[x] for x in sorted(self._open)], now)
        yield from self._agreement.conclude(found, taken, now)

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

    def _resumed(self, resumed: m.Resumed, now: datetime) -> Iterator[m.Message]:
        self._asker.need(f"resumed by {resumed.by}", now)
        yield from ()

    # ── what time and state demand ───────────────────────────────────────────────────────────────────────────────

    def _go_on(self, now: datetime) -> Iterator[m.Message]:
        """Everything that is due, after every message: abandoned entries, plans, cancels, questions."""
        if self._link.is_reconciled:
            yield from self._abandon(now)
        self._call_back_entries(now)
        if self._link.can_act:
            for idea_id in self._plans.waiting():
                yield from self._plans.step(self._places[idea_id], now)
            yield from self._cancels(now)
        if self._link.can_ask:
            self._doubts.put(now)
        request = self._asker.next_request(now) if self._link.can_ask else None
        if request is not None:
            yield request

    def _abandon(self, now: datetime) -> Iterator[m.Message]:
        for idea_id in sorted(self._open):
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

    def _call_back_entries(self, now: datetime) -> None:
        for entry in self._book.unsettled():
            idea_id = entry.order.idea_id
            if entry.order.leg is not Leg.ENTRY:
                continue
            if idea_id not in self._open:
                self._want_back(entry, "it was given up already")
            elif self._gate.is_shut:
                self._want_back(entry, "new entries are stopped")
            elif now >= self._places[idea_id].enter_by:
                self._want_back(entry, "entry time-out")

    def _cancels(self, now: datetime) -> Iterator[m.Message]:
        for record in self._book.unsettled():
            if record.cancel_wanted and self._doubts.may_cancel(record, now):
                yield b.SendCancel(record.ref, now)
