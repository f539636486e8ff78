"""A symbol's bars cut by day, as arrays: what the checks look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from bot.backtest.store.intake.numbers import Floats
from bot.backtest.store.intake.sessions import day_of, place_bars
from bot.backtest.store.kinds import DAY_US, Int64s, stamps
from bot.domain.types import Symbol


@dataclass(frozen=True, slots=True)
class DayBars:
    """One session's bars: ``minute`` since the open (below 0 or from ``session_minutes`` on: outside), in file order."""

    day: date
    session_minutes: int
    minute: Int64s
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def is_inside(self) -> bool:
        return bool(((self.minute >= 0) & (self.minute < self.session_minutes)).all())


@dataclass(frozen=True, slots=True)
class SymbolBars:
    """All bars of one symbol and size."""

    symbol: Symbol
    days: tuple[DayBars, ...]


def cut(symbol: Symbol, table: pa.Table) -> SymbolBars:
    """The table's rows by New York day."""
    us = stamps(table)
    if not len(us):
        return SymbolBars(symbol, ())
    placed = place_bars(us)
    minute = placed.minute(us)
    numbers = us // DAY_US
    columns = {name: table[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    starts = np.flatnonzero(np.r_[True, np.diff(numbers) != 0])
    ends = np.r_[starts[1:], len(us)]
    return SymbolBars(
        symbol,
        tuple(
            DayBars(
                day_of(int(us[a])),
                int(placed.minutes[a]),
                minute[a:b],
                **{name: values[a:b] for name, values in columns.items()},
            )
            for a, b in zip(starts, ends, strict=True)
        ),
    )
