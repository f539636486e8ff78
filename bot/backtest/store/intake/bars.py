"""A table of bars: size, zone and label are settled, hours outside of regular trading are left out, bad rows refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from bot.backtest.store.intake.evidence import label_of
from bot.backtest.store.intake.numbers import Flags, Floats
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.intake.sessions import place_bars
from bot.backtest.store.intake.times import Times
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
        size = f"{step / 1_000_000:g} s" if step < MINUTE_US else f"{step / MINUTE_US:g} min"
        wanted = (
            "make minutes of them first"
            if step < MINUTE_US
            else "minutes are enough, hours are summed of them"
        )
        raise FixTheCommand(
            f"{raw.path}: bars of {size}; the strategies read 1-min and 60-min bars ({wanted})"
        )
    return step


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


def once(us: Int64s, figures: Mapping[str, Floats]) -> tuple[Flags, Flags]:
    """Which rows to keep when equal ones come again, and which contradict an earlier row of the same instant."""
    _, first, place_of = np.unique(us, return_index=True, return_inverse=True)
    kept = np.zeros(len(us), dtype=np.bool_)
    kept[first] = True
    twin = first[place_of]
    differs = np.logical_or.reduce([values != values[twin] for values in figures.values()])
    return kept, np.asarray(differs, dtype=np.bool_)
