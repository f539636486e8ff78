"""The past as the gateway shows it: the world's bars, and what lies inside a minute.

Rule: a minute's inside is the same path that the live market walks (``paths``), so that small bars and historical ticks
agree with what was streamed. A minute in progress has no known inside and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Final

from bot.domain.market import Bar, BarSize
from bot.domain.types import ConId, SecType
from bot.sim.market.history import SMALL_SPANS, SPANS, HistoryBar, HistoryError, HistoryQuery, whole
from bot.sim.market.paths import minute_points, shares
from bot.sim.market.quotes import TopOfBook

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore

_MINUTE: Final = timedelta(minutes=1)
_LONGEST_S: Final = {
    "1 secs": 2_000,
    "5 secs": 7_200,
    "10 secs": 14_400,
    "15 secs": 14_400,
    "30 secs": 28_800,
}
"""IB, "Historical data limitations": the longest duration by bar size."""
_DURATION: Final = re.compile(r"(\d{1,9}) ([SDWMY])", re.ASCII)
_UNIT_S: Final = {"S": 1, "D": 86_400, "W": 7 * 86_400, "M": 31 * 86_400, "Y": 366 * 86_400}
_SESSION_SHARE: Final = 6.5 / 24 * 5 / 7
"""Of all hours, those in which stocks trade."""


@dataclass(frozen=True, slots=True)
class Print:
    """One price inside a past minute."""

    at: datetime
    price: float
    size: int


def read_prints(core: GatewayCore, query: HistoryQuery) -> list[HistoryBar]:
    """Bars of any size that IB has. Errors: HistoryError."""
    return whole(read_in_slices(core, query))


def read_in_slices(core: GatewayCore, query: HistoryQuery) -> Generator[None, None, list[HistoryBar]]:
    """The same, yielding whenever it may be interrupted. Raises HistoryError."""
    span = SMALL_SPANS.get(query.bar_size)
    if span is None:
        _reject_too_many(core, query)
        return (yield from _world_bars(core, query))
    if _seconds(query.duration) > _LONGEST_S[query.bar_size]:
        raise HistoryError(162, "Historical Market Data Service error message:Time length exceed max.")
    end = min(query.end or core.now, core.now)
    begin = end - timedelta(seconds=_seconds(query.duration))
    # A minute more, for the bars of the minute in which the request's time begins.
    wide = replace(query, bar_size="1 min", duration=f"{_seconds(query.duration) + 60} S")
    minutes = yield from _world_bars(core, wide)
    points = core.world.exchange_settings.points_per_minute
    done = list(prints(minutes, points, core.now))
    if end == core.now:
        done += [Print(*one) for one in core.world.prints_of_the_minute(query.con_id)]
    return [bar for bar in small_bars(done, span, end) if bar.start >= begin]


def _reject_too_many(core: GatewayCore, query: HistoryQuery) -> None:
    """IB refuses more bars than it cares to send; how many that are it does not say."""
    match = _DURATION.fullmatch(query.duration)
    span = SPANS.get(query.bar_size)
    contract = core.world.contract(query.con_id)
    if match is None or span is None or contract is None:
        return
    trading = 1.0 if contract.sec_type is SecType.FOREX or match[2] == "S" else _SESSION_SHARE
    if int(match[1]) * _UNIT_S[match[2]] * trading / span.total_seconds() > core.settings.bars_in_an_answer:
        raise HistoryError(162, "Historical Market Data Service error message:Time length exceed max.")


def _world_bars(core: GatewayCore, query: HistoryQuery) -> Generator[None, None, list[HistoryBar]]:
    try:
        return (yield from core.world.history_in_slices(query))
    except HistoryError:
        raise
    except (LookupError, OverflowError) as error:
        # The calendar or the clock does not reach that far.
        text = "Historical Market Data Service error message:HMDS query returned no data"
        raise HistoryError(162, text) from error


def quote_at(core: GatewayCore, con_id: ConId, at: datetime) -> TopOfBook | None:
    """The book as the minute bars before ``at`` have it: what frozen and delayed data show; None where nothing is known."""
    closes: dict[str, Decimal | None] = {}
    for what in ("BID", "ASK", "TRADES"):
        last = _last_minute(core, con_id, at, what)
        closes[what] = None if last is None else Decimal(str(round(last.close, 5)))
    if closes["BID"] is None or closes["ASK"] is None:
        return None
    return TopOfBook(closes["BID"], closes["ASK"], 1, 1, closes["TRADES"])


def _last_minute(core: GatewayCore, con_id: ConId, at: datetime, what: str) -> HistoryBar | None:
    """A day of an option's minutes is priced one by one: within a session the last few hold it, too."""
    for duration in ("300 S", "1 D"):
        try:
            return whole(_world_bars(core, HistoryQuery(con_id, at, duration, "1 min", what)))[-1]
        except HistoryError:
            continue
    return None


def _seconds(duration: str) -> int:
    """The seconds of a duration that is given in them; any other unit is longer than small bars may be."""
    number, _, unit = duration.partition(" ")
    return int(number) if unit == "S" and number.isdecimal() and len(number) < 7 else 86_400


def prints(bars: list[HistoryBar], points: int, now: datetime) -> Iterator[Print]:
    """The prices inside closed minute bars, in order."""
    for bar in bars:
        if bar.start + _MINUTE > now:
            return
        inside = minute_points(
            Bar("", BarSize.M1, bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume), points
        )
        for step, cents in enumerate(inside):
            size = shares(max(0.0, bar.volume), points, step)
            yield Print(bar.start + _MINUTE * step / points, cents / 100, size)


def small_bars(done: list[Print], span: timedelta, end: datetime) -> list[HistoryBar]:
    """Bars of less than a minute up to ``end``; one without a print repeats the last price with no volume."""
    bars: list[HistoryBar] = []
    for minute, inside in groupby(done, key=lambda p: _minute_of(p.at)):
        slots = {
            slot: list(group)
            for slot, group in groupby(inside, key=lambda p: (p.at - _minute_of(p.at)) // span)
        }
        for slot in range(_MINUTE // span):
            start = minute + slot * span
            if slot in slots:
                bars.append(_sum(start, span, slots[slot]))
            elif bars and start < end:
                bars.append(_flat(start, span, bars[-1].close))
    return bars


def _minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _sum(start: datetime, span: timedelta, inside: list[Print]) -> HistoryBar:
    prices = [p.price for p in inside]
    volume = sum(p.size for p in inside)
    wap = sum(p.price * p.size for p in inside) / volume if volume else prices[-1]
    return HistoryBar(
        start,
        span,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        float(volume),
        round(wap, 6),
        len(inside),
    )


def _flat(start: datetime, span: timedelta, price: float) -> HistoryBar:
    return HistoryBar(start, span, price, price, price, price, 0.0, price, 0)
