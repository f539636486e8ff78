"""One New York day in figures: what was traded and what it brought, what was refused, and whether anything went wrong.

Rule: a day is folded from messages alone, so that the report on the phone and the one from the journal are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId

REPORT_KINDS: tuple[type, ...] = (
    m.BracketClosed,
    m.EntryDenied,
    m.IdeaDropped,
    m.EntryAbandoned,
    m.ProtectionChanged,
    m.ExitOverdue,
    m.Halted,
    m.Resumed,
    m.DayOpened,
    m.EquityMarked,
    b.OrderRefused,
    b.BrokerDisconnected,
)
"""What a day is folded from; everything else is passed over."""


@dataclass(frozen=True, slots=True)
class DayReport:
    """Money in the account's currency; P&L is net of commissions. Unknown is None."""

    day: date
    trades: tuple[m.BracketClosed, ...] = ()
    """In the order they closed; a trade that was corrected appears once, as corrected."""
    not_traded: Mapping[str, int] = field(default_factory=dict)
    """Code of a denial or a refusal → how often."""
    unprotected_s: float = 0.0
    worst_unprotected_s: float = 0.0
    overdue: tuple[m.ExitOverdue, ...] = ()
    """Positions that were held past their time, each as last told."""
    halts: tuple[m.Halted | m.Resumed, ...] = ()
    refused_orders: int = 0
    disconnects: int = 0
    start_equity: Decimal | None = None
    equity: Decimal | None = None

    @property
    def pnl(self) -> Decimal:
        return sum((trade.pnl for trade in self.trades), Decimal(0))

    @property
    def commission(self) -> Decimal:
        return sum((trade.commission for trade in self.trades), Decimal(0))

    @property
    def wins(self) -> int:
        return sum(trade.pnl > 0 for trade in self.trades)

    @property
    def equity_change(self) -> Decimal | None:
        """Since the day's first equity; differs from ``pnl`` by what is still held."""
        if self.start_equity is None or self.equity is None:
            return None
        return self.equity - self.start_equity


@dataclass(slots=True)
class _Day:
    trades: dict[IdeaId, m.BracketClosed] = field(default_factory=dict)
    not_traded: Counter[str] = field(default_factory=Counter)
    gaps_s: list[float] = field(default_factory=list)
    overdue: dict[IdeaId, m.ExitOverdue] = field(default_factory=dict)
    halts: list[m.Halted | m.Resumed] = field(default_factory=list)
    refused_orders: int = 0
    disconnects: int = 0
    start_equity: Decimal | None = None
    equity: Decimal | None = None


class DayFold:
    """Hears messages in any order and tells each day's report."""

    def __init__(self, messages: Iterable[m.Message] = ()) -> None:
        self._days: dict[date, _Day] = {}
        self._handlers: dict[type, Callable[..., None]] = {
            m.BracketClosed: self._closed,
            m.EntryDenied: lambda x: self._refused(x.at, x.code),
            m.IdeaDropped: lambda x: self._refused(x.at, x.code),
            m.EntryAbandoned: lambda x: self._refused(x.at, "ENTRY_ABANDONED"),
            m.ProtectionChanged: self._protection,
            m.ExitOverdue: self._overdue,
            m.Halted: lambda x: self._of(x.at).halts.append(x),
            m.Resumed: lambda x: self._of(x.at).halts.append(x),
            m.DayOpened: self._opened,
            m.EquityMarked: self._marked,
            b.OrderRefused: self._order_rejected,
            b.BrokerDisconnected: self._disconnected,
        }
        for message in messages:
            self.handle(message)

    def handle(self, message: m.Message) -> None:
        answer = self._handlers.get(type(message))
        if answer is not None:
            answer(message)

    def report(self, day: date) -> DayReport:
        """The day's report; an empty one for a day of which nothing is recorded."""
        found = self._days.get(day, _Day())
        return DayReport(
            day=day,
            trades=tuple(sorted(found.trades.values(), key=lambda trade: trade.closed_at)),
            not_traded=dict(found.not_traded.most_common()),
            unprotected_s=sum(found.gaps_s),
            worst_unprotected_s=max(found.gaps_s, default=0.0),
            overdue=tuple(found.overdue.values()),
            halts=tuple(found.halts),
            refused_orders=found.refused_orders,
            disconnects=found.disconnects,
            start_equity=found.start_equity,
            equity=found.equity,
        )

    @property
    def days(self) -> tuple[date, ...]:
        """The days of which something is recorded, in order."""
        return tuple(sorted(self._days))

    def forget_before(self, day: date) -> None:
        self._days = {known: found for known, found in self._days.items() if known >= day}

    def _of(self, at: datetime) -> _Day:
        return self._days.setdefault(new_york_day(at), _Day())

    def _closed(self, x: m.BracketClosed) -> None:
        for found in self._days.values():
            found.trades.pop(x.idea_id, None)
        self._of(x.closed_at).trades[x.idea_id] = x

    def _refused(self, at: datetime, code: str) -> None:
        self._of(at).not_traded[code] += 1

    def _protection(self, x: m.ProtectionChanged) -> None:
        if x.is_proved and x.unprotected_s > 0:
            self._of(x.at).gaps_s.append(x.unprotected_s)

    def _overdue(self, x: m.ExitOverdue) -> None:
        self._of(x.at).overdue[x.idea_id] = x

    def _opened(self, x: m.DayOpened) -> None:
        self._of(x.at).start_equity = x.equity

    def _marked(self, x: m.EquityMarked) -> None:
        self._of(x.at).equity = x.equity

    def _order_rejected(self, x: b.OrderRefused) -> None:
        self._of(x.at).refused_orders += 1

    def _disconnected(self, x: b.BrokerDisconnected) -> None:
        self._of(x.at).disconnects += 1
