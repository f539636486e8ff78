"""Data from the broker's history into the store: what is missing, in requests that IB answers, each kept as it comes.

Rule: it can be stopped at any moment and goes on where it was: a session that the store has is not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

import numpy as np

from bot.backtest.store.intake.sessions import in_hours
from bot.backtest.store.intake.taken import as_table
from bot.backtest.store.kinds import Kind
from bot.backtest.store.store import Added, Store
from bot.broker.history import NoHistory
from bot.domain.market import Bar, BarSize
from bot.domain.session import Session, sessions_between
from bot.domain.types import Symbol

# IBKR Campus, "Historical Bars: Step Sizes": a day of 1-min bars is always granted, a week in practice; hours by the month.
_SESSIONS_A_REQUEST: Final = {BarSize.M1: 5, BarSize.M60: 21}
_KINDS: Final = {BarSize.M1: Kind.BARS_1M, BarSize.M60: Kind.BARS_60M}
SOURCE: Final = "ib history"
_BEFORE_ITS_TIME: Final = 2
"""Empty answers in a row, newest first: a halt can empty one week, but before these there was no listing."""


class AsksForBars(Protocol):
    """What a session with the gateway offers."""

    def bars(self, stock: Any, size: BarSize, end: datetime, days: int) -> tuple[Bar, ...]: ...


@dataclass(frozen=True, slots=True)
class Request:
    """Consecutive sessions that are asked for at once."""

    sessions: tuple[Session, ...]

    @property
    def end(self) -> datetime:
        return self.sessions[-1].close


def requests_for(
    store: Store, symbol: Symbol, size: BarSize, first: date, last: date, *, again: bool
) -> tuple[Request, ...]:
    """What is missing between two days, newest first: the newest is what IB has surest. ``again``: all of it."""
    have = set() if again else set(store.days(stored_kind(size), symbol))
    wanted = [session for session in sessions_between(first, last) if session.day not in have]
    return newest_first(wanted, size)


def stored_kind(size: BarSize) -> Kind:
    """Where bars of that size are kept."""
    return _KINDS[size]


def newest_first(sessions: Sequence[Session], size: BarSize) -> tuple[Request, ...]:
    """Sessions in as few requests as IB grants."""
    return tuple(reversed(list(_cut(sessions, _SESSIONS_A_REQUEST[size]))))


def _cut(sessions: Sequence[Session], most: int) -> Iterator[Request]:
    part: list[Session] = []
    for session in sessions:
        if part and (len(part) == most or len(sessions_between(part[0].day, session.day)) > len(part) + 1):
            yield Request(tuple(part))
            part = []
        part.append(session)
    if part:
        yield Request(tuple(part))


def fetch_bars(
    session: AsksForBars,
    stock: Any,
    store: Store,
    symbol: Symbol,
    size: BarSize,
    requests: Iterable[Request],
    done: Callable[[Request, Added], None],
    *,
    replace: bool = False,
    empty: Callable[[Request], None] = lambda _: None,
) -> Added:
    """Ask and keep, one request after the other. Raises what the gateway refuses with; what came before is kept.

    ``empty`` is told of each request that IB knows nothing of; behind two of them in a row nothing older is asked for.
    """
    total, empties = Added(), 0
    for request in requests:
        bars = _known(session, stock, size, request)
        empties = 0 if bars else empties + 1
        if not bars:
            empty(request)
        added = keep(store, symbol, size, bars, request, replace=replace)
        total += added
        done(request, added)
        if empties == _BEFORE_ITS_TIME:
            break
    return total


def _known(session: AsksForBars, stock: Any, size: BarSize, request: Request) -> tuple[Bar, ...]:
    try:
        return session.bars(stock, size, request.end, len(request.sessions))
    except NoHistory as error:
        if error.is_empty:
            return ()
        raise


def keep(
    store: Store, symbol: Symbol, size: BarSize, bars: Sequence[Bar], request: Request, *, replace: bool
) -> Added:
    """Put the asked sessions' closed bars of regular hours into the store."""
    first, last = request.sessions[0].open, request.sessions[-1].close
    mine = [bar for bar in bars if first <= bar.start < last and bar.end <= last]
    if not mine:
        return Added()
    us = np.array([round(bar.start.timestamp()) * 1_000_000 for bar in mine], dtype=np.int64)
    columns: dict[str, object] = {
        name: [getattr(bar, name) for bar in mine] for name in ("open", "high", "low", "close", "volume")
    }
    table = as_table(stored_kind(size), columns | {"ts": us}, len(mine), SOURCE)
    return store.add(stored_kind(size), symbol, table.filter(in_hours(us)), replace=replace)
