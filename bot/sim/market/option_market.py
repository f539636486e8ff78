"""The option side of a market: each contract's book and model, made when somebody asks and kept while nothing moves.

Rule: a session whose chain is recorded is quoted from the record, every other from the surface. Closed market, no
quotes; the last price stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import TypeAlias

from bot.domain.contract import Contract
from bot.domain.frozen import quickly_made
from bot.domain.session import Session, new_york_day, next_session, session_on
from bot.domain.types import ConId, Right
from bot.sim.market.calibration.rates import dividend_yield, rate_on
from bot.sim.market.calibration.surface import (
    INDEX,
    STOCK,
    Surface,
    SurfaceSlice,
    calmness,
    clock_factor,
    clock_factor_at,
    years_between,
)
from bot.sim.market.catalog import SETTLED_AT_OPEN, Underlying
from bot.sim.market.forex_and_indices import IndexMarket
from bot.sim.market.option_books import (
    LIQUID,
    ORDINARY,
    Spread,
    cent_grid,
    day_volume,
    open_interest,
    top_of_book,
    widened,
    width_factor,
)
from bot.sim.market.option_pricing import (
    DELTA_DIGITS,
    Carry,
    implied_vol,
    intrinsic,
    model,
    price_and_delta,
)
from bot.sim.market.quote_shelf import QuoteShelf
from bot.sim.market.quotes import EMPTY_BOOK, OptionModel, TopOfBook
from bot.sim.market.recorded.chain import RecordedChain
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.sim.market.stock import StockMarket

_MINUTE = timedelta(minutes=1)
_LONGEST = 390
_KEPT = 64
"""Quotes of a contract without a shelf: who looks ahead to where one may be touched asks for the same few again."""
_LOOK_BACK_HOURS = 70
"""Ten sessions: how far the market's calm is looked for."""
_LOOK_BACK = timedelta(days=30)
"""As many hours lie in it where no day is missing."""


@quickly_made
@dataclass(frozen=True, slots=True)
class OptionQuote:
    """What is known of one option at one moment. The model's gamma, vega and theta are 0: ask ``full_model`` for them."""

    book: TopOfBook
    model: OptionModel | None
    volume: int | None
    open_interest: int | None


NO_QUOTE = OptionQuote(EMPTY_BOOK, None, None, None)


@quickly_made
@dataclass(frozen=True, slots=True)
class _Moment:
    """What a minute of the session is to all options of one expiry: ``years`` are left."""

    years: float
    slice: SurfaceSlice
    spread: Spread


@dataclass(slots=True, eq=False)
class _Series:
    """One contract, taken apart once. ``key`` is the underlying's price in cents and the minute that ``quote`` is of.

    ``made`` holds what the shelf has of it on this day, or its last quotes; None until its first quote is modelled.
    """

    con_id: ConId
    right: Right
    strike: float
    expires: datetime
    per_unit: float = 1.0
    """Shares that a unit is about: less than one in a contract that delivers fewer than its multiplier."""
    column: int | None = None
    interest: int = 0
    key: tuple[int, int] | None = None
    quote: OptionQuote = NO_QUOTE
    made: dict[tuple[float, int], OptionQuote] | None = field(default=None, repr=False)


Corners: TypeAlias = tuple[Callable[[], TopOfBook], Callable[[], TopOfBook]]
"""What makes a stretch's cheapest book, and its dearest: half of them nobody asks for."""

# IBKR Campus, "Historical Bar whatToShow": the 30-day volatility comes from two consecutive expiration months.
_AROUND_A_MONTH = (17, 46)


