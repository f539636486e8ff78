"""A table of bars: size, zone and label are settled, hours outside of regular trading are left out, bad rows refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from bot.backtest.store.intake.evidence import CLEARLY, fit, label_of, zones_by_fit
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.intake.sessions import place_bars
from bot.backtest.store.intake.times import Times, to_utc
from bot.backtest.store.intake.values import Flags, Floats
from bot.backtest.store.kinds import DAY_US, MINUTE_US, Int64s, Kind
from bot.domain.errors import FixTheCommand

SIZES: Final = {MINUTE_US: Kind.BARS_1M, 60 * MINUTE_US: Kind.BARS_60M}


def size_of(raw: Raw, times: Times) -> int:
    """The bars' length in microseconds, from their distances; FixTheCommand for one that no strategy reads."""
    us = np.unique(times.us)
    steps = np.diff(us)
    steps = steps[steps < DAY_US // 2]
    if times.is_dates_only or not len(steps):
        raise FixTheCommand(
            f"{raw.path}: daily bars, or one bar a day; the strategies read 1-min and 60-min bars"
        )
    values, counts = np.unique(steps, return_counts=True)
    step = int(values[np.argmax(counts)])
    if step not in SIZES:
        raise FixTheCommand(
            f"{raw.path}: bars of {step / 60_000_000:g} min; the strategies read 1-min and 60-min bars "
            "(hours are summed from minutes, so minutes are enough)"
        )
    return step


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name. Raises FixTheCommand where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FixTheCommand(
            f"--zone: {name!r} is no time zone; write it as in America/New_York or UTC"
        ) from None


def to_instants(raw: Raw, times: Times, volume: Floats, told: Told) -> Int64s:
    """The rows' labels as instants. FixTheCommand when the zone is not told, or contradicts the bars.

    Counts since 1970 that a program took from a wall clock are read as that clock's, where ``--zone`` names it and the
    bars agree.
    """
    zone = None if told.zone is None else zone_named(told.zone)
    if not times.is_utc:
        if zone is None:
            best = zones_by_fit(times.us, volume, told="UTC")
            raise FixTheCommand(
                f"{raw.path}: its times carry no zone; say which: --zone {best[0][1]} fits New York's session "
                f"{best[0][0]:.0%}, {best[1][1]} {best[1][0]:.0%}"
            )
        utc = to_utc(times.us, zone)
    elif zone is not None and fit(to_utc(times.us, zone), volume) > fit(times.us, volume) + CLEARLY:
        utc = to_utc(times.us, zone)
    else:
        utc = times.us
    if not told.as_told:
        _refuse_wrong_zone(raw, times, utc, volume, told.zone or "UTC")
    return utc


def _refuse_wrong_zone(raw: Raw, times: Times, utc: Int64s, volume: Floats, told: str) -> None:
    ours = fit(utc, volume)
    best, name = zones_by_fit(times.us, volume, told=told)[0]
    if best <= ours + CLEARLY:
        if ours == 0:
            raise FixTheCommand(f"{raw.path}: no bar lies in New York's regular hours (09:30–16:00)")
        return
    what = "as the instants they are written as" if times.is_utc else f"as times of {told}"
    raise FixTheCommand(
        f"{raw.path}: {what} the bars fit New York's session {ours:.0%}, as times of {name} {best:.0%}; "
        f"pass --zone {name}, or --as-told"
    )


def to_starts(raw: Raw, utc: Int64s, volume: Floats, step_us: int, told: Told) -> Int64s:
    """Labels as the bars' starts. FixTheCommand when they look like the other convention than was told."""
    label = told.label or "start"
    looks = label_of(utc, volume, step_us)
    if looks is not None and looks != label and not told.as_told:
        raise FixTheCommand(
            f"{raw.path}: the times look like the bars' {looks}s "
            f"(first and last of a day); pass --label {looks}, or --as-told with --label {label}"
        )
    if step_us == MINUTE_US:
        return utc if label == "start" else utc - step_us
    return _hour_starts(raw, utc, label == "end")


def _hour_starts(raw: Raw, utc: Int64s, is_end: bool) -> Int64s:
    """Hours on the clock's grid; the day's first is 09:30–10:00, whether its label says 09:00 or 09:30."""
    hour = 60 * MINUTE_US
    starts = utc - hour if is_end else utc
    placed = place_bars(starts)
    half_past = (starts - placed.opens) % hour == 0
    if (half_past & (starts > placed.opens) & (placed.minutes > 0)).sum() > len(starts) // 4:
        raise FixTheCommand(
            f"{raw.path}: hours that begin at half past; IB's begin on the full hour (the day's first at 09:30). "
            "Import minutes instead: hours are summed from them"
        )
    is_first = (starts // hour == placed.opens // hour) & (placed.minutes > 0)
    return np.where(is_first, placed.opens, starts)


def on_time_grid(raw: Raw, us: Int64s) -> None:
    """FixTheCommand for a bar that does not begin on a full minute."""
    odd = us % MINUTE_US != 0
    if odd.any():
        row = int(np.argmax(odd))
        raise FixTheCommand(f"{raw.where(row)}: the time is not a full minute")


def once(us: Int64s, figures: Mapping[str, Floats]) -> tuple[Flags, Flags]:
    """Which rows to keep when equal ones come again, and which contradict an earlier row of the same instant."""
    _, first, place_of = np.unique(us, return_index=True, return_inverse=True)
    kept = np.zeros(len(us), dtype=np.bool_)
    kept[first] = True
    twin = first[place_of]
    differs = np.logical_or.reduce([values != values[twin] for values in figures.values()])
    return kept, np.asarray(differs, dtype=np.bool_)
