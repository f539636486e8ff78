"""Which days a backtest plays: stretches of sessions without a hole, each a market of its own.

Rule: nothing is made up. A symbol without a recording of a day has no bars on it; where no symbol has any, the stretch
ends, and the next one begins with fresh machines and the equity that was left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from bot.domain.errors import FixTheCommand
from bot.domain.market import Bar
from bot.domain.session import Session, sessions_between
from bot.domain.text import counted
from bot.domain.types import Symbol
from bot.sim.market.catalog import underlying
from bot.sim.market.price_source import RecordedTape, Tape
from bot.sim.market.recorded.library import Library
from bot.sim.market.synthetic import SyntheticTape

_MOST_MISSING: Final = 3
"""So many sessions in a row without data belong to a stretch; more end it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sessions in order, the first and the last with data."""

    sessions: tuple[Session, ...]


def stretches(library: Library, symbols: Sequence[Symbol], first: date, last: date) -> tuple[Stretch, ...]:
    """The stretches between two dates. FixTheCommand when there is no day of any of the symbols."""
    have = {day for symbol in symbols for day in library.sessions(symbol) if first <= day <= last}
    if not have:
        raise FixTheCommand(_nothing(library, symbols, first, last))
    return tuple(_cut(sessions_between(min(have), max(have)), have))


def _cut(sessions: Sequence[Session], have: set[date]) -> Iterator[Stretch]:
    part: list[Session] = []
    missing: list[Session] = []
    for session in sessions:
        if session.day not in have:
            missing.append(session)
            continue
        if len(missing) > _MOST_MISSING:
            yield Stretch(tuple(part))
            part, missing = [], []
        part += [*missing, session] if part else [session]
        missing = []
    yield Stretch(tuple(part))


def _nothing(library: Library, symbols: Sequence[Symbol], first: date, last: date) -> str:
    known = library.sessions(symbols[0])
    if not any(library.sessions(x) for x in symbols):
        return f"no minutes of {', '.join(symbols)}. Get some: ibkr-bot data fetch, or ibkr-bot data import"
    there = f"{known[0]} to {known[-1]} ({counted(len(known), 'session')})" if known else "nothing"
    return (
        f"no minutes of {', '.join(symbols)} between {first} and {last}; of {symbols[0]} there is {there}. "
        "Get some: ibkr-bot data fetch, or ibkr-bot data import"
    )


class Silence:
    """What follows after the last recorded day: nothing."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol

    def minutes(self, day: date) -> tuple[Bar, ...]:
        del day
        return ()

    def ends(self, day: date) -> tuple[float, float] | None:
        del day
        return None

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        del before, since
        return ()

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        del since, before
        return iter(())

    def last_close(self, before: datetime) -> float | None:
        del before
        return None

    def spread_cents(self, at: datetime) -> int:
        """A cent, and one more in the opening minute: the usual spread of a liquid stock where none was recorded."""
        return 2 if at.minute == 30 and at.second == 0 else 1

    def first_day(self) -> date:
        return date.max


def recorded_tape(library: Library, symbol: Symbol) -> Tape:
    """A symbol as it was recorded, and no further."""
    return RecordedTape(symbol, Silence(symbol), library)


@lru_cache(maxsize=4)
def synthetic_tape(symbol: Symbol, first: date, seed: int) -> Tape:
    """A made-up symbol that opens at its usual price on the first day; its days are made once in a process."""
    return SyntheticTape(underlying(symbol), anchor=first, seed=seed)