class OptionMarket:
    """All options of one underlying. ``reference`` is the last price before a day's open, for open interest."""

    def __init__(
        self,
        stock: Underlying,
        market: StockMarket | IndexMarket,
        reference: Callable[[], float],
        library: Library = BUNDLE,
        spread_factor: float = 1.0,
        shelf: QuoteShelf[OptionQuote] | None = None,
    ) -> None:
        self._library = library
        self._shelf = shelf
        self._stock = stock
        self._market = market
        self._first_surface = Surface(stock.atm_vol, INDEX if stock.is_etf else STOCK)
        self._found_surface: Surface | None = None
        self._reference = reference
        self._grid = cent_grid(stock.option_ticks)
        self._spread = replace(LIQUID if stock.is_etf else ORDINARY, factor=spread_factor)
        self._series: dict[ConId, _Series] = {}
        self._chain: RecordedChain | None = None
        self._columns: dict[object, int] = {}
        self._session: Session | None = None
        self._surface_of: Session | None = None
        self._carry = Carry()
        self._moments: dict[tuple[int, datetime], _Moment] = {}
        self._spreads: dict[float, Spread] = {}

    def open_day(self, session: Session) -> None:
        """Begin a session, with its recorded chain where there is one."""
        self._session = session
        self._surface_of = session
        self._found_surface = None
        self._series.clear()
        self._moments.clear()
        self._carry = self.carry(session.open)
        self._chain = self._library.chain(self._stock.symbol, session.day)
        contracts = () if self._chain is None else self._chain.contracts
        self._columns = {(c.expiry, c.strike, c.right): n for n, c in enumerate(contracts)}

    @property
    def _surface(self) -> Surface:
        """The day's, found when the first option is asked for: weeks of bars are made for it."""
        if self._found_surface is None:
            self._found_surface = self._find_surface(self._surface_of)
        return self._found_surface

    def _find_surface(self, session: Session | None) -> Surface:
        if session is None:
            return self._first_surface
        vol = self._library.volatility(self._stock.symbol, session.day)
        atm_vol = self._stock.atm_vol if vol is None else vol
        return replace(self._first_surface, atm=atm_vol, calm=self._calmness(session))

    def implied_volatility(self, day: date, realized: float) -> float:
        """A year's, at the money in thirty days, from the two monthly expiries around them; ``realized`` is the stock's own."""
        atm = self._library.volatility(self._stock.symbol, day) or self._stock.atm_vol
        surface = replace(self._first_surface, atm=atm, calm=calmness(realized, self._stock.atm_vol))
        return sum(surface.at_money(days / 365) for days in _AROUND_A_MONTH) / len(_AROUND_A_MONTH)

    def _calmness(self, session: Session) -> float:
        tape = self._market.tape
        hours = tape.hours(session.open, session.day - _LOOK_BACK)
        if len(hours) < _LOOK_BACK_HOURS:  # a recording with gaps
            hours = tape.hours(session.open)
        closes = [bar.close for bar in hours[-_LOOK_BACK_HOURS:]]
        moves = [math.log(b / a) for a, b in pairwise(closes)]
        if len(moves) < _LOOK_BACK_HOURS // 2:
            return 1.0
        return calmness(math.sqrt(sum(x * x for x in moves) / len(moves) * 252 * 7), self._stock.atm_vol)

    def carry(self, at: datetime) -> Carry:
        """Interest of that day, and the dividends of this underlying."""
        is_european = self._stock.index is not None
        return Carry(rate_on(new_york_day(at)), dividend_yield(self._stock.symbol), is_european)

    def close_day(self) -> None:
        """End the session: the last prices stay, the quotes go."""
        self._session = None
        for series in self._series.values():
            last = replace(EMPTY_BOOK, last=series.quote.book.last)
            series.quote = replace(series.quote, book=last, model=None)

    def split(self) -> None:
        """Between two sessions: contracts are others from now on."""
        self._series.clear()
        self._columns.clear()

    def quote(self, contract: Contract, now: datetime) -> OptionQuote:
        """TopOfBook, model, volume and open interest at ``now``; the same object while the underlying stands still."""
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        cents, session = self._market.last_cents, self._session
        if session is None or cents is None or now > series.expires:
            return series.quote
        minute = (now - session.open) // _MINUTE
        if series.key != (cents, minute):
            series.key = (cents, minute)
            # As of the minute's start: whoever asks first must not decide what the others are shown.
            series.quote = self._make(series, series.per_unit * cents / 100, minute)
        return series.quote

    def full_model(self, contract: Contract, now: datetime) -> OptionModel | None:
        """The model with all greeks; None without a price of the underlying or once expired."""
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        cents = self._market.last_cents
        if cents is None or now > series.expires:
            return None
        spot, years = (
            series.per_unit * cents / 100,
            years_between(now.replace(second=0, microsecond=0), series.expires),
        )
        shown = self.quote(contract, now).model
        clock = clock_factor(now, self._session, series.expires)
        vol = shown.implied_vol if shown is not None else self._surface.vol(series.strike, spot, years, clock)
        return model(series.right, series.strike, spot, years, vol, self.carry(now))

    def price_at(self, contract: Contract, spot: float, at: datetime) -> float | None:
        """The model price if the underlying stood at ``spot`` then, for bars of the past; None once expired."""
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        if at >= series.expires:
            return None
        spot, years = spot * series.per_unit, years_between(at, series.expires)
        vol = self._surface.vol(series.strike, spot, years, clock_factor_at(at, series.expires))
        return price_and_delta(series.right, series.strike, spot, years, vol, self.carry(at))[0]

    def book_at(self, contract: Contract, cents: int, minute: int) -> TopOfBook:
        """The book of a minute of the session in progress if the underlying's last print is at ``cents`` then."""
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        return self._make(series, series.per_unit * cents / 100, minute).book

    def corner_books(
        self, contract: Contract, first: int, last: int, extremes: tuple[int, int]
    ) -> Corners | None:
        """What makes the books where the option is worth least and most, the underlying's lowest and highest print given.

        It falls with time. None where it is recorded, or of another width within the minutes from ``first`` to ``last``.
        """
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        is_recorded = self._chain is not None and series.column is not None
        if is_recorded or self._spread_of(first) is not self._spread_of(last):
            return None
        worst, best = extremes if series.right is Right.CALL else reversed(extremes)
        return partial(self.book_at, contract, worst, last), partial(self.book_at, contract, best, first)

    def settlement(self, contract: Contract) -> float:
        """Intrinsic value at the underlying's last price, USD per unit."""
        series = self._series.get(contract.con_id) or self._take_apart(contract)
        cents = self._market.last_cents
        spot = None if cents is None else series.per_unit * cents / 100
        return 0.0 if spot is None else intrinsic(series.right, series.strike, spot)

    def _take_apart(self, contract: Contract) -> _Series:
        session = session_on(contract.expiry) if contract.expiry is not None else None
        if session is None or contract.strike is None or contract.right is None:
            raise ValueError(f"{contract.label} is no option that expires on a trading day")
        at_open = contract.trading_class in SETTLED_AT_OPEN
        expires = next_session(session.day).open if at_open else session.close
        series = _Series(contract.con_id, contract.right, float(contract.strike), expires)
        series.per_unit = contract.shares / contract.multiplier
        series.column = self._columns.get((contract.expiry, contract.strike, contract.right))
        series.interest = open_interest(contract.con_id, contract.strike, self._reference(), self._spread)
        self._series[contract.con_id] = series
        return series

    def _moment(self, minute: int, expires: datetime) -> _Moment:
        found = self._moments.get((minute, expires))
        if found is None:
            at = self._instant(minute)
            years, clock = years_between(at, expires), clock_factor(at, self._session, expires)
            found = _Moment(years, self._surface.slice(years, clock), self._spread_of(minute))
            self._moments[minute, expires] = found
        return found

    def _instant(self, minute: int) -> datetime:
        if self._session is None:
            raise ValueError("no quotes are made while the market is closed")
        return self._session.open + minute * _MINUTE

    def _spread_of(self, minute: int) -> Spread:
        wider = 1.0 if self._session is None else width_factor(minute, self._session.minutes)
        if wider not in self._spreads:
            self._spreads[wider] = replace(self._spread, factor=self._spread.factor * wider)
        return self._spreads[wider]

    def _make(self, series: _Series, spot: float, minute: int) -> OptionQuote:
        if self._chain is not None and series.column is not None:
            at = self._instant(minute)
            return self._recorded(self._chain, series, spot, years_between(at, series.expires), at)
        made = series.made
        if made is None:
            made = series.made = {} if self._shelf is None else self._made_before(series, self._shelf)
        quote = made.get((spot, minute))
        if quote is None:
            quote = self._modelled(series, spot, minute, self._moment(minute, series.expires))
            if self._shelf is not None:
                self._shelf.put(made, spot, minute, quote)
            else:
                if len(made) >= _KEPT:
                    made.clear()
                made[spot, minute] = quote
        return quote

    def _made_before(
        self, series: _Series, shelf: QuoteShelf[OptionQuote]
    ) -> dict[tuple[float, int], OptionQuote]:
        """Under everything that a modelled quote hangs on but price and minute."""
        option = (series.con_id, series.right, series.strike, series.expires, series.interest)
        return shelf.series(option, self._session, self._surface, self._carry, self._spread, self._grid)

    def _modelled(self, series: _Series, spot: float, minute: int, moment: _Moment) -> OptionQuote:
        years = moment.years
        vol = moment.slice.vol(series.strike, spot)
        greeks = self._model(series, spot, years, vol, self._carry)
        book = top_of_book(series.con_id, greeks.price, years, self._grid, moment.spread, minute)
        deviations = math.log(series.strike / spot) / (vol * math.sqrt(max(years, 1 / 252)))
        whole = day_volume(series.con_id, deviations, years, self._spread)
        volume = whole * min(_LONGEST, minute + 1) // _LONGEST
        if volume == 0:
            book = TopOfBook(book.bid, book.ask, book.bid_size, book.ask_size, None)
        return OptionQuote(book, greeks, volume, series.interest)

    def _recorded(
        self, chain: RecordedChain, series: _Series, spot: float, years: float, now: datetime
    ) -> OptionQuote:
        column = series.column or 0
        q = chain.quote(column, now)
        bid, ask = widened(q.bid or None, q.ask or None, self._spread.factor, self._grid)
        book = TopOfBook(bid, ask, self._size(bid, q.bid_size), self._size(ask, q.ask_size), q.last, 1)
        interest = chain.contracts[column].open_interest
        if book.mid is None:
            return OptionQuote(book, None, q.volume, interest)
        vol = implied_vol(series.right, series.strike, spot, years, float(book.mid), self._carry)
        greeks = self._model(series, spot, years, vol, self._carry) if vol is not None and vol > 0 else None
        return OptionQuote(book, greeks, q.volume, interest)

    def _size(self, price: Decimal | None, recorded: int | None) -> int:
        """What a side shows; where the source tells prices alone, the usual depth of the class: nobody quotes a size of 0."""
        if price is None:
            return 0
        return self._spread.depth if recorded is None else recorded

    def _model(self, series: _Series, spot: float, years: float, vol: float, carry: Carry) -> OptionModel:
        price, delta = price_and_delta(series.right, series.strike, spot, years, vol, carry)
        return OptionModel(vol, price, round(delta, DELTA_DIGITS), 0.0, 0.0, 0.0, spot)
