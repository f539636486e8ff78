"""Risk: yes with a size, or no with a code; and the trading state.

Each message passes four steps: apply it, ask the breakers, decide, and say the state if it changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.machine import NO_TIME_YET, Applies, StateMachine
from bot.domain.types import IdeaId
from bot.risk.approval import Approval, judge, margin_denial
from bot.risk.breakers import is_clear
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limit_book import LimitBook
from bot.risk.limits import AccountRule, RiskLimits, SessionRules
from bot.risk.loss_guard import LossGuard
from bot.risk.risk_book import RiskBook

ANY_ACCOUNT = AccountRule()
_WORTH = frozenset({b.AccountUpdated, b.SnapshotTaken})
"""What tells the account's worth."""


@dataclass(frozen=True, slots=True)
class _Pending:
    approval: Approval
    answer_by: datetime


class RiskMachine(StateMachine):
    """The machine of one account."""

    def __init__(self, limits: RiskLimits, session: SessionRules, account: AccountRule = ANY_ACCOUNT) -> None:
        super().__init__()
        self.limit_book = LimitBook(limits)
        self.session = session
        self.book = RiskBook(now=NO_TIME_YET)
        self._pending: dict[IdeaId, _Pending] = {}
        self._calm_on: date | None = None
        """The day on which no breaker was found tripped, and since when nothing was learned that could trip one."""
        self._guard = LossGuard(self.book, lambda: self.limits, account)
        self.listen(
            _durable(self.book),
            _passing(self.book),
            {
                lm.LimitLoosened: self.limit_book.loosen,
                lm.LimitsHeld: self.limit_book.hold,
                lm.LiveSessionTraded: self.limit_book.count,
            },
            decides={
                m.TimePassed: self._expire_questions,
                m.TradeIdea: self._judge,
                b.MarginQuoted: self._hear_margin,
                b.RequestFailed: self._hear_failure,
                m.HaltTrading: self._guard.halt,
                m.FlattenAll: self._guard.halt_to_flatten,
                m.ResumeTrading: self._guard.resume,
                b.BrokerConnected: lambda x: self.limit_book.begin(x.at),
                m.FillBooked: lambda x: self.limit_book.bought(x, self.book.now),
                lm.LoosenLimit: lambda x: self.limit_book.obey(x, self.book.now),
            },
        )

    @property
    def limits(self) -> RiskLimits:
        """Those of this moment."""
        return self.limit_book.in_force(self.book.now)

    def apply(self, event: m.Message) -> None:
        self.book.now = self.now
        if type(event) in self._applies:
            self._calm_on = None
        super().apply(event)

    def decide(self, message: m.Message) -> Iterable[m.Message]:
        """Nothing before the first message that carries a time."""
        if not self.has_time:
            return ()
        is_tick = type(message) is m.TimePassed and not self._pending
        return () if is_tick and self._calm_on == self.book.today else self._answers(message)

    def _answers(self, message: m.Message) -> Iterator[m.Message]:
        # Whatever is said is learned, and ends the calm.
        self._calm_on = self.book.today if self.limit_book.is_as_set else None
        if type(message) in _WORTH:
            yield from self._guard.mark_equity()
        yield from self._guard.trip_breakers()
        yield from super().decide(message)
        yield from self.limit_book.changes(self.book.now)
        yield from self._guard.publish_state()
        if not self._guard.is_calm:
            self._calm_on = None

    def time_of(self, message: m.Message) -> datetime | None:
        return message.values.at if type(message) is b.AccountUpdated else super().time_of(message)

    def is_clear(self, low: Decimal, high: Decimal, at: datetime) -> bool:
        """Whether no equity between these trips a breaker then, in whatever order they come, for whoever skips time."""
        return is_clear(self.book.losses, low, high, at, self.limits)

    def _judge(self, idea: m.TradeIdea) -> Iterator[m.Message]:
        if idea.idea_id in self._pending:
            yield self._no(idea, deny(DenialCode.IDEA_REPEATED))
            return
        verdict = judge(idea, self.book, self.limits, self.session)
        if isinstance(verdict, Denial):
            yield self._no(idea, verdict)
        elif not self.limits.what_if:
            yield self._yes(verdict)
        else:
            answer_by = self.book.now + timedelta(seconds=self.limits.what_if_timeout_s)
            self._pending[idea.idea_id] = _Pending(verdict, answer_by)
            yield verdict.what_if()

    def _hear_margin(self, answer: b.MarginQuoted) -> Iterator[m.Message]:
        pending = self._pending.pop(answer.idea_id, None)
        if pending is None:
            return
        idea = pending.approval.idea
        # The house may have changed while the broker was thinking: every rule is asked again.
        verdict = margin_denial(answer) or judge(idea, self.book, self.limits, self.session)
        if isinstance(verdict, Denial):
            yield self._no(idea, verdict)
        else:
            yield self._yes(verdict.at_most(pending.approval.quantity))

    def _hear_failure(self, failure: b.RequestFailed) -> Iterator[m.Message]:
        kind, _, idea_id = failure.subject.partition(":")
        pending = self._pending.pop(idea_id, None) if kind == "margin" else None
        if pending is not None:
            denial = deny(DenialCode.MARGIN_REQUEST_FAILED, broker_code=failure.code, text=failure.text)
            yield self._no(pending.approval.idea, denial)

    def _expire_questions(self, _: m.TimePassed) -> Iterator[m.Message]:
        for idea_id, pending in tuple(self._pending.items()):
            if self.book.now >= pending.answer_by:
                del self._pending[idea_id]
                denial = deny(DenialCode.MARGIN_TIMED_OUT, timeout_s=self.limits.what_if_timeout_s)
                yield self._no(pending.approval.idea, denial)

    def _yes(self, approval: Approval) -> m.Message:
        return approval.bracket(self.book.now, self.limits)

    def _no(self, idea: m.TradeIdea, denial: Denial) -> m.Message:
        return m.EntryDenied(
            idea_id=idea.idea_id,
            symbol=idea.symbol,
            strategy=idea.strategy,
            at=self.book.now,
            code=denial.code.value,
            numbers=denial.numbers,
        )


