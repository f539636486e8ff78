"""Days as they were up to an instant, and other prices after it: in a library of recorded days, or on a made-up tape.

Rule: what rose falls, and what fell rises, from a level that lies on the other side of where the price went: whoever looked ahead
by a minute or to the day's end, for a direction or for a level, would have seen the opposite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.domain.market import Bar
from bot.domain.session import new_york_day
from bot.domain.types import Symbol
from bot.sim.market.price_source import Tape
from bot.sim.market.recorded.bars import StockQuote
from bot.sim.market.recorded.chain import RecordedChain
from bot.sim.market.recorded.library import Library, Listed

_SHIFT: Final = 0.03
"""What is to come lies so much higher or lower, and is as busy as it was quiet."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of one symbol's bars after ``cut``. ``level``: its price there; None where it has no bar of that day."""

    cut: datetime
    level: float | None
    factor: float

    def bar(self, bar: Bar) -> Bar:
        return bar if bar.end <= self.cut else self.changed(bar)

    def changed(self, bar: Bar) -> Bar:
        """A bar that had not ended."""
        # A minute's open is known the moment it begins, and may fill an order at the cut itself.
        opened = bar.open if bar.start <= self.cut else self._price(bar.open)
        close, edges = self._price(bar.close), (self._price(bar.low), self._price(bar.high))
        high, low = max(opened, close, *edges), min(opened, close, *edges)
        return replace(bar, open=opened, high=high, low=low, close=close, volume=bar.volume * 2 + 100)

    def _price(self, price: float) -> float:
        mirrored = price if self.level is None else self.level * self.level / price
        return max(0.01, round(mirrored * self.factor, 2))


def turn_at(minutes: Sequence[Bar], cut: datetime, *, is_far: bool = False) -> Turn:
    """The opposite of the minute to come, or of the rest of the day (``is_far``); ``minutes`` are that day's."""
    past = [x for x in minutes if x.end <= cut]
    coming = [x for x in minutes if x.end > cut]
    if not coming:
        return Turn(cut, past[-1].close if past else None, 1 + _SHIFT)
    level = past[-1].close if past else coming[0].open
    rises = (coming[-1] if is_far else coming[0]).close > level
    return Turn(cut, level, 1 - _SHIFT if rises else 1 + _SHIFT)


class ChangedFuture:
    """A library whose every figure after ``cut`` is another; made-up tapes go through ``turned``."""

    def __init__(self, library: Library, cut: datetime, *, is_far: bool = False) -> None:
        self._library, self._cut, self._is_far = library, cut, is_far
        self._turn = lru_cache(None)(self._new_turn)

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        return self._library.sessions(symbol)

    def minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        return tuple(map(self._turn(symbol).bar, self._library.minutes(symbol, day)))

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(map(self._turn(symbol).bar, self._library.hours(symbol, before, since)))

    def stock_quotes(self, symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
        return tuple(x for x in self._library.stock_quotes(symbol, day) if x.at <= self._cut)

    def chain(self, symbol: Symbol, day: date) -> RecordedChain | None:
        chain = self._library.chain(symbol, day)
        if chain is None:
            return None
        known = max(0, min((self._cut - chain.session.open) // timedelta(minutes=1), len(chain.bid_cents)))
        bid, ask, last = (
            _raised(matrix, known) for matrix in (chain.bid_cents, chain.ask_cents, chain.last_cents)
        )
        return replace(chain, bid_cents=bid, ask_cents=ask, last_cents=last)

    def listed(self, symbol: Symbol, day: date) -> Listed | None:
        return self._library.listed(symbol, day)

    def volatility(self, symbol: Symbol, day: date) -> float | None:
        return self._library.volatility(symbol, day)

    def turned(self, tape: Tape) -> Tape:
        """A made-up tape with the same change."""
        return _TurnedTape(
            tape, turn_at(tape.minutes(new_york_day(self._cut)), self._cut, is_far=self._is_far)
        )

    def _new_turn(self, symbol: Symbol) -> Turn:
        day = new_york_day(self._cut)
        known = self._library.minutes(symbol, day) if day in self._library.sessions(symbol) else ()
        return turn_at(known, self._cut, is_far=self._is_far)


class _TurnedTape:
    def __init__(self, tape: Tape, turn: Turn) -> None:
        self._tape, self._turn = tape, turn

    @property
    def symbol(self) -> Symbol:
        return self._tape.symbol

    def minutes(self, day: date) -> tuple[Bar, ...]:
        return tuple(map(self._turn.bar, self._tape.minutes(day)))

    def ends(self, day: date) -> tuple[float, float] | None:
        bars = self.minutes(day) if self._tape.ends(day) is not None else ()
        return (bars[0].open, bars[-1].close) if bars else None

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(map(self._turn.bar, self._tape.hours(before, since)))

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        today = new_york_day(self._turn.cut)
        for bar in self._tape.days(since, before):
            yield bar if new_york_day(bar.start) < today else self._turn.changed(bar)

    def last_close(self, before: datetime) -> float | None:
        hours = self.hours(before) if before > self._turn.cut else ()
        return hours[-1].close if hours else self._tape.last_close(before)

    def spread_cents(self, at: datetime) -> int:
        return self._tape.spread_cents(at)

    def first_day(self) -> date:
        return self._tape.first_day()


def _raised(cents: NDArray[np.int32], known: int) -> NDArray[np.int32]:
    """The rows from ``known`` on twenty cents higher, where there is a price."""
    changed = np.array(cents)
    changed[known:][changed[known:] > 0] += 20
    return changed
