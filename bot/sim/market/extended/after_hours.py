"""One stock outside regular hours: its book at any instant, its prints, its bars. A pure function of time.

Rule: nothing happens here by itself, so that a night that nobody watches costs nothing. Live quotes walk the same minutes that
history tells (``paths``), as in the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from bot.domain.market import Bar
from bot.domain.session import new_york_day, previous_session
from bot.sim.market.catalog import Underlying
from bot.sim.market.extended.hours import TradingDay, extended_day, trading_day
from bot.sim.market.extended.night import Nights
from bot.sim.market.paths import dollars, minute_points, shares, to_cents
from bot.sim.market.quotes import TopOfBook
from bot.sim.market.stock import StockMarket

_MINUTE = timedelta(minutes=1)
_WIDTHS = ((30, 2), (150, 4))
"""(minutes from the session, times as wide as in it); further away it is ``_WIDEST``."""
_WIDEST = 8
_LOT = 100
_KEPT = 8


@dataclass(frozen=True, slots=True)
class _Part:
    """Early or late trading of one day. ``traded`` is the last trade's price by the end of each minute."""

    bars: tuple[Bar, ...]
    traded: tuple[float, ...]
    volumes: tuple[int, ...]
    """So far, by the end of each minute."""


class AfterHours:
    """A stock's early and late trading; ``points`` prints a minute."""

    def __init__(self, stock: StockMarket, facts: Underlying, seed: int, points: int) -> None:
        self._stock = stock
        self._facts, self._seed = facts, seed
        self._points = points
        self._step = _MINUTE / points
        self.forget()

    def forget(self) -> None:
        """Read the tape again: it is another one after a split."""
        self._nights = Nights(self._facts, self._stock.tape, self._seed)
        self._parts: dict[datetime, _Part] = {}
        self._book: tuple[object, TopOfBook | None] = (None, None)

    def book(self, at: datetime) -> TopOfBook | None:
        """The best bid and offer, the same object until it moves; at night nobody quotes. None where nothing is known."""
        day = extended_day(at)
        key = (self._factor(at), None if day is None else self._point_of(at), new_york_day(at))
        if self._book[0] != key:
            self._book = key, self._quoted(day, at) if day is not None else self._at_night(at)
        return self._book[1]

    def _point_of(self, at: datetime) -> datetime:
        return at - (at - at.replace(second=0, microsecond=0)) % self._step

    def _quoted(self, day: TradingDay, at: datetime) -> TopOfBook | None:
        part, minute = self._at(day, at)
        if not part.bars:
            return None
        bar, step = part.bars[minute], (at - part.bars[minute].start) // self._step
        cents = self._cents(bar, at)[step]
        size = shares(bar.volume, self._points, step)
        last = cents if bar.volume else self._scaled(part.traded[minute], at)
        spread = self.spread_cents(at)
        noise = (minute * 7919 + step * 104_729 + self._stock.con_id) % 97
        bid = cents - spread // 2
        return TopOfBook(
            dollars(bid),
            dollars(bid + spread),
            (1 + noise % 5) * _LOT,
            (1 + noise % 4) * _LOT,
            dollars(last),
            max(1, min(size, 300)),
        )

    def _at_night(self, at: datetime) -> TopOfBook | None:
        """Of the last late trading there was, the last price."""
        day = trading_day(new_york_day(at))
        if day is None or at < day.begin:
            day = trading_day(previous_session(new_york_day(at)).day)
        part = None if day is None else self._part(day, is_early=False)
        if part is None or not part.bars:
            return None
        return TopOfBook(None, None, 0, 0, dollars(self._scaled(part.traded[-1], at)))

    def spread_cents(self, at: datetime) -> int:
        """Some times as wide as in the session, the more the further away from it."""
        day = extended_day(at)
        regular = self._stock.tape.spread_cents(at)
        if day is None:
            return regular
        away = (day.session.open - at if at < day.session.open else at - day.session.close) / _MINUTE
        return regular * next((times for until, times in _WIDTHS if away <= until), _WIDEST)

    def prints(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, int, int]]:
        """(at, cents, size) of the points in [since, until] of one minute, if anything trades in it."""
        day = extended_day(until)
        if day is None:
            return
        part, minute = self._at(day, until)
        if not part.bars or not part.bars[minute].volume:
            return
        bar = part.bars[minute]
        for step, cents in enumerate(self._cents(bar, until)):
            at = bar.start + step * self._step
            if since <= at <= until:
                yield at, cents, shares(bar.volume, self._points, step)

    def bars(self, day: TradingDay, *, is_early: bool, until: datetime) -> list[Bar]:
        """The minutes that began before ``until``, the last one perhaps still forming."""
        part = self._part(day, is_early=is_early)
        return [self._so_far(bar, until) for bar in part.bars if bar.start < until]

    def whole(self, day: TradingDay, *, is_early: bool) -> Bar | None:
        """All of it as one bar, when it is over; None where nobody traded."""
        found = self._nights.stretch(day, is_early=is_early)
        bar = None if found is None else found.whole()
        if bar is None or self._factor(bar.start) == 1:
            return bar
        prices = (bar.open, bar.high, bar.low, bar.close)
        open_, high, low, close = (self._scaled(price, bar.start) / 100 for price in prices)
        return Bar(bar.symbol, bar.size, bar.start, open_, high, low, close, bar.volume)

    def volume(self, day: TradingDay, at: datetime) -> int:
        """Shares traded outside the day's session until now."""
        found = 0
        for is_early, start in ((True, day.begin), (False, day.session.close)):
            part, ended = self._part(day, is_early=is_early), (at - start) // _MINUTE
            if part.volumes and ended > 0:
                found += part.volumes[min(ended, len(part.volumes)) - 1]
        return found

    def _so_far(self, bar: Bar, until: datetime) -> Bar:
        if bar.end <= until and self._factor(bar.start) == 1:
            return bar
        points = self._cents(bar, bar.start)
        done = min(self._points, -((bar.start - until) // self._step))
        part = points[:done]
        sold = sum(shares(bar.volume, self._points, step) for step in range(done))
        prices = (part[0] / 100, max(part) / 100, min(part) / 100, part[-1] / 100)
        return Bar(bar.symbol, bar.size, bar.start, *prices, float(sold))

    def _cents(self, bar: Bar, at: datetime) -> tuple[int, ...]:
        factor = self._factor(at)
        points = minute_points(bar, self._points)
        return points if factor == 1 else tuple(round(cents * factor) for cents in points)

    def _scaled(self, price: float, at: datetime) -> int:
        return round(to_cents(price) * self._factor(at))

    def _factor(self, at: datetime) -> float:
        return self._stock.shift_at(at)

    def _at(self, day: TradingDay, at: datetime) -> tuple[_Part, int]:
        is_early = at < day.session.open
        return self._part(day, is_early=is_early), (
            at - (day.begin if is_early else day.session.close)
        ) // _MINUTE

    def _part(self, day: TradingDay, *, is_early: bool) -> _Part:
        key = day.begin if is_early else day.session.close
        if key not in self._parts:
            if len(self._parts) > _KEPT:
                self._parts.clear()
            found = self._nights.stretch(day, is_early=is_early)
            bars = () if found is None else found.minutes()
            self._parts[key] = _Part(
                bars, tuple(_last_trades(bars)), tuple(accumulate(int(bar.volume) for bar in bars))
            )
        return self._parts[key]


def _last_trades(bars: tuple[Bar, ...]) -> Iterator[float]:
    last = bars[0].open if bars else 0.0
    for bar in bars:
        last = bar.close if bar.volume else last
        yield last
