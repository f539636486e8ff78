"""One stock's market as it unfolds: prints, best bid and offer, the day's figures, the bars formed so far.

Rule: knows the tape's day, tells nothing of it before its time. Bars are formed from the prints themselves, so that a
price gap put in by a scenario shows in the bars too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from bot.domain.market import Bar, BarSize
from bot.domain.session import Session
from bot.domain.types import ConId
from bot.sim.market.corporate.splits import SplitTape, in_new_shares
from bot.sim.market.events import BarFormed, MarketEvent, Traded
from bot.sim.market.paths import dollars, minute_points, shares, to_cents
from bot.sim.market.price_source import Tape
from bot.sim.market.quotes import EMPTY_BOOK, TopOfBook

_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class _Forming:
    """A bar under construction, in cents."""

    start: datetime
    open: int
    high: int
    low: int
    close: int
    volume: int

    def extend(self, high: int, low: int, close: int, size: int) -> None:
        """Several prints at once."""
        if high > self.high:
            self.high = high
        if low < self.low:
            self.low = low
        self.close = close
        self.volume += size

    def bar(self, symbol: str, size: BarSize) -> Bar:
        prices = (self.open / 100, self.high / 100, self.low / 100, self.close / 100)
        return Bar(symbol, size, self.start, *prices, float(self.volume))


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A session so far: prices in USD, ``close`` the previous session's."""

    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    volume: int


