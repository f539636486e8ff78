"""When US stocks trade outside the regular session.

Source: NYSE and Nasdaq, "Hours & Calendars": early trading from 04:00, late trading to 20:00 New York, to 17:00 on half-days;
IB's contract details say the same (``20260105:0400-20260105:2000``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache

from bot.domain.session import NEW_YORK, Session, new_york_day, next_session, session_on

_BEGIN, _END, _EARLY_END = time(4), time(20), time(17)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """A session with what lies around it: [begin, open) and [close, end), in UTC."""

    session: Session
    begin: datetime
    end: datetime

    def is_extended(self, at: datetime) -> bool:
        return self.begin <= at < self.session.open or self.session.close <= at < self.end


def trading_day(day: date) -> TradingDay | None:
    """None on a day without a session."""
    session = session_on(day)
    return None if session is None else _around(session)


@lru_cache(maxsize=1024)
def _around(session: Session) -> TradingDay:
    begin, end = (
        datetime.combine(session.day, clock, NEW_YORK).astimezone(UTC)
        for clock in (_BEGIN, _EARLY_END if session.is_half_day else _END)
    )
    return TradingDay(session, begin, end)


def extended_day(at: datetime) -> TradingDay | None:
    """The day whose early or late trading is in progress; None in regular hours, at night and on days off."""
    day = trading_day(new_york_day(at))
    return day if day is not None and day.is_extended(at) else None


def next_begin(at: datetime) -> datetime:
    """The first begin of early trading strictly after this instant."""
    today = trading_day(new_york_day(at))
    if today is not None and at < today.begin:
        return today.begin
    return _around(next_session(new_york_day(at))).begin
