"""Implied volatility by moneyness, term and the time of day, and how time counts for it.

Rule: a few numbers, each measured from a record; ``docs/option-market.md`` sets ours beside the records.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.session import NEW_YORK, Session, new_york_day, session_on

YEAR_S = 365 * 86_400.0
_SHORTEST_YEARS = 60 / YEAR_S
_TERM_YEARS, _MONTH_SHARE = 0.4, 0.186
"""At-the-money volatility goes from the front to the back with 1 - exp(-years / 0.4), of which a month has 0.186: fitted to
SPX on 2011-01-03, 4 days to a year, within 2 %."""
_SESSION_SHARE = 0.8
"""Of a trading day's variance, the part that falls into the session: SPX options on their last day (2021-01-04) show 0.33 to
0.36 a year by the calendar's clock where those of a week show 0.16."""


_LAST_S, _LAST_WEIGHT = 15 * 60.0, 1.6
"""A second of the last quarter of an hour has 2.6 times the variance of one before it: the same options show 0.53 then. Counted
on an option's last day, where it is seen."""


@dataclass(frozen=True, slots=True)
class SurfaceShape:
    """Of a class of underlyings. ``skew`` and ``smile`` are per standard deviation of log-moneyness and per its square.

    ``steeper`` is what a year adds to the skew; ``slope`` what the back lies above the front in a calm market.
    """

    skew: float
    smile: float
    steeper: float
    slope: float


INDEX = SurfaceShape(skew=0.19, smile=0.03, steeper=0.08, slope=0.55)
"""SPX 2011-01-03: 1.23 at -1, 0.84 at +1 standard deviations in four days; 1.30 and 0.73 in a year."""
STOCK = SurfaceShape(skew=0.11, smile=0.015, steeper=-0.06, slope=0.25)
"""GOOG 2015-12-24: 1.11 to 1.15 at -1, 0.85 to 0.93 at +1; AAPL 2014-08-07: 1.10 in nine days, 1.04 in a year."""


@dataclass(frozen=True, slots=True)
class SurfaceSlice:
    """``deviation`` is one standard deviation of log-moneyness until the expiry."""

    at_money: float
    deviation: float
    skew: float
    smile: float

    def vol(self, strike: float, spot: float) -> float:
        """As :meth:`Surface.vol`."""
        x = max(-4.0, min(4.0, math.log(strike / spot) / self.deviation))
        return max(0.4 * self.at_money, self.at_money * (1 - self.skew * x + self.smile * x * x))


@dataclass(frozen=True, slots=True)
class Surface:
    """``atm`` is the 30-day at-the-money volatility a year. ``calm`` is 1 in a quiet market, where the term structure rises,
    0 where it is flat, and below where it falls."""

    atm: float
    shape: SurfaceShape = STOCK
    calm: float = 1.0

    def at_money(self, years: float) -> float:
        rise = 1 - math.exp(-years / _TERM_YEARS) - _MONTH_SHARE
        return self.atm * (1 + self.shape.slope * self.calm * rise)

    def vol(self, strike: float, spot: float, years: float, clock: float = 1.0) -> float:
        """A year's volatility by the calendar's clock; ``clock`` from :func:`clock_factor`."""
        return self.slice(years, clock).vol(strike, spot)

    def slice(self, years: float, clock: float = 1.0) -> SurfaceSlice:
        """All strikes of one expiry at one moment."""
        at_money = self.at_money(years) * clock
        shape, depth = self.shape, math.sqrt(min(years, 1.0))
        skew = shape.skew + shape.steeper * depth
        return SurfaceSlice(at_money, at_money * math.sqrt(max(years, 1e-5)), skew, shape.smile * (1 - depth))


def calmness(realized: float, atm: float) -> float:
    """1 where the market moved 0.6 of what its options imply, as it does on quiet days; 0 at 1.2, -0.6 at most."""
    return max(-0.6, min(1.0, (1.2 - realized / atm) / 0.6))


def years_between(now: datetime, expiry: datetime) -> float:
    """Calendar time to the expiry as a fraction of a year; a minute at least."""
    return max(_SHORTEST_YEARS, (expiry - now).total_seconds() / YEAR_S)


def clock_factor(now: datetime, session: Session | None, expiry: datetime) -> float:
    """By how much volatility by the calendar's clock exceeds that of whole days, in the hours of an expiry's last day.

    What is left of today's session counts as trading time, the days behind it as calendar time.
    """
    if session is None or not session.open <= now < session.close:
        return 1.0
    left_s, whole_s = (session.close - now).total_seconds(), (session.close - session.open).total_seconds()
    days = (expiry.astimezone(NEW_YORK).date() - new_york_day(now)) / timedelta(days=1)
    left = left_s / whole_s if days else _by_trading_time(left_s) / _by_trading_time(whole_s)
    variance_years = days / 365 + _SESSION_SHARE * left / 252
    return math.sqrt(max(1.0, variance_years / years_between(now, expiry)))


def _by_trading_time(left_s: float) -> float:
    return left_s + _LAST_WEIGHT * min(left_s, _LAST_S)


def clock_factor_at(now: datetime, expiry: datetime) -> float:
    """The same where the session is not at hand."""
    return clock_factor(now, session_on(new_york_day(now)), expiry)
