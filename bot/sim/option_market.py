"""The option side of a market: each contract's book and model, made when somebody asks and kept while nothing moves.

Rule: a session whose chain is recorded is quoted from the record, every other from the surface. Closed market, no
quotes; the last price stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.session import Session, session_on
from bot.domain.types import Right
from bot.sim.catalog import Underlying
from bot.sim.option_books import (
    LIQUID,
    ORDINARY,
    Spread,
    cent_grid,
    day_volume,
    open_interest,
    top_of_book,
)
from bot.sim.options import Surface, implied_vol, intrinsic, model, price_and_delta, years_between
from bot.sim.quotes import EMPTY_BOOK, Book, OptionModel
from bot.sim.recorded_chain import RecordedChain, recorded_chain
from bot.sim.stock import StockMarket

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OptionQuote:
    """What is known of one option at one moment. The model has prices and delta; ask ``full_model`` for all greeks."""

    book: Book
    model: OptionModel | None
    volume: int | None
    open_interest: int | None


NO_QUOTE = OptionQuote(EMPTY_BOOK, None, None, None)


class OptionMarket:
    """All options of one underlying. ``reference`` is the last price before a day's open, for open interest."""

    def __init__(
        self,
        stock: Underlying,
        market: StockMarket,
        surface: Surface,
        rate: float,
        reference: Callable[[], float],
    ) -> None:
        self._stock = stock
        self._market = market
        self._surface = surface
        self._rate = rate
        self._reference = reference
        self._grid = cent_grid(stock.option_ticks)
        self._spread = LIQUID if stock.is_etf else ORDINARY
        self._cache: dict[int, tuple[tuple[int, int], OptionQuote]] = {}
        self._chain: RecordedChain | None = None
        self._columns: dict[tuple[object, Decimal, Right], int] = {}
        self._session: Session | None = None

    def open_day(self, session: Session) -> None:
        """Begin a session, with its recorded chain where there is one."""
        self._session = session
        self._cache.clear()
        self._chain = recorded_chain(self._stock.symbol, session.day)
        contracts = () if self._chain is None else self._chain.contracts
        self._columns = {(c.expiry, c.strike, c.right): n for n, c in enumerate(contracts)}

    def close_day(self) -> None:
        """End the session: the last prices stay, the quotes go."""
        self._session = None
        for con_id, (_, quote) in self._cache.items():
            last = replace(EMPTY_BOOK, last=quote.book.last)
            self._cache[con_id] = ((-1, -1), replace(quote, book=last, model=None))

    def quote(self, contract: Contract, now: datetime) -> OptionQuote:
        """Book, model, volume and open interest at ``now``."""
        known = self._cache.get(contract.con_id)
        if self._session is None or self._market.last_cents is None:
            return known[1] if known is not None else NO_QUOTE
        minute = (now - self._session.open) // _MINUTE
        key = (self._market.last_cents, minute)
        if known is None or known[0] != key:
            known = (key, self._make(contract, now, minute))
            self._cache[contract.con_id] = known
        return known[1]

    def full_model(self, contract: Contract, now: datetime) -> OptionModel | None:
        """The model with all greeks; None without a price of the underlying or once expired."""
        parts = self._parts(contract, now)
        if parts is None:
            return None
        right, strike, spot, years = parts
        quote = self.quote(contract, now)
        vol = quote.model.implied_vol if quote.model is not None else self._surface.vol(strike, spot, years)
        return model(right, strike, spot, years, vol, self._rate)

    def price_at(self, contract: Contract, spot: float, at: datetime) -> float | None:
        """The model price if the underlying stood at ``spot`` then: for bars of an option's past."""
        if contract.right is None or contract.strike is None:
            return None
        years = years_between(at, _expires(contract))
        strike = float(contract.strike)
        return price_and_delta(
            contract.right, strike, spot, years, self._surface.vol(strike, spot, years), self._rate
        )[0]

    def settlement(self, contract: Contract) -> float:
        """Intrinsic value at the underlying's last price, USD per unit."""
        if contract.right is None or contract.strike is None or self._market.last_cents is None:
            return 0.0
        return intrinsic(contract.right, float(contract.strike), self._market.last_cents / 100)

    def _parts(self, contract: Contract, now: datetime) -> tuple[Right, float, float, float] | None:
        cents = self._market.last_cents
        if cents is None or contract.right is None or contract.strike is None or now > _expires(contract):
            return None
        return contract.right, float(contract.strike), cents / 100, years_between(now, _expires(contract))

    def _make(self, contract: Contract, now: datetime, minute: int) -> OptionQuote:
        parts = self._parts(contract, now)
        if parts is None or contract.strike is None:
            return NO_QUOTE
        column = self._columns.get((contract.expiry, contract.strike, parts[0]))
        if self._chain is not None and column is not None:
            return self._recorded(self._chain, column, parts, now)
        return self._modelled(contract, parts, minute)

    def _recorded(
        self, chain: RecordedChain, column: int, parts: tuple[Right, float, float, float], now: datetime
    ) -> OptionQuote:
        right, strike, spot, years = parts
        q = chain.quote(column, now)
        book = Book(q.bid or None, q.ask or None, q.bid_size or 0, q.ask_size or 0, q.last, 1)
        oi = chain.contracts[column].open_interest
        if book.mid is None:
            return OptionQuote(book, None, q.volume, oi)
        vol = implied_vol(right, strike, spot, years, float(book.mid), self._rate)
        greeks = None if vol is None or vol <= 0 else self._model(right, strike, spot, years, vol)
        return OptionQuote(book, greeks, q.volume, oi)

    def _modelled(
        self, contract: Contract, parts: tuple[Right, float, float, float], minute: int
    ) -> OptionQuote:
        right, strike, spot, years = parts
        vol = self._surface.vol(strike, spot, years)
        greeks = self._model(right, strike, spot, years, vol)
        book = top_of_book(contract.con_id, greeks.price, years, self._grid, self._spread, minute)
        deviations = math.log(strike / spot) / (vol * math.sqrt(max(years, 1 / 252)))
        volume = int(
            day_volume(contract.con_id, deviations, years, self._spread) * min(1.0, (minute + 1) / 390)
        )
        if volume == 0:
            book = replace(book, last=None, last_size=0)
        interest = open_interest(
            contract.con_id, contract.strike or Decimal(0), self._reference(), self._spread
        )
        return OptionQuote(book, greeks, volume, interest)

    def _model(self, right: Right, strike: float, spot: float, years: float, vol: float) -> OptionModel:
        price, delta = price_and_delta(right, strike, spot, years, vol, self._rate)
        return OptionModel(vol, price, delta, 0.0, 0.0, 0.0, spot)

    @property
    def spread(self) -> Spread:
        return self._spread


def _expires(contract: Contract) -> datetime:
    """The close of the contract's last trading day."""
    session = session_on(contract.expiry) if contract.expiry is not None else None
    if session is None:
        raise ValueError(f"{contract.label} does not expire on a trading day")
    return session.close
