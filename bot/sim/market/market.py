"""The market of a world: every instrument's quotes, moved from point to point through sessions, nights and weekends.

Rule: knows nothing of orders and accounts. Between two points nothing changes; a point is a print inside a minute, the
open or the close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.domain.contract import Contract
from bot.domain.session import Session, new_york_day, session_on
from bot.domain.types import ConId, SecType, Symbol
from bot.sim.market.catalog import INDEX_OPTIONS, IndexOptions, Underlying
from bot.sim.market.contracts import ContractStore
from bot.sim.market.corporate.splits import Split
from bot.sim.market.events import BarFormed, BookChanged, MarketEvent, SessionClosed, SessionOpened
from bot.sim.market.extended.market import ExtendedMarket
from bot.sim.market.forex_and_indices import Extras, IndexMarket
from bot.sim.market.listed_options import Chain, MonthlyChain
from bot.sim.market.listing import Listing
from bot.sim.market.option_market import Corners, OptionMarket, OptionQuote
from bot.sim.market.option_pricing import Carry
from bot.sim.market.past.references import References
from bot.sim.market.paths import dollars, point_after
from bot.sim.market.price_source import RecordedTape, Tape
from bot.sim.market.quote_shelf import QuoteShelf
from bot.sim.market.quotes import OptionModel, Ticker, TopOfBook
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.sim.market.recorded.listing import RecordedListing
from bot.sim.market.stock import DayFigures, StockMarket

_MINUTE = timedelta(minutes=1)
_EVER = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Market:
    """Quotes of all symbols. A point at exactly ``start`` is still to come; earlier ones of that day have happened."""

    def __init__(
        self,
        tapes: Sequence[tuple[Underlying, Tape]],
        *,
        start: datetime,
        seed: int,
        points_per_minute: int = 4,
        library: Library = BUNDLE,
        spread_factor: float = 1.0,
        shelf: QuoteShelf[OptionQuote] | None = None,
        has_extended_hours: bool = False,
    ) -> None:
        self._library = library
        self._spread_factor = spread_factor
        self._shelf = shelf
        self._points = points_per_minute
        self._step = _MINUTE / points_per_minute
        self._done = start - _TICK
        self.now = start
        """Set by whoever moves time; what lies outside regular hours is asked for by it."""
        self._session: Session | None = None
        self._next: tuple[datetime, Session | None, datetime] = start, None, start
        self.stocks: dict[Symbol, StockMarket] = {}
        self._options: dict[Symbol, OptionMarket] = {}
        self._references = References(self.stocks)
        self._pinned: dict[ConId, TopOfBook] = {}
        self._extras = Extras(seed)
        listings: dict[Symbol, dict[str, Listing]] = {}
        for stock, tape in tapes:
            listings[stock.symbol] = {stock.symbol: self._add(stock, tape)}
        self._indices: dict[Symbol, IndexMarket] = {}
        indices = [one for one in INDEX_OPTIONS if one.follows in self.stocks]
        for index in indices:
            listings[index.underlying.symbol] = self._add_index(index)
        self.extended: ExtendedMarket | None = None
        """Early and late trading; None where regular hours are all there is."""
        if has_extended_hours:
            pairs = [(self.stocks[stock.symbol], stock) for stock, _ in tapes]
            self.extended = ExtendedMarket(pairs, seed, points_per_minute)
        underlyings = [stock for stock, _ in tapes], [one.underlying for one in indices]
        self.contracts = ContractStore(
            *underlyings, listings, new_york_day(start), has_extended_hours=has_extended_hours
        )
        self._catch_up(start)

    def _add(self, stock: Underlying, tape: Tape) -> Listing:
        market = StockMarket(tape, stock.con_id, self._points)
        self.stocks[stock.symbol] = market
        self._options[stock.symbol] = OptionMarket(
            stock,
            market,
            lambda: self._morning(stock),
            self._library,
            self._spread_factor,
            self._shelf,
        )
        chain = Chain(stock, lambda day: self.reference(stock.symbol, day))
        return RecordedListing(stock.symbol, chain, self._library)

    def _add_index(self, index: IndexOptions) -> dict[str, Listing]:
        level, symbol = index.underlying, index.underlying.symbol
        market = IndexMarket(self.stocks[index.follows], index.times, index.follows)
        self._indices[symbol] = market
        self._options[symbol] = OptionMarket(
            level, market, lambda: self._morning(level), self._library, self._spread_factor, self._shelf
        )
        chain = Chain(level, lambda day: self.reference(symbol, day))
        if not index.at_open:
            return {index.other_class: chain}
        monthly = MonthlyChain(Chain(level, lambda day: self.reference(symbol, day)), at_open=True)
        return {index.monthly_class: monthly, index.other_class: chain}

    def underlying_cents(self, symbol: Symbol) -> int | None:
        """The last price of a stock or of an index with options; None where nothing is known."""
        market = self.stocks.get(symbol) or self._indices.get(symbol)
        return None if market is None else market.last_cents

    def underlying_market(self, symbol: Symbol) -> tuple[StockMarket, float] | None:
        """The stock behind an underlying, and how often its price makes the underlying's."""
        if symbol in self._indices:
            return self.stocks[self._indices[symbol].follows], self._indices[symbol].times
        return (self.stocks[symbol], 1.0) if symbol in self.stocks else None

    def _morning(self, stock: Underlying) -> float:
        return self.reference(stock.symbol, self.contracts.today) or stock.price

    def reference(self, symbol: Symbol, day: date) -> float | None:
        """The last price before a day's open, or that open where nothing is known before; None for neither."""
        index = self._indices.get(symbol)
        if index is None:
            return self._references.of(symbol, day)
        level = self._references.of(index.follows, day)
        return None if level is None else level * index.times

    def _catch_up(self, start: datetime) -> None:
        """Take the last known prices, and live silently through the part of the day that lies before ``start``."""
        session = session_on(new_york_day(start))
        begin = session.open if session is not None and session.open < start else start
        for stock in self.stocks.values():
            stock.recall(begin)
        if session is not None and begin < start:
            self._done = begin - _TICK
            self.leap(min(start, session.close) - _TICK)
            while (point := self.next_point()) < start:
                self.move(point)
            self._done = start - _TICK

    def prints_of_the_minute(self, con_id: ConId) -> list[tuple[datetime, float, int]]:
        """A stock's prints since the last full minute: (at, price, size)."""
        if self.extended is not None and self._session is None:
            return self.extended.prints_of_the_minute(con_id, self.now)
        stock = next((one for one in self.stocks.values() if one.con_id == con_id), None)
        return [] if stock is None else list(stock.prints)

    # ── time

    @property
    def session(self) -> Session | None:
        """The session in progress, None while closed."""
        return self._session

    def next_point(self) -> datetime:
        """The first point that has not happened yet."""
        if (
            self._next[0] is not self._done or self._next[1] is not self._session
        ):  # several ask before it comes
            self._next = self._done, self._session, point_after(self._done, self._session, self._step)
        return self._next[2]

    @property
    def last_point(self) -> datetime:
        """The last point that has happened, or an instant before the first."""
        return self._done

    def point_from(self, at: datetime, session: Session) -> datetime:
        """The session's first point that is not before ``at``."""
        return session.open + -((session.open - at) // self._step) * self._step

    def move(self, at: datetime) -> list[MarketEvent]:
        """Let the point ``at`` (from :meth:`next_point`) happen."""
        self._done = at
        return list(self._happen(at))

    def leap(self, until: datetime) -> list[MarketEvent]:
        """Let all points of the session up to ``until`` happen, whole minutes at once; only the bars that close are told."""
        told: list[MarketEvent] = []
        while (at := self.next_point()) <= until:
            session = self._session
            whole = 0 if session is None else (until + self._step - at) // _MINUTE
            if session is not None and whole and not (at - session.open) % _MINUTE:
                first = (at - session.open) // _MINUTE
                told += self._leap_minutes(first, first + whole - 1, session.open)
            elif session is not None and session.open < at < session.close:
                told += self._pass(at, until, session.open)
            else:
                told += [event for event in self.move(at) if isinstance(event, BarFormed) and event.is_closed]
        return told

    def _pass(self, at: datetime, until: datetime, opened: datetime) -> Iterator[MarketEvent]:
        """As ``_happen`` for the minute's points from ``at`` on, and nothing but the bars that close is told."""
        minute, rest = divmod(at - opened, _MINUTE)
        last = min(self._points - 1, (rest + (until - at)) // self._step)
        for stock in self.stocks.values():
            if not rest:
                yield from stock.end_minute(at)
            stock.pass_through(minute, rest // self._step, last, at)
        self._done = opened + minute * _MINUTE + last * self._step

    def _leap_minutes(self, first: int, last: int, opened: datetime) -> list[MarketEvent]:
        told = [event for stock in self.stocks.values() for event in stock.leap(first, last, opened)]
        self._done = opened + (last + 1) * _MINUTE - self._step
        return sorted(told, key=lambda event: event.at)

    def _happen(self, at: datetime) -> Iterator[MarketEvent]:
        session = session_on(new_york_day(at))
        if session is None:
            return
        if at == session.open:
            self._open(session)
            yield SessionOpened(at, session.day)
        minute, rest = divmod(at - session.open, _MINUTE)
        if rest == timedelta(0) and minute > 0:
            for stock in self.stocks.values():
                yield from stock.end_minute(at)
        if at == session.close:
            self._close()
            yield SessionClosed(at, session.day)
            return
        for stock in self.stocks.values():
            yield from stock.move(minute, rest // self._step, at)

    def _open(self, session: Session) -> None:
        self._session = session
        self.contracts.today = session.day
        for stock in self.stocks.values():
            stock.open_day(session)
        for options in self._options.values():
            options.open_day(session)

    def _close(self) -> None:
        self._session = None
        for options in self._options.values():
            options.close_day()
        for stock in self.stocks.values():
            stock.close_day()

    # ── quotes

    def book(self, con_id: ConId, now: datetime) -> TopOfBook | None:
        """The best bid and offer; None for an unknown contract."""
        contract = self.contracts.by_id(con_id)
        if contract is not None and contract.sec_type is SecType.OPTION:  # each order looks: no day's figures
            return self._pinned.get(con_id) or self._options[contract.symbol].quote(contract, now).book
        return None if contract is None else self._ticker(contract, now).book

    def ticker(self, con_id: ConId, now: datetime) -> Ticker | None:
        contract = self.contracts.by_id(con_id)
        return None if contract is None else self._ticker(contract, now)

    def model(self, con_id: ConId, now: datetime, *, full: bool = True) -> OptionModel | None:
        """An option's model values; gamma, vega and theta only when ``full``."""
        contract = self.contracts.by_id(con_id)
        if contract is None or contract.sec_type is not SecType.OPTION:
            return None
        options = self._options[contract.symbol]
        return options.full_model(contract, now) if full else options.quote(contract, now).model

    def stamp(self, con_id: ConId, now: datetime) -> object:
        """The same object as long as a contract's quote has not moved."""
        contract = self.contracts.by_id(con_id)
        if con_id in self._pinned or contract is None:
            return self._pinned.get(con_id)
        if contract.sec_type is SecType.OPTION:
            return self._options[contract.symbol].quote(contract, now)
        stock = self.stocks.get(contract.symbol)
        return now if stock is None or stock.con_id != con_id else self._stock_book(stock, now)

    def _stock_book(self, stock: StockMarket, now: datetime) -> TopOfBook:
        if self.extended is None or self._session is not None:
            return stock.book
        return self.extended.stocks[stock.con_id].book(now) or stock.book

    def is_extended(self, now: datetime) -> bool:
        """Whether stocks trade outside the regular session at this moment."""
        return self.extended is not None and self._session is None and self.extended.is_on(now)

    def show(self, con_id: ConId, now: datetime, stamp: object) -> BookChanged | None:
        """A watched contract's market data; ``stamp`` from :meth:`stamp`. None for an unknown contract."""
        if isinstance(stamp, OptionQuote):
            empty = (None, None, None, None)
            ticker = Ticker(con_id, now, stamp.book, *empty, stamp.volume, stamp.open_interest)
            return BookChanged(now, ticker, stamp.model)
        known = self.ticker(con_id, now)
        return None if known is None else BookChanged(now, known, self.model(con_id, now, full=False))

    def settlement(self, contract: Contract) -> float:
        """An option's intrinsic value at the last price of its underlying."""
        return self._options[contract.symbol].settlement(contract)

    def option_price_at(self, contract: Contract, spot: float, at: datetime) -> float | None:
        return self._options[contract.symbol].price_at(contract, spot, at)

    def implied_volatility(self, symbol: Symbol, day: date, realized: float) -> float:
        """What options on it implied on that day; a year's, in thirty days. ``realized`` is the stock's own by then."""
        return self._options[symbol].implied_volatility(day, realized)

    def points_ahead(self, until: datetime, since: datetime = _EVER) -> Iterator[tuple[datetime, int, int]]:
        """The session's points from the next one, but not before ``since``, to ``until``: (at, minute, step)."""
        session, at = self._session, self.next_point()
        at = at if session is None or since <= at else self.point_from(since, session)
        while session is not None and at <= until and at < session.close:
            minute, rest = divmod(at - session.open, _MINUTE)
            yield at, minute, rest // self._step
            at += self._step

    def book_ahead(self, contract: Contract, minute: int, step: int) -> TopOfBook | None:
        """An option's book at a point to come, for whoever must know in advance that nothing will happen; None: unknown."""
        market = self.stocks.get(contract.symbol) or self._indices[contract.symbol]
        cents = market.cents_ahead(minute, step)
        if cents is None or contract.con_id in self._pinned:
            return None
        return self._options[contract.symbol].book_at(contract, cents, minute)

    def corner_books(self, contract: Contract, first: int, last: int) -> Corners | None:
        """An option's cheapest and dearest book in these minutes; None where it is pinned or as ``OptionMarket`` says."""
        extremes = self.stocks[contract.symbol].range_cents(first, last)
        if extremes is None or contract.con_id in self._pinned:
            return None
        return self._options[contract.symbol].corner_books(contract, first, last, extremes)

    def carry(self, contract: Contract, at: datetime) -> Carry:
        """Interest and dividends, as option prices have them then."""
        return self._options[contract.symbol].carry(at)

    def extra_prices(self, contract: Contract, start: datetime, span: timedelta) -> list[float]:
        return self._extras.prices(contract, start, span)

    # ── for scenarios and tests

    def gap(self, symbol: Symbol, factor: float) -> None:
        """From its next print on, the stock trades at ``factor`` times its tape."""
        self.stocks[symbol].gap(factor, self.now)

    def split(self, split: Split) -> dict[ConId, Contract]:
        """Between two sessions: all prices, those of the past too, are of the new shares; what its options are now, by conId."""
        changed = self.contracts.split(split)
        stock = self.stocks[split.symbol]
        stock.split(float(split.ratio))
        self._references.forget()
        for index in self._indices.values():
            index.times *= float(split.ratio) if index.follows == split.symbol else 1.0
        self._options[split.symbol].split()
        if self.extended is not None:
            self.extended.stocks[stock.con_id].forget()
        return changed

    def recorded_until(self, symbol: Symbol) -> date | None:
        """The last day whose prices come from a record; None for none."""
        days = self._library.sessions(symbol)
        return days[-1] if days and isinstance(self.stocks[symbol].tape, RecordedTape) else None

    def pin(self, con_id: ConId, book: TopOfBook) -> None:
        """Quote this book, whatever the market does, until :meth:`unpin`."""
        self._pinned[con_id] = book

    def unpin(self, con_id: ConId) -> None:
        self._pinned.pop(con_id, None)

    def _ticker(self, contract: Contract, now: datetime) -> Ticker:
        pinned = self._pinned.get(contract.con_id)
        if contract.sec_type is SecType.OPTION:
            quote = self._options[contract.symbol].quote(contract, now)
            book = pinned or quote.book
            return Ticker(
                contract.con_id, now, book, None, None, None, None, quote.volume, quote.open_interest
            )
        if contract.symbol in self.stocks and contract.sec_type is SecType.STOCK:
            stock = self.stocks[contract.symbol]
            d = self._figures(stock, now)
            book = pinned or self._stock_book(stock, now)
            return Ticker(contract.con_id, now, book, d.open, d.high, d.low, d.close, d.volume)
        index = self._indices.get(contract.symbol)
        level = None if index is None or index.last_cents is None else index.last_cents / 100
        return Ticker(contract.con_id, now, pinned or self._extras.book(contract, now, level))

    def _figures(self, stock: StockMarket, now: datetime) -> DayFigures:
        """The day's; before its open it has yesterday's close and its own volume, as IB tells it."""
        figures = stock.day()
        if self.extended is None:
            return figures
        outside = self.extended.volume(stock.con_id, now)
        if stock.last_day is None or stock.last_day < new_york_day(now):
            close = None if stock.last_cents is None else dollars(stock.last_cents)
            return DayFigures(None, None, None, close, outside)
        return replace(figures, volume=figures.volume + outside)
