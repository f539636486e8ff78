"""The three prices of a bracket for an idea, or why no stop can be placed there."""

from __future__ import annotations

from bot.domain.messages import TradeIdea
from bot.domain.pricing import BracketPrices, bracket_around, climb
from bot.domain.terms import StrategyTerms
from bot.risk.denials import Denial, DenialCode, deny


def entry_prices(idea: TradeIdea, terms: StrategyTerms, offset_ticks: int) -> BracketPrices | Denial:
    """Prices for buying at the ask plus ``offset_ticks``."""
    ask, bid, grid = idea.quote.ask, idea.quote.bid, idea.contract.ticks
    if ask is None or bid is None:
        return deny(DenialCode.QUOTE_ONE_SIDED, bid=bid, ask=ask)
    entry = climb(grid, grid.round_up(ask), offset_ticks)
    prices = bracket_around(grid, entry, terms.take_profit_pct, terms.stop_loss_pct)
    if not prices.is_sane:
        tick = grid.increment(entry)
        return deny(DenialCode.PREMIUM_TOO_SMALL, entry=entry, stop=prices.stop, tick=tick)
    if prices.stop >= bid:
        return deny(
            DenialCode.STOP_INSIDE_SPREAD,
            stop=prices.stop,
            bid=bid,
            ask=ask,
            stop_loss_pct=terms.stop_loss_pct,
        )
    return prices
