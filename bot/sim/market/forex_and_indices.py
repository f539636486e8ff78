"""The instruments beside the stocks: currency pairs and two indices. Enough to be quoted, charted and looked up.

Rule: a price is a function of seed and time alone, in a gentle range. An index has a last price and no quotes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import Symbol
from bot.sim.market.catalog import INDEX_SYMBOLS, PAIRS
from bot.sim.market.known_symbols import FOREX
from bot.sim.market.price_source import Tape
from bot.sim.market.quotes import TopOfBook
from bot.sim.market.stock import StockMarket

_PERIODS_S = (86_400 * 9.7, 86_400 * 1.3, 7_919.0, 613.0, 47.0)


@dataclass(frozen=True, slots=True)
class Wander:
    """A slow sum of waves around ``middle``; ``width`` is the whole swing as a fraction."""

    middle: float
    width: float
    seed: int

    def at(self, when: datetime) -> float:
        t = when.timestamp()
        waves = sum(
            math.sin(2 * math.pi * t / period + self.seed * 1.7 + n) / math.sqrt((n + 1) ** 3)
            for n, period in enumerate(_PERIODS_S)
        )
        return self.middle * (1 + self.width * waves / 4)


class IndexMarket:
    """An index that follows a fund: what its options need to know of their underlying."""

    def __init__(self, fund: StockMarket, times: float, follows: Symbol) -> None:
        self._fund, self.follows = fund, follows
        self.times = times
        """Another one after a split of the fund: the index does not move by it."""

    @property
    def tape(self) -> Tape:
        """The fund's own: only how much it moves is asked of it."""
        return self._fund.tape

    @property
    def last_cents(self) -> int | None:
        cents = self._fund.last_cents
        return None if cents is None else round(cents * self.times)

    def cents_ahead(self, minute: int, step: int) -> int | None:
        cents = self._fund.cents_ahead(minute, step)
        return None if cents is None else round(cents * self.times)


class Extras:
    """Quotes of everything in ``catalog.EXTRAS``."""

    def __init__(self, seed: int) -> None:
        self._rates = {
            con_id: Wander(level, 0.02, seed + 101 * n) for n, (_, _, con_id, _, level) in enumerate(FOREX)
        }
        self._volatility = Wander(17.0, 0.25, seed + 1)

    def book(self, contract: Contract, now: datetime, index: float | None) -> TopOfBook:
        """A pair is quoted two steps of its grid wide around the clock; ``index`` is the level of one that follows a fund."""
        rate = self._rates.get(contract.con_id)
        if rate is not None:
            ((_, step),) = PAIRS[contract.con_id].ticks.steps
            bid = round(Decimal(rate.at(now)) / step) * step
            return TopOfBook(bid, bid + 2 * step, 1_000_000, 2_000_000, None)
        level = self.level(contract, now, index)
        return TopOfBook(None, None, 0, 0, None if level is None else Decimal(f"{level:.2f}"))

    def level(self, contract: Contract, when: datetime, index: float | None) -> float | None:
        rate = self._rates.get(contract.con_id)
        if rate is not None:
            return rate.at(when)
        if contract.symbol in INDEX_SYMBOLS:
            return index
        return self._volatility.at(when)

    def prices(self, contract: Contract, start: datetime, span: timedelta) -> list[float]:
        """Five levels over a span: what a bar of EUR.USD or VIX is made of."""
        levels = (self.level(contract, start + span * step / 4, None) for step in range(5))
        return [level for level in levels if level is not None]
