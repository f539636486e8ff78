"""What happens in the simulated market, in the order in which it happens. An event carries its values.

The exchange and the gateway turn these into fills and messages; the market knows of neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from bot.domain.frozen import quickly_made
from bot.domain.market import Bar
from bot.domain.types import ConId
from bot.sim.market.quotes import OptionModel, Ticker


@dataclass(frozen=True, slots=True)
class SessionOpened:
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class SessionClosed:
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Traded:
    """A print of a stock: the tape behind bars, time and sales, and 5-second bars."""

    at: datetime
    con_id: ConId
    price: Decimal
    size: int


@quickly_made
@dataclass(frozen=True, slots=True)
class BarFormed:
    """A stock's 1-min or 60-min bar as it stands. ``is_closed`` comes once per bar, at its end."""

    at: datetime
    con_id: ConId
    bar: Bar
    is_closed: bool


@quickly_made
@dataclass(frozen=True, slots=True)
class BookChanged:
    """A watched contract's market data moved. ``model`` is for options only."""

    at: datetime
    ticker: Ticker
    model: OptionModel | None = None


MarketEvent: TypeAlias = SessionOpened | SessionClosed | Traded | BarFormed | BookChanged
