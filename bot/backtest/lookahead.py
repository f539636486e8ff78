"""Whether anything knows the future: change every price after an instant, and every decision before it must stay.

Rule: nothing is assumed of how a strategy could peek; whatever it is shown, and whatever the market is made of, comes
through the library, and all of it after the instant is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.backtest.exact.run import Progress, nobody, plan_stretches, run_exact
from bot.backtest.plan import BacktestPlan
from bot.domain import messages as m
from bot.domain.market import Bar
from bot.domain.session import NEW_YORK
from bot.domain.types import Symbol
from bot.sim.market.recorded.bars import StockQuote
from bot.sim.market.recorded.chain import RecordedChain
from bot.sim.market.recorded.library import Library, Listed

_TIMES: Final[dict[type, Callable[[Any], datetime]]] = {
    m.BarJudged: lambda x: x.bar_end,
    m.SignalFired: lambda x: x.bar_end,
    m.IdeaDropped: lambda x: x.at,
    m.TradeIdea: lambda x: x.at,
    m.EntryDenied: lambda x: x.at,
    m.PlaceBracket: lambda x: x.at,
    m.BracketClosed: lambda x: x.closed_at,
}
_SHIFT: Final = 1.03
"""What is to come is 3 % higher, and as busy as it was quiet."""


class ChangedFuture:
    """A library whose every figure after ``cut`` is another."""

    def __init__(self, library: Library, cut: datetime) -> None:
        self._library, self._cut = library, cut

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        return self._library.sessions(symbol)

    def minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        return tuple(map(self._bar, self._library.minutes(symbol, day)))

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(map(self._bar, self._library.hours(symbol, before, since)))

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

    def _bar(self, bar: Bar) -> Bar:
        if bar.end <= self._cut:
            return bar
        prices = {name: round(getattr(bar, name) * _SHIFT, 2) for name in ("high", "low", "close")}
        # A minute's open is known the moment it begins, and may fill an order at the cut itself.
        is_known = bar.start <= self._cut
        prices["open"] = bar.open if is_known else round(bar.open * _SHIFT, 2)
        prices["high"] = max(prices.values())
        prices["low"] = min(prices.values())
        return replace(bar, **prices, volume=bar.volume * 2 + 100)


def _raised(cents: NDArray[np.int32], known: int) -> NDArray[np.int32]:
    """The rows from ``known`` on twenty cents higher, where there is a price."""
    changed = np.array(cents)
    changed[known:][changed[known:] > 0] += 20
    return changed


@dataclass(frozen=True, slots=True)
class Peek:
    """The first decision before ``cut`` that another future changed: what it was, and where the two differ.

    ``is_repeatable`` False: it is another with the very same future, too.
    """

    cut: datetime
    what: str
    before: str
    after: str
    is_repeatable: bool = True


def cuts(plan: BacktestPlan, library: Library, count: int = 3) -> tuple[datetime, ...]:
    """Instants within the plan's sessions, spread over them, none on a full hour's edge."""
    sessions = [session for stretch in plan_stretches(plan, library) for session in stretch.sessions]
    chosen = [sessions[(n + 1) * len(sessions) // (count + 1)] for n in range(count)]
    return tuple(session.open + timedelta(minutes=77 + 40 * n) for n, session in enumerate(chosen))


def days_up_to(plan: BacktestPlan, library: Library, cut: datetime) -> int:
    """How many sessions are played for one cut, both times together."""
    short = _up_to(plan, cut)
    return 2 * sum(len(stretch.sessions) for stretch in plan_stretches(short, library))


def find_peek(
    plan: BacktestPlan, library: Library, cut: datetime, progress: Progress = nobody
) -> Peek | None:
    """Play up to the day of ``cut`` twice, with its own future and with another; None when no decision differs."""
    return first_difference(plan, library, ChangedFuture(library, cut), cut, progress)


def first_difference(
    plan: BacktestPlan, library: Library, another: Library, cut: datetime, progress: Progress = nobody
) -> Peek | None:
    """The first decision up to ``cut`` that two libraries, equal up to there, do not share."""
    short = _up_to(plan, cut)
    real, other = (_decisions(short, x, cut, progress) for x in (library, another))
    for before, after in zip_longest(real, other):
        if before != after:
            return Peek(
                cut, _of(before or after), *_apart(before, after), real == _decisions(short, library, cut)
            )
    return None


def _up_to(plan: BacktestPlan, cut: datetime) -> BacktestPlan:
    return replace(plan, last=min(plan.last, cut.date()))


def _of(message: Any) -> str:
    at = _TIMES[type(message)](message).astimezone(NEW_YORK)
    return f"{message.strategy} on {message.symbol}, {at:%Y-%m-%d %H:%M:%S} New York"


def _apart(one: Any, other: Any) -> tuple[str, str]:
    """What each has otherwise than the other; only what they are where they are not of a kind, or not of the same bar."""
    if type(one) is not type(other) or _of(one) != _of(other):
        return _in_short(one), _in_short(other)
    apart = [x.name for x in fields(one) if getattr(one, x.name) != getattr(other, x.name)]
    mine, theirs = (", ".join(f"{name} {getattr(x, name)}" for name in apart) for x in (one, other))
    return f"{type(one).__name__} with {mine}", f"with {theirs}"


def _in_short(message: Any) -> str:
    return "nothing" if message is None else f"{type(message).__name__} of {_of(message)}"


def _decisions(
    plan: BacktestPlan, library: Library, cut: datetime, progress: Progress = nobody
) -> list[m.Message]:
    found: list[m.Message] = []

    def hear(message: m.Message) -> None:
        at = _TIMES.get(type(message))
        if at is not None and at(message) <= cut:
            found.append(message)

    run_exact(plan, library, progress, hear=hear, until=cut)
    return found
