"""The owner's store as a library of recorded days, with the package's days behind it.

Rule: a day's figures come from the store if it has that day's minutes, else from the package; never mixed within a day.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby, pairwise
from statistics import stdev
from typing import Final

from bot.backtest.feed.bars import as_bars, as_quotes, summed_hours
from bot.backtest.feed.chain import as_chain
from bot.backtest.feed.splits import splits_within
from bot.backtest.plan import BacktestPlan
from bot.backtest.store.kinds import Kind
from bot.backtest.store.splits import split_in_words
from bot.backtest.store.store import Store
from bot.domain.market import Bar, BarSize
from bot.domain.session import new_york_day
from bot.domain.text import counted
from bot.domain.types import Symbol
from bot.sim.market.price_source import LONGEST_BREAK
from bot.sim.market.recorded.bars import NotRecordedError, StockQuote
from bot.sim.market.recorded.chain import RecordedChain
from bot.sim.market.recorded.library import BUNDLE, Library, Listed, strikes_of

_EVER: Final = (date(1990, 1, 1), date(2100, 1, 1))
_DAYS_KEPT: Final = 8
_VOL_SESSIONS: Final = 21
_TRADING_DAYS: Final = 252
_LEAST_VOL: Final = 0.05


class StoreLibrary:
    """See :class:`bot.sim.market.recorded.library.Library`. Files are read when their days are asked for."""

    def __init__(self, store: Store, behind: Library = BUNDLE) -> None:
        self._store, self._behind = store, behind
        self._days = lru_cache(64)(self._own_days)
        self._hours = lru_cache(64)(self._all_hours)
        self.minutes = lru_cache(_DAYS_KEPT)(self._minutes)
        self.stock_quotes = lru_cache(_DAYS_KEPT)(self._stock_quotes)
        self.chain = lru_cache(_DAYS_KEPT)(self._chain)

    minutes: Callable[[Symbol, date], tuple[Bar, ...]]
    stock_quotes: Callable[[Symbol, date], tuple[StockQuote, ...]]
    chain: Callable[[Symbol, date], RecordedChain | None]

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        return tuple(sorted({*self._days(symbol), *self._behind.sessions(symbol)}))

    def own_sessions(self, symbol: Symbol) -> tuple[date, ...]:
        """Those of the store, earliest first."""
        return tuple(sorted(self._days(symbol)))

    def own_symbols(self) -> tuple[Symbol, ...]:
        """Those of which the store has minutes, sorted."""
        return self._store.symbols(Kind.BARS_1M)

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        bars, ends = self._hours(symbol)
        found = bars[: bisect_right(ends, before)]
        return found if since is None else tuple(bar for bar in found if new_york_day(bar.start) >= since)

    def listed(self, symbol: Symbol, day: date) -> Listed | None:
        if not self._is_own(symbol, day):
            return self._behind.listed(symbol, day)
        chain = self.chain(symbol, day)
        return None if chain is None else strikes_of(chain)

    def volatility(self, symbol: Symbol, day: date) -> float | None:
        """That of the last 21 closes before the day, a year, splits left out.

        None on the package's days, with fewer closes, and with a hole between them.
        """
        if not self._is_own(symbol, day):
            return self._behind.volatility(symbol, day)
        closes = self._closes(symbol)
        known = closes[: bisect_right(closes, (day, 0.0))][-_VOL_SESSIONS - 1 :]
        days = [*(one for one, _ in known), day]
        if len(known) <= _VOL_SESSIONS or any(b - a > LONGEST_BREAK for a, b in pairwise(days)):
            return None
        moves = [math.log(b / a) for (_, a), (_, b) in pairwise(known) if split_in_words(a, b) is None]
        return max(_LEAST_VOL, stdev(moves) * math.sqrt(_TRADING_DAYS))

    def _is_own(self, symbol: Symbol, day: date) -> bool:
        return day in self._days(symbol)

    def _own_days(self, symbol: Symbol) -> frozenset[date]:
        return frozenset(self._store.days(Kind.BARS_1M, symbol))

    def _minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        if self._is_own(symbol, day):
            return as_bars(symbol, BarSize.M1, self._store.table(Kind.BARS_1M, symbol, day, day))
        if day not in self._behind.sessions(symbol):
            raise NotRecordedError(symbol, day, self.sessions(symbol))
        return self._behind.minutes(symbol, day)

    def _stock_quotes(self, symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
        if self._is_own(symbol, day):
            return as_quotes(self._store.table(Kind.QUOTES_1M, symbol, day, day))
        return self._behind.stock_quotes(symbol, day)

    def _chain(self, symbol: Symbol, day: date) -> RecordedChain | None:
        if self._is_own(symbol, day):
            return as_chain(symbol, self._store.table(Kind.OPTIONS_1M, symbol, day, day))
        return self._behind.chain(symbol, day)

    def _all_hours(self, symbol: Symbol) -> tuple[tuple[Bar, ...], list[datetime]]:
        """Of days with minutes their sums, of other days the stored hours, of all others the package's."""
        summed = summed_hours(symbol, self._store.table(Kind.BARS_1M, symbol, *_EVER))
        stored = as_bars(symbol, BarSize.M60, self._store.table(Kind.BARS_60M, symbol, *_EVER))
        found: dict[date, list[Bar]] = {}
        behind = self._behind.hours(symbol, datetime.max.replace(tzinfo=UTC))
        for source in (behind, stored, summed):
            mine: dict[date, list[Bar]] = {}
            for bar in source:
                mine.setdefault(new_york_day(bar.start), []).append(bar)
            found |= mine
        bars = tuple(bar for day in sorted(found) for bar in found[day])
        return bars, [bar.end for bar in bars]

    def _closes(self, symbol: Symbol) -> list[tuple[date, float]]:
        return list({new_york_day(bar.start): bar.close for bar in self._hours(symbol)[0]}.items())


