"""What a file's rows themselves say about their clock, and about whether a bar's time is its start or its end.

Sources of the signs: regular trading is 09:30–16:00 New York and its first minute the busiest of the morning; a vendor's
bar of 16:00 in regular hours can only be labelled by its end. Clocks that agree in winter and summer part in the weeks
between Europe's and America's changes, so each of a file's seasons is judged by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from bot.backtest.store.intake.clocks import WallClock, clock_named
from bot.backtest.store.intake.numbers import Floats
from bot.backtest.store.intake.sessions import place_bars
from bot.backtest.store.kinds import DAY_US, MINUTE_US, Int64s

Label = Literal["start", "end"]
_CITIES: Final = (
    "America/New_York",
    "UTC",
    "America/New_York+7h",  # MetaTrader's
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "Asia/Kolkata",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Australia/Sydney",
)
CANDIDATES: Final = tuple(
    dict.fromkeys(
        (
            *_CITIES,
            *(f"America/New_York{n:+d}h" for n in range(-6, 15) if n),
            *(f"UTC{n:+d}h" for n in range(-12, 15) if n),
        )
    )
)
CLEARLY: Final = 0.04
"""How much better another clock must fit before it counts as evidence: an hour of 6.5 is 0.15, a missing minute 0.003."""
_QUARTER_US: Final = 15 * MINUTE_US
_HALVES_A_DAY: Final = 64


@dataclass(frozen=True, slots=True)
class Fit:
    """How well readings of one clock sit in New York's sessions, from 0 to 1: in all, and in each season of the file."""

    clock: WallClock
    whole: float
    seasons: Floats
    offsets: Int64s
    """The clock's, on each of the file's days: clocks with the same ones come to the same instants."""


@dataclass(frozen=True, slots=True)
class ClockFits:
    """The fits of the told clock and of all others, the best first; ``days`` are each season's first and last, since 1970."""

    told: Fit
    ranked: tuple[Fit, ...]
    days: tuple[tuple[int, int], ...]

    @property
    def best(self) -> Fit:
        return self.ranked[0]

    def lag(self, fit: Fit) -> Floats:
        """By how much some clock does better than this one, by season."""
        return np.asarray(np.max([x.seasons for x in self.ranked], axis=0) - fit.seasons, dtype=np.float64)

    def others(self) -> tuple[Fit, ...]:
        """Clocks that fit as well as the best, and mean other instants."""
        rivals = (x for x in self.ranked if (x.offsets != self.best.offsets).any())
        return tuple(x for x in rivals if self.lag(x).max() <= CLEARLY)


def weigh(wall: Int64s, volume: Floats, told: WallClock) -> ClockFits:
    """Judge readings of a wall clock by where the trading lies; of equal clocks the told one is best, then the commoner."""
    quarters, place = np.unique(wall // _QUARTER_US, return_inverse=True)
    rows = np.bincount(place).astype(np.float64)
    traded = np.bincount(place, weights=np.nan_to_num(volume))
    days, day_place = np.unique(quarters * _QUARTER_US // DAY_US, return_inverse=True)
    clocks = [told, *(clock_named(name) for name in CANDIDATES if name != told.name)]
    season = _seasons(days, told)
    weight = np.where(np.bincount(season[day_place], weights=traded)[season[day_place]] > 0, traded, rows)
    fits = [_fit(clock, quarters * _QUARTER_US, weight, season[day_place], days) for clock in clocks]
    most = np.max([x.seasons for x in fits], axis=0)
    ranked = sorted(fits, key=lambda x: (round(float((most - x.seasons).max()), 3), -round(x.whole, 3)))
    spans = tuple((int(days[season == n].min()), int(days[season == n].max())) for n in np.unique(season))
    return ClockFits(fits[0], tuple(ranked), spans)


def _seasons(days: Int64s, told: WallClock) -> Int64s:
    """For each day the number of its season: New York, Europe and the told clock keep their distance within one."""
    clocks = (clock_named("America/New_York"), clock_named("Europe/London"), told)
    offsets = np.stack([clock.offsets(days) for clock in clocks])
    changes = (np.diff(offsets, axis=1) != 0).any(axis=0)
    return np.concatenate([[0], np.cumsum(changes)]).astype(np.int64)


def _fit(clock: WallClock, wall: Int64s, weight: Floats, season: Int64s, days: Int64s) -> Fit:
    """The part of the trading that lies inside of sessions × the part of their half hours that have any."""
    placed = place_bars(utc := clock.to_utc(wall))
    minute = placed.minute(utc)
    inside = (minute >= 0) & (minute < placed.minutes)
    count = int(season.max()) + 1
    share = np.bincount(season, weight * inside, count) / np.maximum(np.bincount(season, weight, count), 1e-9)
    session = placed.opens[inside] // MINUTE_US * _HALVES_A_DAY
    halves, first = np.unique(session + minute[inside] // 30, return_index=True)
    opens, of_open = np.unique(session, return_index=True)
    found = np.bincount(season[inside][first], minlength=count)
    there = np.bincount(season[inside][of_open], np.ceil(placed.minutes[inside][of_open] / 30), count)
    by_season = share * found / np.maximum(there, 1)
    total = float((weight * inside).sum() / weight.sum()) if weight.sum() else 0.0
    whole = total * len(halves) / max(float(there.sum()), 1.0) if len(opens) else 0.0
    return Fit(clock, whole, by_season, clock.offsets(days))


def label_of(utc: Int64s, volume: Floats, step_us: int) -> Label | None:
    """What the labels look like, None where nothing tells."""
    placed = place_bars(utc)
    has_session = placed.minutes > 0
    opens = has_session & (utc == placed.opens)
    closes = has_session & (utc == placed.opens + placed.minutes * MINUTE_US)
    if not opens.any() and not closes.any():
        return None
    if opens.sum() != closes.sum() and min(opens.sum(), closes.sum()) * 5 < max(opens.sum(), closes.sum()):
        return "start" if opens.sum() > closes.sum() else "end"
    # Both are there, so hours beyond regular ones are: then the leap of volume at the open tells.
    before, at, after = (_mean(volume, utc, placed.opens + n * step_us) for n in (-1, 0, 1))
    if min(before, at) <= 0:
        return None
    return "start" if at / before >= after / at else "end"


def _mean(volume: Floats, utc: Int64s, wanted: Int64s) -> float:
    found = volume[utc == wanted]
    return float(found.mean()) if len(found) else 0.0
