"""The three prices of a bracket, on the contract's tick grid.

Rule: rounding never adds risk. The entry is the most that will be paid; the stop rounds up, towards the entry; the
target rounds down, towards being reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import TickGrid
from bot.domain.messages import TradeIdea
from bot.domain.terms import StrategyTerms
from bot.risk.denials import Denial, DenialCode, deny


@dataclass(frozen=True, slots=True)
class BracketPrices:
    """Per unit of the underlying, as orders carry them: stop < entry_limit < target."""

    entry_limit: Decimal
    target: Decimal
    stop: Decimal


def bracket_prices(idea: TradeIdea, terms: StrategyTerms, offset_ticks: int) -> BracketPrices | Denial:
    """Prices for buying at the ask plus ``offset_ticks``, or why no stop can be placed there."""
    ask, bid, grid = idea.quote.ask, idea.quote.bid, idea.contract.ticks
    if ask is None or bid is None:
        return deny(DenialCode.QUOTE_ONE_SIDED, bid=bid, ask=ask)
    entry = climb(grid, grid.round_up(ask), offset_ticks)
    stop = grid.round_up(entry * (1 - terms.stop_loss_pct))
    target = max(grid.round_down(entry * (1 + terms.take_profit_pct)), climb(grid, entry, 1))
    if not 0 < stop < entry:
        return deny(DenialCode.PREMIUM_TOO_SMALL, entry=entry, stop=stop, tick=grid.increment(entry))
    if stop >= bid:
        return deny(
            DenialCode.STOP_INSIDE_SPREAD, stop=stop, bid=bid, ask=ask, stop_loss_pct=terms.stop_loss_pct
        )
    return BracketPrices(entry, target, stop)


def climb(grid: TickGrid, price: Decimal, ticks: int) -> Decimal:
    """The grid price that many ticks higher."""
    for _ in range(ticks):
        price += grid.increment(price)
    return price
