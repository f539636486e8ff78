"""Historical bars out of tapes and out of what the world has lived through, as IB would answer.

Rule: a bar that has not ended by ``end`` shows only the part that has happened. Bars larger than a minute are in ``stock_bars``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.domain.calendar import nyse
from bot.domain.contract import Contract
from bot.domain.market import Bar, BarSize
from bot.domain.session import (
    NEW_YORK,
    new_york_day,
    nth_session_before,
    previous_session,
    session_on,
    sessions_between,
)
from bot.domain.types import ConId, SecType
from bot.sim.market.calibration.dividends import adjustment
from bot.sim.market.catalog import INDEX_SYMBOLS
from bot.sim.market.extended.after_hours import AfterHours
from bot.sim.market.extended.hours import extended_day, trading_day
from bot.sim.market.history import (
    INVALID_SIZE,
    MULTI_DAY_ADJUSTED,
    SPANS,
    UNKNOWN_WHAT_TO_SHOW,
    WHAT_TO_SHOW,
    HistoryBar,
    HistoryError,
    HistoryQuery,
)
from bot.sim.market.market import Market
from bot.sim.market.past.all_hours import all_hours_bars
from bot.sim.market.past.stock_bars import stock_bars
from bot.sim.market.past.volatility import VOLATILITIES, volatility_bars
from bot.sim.market.stock import StockMarket

_UNITS = {"D": 1, "W": 5, "M": 21, "Y": 252}
_HOUR, _DAY, _MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
_MAX_OPTION_BARS = 2_000
_INSTANT = timedelta(microseconds=1)
_SLICE = 250
"""Bars at once: about two milliseconds."""
_OPTION_SLICE = 50
"""Bars of an option at once: each is four prices of a model."""
_ADJUSTED = "ADJUSTED_LAST"
_TRADED = ("TRADES", _ADJUSTED)


class HistoryReader:
    """Reads bars of any contract of a market."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def read(self, query: HistoryQuery, now: datetime) -> Generator[None, None, list[HistoryBar]]:
        """See :meth:`bot.sim.world.world.World.history`; yields whenever it may be interrupted. Raises HistoryError."""
        span, contract = self._validate(query)
        end = min(query.end or now, now)
        after = None if query.use_rth else self._after_hours(contract)
        start = _start(query.duration, end, is_extended=after is not None)
        behind = self._market.underlying_market(contract.symbol)
        if behind is not None:
            yield from _remember(behind[0], span, start, end)
        # A request up to now gets the bar that begins at this very instant, too.
        known = query.what in WHAT_TO_SHOW and not (
            contract.sec_type is SecType.FOREX and query.what in _TRADED
        )
        until = end if end < now else now + _INSTANT
        bars = []
        if known and after is not None and behind is not None:
            is_traded = query.what in _TRADED
            bars = yield from all_hours_bars(behind[0], after, span, start, until, is_traded=is_traded)
        elif known:
            bars = yield from self._bars(contract, span, start, until)
        elif behind is not None and contract.sec_type is SecType.STOCK and query.what in VOLATILITIES:
            prices = yield from self._bars(contract, span, start, until)
            bars = yield from volatility_bars(self._market, behind[0], prices, query.what)
        if query.use_rth:
            bars = yield from _regular(contract, span, bars)
        if query.what == _ADJUSTED and contract.sec_type is SecType.STOCK:
            bars = yield from _without_dividends(contract, bars, now)
        if not bars:
            raise HistoryError(162, _no_data(contract, query.what))
        shown, sides_of = [], self._sides_of(contract, after)
        for n in range(0, len(bars), _SLICE):
            yield
            shown += [as_history(bar, span, query.what, sides_of(bar)) for bar in bars[n : n + _SLICE]]
        return shown

    def _after_hours(self, contract: Contract) -> AfterHours | None:
        extended = self._market.extended
        return None if extended is None else extended.stocks.get(contract.con_id)

    def _sides_of(self, contract: Contract, after: AfterHours | None) -> Callable[[Bar], Sides]:
        """How wide the quotes of a bar's time are: those of now, and in early and late trading those of then."""
        regular = _sides(contract, self._spread(contract))

        def sides_of(bar: Bar) -> Sides:
            if after is None or extended_day(bar.start) is None:
                return regular
            return _sides(contract, after.spread_cents(bar.start) / 100)

        return sides_of

    def head(self, con_id: ConId) -> datetime | None:
        contract = self._market.contracts.by_id(con_id)
        stock = self._market.stocks.get(contract.symbol) if contract is not None else None
        if stock is None:
            return None
        session = session_on(stock.tape.first_day())
        first = session.open if session is not None else None
        oldest = next(stock.tape.days(nyse.FIRST_DAY, self._market.next_point()), None)
        return first if oldest is None else oldest.start

    def _validate(self, query: HistoryQuery) -> tuple[timedelta, Contract]:
        contract = self._market.contracts.by_id(query.con_id)
        if contract is None:
            raise HistoryError(200, "No security definition has been found for the request")
        span = SPANS.get(query.bar_size)
        if span is None:
            raise HistoryError(321, INVALID_SIZE)
        if query.what not in WHAT_TO_SHOW | UNKNOWN_WHAT_TO_SHOW:
            raise HistoryError(
                321, f"Error validating request.-'bB' : cause - Invalid what to show: {query.what}"
            )
        if query.what == _ADJUSTED and span > _DAY:
            raise HistoryError(321, MULTI_DAY_ADJUSTED)
        return span, contract

    def _spread(self, contract: Contract) -> float:
        """What a quote is wide now; two steps of a currency pair, a step where nothing is known."""
        step = float(contract.ticks.steps[0][1])
        if contract.sec_type is SecType.FOREX:
            return 2 * step
        stock = self._market.stocks.get(contract.symbol)
        book = stock.book if stock is not None and contract.sec_type is SecType.STOCK else None
        if book is None or book.bid is None or book.ask is None:
            return step
        return float(book.ask - book.bid)

    def _bars(
        self, contract: Contract, span: timedelta, start: datetime, end: datetime
    ) -> Generator[None, None, list[Bar]]:
        behind = self._market.underlying_market(contract.symbol)
        if contract.sec_type is SecType.FOREX or behind is None:
            return self._extra_bars(contract, span, start, end)
        stock, times = behind
        bars = yield from stock_bars(stock, span, start, end)
        if contract.symbol in INDEX_SYMBOLS:
            bars = [_index_bar(bar, contract.symbol, times) for bar in bars]
        if contract.sec_type is SecType.OPTION:
            return (yield from self._option_bars(contract, bars))
        return bars

    def _option_bars(self, contract: Contract, bars: list[Bar]) -> Generator[None, None, list[Bar]]:
        """The model's prices along the underlying's bars: open and close exact, the extremes those of the underlying."""
        found = []
        for n, bar in enumerate(bars[-_MAX_OPTION_BARS:], start=1):
            if (option := self._option_bar(contract, bar)) is not None:
                found.append(option)
            if n % _OPTION_SLICE == 0:
                yield
        return found

    def _option_bar(self, contract: Contract, bar: Bar) -> Bar | None:
        prices = [
            self._market.option_price_at(contract, spot, bar.start)
            for spot in (bar.open, bar.high, bar.low, bar.close)
        ]
        known = [round(price, 2) for price in prices if price is not None]
        if len(known) < 4:
            return None
        return Bar(
            bar.symbol,
            bar.size,
            bar.start,
            known[0],
            max(known),
            min(known),
            known[3],
            float(bar.volume // 50_000),
        )

    def _extra_bars(self, contract: Contract, span: timedelta, start: datetime, end: datetime) -> list[Bar]:
        bars = []
        for begin in _grid(span, start, end):
            levels = self._market.extra_prices(contract, begin, min(span, end - begin))
            if levels:
                bars.append(
                    Bar(
                        contract.symbol,
                        BarSize.M1,
                        begin,
                        levels[0],
                        max(levels),
                        min(levels),
                        levels[-1],
                        -1.0,
                    )
                )
        return bars


def _index_bar(bar: Bar, symbol: str, times: float) -> Bar:
    """The fund's bar as its index's, which has no volume."""
    first, high, low, last = (round(price * times, 2) for price in (bar.open, bar.high, bar.low, bar.close))
    return Bar(symbol, bar.size, bar.start, first, high, low, last, 0.0)


def _remember(stock: StockMarket, span: timedelta, start: datetime, end: datetime) -> Iterator[None]:
    """Let the tape make the days of a request one by one: it keeps them."""
    if span >= _DAY:
        for _ in stock.tape.days(new_york_day(start), end):
            yield
        return
    for session in sessions_between(max(new_york_day(start), stock.tape.first_day()), new_york_day(end)):
        stock.tape.minutes(session.day)
        if span >= _HOUR:
            stock.tape.hours(session.close, session.day)
        yield


def _grid(span: timedelta, start: datetime, end: datetime) -> Iterable[datetime]:
    """Round starts of bars in [start, end), weekends left out."""
    begin = start + (datetime.min.replace(tzinfo=UTC) - start) % span
    while begin < end - _INSTANT:
        if begin.astimezone(NEW_YORK).weekday() < 5:
            yield begin
        begin += span


def _regular(contract: Contract, span: timedelta, bars: list[Bar]) -> Generator[None, None, list[Bar]]:
    """Those that begin in regular hours."""
    found = []
    for n in range(0, len(bars), _SLICE):
        yield
        found += [bar for bar in bars[n : n + _SLICE] if _is_regular(contract, span, bar.start)]
    return found


def _without_dividends(
    contract: Contract, bars: list[Bar], now: datetime
) -> Generator[None, None, list[Bar]]:
    """Prices of the past less the dividends since then; their volumes stay."""
    left_of, found = adjustment(contract.symbol, new_york_day(now)), []
    for n, bar in enumerate(bars, start=1):
        left = left_of(new_york_day(bar.start))
        open_, high, low, close = (
            round(price * left, 2) for price in (bar.open, bar.high, bar.low, bar.close)
        )
        found.append(Bar(bar.symbol, bar.size, bar.start, open_, high, low, close, bar.volume))
        if n % _SLICE == 0:
            yield
    return found


def _is_regular(contract: Contract, span: timedelta, start: datetime) -> bool:
    """Whether a bar begins in regular hours. Currencies have no others; the stocks here trade in no others; an index is
    told around the clock (IB, "useRTH": 0 gives all hours, 1 the regular ones alone)."""
    if contract.sec_type is SecType.FOREX or span >= _DAY:
        return True
    session = session_on(new_york_day(start))
    # An hour's bar that holds the open begins before it, on the clock's own grid.
    return session is not None and session.open - span < start < session.close


def _start(duration: str, end: datetime, *, is_extended: bool) -> datetime:
    """Where a request's bars begin: a number of seconds before its end, or the open so many sessions back.

    Where early trading is asked for, too, a day begins with it.
    """
    number, _, unit = duration.strip().partition(" ")
    if not number.isdigit() or unit not in ("S", *_UNITS) or int(number) == 0:
        raise HistoryError(321, f"Error validating request.-'bB' : cause - Invalid duration: {duration}")
    if unit == "S":
        return end - timedelta(seconds=int(number))
    return _session_open(end, int(number) * _UNITS[unit], is_extended=is_extended)


def _session_open(end: datetime, sessions: int, *, is_extended: bool) -> datetime:
    """The begin of the day ``sessions`` back, the one in progress or just over counted as the first."""
    today = _begin(new_york_day(end), is_extended=is_extended)
    has_begun = today is not None and end > today
    day: date = new_york_day(end) if has_begun else previous_session(new_york_day(end)).day
    first = day if sessions == 1 else nth_session_before(day, sessions - 1).day
    return _begin(first, is_extended=is_extended) or end


def _begin(day: date, *, is_extended: bool) -> datetime | None:
    found = trading_day(day)
    if found is None:
        return None
    return found.begin if is_extended else found.session.open


def _no_data(contract: Contract, what: str) -> str:
    """IB's words; a pair on IDEALPRO is asked for TRADES in vain, since nobody reports them."""
    where = "IDEALPRO" if contract.sec_type is SecType.FOREX else "SMART"
    name = contract.local_symbol or contract.symbol
    return f"Historical Market Data Service error message:HMDS query returned no data: {name}@{where} {what.title()}"


@dataclass(frozen=True, slots=True)
class Sides:
    """How far bid and ask lie from a print, and the grid all three stand on (USD, or the pair's quote currency)."""

    step: float
    bid: float
    ask: float

    def snap(self, price: float) -> float:
        return round(round(price / self.step) * self.step, 5)


def _sides(contract: Contract, spread: float) -> Sides:
    step = float(contract.ticks.steps[0][1])
    steps = max(1, round(spread / step))
    return Sides(step, -(steps // 2) * step, (steps - steps // 2) * step)


NO_SIDES = Sides(0.01, 0.0, 0.01)


def as_history(bar: Bar, span: timedelta, what: str, sides: Sides) -> HistoryBar:
    """A bar as its kind of data shows it. BID_ASK means: average bid, highest ask, lowest bid, average ask."""
    if what in _TRADED or what in VOLATILITIES:
        return _of_trades(bar, span)
    bid, ask = sides.bid, sides.ask
    shift = {"BID": bid, "ASK": ask, "MIDPOINT": (bid + ask) / 2}.get(what, 0.0)
    open_, high, low, close = (
        sides.snap(price) + shift for price in (bar.open, bar.high, bar.low, bar.close)
    )
    if what == "BID_ASK":
        middle = sides.snap((bar.open + bar.close) / 2)
        open_, high, low, close = middle + bid, high + ask, low + bid, middle + ask
    return HistoryBar(
        bar.start, span, round(open_, 5), round(high, 5), round(low, 5), round(close, 5), -1.0, -1.0, -1
    )


def _of_trades(bar: Bar, span: timedelta) -> HistoryBar:
    has_volume = bar.volume >= 0
    return HistoryBar(
        bar.start,
        span,
        round(bar.open, 5),
        round(bar.high, 5),
        round(bar.low, 5),
        round(bar.close, 5),
        bar.volume if has_volume else -1.0,
        round((bar.high + bar.low + bar.close) / 3, 4) if has_volume else -1.0,
        max(1, int(bar.volume // 250)) if has_volume else -1,
    )
