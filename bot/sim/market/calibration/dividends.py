"""When a stock pays dividends, and what they take off the prices before: for the account, tick 456 and adjusted bars.

Rule: a quarter of a year's yield each time, ex on the third Friday of March, June, September and December (SPY's ex-dividend
day), or on the session before where that is a holiday.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from bot.domain.calendar.nyse import FIRST_DAY
from bot.domain.types import Symbol
from bot.sim.market.calibration.rates import dividend_yield
from bot.sim.market.listed_options import monthly_expiry

_MONTHS: Final = (3, 6, 9, 12)


def quarter_of(symbol: Symbol) -> float:
    """One dividend as a part of the price; 0 where none are paid."""
    return dividend_yield(symbol) / 4


def is_ex_day(day: date) -> bool:
    return day in _ex_days(day.year)


def next_ex_day(after: date) -> date:
    return next(day for day in (*_ex_days(after.year), *_ex_days(after.year + 1)) if day > after)


def adjustment(symbol: Symbol, today: date) -> Callable[[date], float]:
    """What is left of a day's prices without the dividends that went ex since, up to and including ``today``."""
    years = range(FIRST_DAY.year, today.year + 1)
    gone = [day for year in years for day in _ex_days(year) if day <= today]
    kept = 1 - quarter_of(symbol)
    return lambda day: kept ** (len(gone) - bisect_right(gone, day))


@lru_cache(maxsize=64)
def _ex_days(year: int) -> tuple[date, ...]:
    return tuple(monthly_expiry(year, month) for month in _MONTHS)
