"""From an option's model price to what a screen would show: bid, ask, sizes, volume, open interest.

Rule: everything is a function of the contract, the model and the minute, without state or chance, so that a quote is
the same whoever asks and however often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import TickGrid
from bot.domain.types import ConId
from bot.sim.market.paths import dollars
from bot.sim.market.quotes import TopOfBook

_NO_BID_BELOW = 0.6
"""Cents: below this nobody bids."""
_NO_QUOTE_BELOW = 0.02


@dataclass(frozen=True, slots=True)
class Spread:
    """How wide a class is quoted: ``share`` of the price beside one tick, more for far expiries. ``depth`` scales sizes."""

    share: float
    depth: int
    factor: float = 1.0
    """Everything times this: what if the market were wider?"""

    def cents(self, price_cents: float, years: float) -> float:
        return price_cents * self.share * (1 + 1.5 * math.sqrt(years))


LIQUID = Spread(share=0.008, depth=40)
ORDINARY = Spread(share=0.02, depth=12)


@dataclass(frozen=True, slots=True)
class _CentGrid:
    low: int
    high: int
    edge: int

    def tick(self, cents: float) -> int:
        return self.low if cents < self.edge else self.high


def cent_grid(grid: TickGrid) -> _CentGrid:
    """A tick grid of one or two steps in whole cents."""
    steps = [(int(edge * 100), int(step * 100)) for edge, step in grid.steps]
    return _CentGrid(steps[0][1], steps[-1][1], steps[-1][0])


def width_factor(minute: int, minutes: int) -> float:
    """How much wider than at midday the books of this minute of a session are.

    SPY 2023-08-03: 2.4 % in the first five minutes, 2.2 % in the first half hour, 1.8 % at midday, 3.4 % in the last five.
    """
    if minute >= minutes - 5:
        return 1.95
    if minute < 5:
        return 1.4
    return 1.2 if minute < 30 else 1.0


def top_of_book(
    con_id: ConId, price: float, years: float, grid: _CentGrid, spread: Spread, minute: int
) -> TopOfBook:
    """The book around a model price (USD per unit). Worthless options have no bid, hopeless ones no quote at all."""
    cents = price * 100
    noise = (con_id * 2_654_435_761 + minute * 40_503) >> 5
    if cents < _NO_QUOTE_BELOW:
        return TopOfBook(None, None, 0, 0, None)
    half = spread.factor * (grid.tick(cents) + spread.cents(cents, years)) / 2
    low_tick, high_tick = grid.tick(cents - half), grid.tick(cents + half)
    bid = math.floor((cents - half) / low_tick + 0.35) * low_tick
    ask = math.ceil((cents + half) / high_tick - 0.35) * high_tick
    bid_size, ask_size = 1 + noise % (2 * spread.depth), 1 + (noise >> 9) % (2 * spread.depth)
    if cents < _NO_BID_BELOW or bid <= 0:
        return TopOfBook(None, dollars(max(ask, low_tick)), 0, ask_size, None)
    ask = max(ask, bid + grid.tick(bid))
    last = bid if noise & 64 else ask
    return TopOfBook(dollars(bid), dollars(ask), bid_size, ask_size, dollars(last), 1 + noise % 5)


def widened(
    bid: Decimal | None, ask: Decimal | None, factor: float, grid: _CentGrid
) -> tuple[Decimal | None, Decimal | None]:
    """A recorded book with its spread times ``factor`` around its middle, on the grid; as it is for 1 or a single side."""
    if factor == 1 or bid is None or ask is None or bid >= ask:
        return bid, ask
    middle, half = float(bid + ask) * 50, factor * float(ask - bid) * 50
    low, high = grid.tick(middle - half), grid.tick(middle + half)
    new_bid = math.floor((middle - half) / low + 0.5) * low
    new_ask = max(math.ceil((middle + half) / high - 0.5) * high, new_bid + low)
    return (dollars(new_bid) if new_bid > 0 else None), dollars(new_ask)


def day_volume(con_id: ConId, moneyness: float, years: float, spread: Spread) -> int:
    """Contracts a whole session trades; ``moneyness`` is log(strike/spot) in standard deviations."""
    near = math.exp(-moneyness * moneyness / 2) / (1 + 6 * years)
    return int(near * spread.depth * (60 + con_id % 90))


def open_interest(con_id: ConId, strike: Decimal, reference: float, spread: Spread) -> int:
    """Contracts outstanding in the morning: most around the reference price, more at round strikes."""
    distance = math.log(float(strike) / reference) / 0.06
    roundness = 3 if strike % 5 == 0 else 1
    return int(math.exp(-distance * distance / 2) * spread.depth * roundness * (20 + con_id % 40))
