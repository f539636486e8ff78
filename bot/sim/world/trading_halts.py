"""Trading halts of single symbols, and the price bands that bring them about.

Rule: while a symbol is halted, nothing trades and no stop is triggered in it or in its options; orders are taken and wait.

The bands are those of the Limit Up-Limit Down Plan (luldplan.com) for stocks of tier 1 above 3 dollars: 5 % around the mean
price of the last five minutes, twice as wide in the last 25 minutes; a price that stays at or beyond a band for 15 seconds
pauses trading for five minutes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from bot.domain.contract import Contract
from bot.domain.types import Symbol

WINDOW = timedelta(minutes=5)
LIMIT_STATE = timedelta(seconds=15)
PAUSE = timedelta(minutes=5)
WIDE_BEFORE_CLOSE = timedelta(minutes=25)
PERCENT = 5.0


class HaltKind(Enum):
    """By the value of tick 49 (IBKR Campus, "Available Tick Types"): 1 a general halt, 2 a volatility halt."""

    GENERAL = 1
    VOLATILITY = 2


class TradingHalts:
    """Which symbols are halted, and why."""

    def __init__(self) -> None:
        self._halted: dict[Symbol, HaltKind] = {}

    def halt(self, symbol: Symbol, kind: HaltKind = HaltKind.GENERAL) -> None:
        self._halted[symbol] = kind

    def resume(self, symbol: Symbol) -> None:
        self._halted.pop(symbol, None)

    def clear(self) -> None:
        self._halted.clear()

    @property
    def are_any(self) -> bool:
        return bool(self._halted)

    def kind_of(self, contract: Contract) -> HaltKind | None:
        """Why nothing trades in it; None where it trades."""
        return self._halted.get(contract.symbol) if self._halted else None


@dataclass
class PriceBands:
    """One stock's bands, and how long its price has been beyond them."""

    percent: float = PERCENT
    _prices: deque[tuple[datetime, float]] = field(default_factory=deque)
    _beyond_since: datetime | None = None

    def around(self, now: datetime, close: datetime) -> tuple[float, float] | None:
        """The lower and the upper band; None before the first price."""
        while self._prices and now - self._prices[0][0] > WINDOW:
            self._prices.popleft()
        if not self._prices:
            return None
        mean = sum(price for _, price in self._prices) / len(self._prices)
        wide = 2.0 if close - now <= WIDE_BEFORE_CLOSE else 1.0
        span = mean * self.percent / 100 * wide
        return mean - span, mean + span

    def breaks(self, price: float, now: datetime, close: datetime) -> bool:
        """Whether this price ends the limit state in a pause; then the next prices make new bands."""
        bands = self.around(now, close)
        if bands is None or bands[0] < price < bands[1]:
            self._prices.append((now, price))
            self._beyond_since = None
            return False
        # What is beyond a band is no eligible trade: the reference stays where it was.
        self._beyond_since = self._beyond_since or now
        if now - self._beyond_since < LIMIT_STATE:
            return False
        self._prices.clear()
        self._beyond_since = None
        return True
