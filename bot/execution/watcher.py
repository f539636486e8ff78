"""The OCO watcher: owns every bracket's life and answers for its protection at the broker.

Rule: it judges only what the broker itself has shown, only while the books are reconciled, and between a snapshot and
its reconciliation it does not judge at all. It commands the desk and never the broker, but for questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.bracket import BracketEvent, BracketState
from bot.domain.machine import Applies, StateMachine
from bot.domain.order import Order, execution_key
from bot.domain.session import new_york_day
from bot.domain.types import ConId, IdeaId
from bot.execution.books.concern import concerned
from bot.execution.books.ledger import idea_of
from bot.execution.books.order_book import OrderBook
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.bracket_book import Bracket, BracketBook, Commissions
from bot.execution.closing import Closing
from bot.execution.exit_escalation import ExitEscalation
from bot.execution.limits import WatcherLimits
from bot.execution.protection_guard import ProtectionGuard
from bot.execution.watcher_context import WatcherContext, incident, later


class OcoWatcher(StateMachine):
    """Fills and sightings in, protection and exits out."""

    def __init__(self, limits: WatcherLimits) -> None:
        super().__init__()
        self._book = OrderBook(limits.settle_s)
        snapshot_requests = SnapshotRequests(
            limits.snapshot_retry_s, limits.snapshot_gap_s, limits.backoff_max_s
        )
        self._context = WatcherContext(limits, self._book, snapshot_requests)
        self._brackets = BracketBook()
        self._commissions = Commissions()
        self._guard = ProtectionGuard(self._context)
        self._escalation = ExitEscalation(self._context)
        self._closing = Closing(self._context, self._escalation, self._commissions)
        self._unagreed: b.SnapshotTaken | None = None
        self.listen(
            self._context.link.applies(),
            self._book.applies(),
            self._own(),
            # Time is a reason to judge every bracket, and nothing else is learned of it.
            decides={m.TimePassed: lambda _: ()},
        )

    def _own(self) -> Applies:
        return {
            m.QuoteUpdated: self._quoted,
            m.PlaceBracket: self._brackets.plan,
            m.BracketAdopted: self._adopted,
            b.SendOrders: self._sent,
            m.BracketSent: self._bracket_sent,
            m.FillBooked: self._filled,
            b.CommissionCharged: self._charged,
            m.BracketClosed: self._closed,
            m.EntryAbandoned: self._abandoned,
            m.FlattenAll: self._flatten,
            b.OrderStatusChanged: lambda x: self._heard_of(x.ref, x.at),
            b.OrderSeen: lambda x: self._heard_of(x.order.ref, x.at),
            b.OrderRefused: lambda x: self._heard_of(x.ref, x.at),
            b.SnapshotTaken: self._snapshot,
            m.Reconciled: self._reconciled,
            b.RequestFailed: self._request_failed,
            b.BrokerPulse: self._context.hear_pulse,
            b.HoursListed: self._context.list_hours,
            b.BrokerDisconnected: lambda _: self._context.snapshot_requests.forget(),
            b.BrokerConnected: lambda _: self._context.snapshot_requests.forget(),
        }

    # ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────

    def decide(self, message: m.Message) -> Iterable[m.Message]:
        return () if type(message) is m.QuoteUpdated or not self.has_time else self._go_on(message)

    def _go_on(self, message: m.Message) -> Iterator[m.Message]:
        if not self._context.link.has_agreed:
            # Nothing can be judged, or done; but that its time is up is known without the broker.
            if isinstance(message, m.TimePassed):
                for bracket in self._brackets.watched(None):
                    yield from self._escalation.tell_of_time(bracket, self.now)
            return
        for bracket in self._brackets.watched(concerned(message)):
            yield from self._judge(bracket, self.now)
        request = (
            self._context.snapshot_requests.next_request(self.now) if self._context.link.can_ask else None
        )
        if request is not None:
            yield request

    @property
    def is_at_rest(self) -> bool:
        """Whether time alone brings nothing but the brackets' deadlines, for whoever skips time."""
        if self._unagreed is not None or self._context.snapshot_requests.is_asking:
            return False
        return all(self._rests(bracket) for bracket in self._brackets.watched())

    def look_passed(self, requested_at: datetime) -> None:
        """A look at the broker's books was left out by somebody who knows that it would have found nothing new."""
        self._context.snapshot_requests.look_passed(requested_at)
        self._confirm(requested_at)

    def _rests(self, bracket: Bracket) -> bool:
        if bracket.closing or bracket.gap is not None or bracket.short_question or bracket.flat_question:
            return False
        return bracket.is_proved if not bracket.is_ended else self._closing.is_idle(bracket, self.now)

    # ── judgement ────────────────────────────────────────────────────────────────────────────────────────────────

    def _judge(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        if self._has_expired(bracket, now):
            return  # nothing of it can be traded any more: the broker settles it, and reconciling names what is left
        yield from self._escalation.step(bracket, now)
        if self._is_between_snapshot_and_reconciliation(now):
            return
        position = self._book.ledger.position(bracket.idea_id)
        if position == 0:
            yield from self._judge_flat(bracket, now)
            return
        self._closing.leave(bracket)
        yield from self._guard.step(bracket, now)
        if position < 0:
            yield from self._judge_short(bracket, position, now)
        else:
            self._forget_short(bracket)
            yield from self._judge_exit_before_entry(bracket, position, now)

    def _is_between_snapshot_and_reconciliation(self, now: datetime) -> bool:
        """Orders are known that fills still on their way explain; not for ever, should the agreement never come."""
        if self._unagreed is None:
            return False
        return now < later(self._unagreed.requested_at, self._context.limits.blind_s)

    def _has_expired(self, bracket: Bracket, now: datetime) -> bool:
        expiry = bracket.place.contract.expiry
        is_over = expiry is not None and expiry < new_york_day(now)
        # What the broker lacks of it is dealt with as ever.
        return is_over and self._book.ledger.position(bracket.idea_id) > bracket.broker_lacks

    def _judge_flat(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        self._forget_short(bracket)
        last = self._closing.last_fill(bracket)
        yield from self._guard.end_gap(bracket, now if last is None else last.at, now)
        yield from self._closing.step(bracket, now)
        if self._closing.is_idle(bracket, now):
            self._brackets.unwatch(bracket.idea_id)

    def _judge_short(self, bracket: Bracket, position: int, now: datetime) -> Iterator[m.Message]:
        """More was sold than held. Once a snapshot confirms it the short is bought back: it only ever reduces."""
        snapshot_requests = self._context.snapshot_requests
        if not bracket.short_question:
            bracket.short_question = f"{bracket.idea_id} looks short at {now:%H:%M:%S.%f}"
            snapshot_requests.need(bracket.short_question, now)
        held = self._context.held.get(bracket.place.contract.con_id, 0)
        if not snapshot_requests.is_agreed(bracket.short_question) or held >= 0:
            return
        yield from incident(bracket, f"net short {-position} {bracket.place.contract.label}", now)
        if self._context.link.can_act and self._context.market_is_open(now):
            yield from self._escalation.climb(bracket, position, "net short", now)

    def _forget_short(self, bracket: Bracket) -> None:
        if bracket.short_question:
            self._context.snapshot_requests.close(bracket.short_question)
            bracket.short_question = ""

    def _judge_exit_before_entry(self, bracket: Bracket, position: int, now: datetime) -> Iterator[m.Message]:
        """An exit filled while the entry still buys: what it buys from now on nothing would guard."""
        entry = self._book.entry(bracket.idea_id)
        if entry is not None and entry.is_live and self._book.ledger.filled(entry.ref) > position:
            yield from self._escalation.cancel_entry(bracket, "an exit has filled", now)

    # ── lessons ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _quoted(self, update: m.QuoteUpdated) -> None:
        if self._brackets.holds(update.quote.con_id):
            self._context.quotes[update.quote.con_id] = update.quote

    def _adopted(self, adopted: m.BracketAdopted) -> None:
        self._brackets.plan(adopted.place)
        self._send(adopted.orders, adopted.at)

    def _sent(self, sent: b.SendOrders) -> None:
        self._send(sent.orders, sent.at)

    def _send(self, orders: Iterable[Order], at: datetime) -> None:
        for order in orders:
            self._enter(order.idea_id)
            self._heard_of(order.ref, at)

    def _bracket_sent(self, sent: m.BracketSent) -> None:
        self._enter(sent.idea_id)

    def _enter(self, idea_id: IdeaId) -> None:
        bracket = self._brackets.brackets.get(idea_id)
        if bracket is not None and bracket.state is BracketState.PLANNED:
            bracket.happen(BracketEvent.SENT)

    def _heard_of(self, ref: str, at: datetime) -> None:
        bracket = self._brackets.watch(idea_of(ref))
        if bracket is not None:
            bracket.reported_at = max(at, bracket.reported_at or at)

    def _filled(self, booked: m.FillBooked) -> None:
        fill = booked.fill
        self._heard_of(fill.order_ref, fill.at)
        bracket = self._brackets.brackets.get(idea_of(fill.order_ref))
        if bracket is None:
            return
        # A correction of the price alone does not open a trade again.
        if bracket.state is not BracketState.CLOSED or self._book.ledger.position(bracket.idea_id):
            bracket.open_position()

    def _charged(self, charge: b.CommissionCharged) -> None:
        if self._commissions.learn(*execution_key(charge.exec_id), charge.amount):
            self._brackets.watch(idea_of(charge.order_ref))

    def _closed(self, closed: m.BracketClosed) -> None:
        self._end(closed.idea_id, BracketEvent.POSITION_CLOSED)
        if closed.idea_id in self._brackets.brackets:
            self._brackets.brackets[closed.idea_id].told = closed

    def _abandoned(self, abandoned: m.EntryAbandoned) -> None:
        if not any(True for _ in self._book.ledger.of(abandoned.idea_id)):
            self._end(abandoned.idea_id, BracketEvent.ENTRY_ENDED_EMPTY)

    def _end(self, idea_id: IdeaId, event: BracketEvent) -> None:
        bracket = self._brackets.watch(idea_id)
        if bracket is not None:
            bracket.end(event)

    def _flatten(self, command: m.FlattenAll) -> None:
        for bracket in self._brackets.watched():
            if not bracket.is_ended:
                bracket.closing = bracket.closing or command.reason or "flatten"

    def _snapshot(self, taken: b.SnapshotTaken) -> None:
        self._context.snapshot_requests.answered(taken, self.now if self.has_time else taken.snapshot.at)
        self._unagreed = taken
        self._context.held = {p.contract.con_id: p.quantity for p in taken.snapshot.positions}
        for charge in taken.snapshot.commissions:
            self._charged(charge)

    def _reconciled(self, _: m.Reconciled) -> None:
        if self._unagreed is None:
            return
        requested_at, self._unagreed = self._unagreed.requested_at, None
        self._context.snapshot_requests.agreed()
        own: Counter[ConId] = Counter()
        for bracket in self._brackets.watched():
            own[bracket.place.contract.con_id] += self._book.ledger.position(bracket.idea_id)
        for bracket in self._brackets.watched():
            con_id = bracket.place.contract.con_id
            bracket.broker_lacks = max(0, own[con_id] - max(0, self._context.held.get(con_id, 0)))
        self._confirm(requested_at)

    def _confirm(self, requested_at: datetime) -> None:
        """What is proved was whole when the broker was asked."""
        for bracket in self._brackets.watched():
            if bracket.is_proved:
                bracket.reported_at = max(requested_at, bracket.reported_at or requested_at)

    def _request_failed(self, failure: b.RequestFailed) -> None:
        if failure.subject.startswith("snapshot"):
            self._context.snapshot_requests.failed()
