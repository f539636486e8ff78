"""A stock's bars of any size, out of the tape and out of what its market has lived through.

Rule: bars larger than a minute are sums of minutes where minutes exist, else the tape's hours; a day's first hour bar is 09:30 to
10:00. Long answers are made day by day.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from bot.domain.market import Bar, BarSize
from bot.domain.session import NEW_YORK, Session, new_york_day, session_on, sessions_between
from bot.sim.market.history import MONTH
from bot.sim.market.price_source import sum_bars
from bot.sim.market.recorded.bars import to_hours
from bot.sim.market.stock import StockMarket

_HOUR, _DAY, _MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def stock_bars(
    stock: StockMarket, span: timedelta, start: datetime, end: datetime
) -> Generator[None, None, list[Bar]]:
    """A stock's bars of any size that began in [start, end), the last one perhaps still forming."""
    if span > _DAY:
        return _sum_days(_days(stock, start, end), span)
    if span == _DAY:
        return _days(stock, start, end)
    if span >= _HOUR:
        hours = [bar for bar in _hours(stock, start, end) if start <= bar.start < end]
        return hours if span == _HOUR else _sum_hours(hours, span)
    found: list[Bar] = []
    for minutes in _minutes_by_day(stock, start, end):
        found += minutes if span == _MINUTE else _sum_minutes(minutes, span)
        yield
    return found


def _sum_days(days: Iterable[Bar], span: timedelta) -> list[Bar]:
    """Weeks or months, each beginning with its first session."""

    def part(bar: Bar) -> tuple[int, int]:
        day = new_york_day(bar.start)
        return (day.year, day.month) if span == MONTH else day.isocalendar()[:2]

    return [sum_bars(tuple(group)) for _, group in groupby(days, key=part)]


def _sum_hours(hours: Iterable[Bar], span: timedelta) -> list[Bar]:
    """Bars of several hours on midnight's grid; a day's first one begins with the session."""

    def part(bar: Bar) -> tuple[date, int]:
        local = bar.start.astimezone(NEW_YORK)
        return local.date(), timedelta(hours=local.hour) // span

    return [sum_bars(tuple(group)) for _, group in groupby(hours, key=part)]


def _minutes(stock: StockMarket, start: datetime, end: datetime) -> list[Bar]:
    return [bar for day in _minutes_by_day(stock, start, end) for bar in day]


def _minutes_by_day(stock: StockMarket, start: datetime, end: datetime) -> Iterator[list[Bar]]:
    """The minutes that began in [start, end), day by day, what was lived through behind what the tape remembers."""
    lived = stock.closed[BarSize.M1]
    forming = stock.forming(BarSize.M1)
    now = [*lived, *([forming] if forming is not None else [])]
    first = now[0].start if now else end
    days = sessions_between(max(new_york_day(start), stock.tape.first_day()), new_york_day(min(first, end)))
    found: dict[date, list[Bar]] = {}
    for day in days:
        old = [bar for bar in stock.tape.minutes(day.day) if start <= bar.start < first and bar.end <= end]
        if now and new_york_day(first) == day.day:
            found[day.day] = old
        elif old:
            yield old
    for bar in now:
        if start <= bar.start < end:
            found.setdefault(new_york_day(bar.start), []).append(bar)
    yield from (bars for bars in found.values() if bars)


def _lived_from(stock: StockMarket) -> Session | None:
    """The first session with minutes that this market has lived through: from there on they are the truth."""
    forming = stock.forming(BarSize.M1)
    lived = [*stock.closed[BarSize.M1][:1], *([forming] if forming is not None else [])]
    return session_on(new_york_day(lived[0].start)) if lived else None


def _hours(stock: StockMarket, start: datetime, end: datetime) -> list[Bar]:
    """Hours of the days from ``start``'s on that began before ``end``."""
    lived = _lived_from(stock)
    old = stock.tape.hours(end, new_york_day(start))
    if lived is None:
        return list(old)
    return [*(bar for bar in old if bar.start < lived.open), *to_hours(_minutes(stock, lived.open, end))]


def _days(stock: StockMarket, start: datetime, end: datetime) -> list[Bar]:
    """Days that began in [start, end), the last one perhaps still forming."""
    lived = _lived_from(stock)
    since = end if lived is None else lived.open
    old = [bar for bar in stock.tape.days(new_york_day(start), min(since, end)) if bar.start >= start]
    first = old[-1].start + _HOUR if old else start
    rest = [bar for bar in _hours(stock, max(start, first), end) if bar.start >= first]
    days = groupby(rest, key=lambda bar: new_york_day(bar.start))
    return old + [
        sum_bars(tuple(group)) for day, group in days if not old or day > new_york_day(old[-1].start)
    ]


def _sum_minutes(minutes: Iterable[Bar], span: timedelta) -> list[Bar]:
    def begin(bar: Bar) -> datetime:
        day = new_york_day(bar.start)
        midnight = datetime.combine(day, datetime.min.time(), NEW_YORK)
        start, session = bar.start - (bar.start - midnight) % span, session_on(day)
        # A grid that does not meet 09:30 has a short first bar there: of 20 mins, 09:30 to 09:40.
        return start if session is None or start >= session.open or bar.start < session.open else session.open

    return [sum_bars(tuple(group), start=start) for start, group in groupby(minutes, key=begin)]
