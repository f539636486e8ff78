"""What came of a backtest: every trade and every no, and the equity at each day's end. The same for all gears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import zip_longest
from typing import Any

from bot.domain import messages as m
from bot.domain.types import IdeaId, Symbol


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The account after a session: cash and positions at mid."""

    day: date
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """Where a day's option prices came from."""

    symbol: Symbol
    day: date
    is_recorded: bool
    volatility: float | None
    """At the money, a year; of a modelled chain."""
    is_assumed: bool = False
    """The volatility is the usual one of such a stock, as none was measured."""


@dataclass(slots=True)
class Outcome:
    """``judged`` counts bars by strategy and reason."""

    start_equity: Decimal
    trades: dict[IdeaId, m.BracketClosed] = field(default_factory=dict)
    denied: list[m.EntryDenied] = field(default_factory=list)
    dropped: list[m.IdeaDropped] = field(default_factory=list)
    abandoned: list[m.EntryAbandoned] = field(default_factory=list)
    halts: list[m.Halted | m.Resumed] = field(default_factory=list)
    signals: list[m.SignalFired] = field(default_factory=list)
    why: dict[IdeaId, m.TradeIdea] = field(default_factory=dict)
    plans: dict[IdeaId, m.PlaceBracket] = field(default_factory=dict)
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: list[DayEnd] = field(default_factory=list)
    prices: list[Prices] = field(default_factory=list)
    still_open: list[str] = field(default_factory=list)
    bars: int = 0
    messages: int = 0

    @property
    def end_equity(self) -> Decimal:
        return self.days[-1].equity if self.days else self.start_equity

    def ear(self, kind: type) -> Callable[[Any], None] | None:
        """What takes down messages of this kind; None where they do not matter."""
        keep = _KEEP.get(kind)
        return None if keep is None else partial(keep, self)

    def _judge(self, x: m.BarJudged) -> None:
        self.judged[x.strategy, x.reason] += 1

    def _close(self, x: m.BracketClosed) -> None:
        self.trades[x.idea_id] = x  # a later one of the same idea takes its place

    def _bar(self, _: m.BarClosed) -> None:
        self.bars += 1

    def decisions(self) -> list[tuple[Any, ...]]:
        """What two gears must agree on: signals, refusals and trades with their times, prices and reasons."""
        return [
            *(("signal", x.symbol, x.strategy, x.direction, x.bar_end) for x in self.signals),
            *(("dropped", x.idea_id, x.code, dict(x.numbers)) for x in self.dropped),
            *(("denied", x.idea_id, x.at, x.code, dict(x.numbers)) for x in self.denied),
            *(("abandoned", x.idea_id, x.reason, x.at) for x in self.abandoned),
            *(("halt", x.at, x.cause) for x in self.halts),
            *(("trade", *_terms(x)) for x in self.trades.values()),
            *(("day", x.day, x.equity) for x in self.days),
        ]


def first_difference_of(one: Outcome, other: Outcome) -> tuple[str, str] | None:
    """The first thing that two runs do not agree on, as each has it; None when they agree in everything."""
    for mine, theirs in zip_longest(one.decisions(), other.decisions()):
        if mine != theirs:
            return f"{mine}", f"{theirs}"
    for name in ("judged", "still_open", "bars"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine != theirs:
            return f"{name} {mine}", f"{name} {theirs}"
    return None


def _terms(x: m.BracketClosed) -> tuple[Any, ...]:
    prices = (x.quantity, x.entry_price, x.exit_price, x.stop, x.target)
    return (
        x.idea_id,
        x.contract.label,
        *prices,
        x.opened_at,
        x.closed_at,
        x.exit_reason,
        x.commission,
        x.pnl,
    )


_KEEP: dict[type, Callable[[Outcome, Any], None]] = {
    m.BarJudged: Outcome._judge,  # noqa: SLF001  the table belongs to the class
    m.BracketClosed: Outcome._close,  # noqa: SLF001
    m.BarClosed: Outcome._bar,  # noqa: SLF001
    m.TradeIdea: lambda out, x: out.why.__setitem__(x.idea_id, x),
    m.PlaceBracket: lambda out, x: out.plans.__setitem__(x.idea_id, x),
    m.EntryDenied: lambda out, x: out.denied.append(x),
    m.IdeaDropped: lambda out, x: out.dropped.append(x),
    m.EntryAbandoned: lambda out, x: out.abandoned.append(x),
    m.Halted: lambda out, x: out.halts.append(x),
    m.Resumed: lambda out, x: out.halts.append(x),
    m.SignalFired: lambda out, x: out.signals.append(x),
}
