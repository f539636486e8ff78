"""Instants and New York's sessions, for whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.backtest.store.kinds import DAY_US, MINUTE_US, Int64s
from bot.domain.errors import FixTheCommand
from bot.domain.session import CalendarRangeError, session_on

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Placed:
    """For each row its session's open and length in minutes (0 where the market was closed that day)."""

    opens: Int64s
    minutes: Int64s

    def minute(self, us: Int64s) -> Int64s:
        """Minutes since the open; below 0 before it, and -1 on a day without a session."""
        return np.where(self.minutes > 0, (us - self.opens) // MINUTE_US, -1)


def place_bars(us: Int64s) -> Placed:
    """Where each instant lies. FixTheCommand for a day that the calendar does not cover.

    Regular hours lie within one UTC day, so the UTC day names the session.
    """
    days, where = np.unique(us // DAY_US, return_inverse=True)
    rows = np.array([_session(int(day)) for day in days], dtype=np.int64).reshape(-1, 2)
    return Placed(rows[where, 0], rows[where, 1])


def in_hours(us: Int64s) -> NDArray[np.bool_]:
    """Whether each instant lies in a session, its open included and its close not."""
    placed = place_bars(us)
    minute = placed.minute(us)
    return np.asarray((minute >= 0) & (minute < placed.minutes), dtype=np.bool_)


def day_of(us: int) -> date:
    """The UTC day of an instant."""
    return (_EPOCH + timedelta(microseconds=int(us))).date()


@lru_cache(maxsize=65536)  # each of some sixty clocks is tried on the same days
def _session(day: int) -> tuple[int, int]:
    try:
        session = session_on(date(1970, 1, 1) + timedelta(days=day))
    except (CalendarRangeError, OverflowError) as error:
        raise FixTheCommand(f"a row's day lies outside of the calendar: {error}") from None
    if session is None:
        return 0, 0
    return (session.open - _EPOCH) // timedelta(microseconds=1), session.minutes