def days_to_play(library: Library, symbols: Iterable[Symbol]) -> list[date]:
    """What is played where no date is asked for: the owner's own days of these symbols, or, without one, the package's."""
    names = tuple(symbols)
    if isinstance(library, StoreLibrary) and (
        own := {x for name in names for x in library.own_sessions(name)}
    ):
        return sorted(own)
    return sorted({day for name in names for day in library.sessions(name)})


def warnings_of(plan: BacktestPlan, library: Library) -> tuple[str, ...]:
    """What a report of these days must say first."""
    return (*_only_the_package_s(plan, library), *_mixed_days(plan, library), *splits_within(plan, library))


def _only_the_package_s(plan: BacktestPlan, library: Library) -> Iterator[str]:
    """A line where the owner has data, and none of the symbols played: the settings' own symbols were meant by nobody."""
    if plan.is_synthetic or not isinstance(library, StoreLibrary):
        return
    own = library.own_symbols()
    if own and not set(own) & set(plan.symbols):
        yield (
            f"the days of {', '.join(plan.symbols)} are the package's; yours are of {', '.join(own[:6])}"
            f"{' …' if len(own) > 6 else ''}: --symbols {','.join(own[:6])} plays them"
        )


def _mixed_days(plan: BacktestPlan, library: Library) -> Iterator[str]:
    """A line for each symbol of which days of the owner's and of the package's are played as one."""
    if plan.is_synthetic or not isinstance(library, StoreLibrary):
        return
    for name in plan.symbols:
        played = {day for day in library.sessions(name) if plan.first <= day <= plan.last}
        own = played & {*library.own_sessions(name)}
        if own and own != played:
            alone = _longest_run(sorted(played), own)
            how_many = "yours" if len(alone) == len(own) else f"{counted(len(alone), 'day')} of yours"
            yield (
                f"{name}: {len(own)} of {len(played)} days are yours ({min(own)} to {max(own)}), the others the package's; "
                f"--from {alone[0]} --to {alone[-1]} plays {how_many} alone"
            )


def _longest_run(played: Iterable[date], own: Container[date]) -> list[date]:
    """Of the days that are played in order, the most in a row that are the owner's."""
    runs = (list(days) for is_own, days in groupby(played, key=lambda day: day in own) if is_own)
    return max(runs, key=len)
