"""The simulator's view of a market at one instant: a book, a ticker, an option model. Values only.

Rule: unknown is None. What IB sends for "none" (-1, 0, nothing at all) is the gateway's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.frozen import quickly_made
from bot.domain.types import ConId


@quickly_made
@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The best bid and offer. Prices in USD per unit, sizes in contracts or shares; a side nobody quotes is None."""

    bid: Decimal | None
    ask: Decimal | None
    bid_size: int
    ask_size: int
    last: Decimal | None
    last_size: int = 0

    @property
    def mid(self) -> Decimal | None:
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


EMPTY_BOOK = TopOfBook(None, None, 0, 0, None)


@quickly_made
@dataclass(frozen=True, slots=True)
class Ticker:
    """All a market data line shows. ``close`` is the previous session's; ``volume`` is the session's so far."""

    con_id: ConId
    at: datetime
    book: TopOfBook
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    volume: int | None = None
    open_interest: int | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class OptionModel:
    """Model values of one option: ``price`` USD per unit, ``implied_vol`` a year as a fraction, ``theta`` a calendar day,
    ``vega`` per vol point, ``delta`` and ``gamma`` per dollar of the underlying."""

    implied_vol: float
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    underlying_price: float
