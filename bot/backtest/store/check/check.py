"""All checks over one symbol, or over everything there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import Final

import numpy as np

from bot.backtest.store.check import gaps, prices
from bot.backtest.store.check.day_bars import SymbolBars, cut
from bot.backtest.store.check.findings import DataFinding, DataSeverity
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Store
from bot.domain.session import CalendarRangeError, previous_session
from bot.domain.text import counted
from bot.domain.types import Symbol

_EVER: Final = (date(1990, 1, 1), date(2100, 1, 1))
_CHECKS: Final[tuple[Callable[[SymbolBars], Iterator[DataFinding]], ...]] = (
    gaps.outside_hours,
    gaps.out_of_order,
    gaps.missing_sessions,
    gaps.shifted_days,
    gaps.missing_minutes,
    prices.impossible,
    prices.spikes,
    prices.splits,
    prices.without_volume,
)


def check(store: Store, symbol: Symbol) -> Iterator[DataFinding]:
    """What is wrong with the symbol's data, or to be known of it."""
    bars = cut(symbol, store.table(Kind.BARS_1M, symbol, *_EVER))
    if bars.days:
        for one in _CHECKS:
            yield from one(bars)
        yield from _history(store, symbol, bars)
    for kind in (Kind.QUOTES_1M, Kind.OPTIONS_1M):
        yield from _books(store, kind, symbol)


def _history(store: Store, symbol: Symbol, bars: SymbolBars) -> Iterator[DataFinding]:
    """The hourly strategy needs 20 sessions before the first day that is traded."""
    hours = [day for day in store.days(Kind.BARS_60M, symbol) if day < bars.days[0].day]
    if len(hours) < 20 and len(bars.days) > 1:
        first, last = _sessions_before(bars.days[0].day)
        yield DataFinding(
            symbol,
            Kind.BARS_60M,
            DataSeverity.NOTE,
            f"{counted(len(hours), 'session')} of hours before the first minute; the whale strategy reads 20 sessions back",
            (bars.days[0].day,),
            f"ibkr-bot data fetch {symbol} --size 60m --from {first} --to {last}, or let a backtest begin 20 sessions later",
        )


def _sessions_before(day: date) -> tuple[date, date]:
    """The first and the last of the 20 before it, as far as the calendar goes back."""
    last = first = previous_session(day).day
    with suppress(CalendarRangeError):
        for _ in range(19):
            first = previous_session(first).day
    return first, last


def _books(store: Store, kind: Kind, symbol: Symbol) -> Iterator[DataFinding]:
    crossed: list[date] = []
    empty: list[date] = []
    for day in store.days(kind, symbol):
        table = store.table(kind, symbol, day, day)
        bid, ask = table["bid"].to_numpy(), table["ask"].to_numpy()
        if (bid > ask).any():
            crossed.append(day)
        if np.isnan(bid).all() or np.isnan(ask).all():
            empty.append(day)
    if crossed:
        yield DataFinding(
            symbol, kind, DataSeverity.NOTE, "crossed quotes (a bid above its ask)", tuple(crossed),
            "a few are the source's own; many mean a bad source, so import the days from another",
        )  # fmt: skip
    if empty:
        yield DataFinding(
            symbol, kind, DataSeverity.WRONG, "a side that was never quoted all day", tuple(empty),
            "import the day again from another source: nothing can be filled against it",
        )  # fmt: skip
