"""How far nothing can happen: not to the watched strikes, and not to a resting stop or target.

Rule: what is to come is looked up, never acted on. An instant is found at which an order may act; the exchange itself judges
it when it has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from bot.domain.types import Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.matching import would_act
from bot.sim.exchange.orders import OrderView
from bot.sim.market.market import Market

Reaches = Callable[[Symbol], list[tuple[float, float]] | None]
_MINUTE: Final = timedelta(minutes=1)
_SPREAD_USD: Final = 0.10
"""More than half of any stock's spread: a middle is never further from its prints."""


def calm_until(market: Market, now: datetime, to: datetime, reaches: Reaches) -> datetime:
    """The first minute before ``to`` in which the money may leave a watch's reach, or lacks a bar; else ``to``."""
    session = market.session
    if session is None:
        return now
    watched = {symbol: reaches(symbol) for symbol in market.stocks}
    minute = (now - session.open) // _MINUTE
    while (start := session.open + minute * _MINUTE) < to:
        if not all(_is_calm(market, symbol, minute, reach) for symbol, reach in watched.items()):
            return start
        minute += 1
    return to


def _is_calm(market: Market, symbol: Symbol, minute: int, watched: list[tuple[float, float]] | None) -> bool:
    extremes = market.stocks[symbol].range_cents(minute, minute)
    if extremes is None or watched is None:
        return False
    low, high = extremes[0] / 100 - _SPREAD_USD, extremes[1] / 100 + _SPREAD_USD
    return all(centre - far < low and high < centre + far for centre, far in watched)


def first_touch(
    market: Market, orders: Iterable[OrderView], until: datetime, exchange: ExchangeSettings
) -> datetime | None:
    """The first point up to ``until`` at which one of these orders on options may act, or is not known not to."""
    by_contract: dict[int, list[OrderView]] = {}
    for order in orders:
        by_contract.setdefault(order.contract.con_id, []).append(order)
    for at, minute, step in market.points_ahead(until):
        for resting in by_contract.values():
            book = market.book_ahead(resting[0].contract, minute, step)
            if book is None or any(would_act(order, book, exchange) for order in resting):
                return at
    return None
