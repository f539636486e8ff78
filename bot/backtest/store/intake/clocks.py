"""Wall clocks that files are written in: a zone of the tz database, or so many hours ahead of one.

MetaTrader's brokers set theirs 7 hours ahead of New York's all year, so that their day ends with New York's at 17:00; no
zone of the tz database does that: Europe/Athens, mostly named for it, is an hour off in the weeks between the two
continents' changes. ``America/New_York+7h`` is that clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from bot.backtest.store.kinds import DAY_US, MINUTE_US, Int64s
from bot.domain.errors import FixTheCommand

_QUARTER_US: Final = 15 * MINUTE_US
_QUARTERS_A_DAY: Final = DAY_US // _QUARTER_US
_AHEAD: Final = re.compile(r"(?P<zone>.+?)(?P<sign>[+-])(?P<hours>\d{1,2})(?::(?P<minutes>[0-5]\d))?h?")
_FARTHEST_H: Final = 18


@dataclass(frozen=True, slots=True)
class WallClock:
    """``name`` as a person writes it; readings are ``ahead_us`` later than those of ``zone``'s own clock."""

    name: str
    zone: ZoneInfo
    ahead_us: int = 0

    def to_utc(self, wall: Int64s) -> Int64s:
        """Readings (microseconds, as if they were UTC's) as instants. An hour that summer time repeats is its first one."""
        own = wall - self.ahead_us
        quarters, place = np.unique(own // _QUARTER_US, return_inverse=True)
        return np.asarray(own - _offsets(quarters, self.zone)[place], dtype=np.int64)

    def offsets(self, wall_days: Int64s) -> Int64s:
        """How far the clock is ahead of UTC's at noon of each of its days (counted since 1970), in microseconds."""
        noon = wall_days * DAY_US + DAY_US // 2
        return noon - self.to_utc(noon)


def clock_named(name: str) -> WallClock:
    """The clock that ``--zone`` means: ``America/New_York``, ``UTC``, ``America/New_York+7h``, ``UTC-5h``.

    Raises FixTheCommand where there is none.
    """
    zone = _zone(name)
    if zone is not None:
        return WallClock(name, zone)
    parts = _AHEAD.fullmatch(name.strip())
    zone = None if parts is None else _zone(parts["zone"].strip())
    if parts is None or zone is None or int(parts["hours"]) > _FARTHEST_H:
        raise FixTheCommand(
            f"--zone: {name!r} is no time zone; write it as in America/New_York, UTC, "
            "or with hours ahead as in America/New_York+7h"
        )
    minutes = int(parts["hours"]) * 60 + int(parts["minutes"] or 0)
    return WallClock(name, zone, (minutes if parts["sign"] == "+" else -minutes) * MINUTE_US)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _offsets(quarters: Int64s, zone: ZoneInfo) -> Int64s:
    # Every change of a zone's offset since 1970 falls on a quarter of an hour, and no day has two.
    days, place = np.unique(quarters * _QUARTER_US // DAY_US, return_inverse=True)
    midnights = np.union1d(days, days + 1)
    told = np.array([_offset(n * _QUARTERS_A_DAY, zone) for n in midnights.tolist()], dtype=np.int64)
    first, last = told[np.searchsorted(midnights, days)], told[np.searchsorted(midnights, days + 1)]
    found = first[place]
    for n in np.flatnonzero((first != last)[place]):
        found[n] = _offset(int(quarters[n]), zone)
    return found


def instant_of_zone(wall_us: int, zone: ZoneInfo) -> int:
    """One reading of a zone's own clock as an instant."""
    return wall_us - _offset(wall_us // _QUARTER_US, zone)


@lru_cache(maxsize=65536)
def _offset(quarter: int, zone: ZoneInfo) -> int:
    start = datetime(1970, 1, 1, tzinfo=zone)  # arithmetic on a zone's own times moves its wall clock
    offset = (start + timedelta(microseconds=quarter * _QUARTER_US)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * 1_000_000
