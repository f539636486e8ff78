"""What a made-up symbol did in the years before its market begins: levels and daily bars, quick to make for any day.

Rule: a day's numbers come from seed, symbol and date; only its level hangs on the days after it. The level keeps within
a band around a steady growth (an Ornstein-Uhlenbeck process around the trend), so that twenty years of chance do not
end at a price no such stock could have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from bot.domain.calendar.nyse import FIRST_DAY
from bot.domain.market import Bar, BarSize
from bot.domain.session import Session, sessions_between
from bot.domain.types import Symbol

_TRADING_DAYS = 252
_GROWTH = 0.07
"""A year: about what US stocks gave in the last century, dividends left out."""
_PULL = 1 / 500
"""The part of its distance from the trend that a level loses in a session: it forgets in about two years."""
_GAP_SHARE = 0.35
"""The overnight part of a session's volatility, as in ``synthetic``."""
_RANGE = 0.45
"""How far a day reaches beyond its open and close, as a multiple of its volatility (half a normal's)."""
SESSIONS = 20 * _TRADING_DAYS


@lru_cache(maxsize=64)
def oldest_session(anchor: date, sessions: int) -> date:
    """The session ``sessions`` before ``anchor``, or the calendar's first."""
    days = sessions_between(max(FIRST_DAY, anchor - timedelta(days=sessions * 3 // 2 + 10)), anchor)
    return days[max(0, len(days) - 1 - sessions)].day


@dataclass(frozen=True, slots=True)
class OldDay:
    """``level``: the log of the open over the anchor's open. ``move`` from open to close and ``gap`` before it, in logs."""

    level: float
    move: float


class LongMemory:
    """Days before ``until``, whose open has the log level ``level``. ``random(day, purpose)`` draws for that day alone."""

    def __init__(
        self,
        symbol: Symbol,
        until: date,
        level: float,
        *,
        first: date,
        vol: float,
        random: Callable[[date, str], np.random.Generator],
    ) -> None:
        self._symbol, self._until, self._level, self.first = symbol, until, level, first
        self._daily_vol = vol / math.sqrt(_TRADING_DAYS)
        self._random = random
        self._days: dict[date, OldDay] = {}
        self._left = self._backwards()

    def day(self, day: date) -> OldDay:
        """LookupError for a day that is no session between ``first`` and ``until``."""
        while day not in self._days:
            made = next(self._left, None)
            if made is None:
                raise LookupError(f"{self._symbol}: no session on {day}")
            self._days[made[0]] = made[1]
        return self._days[day]

    def _backwards(self) -> Iterator[tuple[date, OldDay]]:
        away, opening = 0.0, self._level
        for n, session in enumerate(
            reversed(sessions_between(self.first, self._until - timedelta(days=1))), start=1
        ):
            shock, overnight = self._random(session.day, "old").standard_normal(2)
            away = away * (1 - _PULL) + shock * self._daily_vol
            level = self._level + away - _GROWTH * n / _TRADING_DAYS
            gap = overnight * self._daily_vol * _GAP_SHARE
            yield session.day, OldDay(level, opening - level - gap)
            opening = level

    def bar(self, session: Session, price: float, mean_volume: float) -> Bar:
        """The daily bar, for days whose minutes nobody can ask for. ``price`` is the anchor's open."""
        old, random = self.day(session.day), self._random(session.day, "old bar")
        up, down = np.abs(random.standard_normal(2)) * self._daily_vol * _RANGE
        opening, close = price * math.exp(old.level), price * math.exp(old.level + old.move)
        busy = random.lognormal(0.0, 0.3) * (0.7 + 0.4 * abs(old.move) / self._daily_vol)
        high, low = max(opening, close) * math.exp(up), min(opening, close) * math.exp(-down)
        open_, high, low, close = (round(x, 2) for x in (opening, high, low, close))
        volume = float(round(mean_volume * busy))
        return Bar(self._symbol, BarSize.M60, session.open, open_, high, low, close, volume)
