"""Historical bars as messages write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.session import NEW_YORK
from bot.sim.market.history import HistoryBar
from bot.sim.messages.formatting import stamp

_DAY = timedelta(days=1)
EPOCH_FORMAT = 2


def bar_date(bar: HistoryBar, format_date: int, version: int) -> str:
    """A day for bars of a day and more; else a time, or seconds since 1970 for format 2."""
    if bar.span >= _DAY:
        return f"{bar.start.astimezone(NEW_YORK):%Y%m%d}"
    return str(int(bar.start.timestamp())) if format_date == EPOCH_FORMAT else stamp(bar.start, version)


def bar_values(bar: HistoryBar, format_date: int, version: int) -> dict[str, Any]:
    """One bar of historicalData. Volumes are whole: old clients read integers."""
    return {
        "date": bar_date(bar, format_date, version),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": int(bar.volume),
        "average": bar.wap,
        "barCount": bar.count,
    }
