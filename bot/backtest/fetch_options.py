"""Option quotes from the broker's history into the store: of the contracts that the strategies could have watched.

Rule: a contract that the store has of a day is not asked for again. What an earlier fetch kept without its volume is; rows
that came from elsewhere stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import numpy as np
import pyarrow.compute as pc

from bot.backtest.fetch import SOURCE, Request, newest_first
from bot.backtest.store.intake.sessions import in_hours
from bot.backtest.store.intake.taken import as_table
from bot.backtest.store.kinds import MINUTE_US, Kind
from bot.backtest.store.store import Added, Store
from bot.domain.errors import FixTheCommand
from bot.domain.market import BarSize
from bot.domain.session import new_york_day, sessions_between
from bot.domain.types import Symbol
from bot.selection.expiry import ExpiryRule

_Series = tuple[date, float, str]
"""Expiry, strike, right."""


class AsksForOptions(Protocol):
    """What a session with the gateway offers."""

    def expiries(self, stock: Any) -> tuple[date, ...]: ...

    def options(
        self, stock: Any, expiry: date | None, low: float, high: float, each_side: int
    ) -> list[Any]: ...

    def quotes(self, option: Any, end: datetime, days: int) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class OptionRequest:
    """One contract in consecutive sessions; ``days`` are those of them that the store lacks."""

    option: Any
    expiry: date
    request: Request
    days: frozenset[date]


def expiries_for(
    listed: Sequence[date], rules: Iterable[ExpiryRule], days: Iterable[date]
) -> tuple[date, ...]:
    """Those that the strategies would have chosen on these days, as far as they are still listed, earliest first."""
    picked = [rule.pick(listed, day) for day in days for rule in rules]
    return tuple(sorted({expiry for expiry in picked if expiry is not None}))


def option_requests(
    session: AsksForOptions,
    stock: Any,
    store: Store,
    symbol: Symbol,
    days: tuple[date, date],
    rules: Sequence[ExpiryRule],
    each_side: int,
    *,
    again: bool,
) -> tuple[OptionRequest, ...]:
    """What is missing of the days whose bars are stored, newest first: from their lows to their highs, and beyond.

    FixTheCommand where no listed expiry is one that a strategy would have chosen.
    """
    stored = set(store.days(Kind.BARS_1M, symbol))
    listed = session.expiries(stock)
    sessions = [x for x in sessions_between(*days) if x.day in stored]
    if sessions and not expiries_for(listed, rules, (x.day for x in sessions)):
        raise FixTheCommand(f"no expiry of {symbol} that is still listed is one that options.expiry asks for")
    found: list[OptionRequest] = []
    for request in newest_first(sessions, BarSize.M1):
        wanted = frozenset(x.day for x in request.sessions)
        low, high = _range(store, symbol, request)
        known = {} if again else _known(store, symbol, wanted)
        for expiry in expiries_for(listed, rules, wanted):
            for option in session.options(stock, expiry, low, high, each_side):
                lacks = wanted - known.get((expiry, float(option.strike), str(option.right)[:1]), frozenset())
                if lacks:
                    found.append(OptionRequest(option, expiry, request, lacks))
    return tuple(found)


def fetch_options(
    session: AsksForOptions,
    store: Store,
    symbol: Symbol,
    requests: Iterable[OptionRequest],
    done: Callable[[OptionRequest, Added], None],
) -> Added:
    """Ask and keep, one contract after the other. Raises what the gateway refuses with; what came before is kept."""
    total = Added()
    for one in requests:
        quotes = session.quotes(one.option, one.request.end, len(one.request.sessions))
        mine = [x for x in quotes if new_york_day(x.start) in one.days]
        added = keep_quotes(store, symbol, one.option, mine, one.expiry, replace=True)
        total += added
        done(one, added)
    return total


def keep_quotes(
    store: Store, symbol: Symbol, option: Any, quotes: Sequence[Any], expiry: date, *, replace: bool
) -> Added:
    """Put one contract's quotes into the store; a minute's last state is in force from its end."""
    us = np.array([round(x.start.timestamp()) * 1_000_000 + MINUTE_US for x in quotes], dtype=np.int64)
    if not len(us):
        return Added()
    columns: dict[str, object] = {
        "ts": us,
        "expiry": np.full(len(us), np.datetime64(expiry, "D")),
        "strike": np.full(len(us), float(option.strike)),
        "right": [str(option.right)[:1]] * len(us),
        "bid": np.array([np.nan if x.bid is None or x.bid <= 0 else x.bid for x in quotes]),
        "ask": np.array([np.nan if x.ask is None or x.ask <= 0 else x.ask for x in quotes]),
        "volume": np.array([np.nan if x.volume is None else x.volume for x in quotes]),
    }
    table = as_table(Kind.OPTIONS_1M, columns, len(us), SOURCE)
    return store.add(Kind.OPTIONS_1M, symbol, table.filter(in_hours(us - MINUTE_US)), replace=replace)


def _range(store: Store, symbol: Symbol, request: Request) -> tuple[float, float]:
    bars = store.table(Kind.BARS_1M, symbol, request.sessions[0].day, request.sessions[-1].day)
    return pc.min(bars["low"]).as_py(), pc.max(bars["high"]).as_py()


def _known(store: Store, symbol: Symbol, days: Iterable[date]) -> dict[_Series, frozenset[date]]:
    """The days on which the store has a contract, quotes of ours without a volume apart."""
    found: dict[_Series, set[date]] = {}
    for day in days:
        for series in _whole(store, symbol, day):
            found.setdefault(series, set()).add(day)
    return {series: frozenset(known) for series, known in found.items()}


def _whole(store: Store, symbol: Symbol, day: date) -> Iterator[_Series]:
    rows = store.table(Kind.OPTIONS_1M, symbol, day, day)
    counted = rows.filter(pc.or_(pc.is_valid(rows["volume"]), pc.not_equal(rows["source"], SOURCE)))
    series = (
        counted.select(["expiry", "strike", "right"]).group_by(["expiry", "strike", "right"]).aggregate([])
    )
    for row in series.to_pylist():
        yield row["expiry"], row["strike"], row["right"]
