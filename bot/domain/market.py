"""Bars and quotes. Indicator prices are float; prices an order may be made of are Decimal. Unknown is None."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.domain.frozen import quickly_made
from bot.domain.types import ConId, Symbol

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class BarSize(StrEnum):
    """IB's own names of the two sizes the strategies read."""

    M1 = "1 min"
    M60 = "60 mins"


class DataType(StrEnum):
    """IB's market data types 1–4. Only LIVE may carry an entry in live mode."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"
    DELAYED_FROZEN = "delayed_frozen"


@quickly_made
@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar of regular trading hours. ``start`` is aware UTC; the first 60-min bar of a day is 09:30–10:00."""

    symbol: Symbol
    size: BarSize
    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def end(self) -> datetime:
        if self.size is BarSize.M1:
            return self.start + _MINUTE
        return self.start.replace(minute=0, second=0, microsecond=0) + _HOUR


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The top of one contract's book. Sizes are contracts (or shares); ``None`` means the broker has not said.

    ``delta`` and ``implied_vol`` are the broker's model values, ``underlying_price`` the one they belong to.
    """

    con_id: ConId
    symbol: Symbol
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    last: Decimal | None = None
    volume: int | None = None
    open_interest: int | None = None
    delta: float | None = None
    implied_vol: float | None = None
    underlying_price: float | None = None
    data_type: DataType = DataType.LIVE
    is_halted: bool = False
    """The exchange has halted trading in it."""

    @property
    def mid(self) -> Decimal | None:
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> Decimal | None:
        if self.bid is None or self.ask is None:
            return None
        return self.ask - self.bid
