"""How far nothing can happen: not to the watched strikes, and not to a resting stop or target.

Rule: what is to come is looked up, never acted on. An instant is found at which an order may act; the exchange itself judges
it when it has come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.domain.types import Side, Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.matching import would_act
from bot.sim.exchange.orders import OrderView
from bot.sim.market.market import Market
from bot.sim.market.stock import StockMarket

Reaches = Callable[[Symbol], list[tuple[float, float]] | None]
_MINUTE: Final = timedelta(minutes=1)
_TICK: Final = timedelta(microseconds=1)
_SPREAD_USD: Final = 0.10
"""More than half of any stock's spread: a middle is never further from its prints."""
_SLACK_TICKS: Final = 2
_ZERO: Final = Decimal(0)


def first_stir(market: Market, now: datetime, to: datetime, reaches: Reaches) -> datetime | None:
    """The first point after ``now``, up to ``to``, at which the money may leave a watch's reach, or lacks a bar.

    ``now`` where the next one cannot be told; None for no point.
    """
    session = market.session
    if session is None:
        return now
    first = (now - session.open) // _MINUTE
    end = -((session.open - to) // _MINUTE)
    found: list[datetime] = []
    for symbol, stock in market.stocks.items():
        watched = reaches(symbol)
        if watched is None:
            return now
        least = max((centre - far for centre, far in watched), default=-math.inf) + _SPREAD_USD
        most = min((centre + far for centre, far in watched), default=math.inf) - _SPREAD_USD
        for minute in _stirred(stock, range(first, end), least, most):
            begin = session.open + minute * _MINUTE
            points = market.points_ahead(min(to, begin + _MINUTE - _TICK), max(now + _TICK, begin))
            at = next((x for x, _, step in points if _stirs(stock, minute, step, least, most)), None)
            if at is not None:
                found.append(at)
                break
    return min(found, default=None)


def _stirred(stock: StockMarket, minutes: range, least: float, most: float) -> Iterator[int]:
    for minute in minutes:
        extremes = stock.range_cents(minute, minute)
        if extremes is None or extremes[0] / 100 <= least or extremes[1] / 100 >= most:
            yield minute


def _stirs(stock: StockMarket, minute: int, step: int, least: float, most: float) -> bool:
    cents = stock.cents_ahead(minute, step)
    return cents is None or not least < cents / 100 < most


def first_touch(
    market: Market, orders: Iterable[OrderView], since: datetime, until: datetime, exchange: ExchangeSettings
) -> datetime | None:
    """The first point after ``since``, up to ``until``, at which one of these orders on options may act as far as is known."""
    session = market.session
    first = next(market.points_ahead(until, since + _TICK), None)
    if session is None or first is None:
        return None
    by_contract: dict[int, list[OrderView]] = {}
    for order in orders:
        by_contract.setdefault(order.contract.con_id, []).append(order)
    last = (min(until, session.close - _TICK) - session.open) // _MINUTE
    stretch = _Stretch(market, session.open, first[0], until, exchange)
    found = [stretch.first_of(resting, first[1], last) for resting in by_contract.values()]
    return min((at for at in found if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The points from ``since`` to ``until`` of a session that opened at ``opened``."""

    market: Market
    opened: datetime
    since: datetime
    until: datetime
    exchange: ExchangeSettings

    def first_of(self, resting: list[OrderView], first: int, last: int) -> datetime | None:
        """Halves these minutes until their extremes say that nothing happens in them, or only one is left."""
        near = _near(self.market, resting, first, last)
        if not near:
            return None
        if first == last:
            return self._first_in(near, first)
        middle = (first + last + 1) // 2
        before = self.first_of(near, first, middle - 1)
        return before if before is not None else self.first_of(near, middle, last)

    def _first_in(self, near: list[OrderView], minute: int) -> datetime | None:
        begin = self.opened + minute * _MINUTE
        points = self.market.points_ahead(min(self.until, begin + _MINUTE - _TICK), max(self.since, begin))
        for at, _, step in points:
            book = self.market.book_ahead(near[0].contract, minute, step)
            if book is None or any(would_act(order, book, self.exchange) for order in near):
                return at
        return None


def _near(market: Market, resting: list[OrderView], first: int, last: int) -> list[OrderView]:
    """Those of these orders on one option that may act in these minutes: all but a stop well below, and a target well above.

    Its price rises or falls with the underlying's, and falls with time: two corners of the stretch hold its extremes, but for
    the smile and the clock within a minute, which the slack is for.
    """
    contract = resting[0].contract
    books = market.corner_books(contract, first, last)
    if books is None:
        return resting
    worst, best = books
    near: list[OrderView] = []
    for order in resting:
        stop, limit = order.stop_price, order.order.limit_price
        price = stop if stop is not None else limit
        if price is None or not order.is_active or order.is_triggered or order.order.action is not Side.SELL:
            return resting
        slack = _SLACK_TICKS * contract.ticks.increment(price)
        if (
            (worst().bid or _ZERO) <= price + slack
            if stop is not None
            else (best().ask or _ZERO) >= price - slack
        ):
            near.append(order)
    return near
