"""Where recorded days come from: the package's own, or a store of the owner's.

Rule: a library tells only what was recorded. It may know any number of days, and is asked for one at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Protocol

from bot.domain.market import Bar
from bot.domain.types import Symbol
from bot.sim.market.recorded import bars
from bot.sim.market.recorded.bars import StockQuote
from bot.sim.market.recorded.chain import RecordedChain, recorded_chain

Listed = Mapping[date, frozenset[Decimal]]
"""Strikes by expiry."""


class Library(Protocol):
    """Recorded days by symbol."""

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        """The days with minute bars, earliest first."""

    def minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        """A day's minute bars; NotRecordedError when there are none."""

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        """Hour bars that ended by ``before``, earliest first, those of recorded minutes included."""

    def stock_quotes(self, symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
        """A day's quotes of the stock by the minute; () where there are none."""

    def chain(self, symbol: Symbol, day: date) -> RecordedChain | None:
        """A day's option quotes; None where there are none."""

    def listed(self, symbol: Symbol, day: date) -> Listed | None:
        """The contracts that existed on a recorded day; None where the rules of listing must do."""

    def volatility(self, symbol: Symbol, day: date) -> float | None:
        """What a modelled option chain of that day is priced at (30 days, at the money, a year); None: as usual."""


class Bundle:
    """The days that travel with the package."""

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        return _sessions(symbol)

    def minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        return bars.bars_1m(symbol, day)

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        found = bars.bars_60m(symbol, before) if symbol in bars.SYMBOLS else ()
        first = 0 if since is None else bisect_left(found, since, key=lambda bar: bar.start.date())
        return found[first:]

    def stock_quotes(self, symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
        return bars.stock_quotes(symbol, day)

    def chain(self, symbol: Symbol, day: date) -> RecordedChain | None:
        return recorded_chain(symbol, day)

    def listed(self, symbol: Symbol, day: date) -> Listed | None:
        """The fullest chain lists every recorded day: on 2015-12-23 only the next day's expiry was recorded."""
        chains = [chain for known in self.sessions(symbol) if (chain := recorded_chain(symbol, known))]
        if not chains or day not in self.sessions(symbol):
            return None
        return strikes_of(max(chains, key=lambda chain: len(chain.contracts)))

    def volatility(self, symbol: Symbol, day: date) -> float | None:
        del symbol, day  # the catalog's figure serves for the package's few days
        return None


BUNDLE = Bundle()


@cache
def _sessions(symbol: Symbol) -> tuple[date, ...]:
    return tuple(day for name, day in bars.recorded_sessions() if name == symbol)


@cache
def strikes_of(chain: RecordedChain) -> Listed:
    """The contracts of a chain, by expiry."""
    found: dict[date, set[Decimal]] = {}
    for contract in chain.contracts:
        found.setdefault(contract.expiry, set()).add(contract.strike)
    return {expiry: frozenset(strikes) for expiry, strikes in found.items()}
