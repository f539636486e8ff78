"""One stock's way from a close to the next open: minutes of late trading, and of the next day's early trading.

Rule: both ends are the tape's own. What lies between is a Brownian bridge from the close to the open, so that late and early
trading never contradict the regular sessions; it comes from seed, symbol and the day that it leads to, and from nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bot.domain.market import Bar, BarSize
from bot.domain.session import next_session, previous_session
from bot.sim.market.catalog import Underlying
from bot.sim.market.extended.hours import TradingDay, trading_day
from bot.sim.market.price_source import Tape

_Array = NDArray[np.float64]
_MINUTE = timedelta(minutes=1)
_STEPS = 4
_QUIET = 300
"""What the night without trading counts for, in minutes of early trading."""
_NIGHT_VOL = 0.35
"""A night's volatility as a part of a day's, as the synthetic tape has its gaps."""
_TRADING_DAYS = 252
# Early and late trading are some per cent of US stocks' volume, most of it close to the session.
_EARLY_SHARE, _LATE_SHARE = 0.012, 0.02
_SCATTER = 0.8


@dataclass(frozen=True, slots=True)
class OffHours:
    """Early or late trading: ``_STEPS`` prices and the next minute's first one a minute, and the shares of each."""

    symbol: str
    start: datetime
    inside: _Array
    volumes: _Array

    def minutes(self) -> tuple[Bar, ...]:
        """One bar a minute; one without a trade has no volume."""
        inside = self.inside
        columns = (inside[:, 0], inside.max(axis=1), inside.min(axis=1), inside[:, -1], self.volumes)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return tuple(
            Bar(self.symbol, BarSize.M1, self.start + n * _MINUTE, *row) for n, row in enumerate(rows)
        )

    def whole(self) -> Bar | None:
        """All minutes with a trade as one bar; its size says nothing."""
        traded = self.inside[self.volumes > 0]
        if not len(traded):
            return None
        figures = (traded[0, 0], traded.max(), traded.min(), traded[-1, -1], self.volumes.sum())
        return Bar(self.symbol, BarSize.M60, self.start, *(float(figure) for figure in figures))


class Nights:
    """All nights of one stock."""

    def __init__(self, stock: Underlying, tape: Tape, seed: int) -> None:
        self._stock, self._tape, self._seed = stock, tape, seed
        self._leading_to = lru_cache(maxsize=4)(self._make)

    def stretch(self, day: TradingDay, *, is_early: bool) -> OffHours | None:
        """What lies before a session's open or behind its close; None where the tape knows nothing of the session."""
        if self._tape.ends(day.session.day) is None:
            return None
        following = day.session.day if is_early else next_session(day.session.day).day
        return self._leading_to(following)[is_early]

    def _make(self, following: date) -> tuple[OffHours, OffHours]:
        """Late trading of the session before that day's, and early trading of that day."""
        before, day = trading_day(previous_session(following).day), trading_day(following)
        if before is None or day is None:
            raise LookupError(f"no session on {following}")
        close, opening = self._ends(before, day)
        random = self._random(following)
        late = (before.end - before.session.close) // _MINUTE
        early = (day.session.open - day.begin) // _MINUTE
        log_price = _bridge(random, late, early, math.log(opening / close), self._minute_vol(late + early))
        prices = np.round(close * np.exp(log_price), 2)
        volume, split = self._stock.daily_volume, late * _STEPS + 1
        # Thin at first, and the most just before the open; after the close it dies away.
        late_volumes = _volumes(random, volume * _LATE_SHARE, np.exp(-np.arange(late) / 40))
        early_volumes = _volumes(random, volume * _EARLY_SHARE, np.exp(np.arange(early) / 90))
        return (
            OffHours(self._tape.symbol, before.session.close, _by_minute(prices[:split]), late_volumes),
            OffHours(self._tape.symbol, day.begin, _by_minute(prices[split:]), early_volumes),
        )

    def _ends(self, before: TradingDay, day: TradingDay) -> tuple[float, float]:
        yesterday, today = (self._tape.ends(one.session.day) for one in (before, day))
        close = yesterday[1] if yesterday is not None else self._tape.last_close(day.session.open)
        close = close or (today[0] if today is not None else self._stock.price)
        return close, close if today is None else today[0]

    def _minute_vol(self, minutes: int) -> float:
        daily = self._stock.atm_vol / math.sqrt(_TRADING_DAYS)
        return daily * _NIGHT_VOL / math.sqrt(minutes + _QUIET)

    def _random(self, day: date) -> np.random.Generator:
        name = f"{self._seed}|{self._tape.symbol}|{day}|night".encode()
        return np.random.default_rng(int.from_bytes(blake2b(name, digest_size=8).digest(), "big"))


def _by_minute(prices: _Array) -> _Array:
    # A minute's first price is the last one's close.
    return np.asarray(np.lib.stride_tricks.sliding_window_view(prices, _STEPS + 1)[::_STEPS])


def _bridge(random: np.random.Generator, late: int, early: int, end: float, minute_vol: float) -> _Array:
    """Log prices from 0 to ``end``: ``_STEPS`` a minute and both ends of either stretch."""
    spans = np.concatenate(
        (np.full(late * _STEPS, 1 / _STEPS), [_QUIET], np.full(early * _STEPS, 1 / _STEPS))
    )
    walk = np.concatenate(
        ([0.0], np.cumsum(random.standard_normal(len(spans)) * np.sqrt(spans) * minute_vol))
    )
    passed = np.concatenate(([0.0], np.cumsum(spans))) / spans.sum()
    return np.asarray(walk - passed * walk[-1] + passed * end)


def _volumes(random: np.random.Generator, whole: float, weights: _Array) -> _Array:
    """Shares a minute; a thin stock has none in many."""
    mean = whole * weights / weights.sum()
    scatter = random.lognormal(-(_SCATTER**2) / 2, _SCATTER, len(weights))
    return np.asarray(np.floor(mean * scatter))
