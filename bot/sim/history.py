"""Historical bars as a client asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.types import ConId


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
