"""Whether anything knows the future: change every price after an instant, and every decision before it must stay.

Rule: nothing is assumed of how a strategy could peek; whatever it is shown, and whatever the market is made of, comes
through the library, and all of it after the instant is changed.

Rule: an instant finds who looks past it from the minutes just before. So there are many, of days that are played by themselves;
and all days together are played twice, to the last minute, for what takes days to show, or is kept from one run to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from random import Random
from typing import Any, Final, TypeAlias

from bot.backtest.changed_future import ChangedFuture
from bot.backtest.exact.run import Progress, nobody, plan_stretches, played_symbols, run_exact
from bot.backtest.plan import BacktestPlan
from bot.domain import messages as m
from bot.domain.session import NEW_YORK, Session
from bot.sim.market.recorded.library import Library

_TIMES: Final[dict[type, Callable[[Any], datetime]]] = {
    m.BarJudged: lambda x: x.bar_end,
    m.SignalFired: lambda x: x.bar_end,
    m.IdeaDropped: lambda x: x.at,
    m.TradeIdea: lambda x: x.at,
    m.EntryDenied: lambda x: x.at,
    m.PlaceBracket: lambda x: x.at,
    m.BracketClosed: lambda x: x.closed_at,
}
_Decisions: TypeAlias = list[tuple[datetime, Any]]
_MINUTE: Final = timedelta(minutes=1)
_LEAST_A_DAY: Final = 2
_LEAST: Final = 16
"""So many instants there are at least, be it of a single day."""
_MOST_DAYS: Final = 60
"""Of a year's 252 some say as much as all, at a quarter of the time."""


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


@dataclass(frozen=True, slots=True)
class PeekSearch:
    """What is played: all days twice, with other prices after ``whole`` the second time, and each of ``days`` by itself, with
    other prices after so many of its instants, one after the other."""

    whole: datetime
    days: tuple[Session, ...]
    each_day: int

    @property
    def instants(self) -> int:
        return len(self.days) * self.each_day


def peek_search_of(plan: BacktestPlan, library: Library, each_day: int | None = None) -> PeekSearch:
    """``each_day`` None: two, more where days are few. Of many days some are drawn, by the plan's seed."""
    sessions = [x for stretch in plan_stretches(plan, library) for x in stretch.sessions]
    played = [x for x in sessions if played_symbols(plan, library, x.day)]
    drawn = Random(plan.seed).sample(played, min(len(played), _MOST_DAYS))  # noqa: S311  no secret
    count = each_day or max(_LEAST_A_DAY, -(-_LEAST // len(drawn)))
    return PeekSearch(sessions[-1].close - _MINUTE, tuple(sorted(drawn, key=lambda x: x.day)), count)


def sessions_to_play(plan: BacktestPlan, library: Library, chosen: PeekSearch) -> int:
    """How many in all, those that end at an instant counted as whole ones."""
    whole = sum(len(x.sessions) for x in plan_stretches(plan, library))
    return 2 * whole + len(chosen.days) * (1 + chosen.each_day)


def find_any_peek(
    plan: BacktestPlan, library: Library, chosen: PeekSearch, progress: Progress = nobody
) -> Peek | None:
    """The first decision that knew what came after it, or that was another the second time; None for none."""
    if (peek := find_peek(plan, library, chosen.whole, progress)) is not None:
        return peek
    found = (_peek_within(plan, library, session, chosen.each_day, progress) for session in chosen.days)
    return next((x for x in found if x is not None), None)


def _peek_within(
    plan: BacktestPlan, library: Library, session: Session, count: int, progress: Progress
) -> Peek | None:
    alone = replace(plan, first=session.day, last=session.day)
    real = _decisions(alone, library, session.close, progress)
    decided = [at for at, x in real if not isinstance(x, m.BarJudged)]
    for n, cut in enumerate(instants(session, decided, count, plan.seed)):
        # In turn the opposite of the next minute and of the rest of the day.
        another = ChangedFuture(library, cut, is_far=n % 2 == 1)
        if (peek := _first(alone, library, real, another, cut, progress)) is not None:
            return peek
    return None


def instants(session: Session, decided: Sequence[datetime], count: int, seed: int) -> tuple[datetime, ...]:
    """Ends of minutes of a day: every other one at which something was decided, as far as there are, the others any. No two are
    alike, and the same seed gives the same."""
    random = Random(f"{seed} {session.day}")  # noqa: S311  no secret
    every = [session.open + n * _MINUTE for n in range(1, session.minutes)]
    busy = sorted({*decided} & {*every})
    chosen = random.sample(busy, min(len(busy), -(-count // 2)))
    rest = [x for x in every if x not in chosen]
    others = random.sample(rest, min(len(rest), count - len(chosen)))
    mixed = [x for pair in zip_longest(chosen, others) for x in pair if x is not None]
    return tuple(mixed)


def find_peek(
    plan: BacktestPlan, library: Library, cut: datetime, progress: Progress = nobody
) -> Peek | None:
    """Play up to the day of ``cut`` twice, with its own future and with another; None when no decision differs."""
    return first_difference(plan, library, ChangedFuture(library, cut), cut, progress)


def first_difference(
    plan: BacktestPlan, library: Library, another: Library, cut: datetime, progress: Progress = nobody
) -> Peek | None:
    """The first decision up to ``cut`` that two libraries, equal up to there, do not share."""
    short = replace(plan, last=min(plan.last, cut.date()))
    return _first(short, library, _decisions(short, library, cut, progress), another, cut, progress)


def _first(
    plan: BacktestPlan,
    library: Library,
    real: _Decisions,
    another: Library,
    cut: datetime,
    progress: Progress,
) -> Peek | None:
    past = [x for at, x in real if at <= cut]
    other = [x for _, x in _decisions(plan, another, cut, progress)]
    for before, after in zip_longest(past, other):
        if before != after:
            again = [x for _, x in _decisions(plan, library, cut)]
            return Peek(cut, _of(before or after), *_apart(before, after), past == again)
    return None


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
) -> _Decisions:
    """Up to the cut, each with the instant by which it was made; one that the clock alone brought counts for the next."""
    found: _Decisions = []
    waiting: list[m.Message] = []

    def hear(message: m.Message) -> None:
        if isinstance(message, m.TimePassed):
            # A step's facts, and what follows from them, are told before its time.
            found.extend((message.at, x) for x in waiting)
            waiting.clear()
        elif type(message) in _TIMES:
            waiting.append(message)

    run_exact(plan, library, progress, hear=hear, until=cut)
    return [x for x in found if x[0] <= cut]
