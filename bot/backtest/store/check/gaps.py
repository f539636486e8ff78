"""What is missing: sessions, minutes, whole hours at a day's edge; and what should not be there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from bot.backtest.store.check.day_bars import DayBars, SymbolBars
from bot.backtest.store.check.findings import DataFinding, DataSeverity, import_again
from bot.backtest.store.kinds import Kind
from bot.domain.session import sessions_between

_FEW_DAYS: Final = 5
_HOUR: Final = 60
_SPARSE: Final = 0.02
"""A liquid stock misses a minute now and then; one in fifty is more than trading explains for the symbols this bot is for."""


def missing_sessions(bars: SymbolBars) -> Iterator[DataFinding]:
    """Sessions between the first day and the last that have no bar at all. Stretches longer than a week are a choice."""
    have = {x.day for x in bars.days}
    gap: list[date] = []
    missing: list[date] = []
    for session in sessions_between(bars.days[0].day, bars.days[-1].day):
        if session.day not in have:
            gap.append(session.day)
            continue
        if 0 < len(gap) <= _FEW_DAYS:
            missing += gap
        gap = []
    if missing:
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.WRONG,
            "no bars on a trading day",
            tuple(missing),
            f"ibkr-bot data fetch {bars.symbol} --from {missing[0]} --to {missing[-1]}",
        )


def shifted_days(bars: SymbolBars) -> Iterator[DataFinding]:
    """A first or last hour that is missing exactly: times an hour off, as where summer time was forgotten."""
    late = [x for x in bars.days if _is_hour_off(x)]
    if late:
        days = tuple(x.day for x in late)
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.WRONG,
            "exactly the first or last hour is missing: looks like a wrong zone or a forgotten summer time",
            days,
            "import the file again with its right --zone (UTC-5h: New York without summer time), and --replace",
        )


def _is_hour_off(x: DayBars) -> bool:
    if x.session_minutes == 0 or len(x.minute) < x.session_minutes // 2:
        return False
    first, last = int(x.minute[0]), x.session_minutes - 1 - int(x.minute[-1])
    return (first >= _HOUR and first % _HOUR == 0 and last == 0) or (
        last >= _HOUR and last % _HOUR == 0 and first == 0
    )


def missing_minutes(bars: SymbolBars) -> Iterator[DataFinding]:
    """Days on which more minutes are missing than trading explains."""
    few = [x for x in bars.days if not _is_hour_off(x) and _missing(x) > max(3, x.session_minutes * _SPARSE)]
    if few:
        worst = max(few, key=_missing)
        days = tuple(x.day for x in few)
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.WRONG,
            f"minutes are missing, at most {_missing(worst)} on {worst.day} (in a row: {_longest(worst)})",
            days,
            f"ibkr-bot data fetch {bars.symbol} --from {days[0]} --to {days[-1]} --replace; "
            "a stock that really trades so seldom is not for this bot",
        )


def _missing(x: DayBars) -> int:
    return x.session_minutes - len(np.unique(x.minute))


def _longest(x: DayBars) -> int:
    return int(np.diff(np.r_[-1, np.unique(x.minute), x.session_minutes]).max() - 1)


def outside_hours(bars: SymbolBars) -> Iterator[DataFinding]:
    """Bars on closed days or beyond the close; on half-days that is 13:00."""
    odd = tuple(x.day for x in bars.days if not x.is_inside)
    if odd:
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.WRONG,
            "bars outside of the session (a closed day, or after 13:00 on a half-day)",
            odd,
            f"{import_again(bars.symbol, odd)}: an import leaves such bars out",
        )


def out_of_order(bars: SymbolBars) -> Iterator[DataFinding]:
    """Two bars of one minute, or bars not in order: a file that was not written by this program."""
    odd = tuple(x.day for x in bars.days if len(x.minute) > 1 and (np.diff(x.minute) <= 0).any())
    if odd:
        yield DataFinding(
            bars.symbol,
            Kind.BARS_1M,
            DataSeverity.WRONG,
            "two bars of one minute, or bars out of order",
            odd,
            import_again(bars.symbol, odd),
        )
