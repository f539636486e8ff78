"""Recorded market days that travel with the package: real minute and hour bars, real stock quotes.

Rule: nothing in here is invented or filled. A minute without a trade has no bar; the hours of a day whose minutes are
recorded are the sum of those minutes, so that a day replayed and the same day read back as history agree.
Sources and licences: ``NOTICE`` and ``recordings/README.md``.
"""

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Final, TypeVar

from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.market import Bar, BarSize
from bot.domain.session import NEW_YORK, new_york_day
from bot.domain.text import counted
from bot.domain.types import Symbol

RECORDINGS: Final = files("bot.sim") / "recordings"
SYMBOLS: Final[tuple[Symbol, ...]] = ("SPY", "AAPL", "GOOG")

_OPENING_UTC: Final = (13, 14)
"""The hours of 09:30 in New York by UTC's clock, in summer and in winter."""
_HAS_HOURS: Final = ("SPY", "AAPL")
_HAS_QUOTES: Final = ("AAPL", "GOOG")
_Row = TypeVar("_Row")


class NotRecordedError(FixTheCommand):
    """A day or symbol was asked for that nothing recorded has; ``known_days`` are there, by default the package's."""

    def __init__(
        self, symbol: Symbol, day: date | None = None, known_days: tuple[date, ...] | None = None
    ) -> None:
        if known_days is None:
            known_days = tuple(recorded for name, recorded in recorded_sessions() if name == symbol)
        days = [f"{known}" for known in known_days]
        known = (
            f"{days[0]} to {days[-1]}, {counted(len(days), 'session')}"
            if days
            else f"only {', '.join(SYMBOLS)}"
        )
        super().__init__(f"no recording of {symbol}{f' on {day}' if day else ''}; there is: {known}")


@dataclass(frozen=True, slots=True)
class StockQuote:
    """The stock's national best bid and offer in force at ``at`` (a minute's end); prices in USD, sizes in shares."""

    at: datetime
    bid: Decimal
    bid_size: int
    ask: Decimal
    ask_size: int


@cache
def recorded_sessions() -> tuple[tuple[Symbol, date], ...]:
    """Return every (symbol, New York date) whose minute bars are carried, in order of symbol and day."""
    return tuple((symbol, day) for symbol in SYMBOLS for day in _minutes_by_day(symbol))


def bars_1m(symbol: Symbol, day: date) -> tuple[Bar, ...]:
    """Return the day's minute bars, earliest first; NotRecordedError when there are none."""
    if symbol not in SYMBOLS or day not in _minutes_by_day(symbol):
        raise NotRecordedError(symbol, day)
    return _minutes_by_day(symbol)[day]


def bars_60m(symbol: Symbol, before: datetime) -> tuple[Bar, ...]:
    """Return every recorded hour bar that has ended by ``before``, earliest first.

    The day's first bar is 09:30 to 10:00, as IB cuts regular hours. A symbol with minutes only (GOOG) has the hours of
    its recorded minutes and no more. NotRecordedError for an unknown symbol.
    """
    if symbol not in SYMBOLS:
        raise NotRecordedError(symbol)
    hours = _hours(symbol)
    return tuple(hours[: bisect_right(hours, before, key=lambda bar: bar.end)])


def stock_quotes(symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
    """Return the day's minute quotes of the stock, earliest first; () where the source has none."""
    if symbol not in _HAS_QUOTES:
        return ()
    return tuple(quote for quote in _quotes(symbol) if new_york_day(quote.at) == day)


def to_hours(minutes: Iterable[Bar]) -> tuple[Bar, ...]:
    """Sum minute bars into hour bars that end on the clock's full hour; the last one may be partial.

    One symbol, earliest first, regular hours only. The first bar starts at 09:30 even if that minute had no trade.
    """
    return tuple(_sum(list(group)) for _, group in groupby(minutes, key=_hour_start))


def _hour_start(bar: Bar) -> datetime:
    # 09:30 New York falls on half past in every zone whose offset is whole hours, UTC included.
    start = bar.start.replace(minute=0)
    may_be_first = bar.start.tzinfo is not UTC or bar.start.hour in _OPENING_UTC
    is_first = may_be_first and bar.start.minute >= 30 and bar.start.astimezone(NEW_YORK).hour == 9
    return start.replace(minute=30) if is_first else start


def _sum(minutes: list[Bar]) -> Bar:
    first, last = minutes[0], minutes[-1]
    return Bar(
        symbol=first.symbol,
        size=BarSize.M60,
        start=_hour_start(first),
        open=first.open,
        high=max(bar.high for bar in minutes),
        low=min(bar.low for bar in minutes),
        close=last.close,
        volume=sum(bar.volume for bar in minutes),
    )


@cache
def _minutes_by_day(symbol: Symbol) -> dict[date, tuple[Bar, ...]]:
    bars = _read(f"{symbol}_1m.csv.gz", _bar_reader(symbol, BarSize.M1))
    return {day: tuple(group) for day, group in groupby(bars, key=lambda bar: new_york_day(bar.start))}


@cache
def _hours(symbol: Symbol) -> tuple[Bar, ...]:
    minutes = _minutes_by_day(symbol)
    recorded = recorded_hours(symbol)
    others = [bar for bar in recorded if new_york_day(bar.start) not in minutes]
    summed = [hour for day in minutes.values() for hour in to_hours(day)]
    return tuple(sorted(others + summed, key=lambda bar: bar.start))


@cache
def recorded_hours(symbol: Symbol) -> tuple[Bar, ...]:
    """Return the hour bars exactly as their source has them, () where it has none."""
    if symbol not in _HAS_HOURS:
        return ()
    return tuple(_read(f"{symbol}_60m.csv.gz", _bar_reader(symbol, BarSize.M60)))


@cache
def _quotes(symbol: Symbol) -> tuple[StockQuote, ...]:
    return tuple(_read(f"{symbol}_quotes_1m.csv.gz", _read_quote))


def _bar_reader(symbol: Symbol, size: BarSize) -> Callable[[list[str]], Bar]:
    def read(row: list[str]) -> Bar:
        start, *numbers = row
        return Bar(symbol, size, datetime.fromisoformat(start), *map(float, numbers))

    return read


def _read_quote(row: list[str]) -> StockQuote:
    at, bid, bid_size, ask, ask_size = row
    return StockQuote(datetime.fromisoformat(at), Decimal(bid), int(bid_size), Decimal(ask), int(ask_size))


def _read(name: str, make: Callable[[list[str]], _Row]) -> list[_Row]:
    return rows_of(name, (RECORDINGS / name).read_bytes(), make)


def rows_of(name: str, packed: bytes, make: Callable[[list[str]], _Row]) -> list[_Row]:
    """The rows of a recording's bytes. Errors: FixTheMachine where they are damaged."""
    try:
        _, *lines = gzip.decompress(packed).decode().splitlines()
        return [make(line.split(",")) for line in lines]
    except (OSError, EOFError, ValueError, ArithmeticError, TypeError, zlib.error) as error:
        raise damaged(name, error) from None


def damaged(name: str, error: Exception) -> FixTheMachine:
    """What is said of a recording of the package that cannot be read."""
    return FixTheMachine(f"the recording {name} is damaged ({type(error).__name__}); install the bot again")
