"""How far nothing can happen: not to the watched strikes, and not to a resting stop or target.

Rule: bounds, never prices. An option is worth most and least at the extremes of its underlying, so two quotes from the
market's own formula, with room to spare, bound all between; where a bound comes near an order, nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from bot.domain.contract import Contract
from bot.domain.types import Side, Symbol
from bot.sim.exchange.orders import OrderView
from bot.sim.market.market import Market

Reaches = Callable[[Symbol], list[tuple[float, float]] | None]
_MINUTE: Final = timedelta(minutes=1)
_SPREAD_USD: Final = 0.10
"""More than half of any stock's spread: a middle is never further from its prints."""
_ROOM: Final = 0.01
"""Part of a price, beside a cent, that a bound keeps away from an order."""


def calm_until(market: Market, now: datetime, to: datetime, reaches: Reaches) -> datetime:
    """The first minute before ``to`` in which the money may leave a watch's reach, or lacks a bar; else ``to``."""
    session = market.session
    if session is None:
        return now
    minute = now.replace(second=0, microsecond=0)
    while minute < to:
        if not all(
            _is_calm(market, symbol, (minute - session.open) // _MINUTE, reaches) for symbol in market.stocks
        ):
            return minute
        minute += _MINUTE
    return to


def _is_calm(market: Market, symbol: Symbol, minute: int, reaches: Reaches) -> bool:
    extremes, watched = market.stocks[symbol].range_cents(minute, minute), reaches(symbol)
    if extremes is None or watched is None:
        return False
    low, high = extremes[0] / 100 - _SPREAD_USD, extremes[1] / 100 + _SPREAD_USD
    return all(centre - far < low and high < centre + far for centre, far in watched)


def untouched(market: Market, orders: Iterable[OrderView], start: datetime, end: datetime) -> bool:
    """Whether no order on an option can wake or fill between two full minutes of one session."""
    return all(_is_far(market, order, start, end) for order in orders)


def _is_far(market: Market, order: OrderView, start: datetime, end: datetime) -> bool:
    if order.order.action is not Side.SELL or order.is_triggered or not order.is_active:
        return False
    bounds = bid_bounds(market, order.contract, start, end)
    if bounds is None:
        return False
    low, high = bounds
    stop = order.stop_price
    if stop is not None:
        return low > float(stop) * (1 + _ROOM) + 0.01
    limit = order.order.limit_price
    return limit is not None and high < float(limit) * (1 - _ROOM) - 0.01


def bid_bounds(
    market: Market, contract: Contract, start: datetime, end: datetime
) -> tuple[float, float] | None:
    """Below and above every bid between two full minutes; None where nothing can be said."""
    session, stock = market.session, market.stocks.get(contract.symbol)
    if session is None or stock is None:
        return None
    first, last = (start - session.open) // _MINUTE, (end - session.open) // _MINUTE
    extremes = stock.range_cents(max(0, first), min(last, session.minutes - 1))
    if extremes is None:
        return None
    return market.bid_bounds(contract, extremes, (first, last), (start, end))
