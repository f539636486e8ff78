"""A file's times as instants: the told clock where the times carry none, and never against what the rows show."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from bot.backtest.store.intake.clocks import clock_named
from bot.backtest.store.intake.evidence import CLEARLY, ClockFits, Fit, weigh
from bot.backtest.store.intake.numbers import Floats
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.intake.times import Times
from bot.backtest.store.kinds import MINUTE_US, Int64s
from bot.domain.errors import FixTheCommand

_GOOD = 0.5
"""A clock that fits less is not worth naming."""


def to_instants(raw: Raw, times: Times, volume: Floats, told: Told) -> Int64s:
    """The rows' labels as instants. FixTheCommand when the clock is not told, or contradicts the rows.

    Counts since 1970 that a program took from a wall clock are read as that clock's, where ``--zone`` names it and the
    rows agree.
    """
    utc = clock_named("UTC")
    if told.zone is None and not times.is_utc:
        raise FixTheCommand(f"{raw.path}: its times carry no zone; {_which(weigh(times.us, volume, utc))}")
    clock = utc if told.zone is None else clock_named(told.zone)
    seen = weigh(times.us, volume, clock)
    if times.is_utc and clock.name != utc.name:
        as_written = next(x for x in seen.ranked if x.clock.name == utc.name)
        if seen.told.whole <= as_written.whole + CLEARLY:
            clock, seen = utc, weigh(times.us, volume, utc)
    if not told.as_told:
        _refuse_wrong_clock(raw, times, seen)
    return clock.to_utc(times.us)


def _which(seen: ClockFits) -> str:
    best = seen.best
    if best.whole < _GOOD or seen.lag(best).max() > CLEARLY:
        return "say which, as in --zone America/New_York (no clock that is known fits all of its rows)"
    others = seen.others()
    same = f" (so does {others[0].clock.name}: ask who made the file)" if others else ""
    return f"say which: --zone {best.clock.name} fits New York's session {best.whole:.0%}{same}"


def _refuse_wrong_clock(raw: Raw, times: Times, seen: ClockFits) -> None:
    worst = int(np.argmax(lag := seen.lag(seen.told)))
    if lag[worst] <= CLEARLY:
        if seen.told.whole == 0:
            raise FixTheCommand(f"{raw.path}: no row lies in New York's regular hours (09:30–16:00)")
        return
    what = "as the instants they are written as" if times.is_utc else f"as times of {seen.told.clock.name}"
    when = "" if len(seen.days) == 1 else f" of {_span(seen.days[worst])}"
    better = max(seen.ranked, key=lambda x: (x.seasons[worst], x is seen.best))
    raise FixTheCommand(
        f"{raw.path}: {what} the rows{when} fit New York's session {seen.told.seasons[worst]:.0%}, "
        f"as times of {better.clock.name} {better.seasons[worst]:.0%}; {_remedy(seen, seen.best)}"
    )


def _remedy(seen: ClockFits, best: Fit) -> str:
    if seen.lag(best).max() > CLEARLY:
        return "no clock fits all its rows: import its parts from different sources one by one, or pass --as-told"
    return f"pass --zone {best.clock.name}, or --as-told"


def _span(days: tuple[int, int]) -> str:
    first, last = (date(1970, 1, 1) + timedelta(days=day) for day in days)
    return f"{first}" if first == last else f"{first} … {last}"


def on_time_grid(raw: Raw, us: Int64s) -> None:
    """FixTheCommand for a row that does not begin on a full minute."""
    odd = us % MINUTE_US != 0
    if odd.any():
        row = int(np.argmax(odd))
        raise FixTheCommand(
            f"{raw.where(row)}: the time is not a full minute; write the minute at which the bar begins or ends"
        )
