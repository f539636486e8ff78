"""The volatility of an underlying, day by day: what its closes did in thirty sessions, and what its options imply.

Rule: both follow from the world: the tape's closes, and the surface that options are priced on.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import stdev

from bot.domain.market import Bar
from bot.domain.session import new_york_day
from bot.sim.market.market import Market
from bot.sim.market.past.stock_bars import stock_bars
from bot.sim.market.stock import StockMarket

HISTORICAL, IMPLIED = "HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"
VOLATILITIES = frozenset({HISTORICAL, IMPLIED})
_SESSIONS, _YEAR = 30, 252
_BEFORE = timedelta(days=50)
_DAY = timedelta(days=1)
_DIGITS = 6


def volatility_bars(
    market: Market, stock: StockMarket, bars: list[Bar], what: str
) -> Generator[None, None, list[Bar]]:
    """The bars of a price with a day's volatility in their place: from the last session's to this one's."""
    if not bars:
        return []
    first, last = bars[0].start, bars[-1].start + _DAY
    closes = yield from _closes(stock, first - _BEFORE, last)
    told: dict[date, float | None] = {}
    found = []
    for bar in bars:
        day = new_york_day(bar.start)
        if day not in told:
            yield
            realized = realized_volatility([close for known, close in closes.items() if known <= day])
            told[day] = realized if what == HISTORICAL else _implied(market, stock, day, realized)
        value, before = told[day], list(told.values())[-2:][0]
        if value is not None:
            found.append(_flat(bar, before or value, value))
    return found


def _closes(stock: StockMarket, start: datetime, end: datetime) -> Generator[None, None, dict[date, float]]:
    days = yield from stock_bars(stock, _DAY, start, end)
    return {new_york_day(bar.start): bar.close for bar in days}


def realized_volatility(closes: list[float]) -> float | None:
    """Of the last thirty sessions' closes, a year's; None for fewer than three."""
    moves = [math.log(later / earlier) for earlier, later in pairwise(closes[-_SESSIONS - 1 :])]
    return round(stdev(moves) * math.sqrt(_YEAR), _DIGITS) if len(moves) > 1 else None


def _implied(market: Market, stock: StockMarket, day: date, realized: float | None) -> float | None:
    if realized is None:
        return None
    return round(market.implied_volatility(stock.symbol, day, realized), _DIGITS)


def _flat(bar: Bar, before: float, value: float) -> Bar:
    low, high = sorted((before, value))
    return Bar(bar.symbol, bar.size, bar.start, before, high, low, value, -1.0)
