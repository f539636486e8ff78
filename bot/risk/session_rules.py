"""When an entry is allowed: the exchange's hours, the margins inside them, and the embargo windows.

Rule: only the calendar says whether the market is open; a day it does not know is a closed one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from bot.domain.session import CalendarRangeError, Session, new_york_day, previous_session, session_on
from bot.domain.terms import StrategyTerms
from bot.domain.types import Symbol
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limits import EmbargoWindow, SessionRules

_ONE_DAY = timedelta(days=1)


def entry_time(now: datetime, rules: SessionRules, symbol: Symbol) -> Denial | None:
    """Why no entry in this symbol may be made at this instant, or None."""
    return _embargo(now, rules.embargoes) or _session(now, rules) or _blackout(now, rules, symbol)


def _blackout(now: datetime, rules: SessionRules, symbol: Symbol) -> Denial | None:
    before = timedelta(minutes=rules.blackout_before_minutes)
    after = timedelta(minutes=rules.blackout_after_minutes)
    for event in rules.blackouts:
        if event.holds(now, symbol, before, after):
            return deny(DenialCode.EVENT_BLACKOUT, event=event.name, at=event.at or str(event.day))
    return None


def _session(now: datetime, rules: SessionRules) -> Denial | None:
    day = new_york_day(now)
    try:
        session = session_on(day)
    except CalendarRangeError:
        return deny(DenialCode.SESSION_CALENDAR_UNKNOWN, day=str(day))
    if session is not None and session.is_presumed:
        return deny(DenialCode.SESSION_CALENDAR_UNKNOWN, day=str(day))
    if session is None:
        return deny(DenialCode.SESSION_HOLIDAY, day=str(day))
    if now not in session:
        return deny(DenialCode.SESSION_CLOSED, open=session.open, close=session.close)
    if session.is_half_day and not rules.trade_half_days:
        return deny(DenialCode.SESSION_HALF_DAY, close=session.close)
    return _margins(now, session, rules)


def _margins(now: datetime, session: Session, rules: SessionRules) -> Denial | None:
    from_ = session.open + timedelta(minutes=rules.minutes_after_open)
    until = session.close - timedelta(minutes=rules.minutes_before_close)
    if now < from_:
        return deny(DenialCode.SESSION_JUST_OPENED, allowed_from=from_)
    if now >= until:
        return deny(DenialCode.SESSION_CLOSING, allowed_until=until, half_day=session.is_half_day)
    return None


def early_close(now: datetime, close: datetime | None, rules: SessionRules) -> Denial | None:
    """Why no entry may be made on a day that IB ends earlier than our calendar, or None."""
    if close is None or now < close - timedelta(minutes=rules.minutes_before_close):
        return None
    return deny(DenialCode.SESSION_CLOSES_EARLY, close=close)


def _embargo(now: datetime, windows: tuple[EmbargoWindow, ...]) -> Denial | None:
    for window in windows:
        for start, end in _occurrences(window, now):
            if start <= now < end:
                return deny(window.code, embargo_from=start, embargo_until=end)
    return None


def _occurrences(window: EmbargoWindow, now: datetime) -> list[tuple[datetime, datetime]]:
    # A window may begin the evening before or reach past midnight: yesterday's and tomorrow's count too.
    today = now.astimezone(window.zone).date()
    found = []
    for day in (today - _ONE_DAY, today, today + _ONE_DAY):
        if window.weekday is None or window.weekday == day.weekday():
            at = datetime.combine(day, window.starts, window.zone).astimezone(now.tzinfo)
            found.append(
                (at - timedelta(minutes=window.lead_minutes), at + timedelta(minutes=window.lasts_minutes))
            )
    return found


def close_deadline(
    now: datetime, expiry: date, terms: StrategyTerms, rules: SessionRules
) -> tuple[datetime, str] | Denial:
    """When a position opened now must be gone, and why then; a denial if that is too soon to open it."""
    close_by, reason = deadline(now, expiry, terms, rules)
    if close_by - now < timedelta(minutes=rules.min_holding_minutes):
        return deny(DenialCode.CONTRACT_EXPIRING, close_by=close_by, reason=reason, expiry=str(expiry))
    return close_by, reason


def deadline(now: datetime, expiry: date, terms: StrategyTerms, rules: SessionRules) -> tuple[datetime, str]:
    """When a position opened now must be gone, and why then, however soon."""
    deadlines = [(_expiry_cutoff(expiry, rules), "expiry_cutoff")]
    if terms.time_stop_minutes is not None:
        deadlines.append((now + timedelta(minutes=terms.time_stop_minutes), "time_stop"))
    session = session_on(new_york_day(now))
    if terms.flat_by_session_end and session is not None:
        deadlines.append((session.close - timedelta(minutes=rules.exit_minutes_before_close), "session_end"))
    return min(deadlines)


def _expiry_cutoff(expiry: date, rules: SessionRules) -> datetime:
    # Until 2015 monthly options expired on Saturdays, after a last trading day of Friday; holidays do the same today.
    try:
        session = session_on(expiry) or previous_session(expiry)
    except CalendarRangeError:
        return datetime.combine(
            expiry, time(0), UTC
        )  # years away, beyond the table: its own midnight will do
    return session.close - timedelta(minutes=rules.expiry_cutoff_minutes)
