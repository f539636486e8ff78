"""A made-up market: one-minute bars of a regime-switching geometric Brownian motion, with a session's volume shape.

Rule: a day's shape depends on seed, symbol and date alone, so any day can be made without the days before it; only
its level comes from the chain of days to the anchor, and beyond some weeks from ``long_memory``. The same seed gives the
same market for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.domain.market import Bar, BarSize
from bot.domain.session import (
    Session,
    new_york_day,
    next_session,
    session_on,
    sessions_between,
)
from bot.domain.types import Symbol
from bot.sim.market.catalog import Underlying
from bot.sim.market.long_memory import SESSIONS, LongMemory, oldest_session
from bot.sim.market.recorded.bars import to_hours

_Array = NDArray[np.float64]
_TRADING_DAYS = 252
_STEPS = 8
_REGIMES = (
    # drift and volatility of a minute as multiples of its plain volatility: calm, rising, falling, stormy
    (0.0, 0.7),
    (0.1, 0.9),
    (-0.1, 0.9),
    (0.0, 1.7),
)
_LEAVE = 1 / 45
"""Chance per minute that a regime ends."""
MINUTE_SESSIONS = 2 * _TRADING_DAYS
"""How far back minutes are known."""
_GAP = 0.35
"""The overnight move, as a multiple of a day's volatility."""


