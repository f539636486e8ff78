"""Stored rows as the bars and quotes that the simulator plays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa

from bot.backtest.store.intake.sessions import place_bars
from bot.backtest.store.kinds import MINUTE_US, stamps
from bot.domain.market import Bar, BarSize
from bot.domain.types import Symbol
from bot.sim.market.recorded.bars import StockQuote

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PRICES: Final = ("open", "high", "low", "close", "volume")
_HOUR_US: Final = 60 * MINUTE_US


def instant(us: int) -> datetime:
    """Microseconds since 1970 as an aware time."""
    return _EPOCH + timedelta(microseconds=us)


def as_bars(symbol: Symbol, size: BarSize, table: pa.Table) -> tuple[Bar, ...]:
    """The rows as bars, in the table's order."""
    columns = [table[name].to_pylist() for name in _PRICES]
    starts = (instant(us) for us in stamps(table).tolist())
    return tuple(Bar(symbol, size, *row) for row in zip(starts, *columns, strict=True))


def as_quotes(table: pa.Table) -> tuple[StockQuote, ...]:
    """The rows as quotes; one without both sides is none."""
    found = zip(
        stamps(table).tolist(),
        *(table[n].to_pylist() for n in ("bid", "bid_size", "ask", "ask_size")),
        strict=True,
    )
    return tuple(
        StockQuote(instant(us), _cents(bid), bid_size or 0, _cents(ask), ask_size or 0)
        for us, bid, bid_size, ask, ask_size in found
        if bid == bid and ask == ask and ask > 0  # NaN alone differs from itself
    )


def _cents(price: float) -> Decimal:
    return Decimal(round(price * 100)).scaleb(-2)


def summed_hours(symbol: Symbol, minutes: pa.Table) -> tuple[Bar, ...]:
    """Minutes summed into IB's hours: 09:30–10:00, then full hours, the last one as far as it goes."""
    us = stamps(minutes)
    if not len(us):
        return ()
    hours = us // _HOUR_US
    first = np.flatnonzero(np.r_[True, np.diff(hours) != 0])
    opens = place_bars(us[first]).opens
    starts = np.maximum(hours[first] * _HOUR_US, opens)
    last = np.r_[first[1:], len(us)] - 1
    o, h, low, c, v = (minutes[name].to_numpy() for name in _PRICES)
    columns = (
        o[first],
        np.maximum.reduceat(h, first),
        np.minimum.reduceat(low, first),
        c[last],
        np.add.reduceat(v, first),
    )
    rows = zip(starts.tolist(), *(column.tolist() for column in columns), strict=True)
    return tuple(Bar(symbol, BarSize.M60, instant(at), *figures) for at, *figures in rows)
