"""Where an underlying's minutes come from: a recording, a generator, or the one continued by the other.

Rule: a tape knows the whole future and tells it by the day; only ``stock.py`` reads the day in progress, point by point.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Protocol

from bot.domain.market import Bar, BarSize
from bot.domain.session import new_york_day, session_on
from bot.domain.types import Symbol
from bot.sim.market.paths import to_cents
from bot.sim.market.recorded import bars as recorded
from bot.sim.market.recorded.library import BUNDLE, Library

_STALE = timedelta(minutes=5)
LONGEST_BREAK = timedelta(days=7)
"""Between two sessions of New York, since 1933 (September 2001): what is longer is a hole in the recording."""


class Tape(Protocol):
    @property
    def symbol(self) -> Symbol: ...

    def minutes(self, day: date) -> tuple[Bar, ...]:
        """The day's 1-min bars, earliest first; () when there are none."""

    def ends(self, day: date) -> tuple[float, float] | None:
        """The first and the last price of a session whose minutes are known; None of any other."""

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        """60-min bars that ended by ``before``, earliest first: from that day on, or as far as is quick to know."""

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        """One bar a session that ended by ``before``, earliest first; ``size`` says nothing, there is none for days."""

    def last_close(self, before: datetime) -> float | None:
        """The last price of the hours that ended by ``before``; None where nothing is known of the week before."""

    def spread_cents(self, at: datetime) -> int:
        """The stock's bid-ask spread in force at that instant."""

    def first_day(self) -> date:
        """The earliest day with minutes."""


def sum_bars(bars: tuple[Bar, ...], size: BarSize | None = None, start: datetime | None = None) -> Bar:
    """One bar over consecutive bars. Raises IndexError for none."""
    first = bars[0]
    return Bar(
        symbol=first.symbol,
        size=size or first.size,
        start=start or first.start,
        open=first.open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum(bar.volume for bar in bars),
    )


class RecordedTape:
    """A recorded symbol; after its last recorded day the ``then`` tape goes on, before the first there is nothing."""

    def __init__(self, symbol: Symbol, then: Tape, library: Library = BUNDLE) -> None:
        """Raises NotRecordedError."""
        self._symbol = symbol
        self._then = then
        self._library = library
        self._days = library.sessions(symbol)
        self._known = frozenset(self._days)
        if not self._days:
            raise recorded.NotRecordedError(symbol)

    @property
    def symbol(self) -> Symbol:
        return self._symbol

    def minutes(self, day: date) -> tuple[Bar, ...]:
        if day in self._known:
            return self._library.minutes(self._symbol, day)
        return self._then.minutes(day) if day > self._days[-1] else ()

    def ends(self, day: date) -> tuple[float, float] | None:
        if day not in self._known:
            return self._then.ends(day) if day > self._days[-1] else None
        minutes = self.minutes(day)
        return (minutes[0].open, minutes[-1].close) if minutes else None

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        end = self._last_close()
        old = self._library.hours(self._symbol, min(before, end), since)
        return old + tuple(bar for bar in self._then.hours(before, since) if bar.start >= end)

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        for _, hours in groupby(self.hours(before, since), key=lambda bar: new_york_day(bar.start)):
            yield sum_bars(tuple(hours))

    def last_close(self, before: datetime) -> float | None:
        end = self._last_close()
        hours = self._library.hours(self._symbol, min(before, end))
        later = self._then.last_close(before) if before > end else None
        is_known = bool(hours) and min(before, end) - hours[-1].end <= LONGEST_BREAK
        return later if later is not None or not is_known else hours[-1].close

    def _last_close(self) -> datetime:
        session = session_on(self._days[-1])
        if session is None:
            raise recorded.NotRecordedError(self._symbol, self._days[-1])
        return session.close

    def spread_cents(self, at: datetime) -> int:
        quotes = self._library.stock_quotes(self._symbol, new_york_day(at))
        now = [quote for quote in quotes if at - _STALE <= quote.at <= at]
        if not now:
            return self._then.spread_cents(at)
        return max(1, to_cents(float(now[-1].ask - now[-1].bid)))

    def first_day(self) -> date:
        return self._days[0]