def _durable(book: RiskBook) -> Applies:
    """The durable rows and what each changes."""

    def close(closed: m.BracketClosed) -> None:
        book.losses.close(closed)
        book.exposure.end(closed.idea_id)

    def adopt(adopted: m.BracketAdopted) -> None:
        book.exposure.adopt(adopted.place)
        book.latch.forget(adopted.place.idea_id)

    def resume(resumed: m.Resumed) -> None:
        book.latch.resume(resumed)
        book.losses.forgive(resumed.cause)

    return {
        m.PlaceBracket: book.exposure.place,
        m.BracketAdopted: adopt,
        b.OrderRefused: book.losses.refuse,
        m.FillBooked: book.exposure.fill,
        m.BracketClosed: close,
        m.EntryAbandoned: lambda abandoned: book.exposure.end(abandoned.idea_id),
        m.DayOpened: book.losses.open_day,
        m.EquityMarked: book.losses.mark,
        m.Halted: book.latch.halt,
        m.Resumed: resume,
    }


def _passing(book: RiskBook) -> Applies:
    """The passing facts and what each changes."""
    present = book.conditions

    def look(fact: b.SnapshotTaken) -> None:
        present.update_account(fact.snapshot.account)
        book.exposure.see_others(fact.snapshot)

    return {
        b.BrokerConnected: present.connect,
        b.BrokerDisconnected: present.disconnect,
        b.LinkChanged: present.change_link,
        b.BrokerPulse: present.handle_pulse,
        b.HoursListed: present.list_hours,
        b.DataTypeChanged: present.change_data_type,
        b.AccountUpdated: lambda fact: present.update_account(fact.values),
        b.SnapshotTaken: look,
        m.Reconciled: present.reconcile,
        m.FeedChanged: present.change_feed,
        m.ProtectionChanged: present.change_protection,
        m.BracketClosed: lambda closed: present.forget_bracket(closed.idea_id),
    }
