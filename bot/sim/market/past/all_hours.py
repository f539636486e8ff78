"""A stock's bars with early and late trading in them (``useRTH`` 0): on the clock's grid, the session's own bars among them.

Rule: years for which the tape knows no minutes have their regular hours alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from itertools import groupby

from bot.domain.market import Bar
from bot.domain.session import NEW_YORK, new_york_day, sessions_between
from bot.sim.market.extended.after_hours import AfterHours
from bot.sim.market.extended.hours import TradingDay, trading_day
from bot.sim.market.history import MONTH
from bot.sim.market.past.stock_bars import stock_bars
from bot.sim.market.price_source import sum_bars
from bot.sim.market.stock import StockMarket

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def all_hours_bars(
    stock: StockMarket, after: AfterHours, span: timedelta, start: datetime, end: datetime, *, is_traded: bool
) -> Generator[None, None, list[Bar]]:
    """Bars of any size that began in [start, end), the last one perhaps still forming; ``is_traded`` leaves out minutes
    without a trade, which have a quote all the same."""
    base = _MINUTE if span < _HOUR else _HOUR if span < _DAY else _DAY
    # A day begins at 09:30 in the regular bars, and before its open it is there already.
    bars = yield from stock_bars(stock, base, start, end)
    first = max(new_york_day(start), stock.tape.first_day())
    for session in sessions_between(first, new_york_day(end)):
        yield
        day = trading_day(session.day)
        if day is not None:
            bars += _around(after, day, base, start, end, is_traded=is_traded)
    bars.sort(key=lambda bar: bar.start)
    return _summed(bars, _begin_of(span), keeps_start=span >= _DAY)


def _around(
    after: AfterHours, day: TradingDay, base: timedelta, start: datetime, end: datetime, *, is_traded: bool
) -> list[Bar]:
    found: list[Bar] = []
    for is_early, since, until in (
        (True, day.begin, day.session.open),
        (False, day.session.close, day.end),
    ):
        if since >= end:
            continue
        if base == _DAY and start <= since and until <= end:
            whole = after.whole(day, is_early=is_early)
            found += [] if whole is None else [whole]
            continue
        minutes = [
            bar
            for bar in after.bars(day, is_early=is_early, until=end)
            if bar.start >= start and (bar.volume or not is_traded)
        ]
        found += minutes if base == _MINUTE else _summed(minutes, _begin_of(base), keeps_start=base == _DAY)
    return found


def _summed(bars: list[Bar], begin: Callable[[Bar], datetime], *, keeps_start: bool) -> list[Bar]:
    return [
        sum_bars(tuple(group), start=None if keeps_start else start)
        for start, group in groupby(bars, key=begin)
    ]


def _begin_of(span: timedelta) -> Callable[[Bar], datetime]:
    def begin(bar: Bar) -> datetime:
        local = bar.start.astimezone(NEW_YORK)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if span == MONTH:
            return midnight.replace(day=1)
        if span > _DAY:
            return midnight - timedelta(days=local.weekday())
        if span == _DAY:
            return midnight
        return bar.start - (bar.start - midnight) % span

    return begin
