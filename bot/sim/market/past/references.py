"""What a stock stood at before a day's open: what strikes are listed around, and open interest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.domain.market import BarSize
from bot.domain.session import NEW_YORK, next_open, session_on
from bot.domain.types import Symbol
from bot.sim.market.stock import StockMarket


class References:
    """Looked for once a day and symbol."""

    def __init__(self, stocks: Mapping[Symbol, StockMarket]) -> None:
        self._stocks = stocks
        self._known: dict[tuple[Symbol, date], float | None] = {}

    def of(self, symbol: Symbol, day: date) -> float | None:
        """The last price before the open, or the open where nothing is known before; None for neither."""
        key = (symbol, day)
        if key not in self._known:
            self._known[key] = _find(self._stocks[symbol], day)
        return self._known[key]

    def forget(self) -> None:
        """Prices of the past are others from now on."""
        self._known.clear()


def _find(stock: StockMarket, day: date) -> float | None:
    session = session_on(day)
    opening = session.open if session is not None else next_open(_midnight(day))
    lived = [bar for bar in stock.closed[BarSize.M60] if bar.end <= opening]
    if lived:
        # What was lived through is later than what the tape remembers, and gaps are in it.
        return lived[-1].close
    close = stock.tape.last_close(opening)
    if close is not None:
        return close
    minutes = stock.tape.minutes(day)
    return minutes[0].open if minutes else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
