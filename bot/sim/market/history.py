"""Historical bars as a client asks for them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.domain.frozen import quickly_made
from bot.domain.types import ConId

T = TypeVar("T")
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK, MONTH = 7 * _DAY, 30 * _DAY
SMALL_SPANS: Final = {f"{n} secs": timedelta(seconds=n) for n in (1, 5, 10, 15, 30)}
"""Bars of less than a minute, by IB's text."""
SPANS: Final = {
    "1 min": _MINUTE,
    **{f"{n} mins": n * _MINUTE for n in (2, 3, 5, 10, 15, 20, 30)},
    "60 mins": _HOUR,
    "1 hour": _HOUR,
    **{f"{n} hours": n * _HOUR for n in (2, 3, 4, 8)},
    "1 day": _DAY,
    "1 week": WEEK,
    "1W": WEEK,
    "1 month": MONTH,
    "1M": MONTH,
}
"""All larger ones; a month is about that long."""
WHAT_TO_SHOW: Final = frozenset({"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST"})
"""What a bar can show here."""
UNKNOWN_WHAT_TO_SHOW: Final = frozenset(
    {
        *("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE", "REBATE_RATE", "AGGTRADES"),
        *("YIELD_ASK", "YIELD_BID", "YIELD_BID_ASK", "YIELD_LAST"),
    }
)
"""What IB has besides and nobody knows here: asking for it is no mistake, and finds nothing."""
_LEGAL_SIZES: Final = (
    "1 secs, 5 secs, 10 secs, 15 secs, 30 secs, 1 min, 2 mins, 3 mins, 5 mins, 10 mins, 15 mins, 20 mins, 30 mins, "
    "1 hour, 2 hours, 3 hours, 4 hours, 8 hours, 1 day, 1W, 1M"
)
INVALID_SIZE: Final = (
    "Error validating request.-'bB' : cause - Historical data bar size setting is invalid. "
    f"Legal ones are: {_LEGAL_SIZES}"
)
# Users' tickets and client code quote both refusals (ib_insync #504, rust-ibapi #180).
MULTI_DAY_ADJUSTED: Final = (
    "Error validating request.-'bB' : cause - Multi day bar size not supported with adjusted last"
)


class HistoryError(LookupError):
    """A request that IB answers with an error: 162 (no data), 200 (unknown contract), 321 (invalid)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """``end`` None means now. ``bar_size`` is IB's text (``1 min``); ``what`` TRADES, MIDPOINT, BID, ASK or BID_ASK.

    ``duration`` is IB's text (``2 D``, ``1800 S``, ``1 M``): days count sessions, as IB counts them.
    """

    con_id: ConId
    end: datetime | None
    duration: str
    bar_size: str
    what: str = "TRADES"
    use_rth: bool = True


@quickly_made
@dataclass(frozen=True, slots=True)
class HistoryBar:
    """One bar, ``start`` in aware UTC; the last one may still be forming. ``volume`` is -1 where there is none."""

    start: datetime
    span: timedelta
    open: float
    high: float
    low: float
    close: float
    volume: float
    wap: float
    count: int


def whole(work: Generator[None, None, T]) -> T:
    """Everything at once: what the work returns."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