class SyntheticTape:
    """One symbol's endless market. At ``anchor``'s open the price is ``price``.

    ``history`` sessions before it are walked minute by minute.

    Two years of minutes and twenty of days lie behind those; ``history`` 0 begins at the anchor and remembers nothing.
    """

    def __init__(
        self, stock: Underlying, *, anchor: date, seed: int, price: float | None = None, history: int = 45
    ) -> None:
        self._stock = stock
        self._anchor = anchor
        self._seed = seed
        self._price = price or stock.price
        self._levels: dict[date, float] = {anchor: 0.0}
        self._made: dict[date, tuple[Bar, ...]] = {}
        self._hours: dict[date, tuple[Bar, ...]] = {}
        self._days: dict[date, Bar] = {}
        self._recent = oldest_session(anchor, history)
        self._first = oldest_session(anchor, MINUTE_SESSIONS) if history else anchor
        self._oldest = oldest_session(anchor, SESSIONS) if history else anchor

    @cached_property
    def _memory(self) -> LongMemory:
        return LongMemory(
            self.symbol,
            self._recent,
            self._level(self._recent),
            first=self._oldest,
            vol=self._stock.atm_vol,
            random=self._random,
        )

    @property
    def symbol(self) -> Symbol:
        return self._stock.symbol

    def first_day(self) -> date:
        return self._first

    def spread_cents(self, at: datetime) -> int:
        """A cent, and one more for each 300 USD."""
        level = self._price
        return 1 + int(level // 300) + (0 if self._stock.is_etf or at.minute % 7 else 1)

    def minutes(self, day: date) -> tuple[Bar, ...]:
        session = session_on(day)
        if session is None or day < self._first:
            return ()
        if day not in self._made:
            self._made[day] = self._bars(session)
        return self._made[day]

    def ends(self, day: date) -> tuple[float, float] | None:
        session = session_on(day)
        if session is None or day < self._first:
            return None
        if day not in self._days:
            self._days[day] = self._day_bar(session)
        return self._days[day].open, self._days[day].close

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        days = sessions_between(max(self._first, since or self._recent), new_york_day(before))
        whole = [bar for session in days[:-1] for bar in self._hours_of(session.day)]
        return (*whole, *(bar for s in days[-1:] for bar in self._hours_of(s.day) if bar.end <= before))

    def _hours_of(self, day: date) -> tuple[Bar, ...]:
        if day not in self._hours:
            self._hours[day] = to_hours(self.minutes(day))
        return self._hours[day]

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        for session in sessions_between(max(self._oldest, since), new_york_day(before)):
            if session.close <= before:
                if session.day not in self._days:
                    self._days[session.day] = self._day_bar(session)
                yield self._days[session.day]

    def _day_bar(self, session: Session) -> Bar:
        if session.day < self._first:
            return self._memory.bar(session, self._price, self._stock.daily_volume)
        prices, volumes = self._prices(session)
        figures = (prices[0], prices.max(), prices.min(), prices[-1], np.rint(volumes).sum())
        return Bar(self.symbol, BarSize.M60, session.open, *(float(figure) for figure in figures))

    def last_close(self, before: datetime) -> float | None:
        day = new_york_day(before)
        while day >= self._first:
            ended = [bar for bar in self._hours_of(day) if bar.end <= before]
            if ended:
                return ended[-1].close
            day -= timedelta(days=1)
        return None

    def _bars(self, session: Session) -> tuple[Bar, ...]:
        return tuple(self._cut(session, *self._prices(session)))

    def _prices(self, session: Session) -> tuple[_Array, _Array]:
        """The session's prices (``_STEPS`` a minute, the open first) and volumes (one a minute)."""
        moves, volumes = self._shape(session)
        if session.day < self._recent:
            # The path of an old day is bent so that it ends where the long memory says.
            moves = moves + (self._memory.day(session.day).move - moves.sum()) / len(moves)
        log_price = self._level(session.day) + np.concatenate(([0.0], np.cumsum(moves)))
        return np.round(self._price * np.exp(log_price), 2), volumes

    def _cut(self, session: Session, prices: _Array, volumes: _Array) -> Iterator[Bar]:
        # A minute's first price is the last one's close.
        inside = np.lib.stride_tricks.sliding_window_view(prices, _STEPS + 1)[::_STEPS]
        columns = (inside[:, 0], inside.max(axis=1), inside.min(axis=1), inside[:, -1], np.rint(volumes))
        for minute, figures in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            start = session.open + timedelta(minutes=minute)
            yield Bar(self.symbol, BarSize.M1, start, *figures)

    def _shape(self, session: Session) -> tuple[_Array, _Array]:
        """The session's log returns (``_STEPS`` a minute) and volumes (one a minute)."""
        random = self._random(session.day)
        minutes = session.minutes
        busy = _busy(minutes)
        regimes = _regimes(random, minutes)
        minute_vol = self._stock.atm_vol / np.sqrt(_TRADING_DAYS * 390) * np.sqrt(busy)
        drift, vol = (np.array([row[column] for row in _REGIMES])[regimes] for column in (0, 1))
        noise = random.standard_normal((minutes, _STEPS)) * (vol * minute_vol / np.sqrt(_STEPS))[:, None]
        moves = noise + (drift * minute_vol / _STEPS)[:, None]
        mean = self._stock.daily_volume / 390
        surprise = np.abs(moves.sum(axis=1)) / minute_vol
        volumes = mean * busy * (0.6 + 0.5 * surprise) * random.lognormal(0.0, 0.35, minutes)
        return moves.ravel(), volumes

    def _level(self, day: date) -> float:
        """The log of the day's open over the anchor's open."""
        if day < self._recent:
            return self._memory.day(day).level
        if day not in self._levels:
            self._extend_to(day)
        return self._levels[day]

    def _extend_to(self, day: date) -> None:
        if day > self._anchor:
            start = max(self._levels)
            days = [start, *(s.day for s in sessions_between(start + timedelta(days=1), day))]
            for left, right in pairwise(days):
                self._levels[right] = self._levels[left] + self._day_move(left) + self._gap(right)
        else:
            start = min(self._levels)
            days = [start, *(s.day for s in reversed(sessions_between(day, start - timedelta(days=1))))]
            for right, left in pairwise(days):
                self._levels[left] = self._levels[right] - self._gap(right) - self._day_move(left)

    def _day_move(self, day: date) -> float:
        session = session_on(day)
        return 0.0 if session is None else float(self._shape(session)[0].sum())

    def _gap(self, day: date) -> float:
        daily = self._stock.atm_vol / np.sqrt(_TRADING_DAYS)
        return float(self._random(day, "gap").standard_normal() * daily * _GAP)

    def _random(self, day: date, purpose: str = "day") -> np.random.Generator:
        name = f"{self._seed}|{self.symbol}|{day}|{purpose}".encode()
        return np.random.default_rng(int.from_bytes(blake2b(name, digest_size=8).digest(), "big"))


def _busy(minutes: int) -> _Array:
    """A session's U-shape with mean 1: busy at the open, quiet at noon, busy at the close."""
    x = np.linspace(0.0, 1.0, minutes)
    shape = 0.55 + 1.6 * np.exp(-x * 9) + 1.1 * np.exp(-(1 - x) * 11) + 0.35 * (2 * x - 1) ** 2
    return np.asarray(shape / shape.mean())


def _regimes(random: np.random.Generator, minutes: int) -> NDArray[np.int64]:
    """Which regime rules each minute; a change draws any of them, the same one included."""
    changes = random.random(minutes) < _LEAVE
    drawn = random.integers(0, len(_REGIMES), minutes)
    changes[0] = True
    source = np.maximum.accumulate(np.where(changes, np.arange(minutes), 0))
    return np.asarray(drawn[source])


def continue_after(stock: Underlying, last: Session, close: float, seed: int) -> SyntheticTape:
    """A tape that takes over after a recording: the next session opens at the recording's last price."""
    return SyntheticTape(stock, anchor=next_session(last.day).day, seed=seed, price=close, history=0)
