"""The rows of the account and its latches: the last word of each, and the words that a later one rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.domain import messages as m
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId, Symbol
from bot.journal.store import Row

ACCEPTED_KEPT = 100
"""Mismatches that were resumed over and may still stand; one that is forgotten halts once more."""


@dataclass(slots=True)
class _Latch:
    halts: list[int] = field(default_factory=list)
    """Since the last resume."""
    resumed: int = 0


class AccountRows:
    def __init__(self, recent_from: datetime) -> None:
        self._recent_from = recent_from
        self._recent: list[int] = []
        self._always: list[int] = []
        self._latches: dict[str, _Latch] = {}
        self._accepted: list[tuple[int, ...]] = []
        self._reconciled: tuple[int, tuple[str, ...]] | None = None
        self._highs: dict[date, tuple[Decimal, int]] = {}
        self._lows: dict[date, tuple[Decimal, int]] = {}
        self._last: dict[object, int] = {}
        self._postponed: dict[tuple[Symbol, str], tuple[IdeaId, int]] = {}
        self._fired: dict[tuple[Symbol, str], tuple[datetime, int]] = {}

    def handlers(self) -> dict[type, Callable[[Row, Any], None]]:
        return {
            m.Halted: self._halted,
            m.Resumed: self._resumed,
            m.Reconciled: self._agreed,
            m.DayOpened: self._opened,
            m.EquityMarked: self._marked,
            m.SignalFired: self._signal,
            m.SignalPostponed: self._postpone,
        }

    def keep(self, row: Row) -> None:
        """Rare and without a rule of its own, such as the order to flatten."""
        self._always.append(row.seq)

    def _halted(self, row: Row, x: m.Halted) -> None:
        self._latches.setdefault(x.cause, _Latch()).halts.append(row.seq)
        self._note_recent(row)

    def _resumed(self, row: Row, x: m.Resumed) -> None:
        latch = self._latches.setdefault(x.cause, _Latch())
        named = self._reconciled
        if x.cause == "reconciliation_mismatch":
            self._accepted.append((*latch.halts[-1:], row.seq))
        if named is not None and named[1]:
            self._accepted.append((named[0], row.seq))
        latch.halts, latch.resumed = [], row.seq
        if x.cause == "drawdown":
            self._highs.clear()
        self._note_recent(row)

    def _agreed(self, row: Row, x: m.Reconciled) -> None:
        self._reconciled = (row.seq, x.mismatches)

    def _opened(self, row: Row, _: m.DayOpened) -> None:
        self._last[m.DayOpened] = row.seq
        self._note_recent(row)

    def _marked(self, row: Row, x: m.EquityMarked) -> None:
        day = new_york_day(x.at)
        if day not in self._highs or x.equity > self._highs[day][0]:
            self._highs[day] = (x.equity, row.seq)
        if day not in self._lows:
            self._lows = {day: (x.equity, row.seq)}
        elif x.equity < self._lows[day][0]:
            self._lows[day] = (x.equity, row.seq)
        self._last[m.EquityMarked] = row.seq

    def _signal(self, row: Row, x: m.SignalFired) -> None:
        key = (x.symbol, x.strategy)
        if key not in self._fired or x.bar_end >= self._fired[key][0]:
            self._fired[key] = (x.bar_end, row.seq)

    def _postpone(self, row: Row, x: m.SignalPostponed) -> None:
        self._postponed[x.symbol, x.strategy] = (x.idea_id, row.seq)

    def entered(self, place: m.PlaceBracket) -> None:
        """A signal that became an entry waits no longer, so neither need be remembered for the other's sake."""
        key = (place.symbol, place.strategy)
        if key in self._postponed and self._postponed[key][0] == place.idea_id:
            del self._postponed[key]

    def _note_recent(self, row: Row) -> None:
        if row.at >= self._recent_from:
            self._recent.append(row.seq)

    def kept(self) -> Iterator[int]:
        yield from self._recent
        yield from self._always
        for latch in self._latches.values():
            yield from latch.halts
            if latch.resumed:
                yield latch.resumed
        for pair in self._accepted[-ACCEPTED_KEPT:]:
            yield from pair
        if self._reconciled is not None:
            yield self._reconciled[0]
        yield from self._peaks()
        yield from (seq for _, seq in (*self._lows.values(), *self._fired.values()))
        yield from (seq for _, seq in self._postponed.values())
        yield from self._last.values()

    def _peaks(self) -> Iterator[int]:
        """The days whose high no later day has reached: the peak of every window that ends today is among them."""
        peak: Decimal | None = None
        for day in sorted(self._highs, reverse=True):
            high, seq = self._highs[day]
            if peak is None or high > peak:
                peak = high
                yield seq