class StockMarket:
    """One stock. ``points`` prints a minute; ``size_scale`` is the usual displayed size in shares."""

    def __init__(self, tape: Tape, con_id: ConId, points: int, size_scale: int = 2000) -> None:
        self.tape = tape
        self.symbol = tape.symbol
        self.con_id = con_id
        self._points = points
        self._size_scale = size_scale
        self._session: Session | None = None
        self._today: dict[int, tuple[tuple[int, ...], float]] = {}
        self._bars: dict[int, Bar] = {}
        self._last: int | None = None
        self._is_uptick = True
        self._spread = 1
        self._book: TopOfBook | None = EMPTY_BOOK
        self._quoted = (0, 0, 0, 0, 0)
        """What the book is made of when somebody looks: bid and last in cents, the print's size, minute and step."""
        self._previous_close: int | None = None
        self._day: _Forming | None = None
        self._minute: _Forming | None = None
        self._hour: _Forming | None = None
        self._shift = 1.0
        self._gaps: list[tuple[datetime, float]] = []
        self.tells_progress = True
        """Whether prints and bars in progress are told and kept; a backtest has no reader of them."""
        self.prints: list[tuple[datetime, float, int]] = []
        """Since the last full minute, where they are told: (at, price, size)."""
        self.closed: dict[BarSize, list[Bar]] = {BarSize.M1: [], BarSize.M60: []}
        """Bars of the days this market has lived through, in order."""

    @property
    def last_cents(self) -> int | None:
        return self._last

    def range_cents(self, first: int, last: int) -> tuple[int, int] | None:
        """Lowest and highest print of the session's minutes ``first`` to ``last``; None where one of them has no bar.

        It is of the future, and for whoever must know in advance that nothing will happen.
        """
        if self._shift != 1:
            return None
        low, high = math.inf, -math.inf
        for minute in range(first, last + 1):
            bar = self._bars.get(minute)
            if bar is None:
                return None
            # Of two floats a comparison costs a third of min() and max().
            low = bar.low if bar.low < low else low  # noqa: FURB136
            high = bar.high if bar.high > high else high  # noqa: FURB136
        return to_cents(low), to_cents(high)

    def cents_ahead(self, minute: int, step: int) -> int | None:
        """The print to come at a point of the session, as :meth:`range_cents`; None in a minute without a bar."""
        found = self._path(minute)
        return None if found is None else round(found[0][step] * self._shift)

    @property
    def book(self) -> TopOfBook:
        """The same object until the next print."""
        if self._book is None:
            self._book = self._make_book(*self._quoted)
        return self._book

    def day(self) -> DayFigures:
        d = self._day
        close = None if self._previous_close is None else dollars(self._previous_close)
        if d is None:
            return DayFigures(None, None, None, close, 0)
        return DayFigures(dollars(d.open), dollars(d.high), dollars(d.low), close, d.volume)

    def forming(self, size: BarSize) -> Bar | None:
        """The bar in progress, None between bars."""
        part = self._minute if size is BarSize.M1 else self._hour
        return None if part is None else part.bar(self.symbol, size)

    def gap(self, factor: float, at: datetime) -> None:
        """From the next print on every price is ``factor`` times what the tape says."""
        self._shift *= factor
        self._gaps.append((at, self._shift))

    def split(self, ratio: float) -> None:
        """Between two sessions: ``ratio`` new shares for an old one, in all that is remembered and all that comes."""
        self.tape = SplitTape(self.tape, ratio)
        self._last = None if self._last is None else max(1, round(self._last / ratio))
        if self._previous_close is not None:
            self._previous_close = max(1, round(self._previous_close / ratio))
        last = None if self._last is None else dollars(self._last)
        self._book = TopOfBook(None, None, 0, 0, last, self.book.last_size)
        self._bars, self._today, self._day = {}, {}, None
        for bars in self.closed.values():
            bars[:] = [in_new_shares(bar, ratio) for bar in bars]

    def shift_at(self, at: datetime) -> float:
        """How many times the tape's prices were those of that instant."""
        return next((shift for since, shift in reversed(self._gaps) if since <= at), 1.0)

    @property
    def last_day(self) -> date | None:
        """The day of the session that is in progress, or was the last."""
        return None if self._session is None else self._session.day

    def recall(self, before: datetime) -> None:
        """Take the last price, and so the previous close, from the bars that ended by ``before``."""
        close = self.tape.last_close(before)
        if close is not None:
            self._last = self._previous_close = to_cents(close)

    def open_day(self, session: Session) -> None:
        """Begin a session: yesterday's last price becomes the previous close."""
        self._session = session
        self._previous_close = self._last
        self._day = self._minute = self._hour = None
        self._bars = {(bar.start - session.open) // _MINUTE: bar for bar in self.tape.minutes(session.day)}
        self._today = {}

    def close_day(self) -> None:
        """End the session: nobody quotes any more."""
        self._book = TopOfBook(None, None, 0, 0, self.book.last, self.book.last_size)

    def end_minute(self, at: datetime) -> Iterator[MarketEvent]:
        """Close what ends at ``at``: the minute, and on the full hour the hour."""
        if self.prints:
            self.prints.clear()
        if self._minute is not None:
            yield self._close(BarSize.M1, self._minute, at)
            self._minute = None
        if self._hour is not None and at.minute == 0:
            yield self._close(BarSize.M60, self._hour, at)
            self._hour = None

    def _close(self, size: BarSize, part: _Forming, at: datetime) -> BarFormed:
        bar = part.bar(self.symbol, size)
        self.closed[size].append(bar)
        return BarFormed(at, self.con_id, bar, is_closed=True)

    def move(self, minute: int, step: int, at: datetime) -> Iterator[MarketEvent]:
        """The print of the session's minute ``minute``, point ``step``; nothing in a minute without a trade."""
        done = self.pass_by(minute, step, at)
        if done is None or not self.tells_progress:
            return
        cents, size = done
        yield Traded(at, self.con_id, dollars(cents), size)
        for bar_size, part in ((BarSize.M1, self._minute), (BarSize.M60, self._hour)):
            if part is not None:
                yield BarFormed(at, self.con_id, part.bar(self.symbol, bar_size), is_closed=False)

    def pass_by(self, minute: int, step: int, at: datetime) -> tuple[int, int] | None:
        """As :meth:`move`, and nobody is told. The print's cents and size; None in a minute without a trade."""
        found = self._path(minute)
        if found is None:
            return None
        cents, size = round(found[0][step] * self._shift), shares(found[1], self._points, step)
        self._quote(cents, size, minute, step, at)
        self._grow(cents, cents, cents, cents, size, minute, at)
        if self.tells_progress:
            self.prints.append((at, float(dollars(cents)), size))
        return cents, size

    def leap(self, first: int, last: int, session_open: datetime) -> Iterator[MarketEvent]:
        """Minutes ``first`` to ``last`` at once, both whole: only the bars that close on the way are told.

        Afterwards everything is as if each point had happened; the caller has finished the minute before.
        """
        at = session_open + first * _MINUTE
        for minute in range(first, last):
            yield from self.end_minute(at)
            found = self._path(minute)
            if found is not None:
                self._span(found[0], round(found[1]), minute, at)
            at += _MINUTE
        yield from self.end_minute(at)
        self.pass_through(last, 0, self._points - 1, at)

    def pass_through(self, minute: int, first: int, last: int, at: datetime) -> None:
        """The points ``first`` to ``last`` of a minute, from ``at`` on, as :meth:`pass_by` one by one."""
        found = self._path(minute)
        if found is None:
            return
        if self.tells_progress or self._shift != 1 or first == last:
            for step in range(first, last + 1):
                self.pass_by(minute, step, at + (step - first) * _MINUTE / self._points)
            return
        whole, points = round(found[1]), self._points
        self._span(
            found[0][first : last + 1],
            whole * (last + 1) // points - whole * first // points,
            minute,
            at,
        )
        if first == 0:
            self._spread = self.tape.spread_cents(at)
        self._quote(found[0][last], shares(found[1], points, last), minute, last, at)

    def _span(self, points: tuple[int, ...], size: int, minute: int, at: datetime) -> None:
        """Several prints of one minute, from ``at`` on."""
        open_, close, high, low = points[0], points[-1], max(points), min(points)
        if close != points[-2]:
            self._is_uptick = close > points[-2]
        else:
            for left, cents in pairwise((open_ if self._last is None else self._last, *points)):
                if cents != left:
                    self._is_uptick = cents > left
        self._last = close
        self._grow(open_, high, low, close, size, minute, at)

    def _grow(
        self, open_: int, high: int, low: int, close: int, size: int, minute: int, at: datetime
    ) -> None:
        """Add them to the bars in progress."""
        if self._day is None:
            self._day = _Forming(at, open_, high, low, close, size)
        else:
            self._day.extend(high, low, close, size)
        if self._minute is None:
            start = at.replace(second=0, microsecond=0) if at.second or at.microsecond else at
            self._minute = _Forming(start, open_, high, low, close, size)
        else:
            self._minute.extend(high, low, close, size)
        if self._hour is None:
            self._hour = _Forming(self._hour_start(at, minute), open_, high, low, close, size)
        else:
            self._hour.extend(high, low, close, size)

    def _path(self, minute: int) -> tuple[tuple[int, ...], float] | None:
        found = self._today.get(minute)
        if found is None and (bar := self._bars.get(minute)) is not None:
            found = self._today[minute] = minute_points(bar, self._points), bar.volume
        return found

    def _quote(self, cents: int, size: int, minute: int, step: int, at: datetime) -> None:
        if self._last is not None and cents != self._last:
            self._is_uptick = cents > self._last
        self._last = cents
        if step == 0:
            self._spread = self.tape.spread_cents(at)
        bid = cents - self._spread if self._is_uptick else cents
        self._book, self._quoted = None, (bid, cents, size, minute, step)

    def _make_book(self, bid: int, cents: int, size: int, minute: int, step: int) -> TopOfBook:
        noise = (minute * 7919 + step * 104729 + self.con_id) % 97
        bid_size = (1 + noise % 13) * self._size_scale // 10
        ask_size = (1 + noise % 11) * self._size_scale // 10
        return TopOfBook(
            dollars(bid),
            dollars(bid + self._spread),
            bid_size,
            ask_size,
            dollars(cents),
            max(1, min(size, 900)),
        )

    def _hour_start(self, at: datetime, minute: int) -> datetime:
        is_first = self._session is not None and minute < 30
        return self._session.open if is_first and self._session else at.replace(minute=0, second=0)
