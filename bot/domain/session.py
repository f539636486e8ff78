"""When the New York market is open: sessions, half-days, minutes of the session.

Rule: every instant that comes in or goes out is aware UTC; New York's clock is used only in here. A session
holds the instants from its open up to, and not including, its close. A day before the table is an error. Behind its end a
weekday is *presumed* a session and says so: exits and protection go on by it, and entries are denied, since guessing "open" must
not let the bot trade into a closed market.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from bot.domain.calendar import nyse

NEW_YORK = ZoneInfo("America/New_York")
OPEN_TIME = time(9, 30)
CLOSE_TIME = time(16, 0)
EARLY_CLOSE_TIME = time(13, 0)

_ONE_DAY = timedelta(days=1)
_SAME_DAY_FROM_H = 5
"""New York is four or five hours behind UTC (since 1883), so from this hour on both calendars show the same date."""
_ONE_MINUTE = timedelta(minutes=1)


class CalendarRangeError(LookupError):
    """A day was asked for that the calendar's table does not cover."""

    def __init__(self, day: date) -> None:
        super().__init__(
            f"the trading calendar covers {nyse.FIRST_DAY} to {nyse.LAST_DAY}, not {day}; "
            "check the clock, or extend bot/domain/calendar/nyse.py"
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day: its New York date and its first and last instants, in UTC (the close is excluded)."""

    day: date
    open: datetime
    close: datetime
    is_half_day: bool
    is_presumed: bool = False
    """The table ends before this day: whether it is a holiday, or a half-day, nobody here knows."""

    @property
    def minutes(self) -> int:
        """Length in minutes: 390, or 210 on a half-day."""
        return (self.close - self.open) // _ONE_MINUTE

    def __contains__(self, at: datetime) -> bool:
        return self.open <= at < self.close


def days_left(day: date) -> int:
    """How many days of the calendar's table come after this one; negative behind its end."""
    return (nyse.LAST_DAY - day).days


def new_york_day(at: datetime) -> date:
    """Return the date on New York's wall calendar at this instant; ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone has no place in a session: {at!r}")
    if at.tzinfo is UTC and at.hour >= _SAME_DAY_FROM_H:
        return at.date()  # asked for each bar, quote and order: the zone's table is five times as slow
    return at.astimezone(NEW_YORK).date()


def midnight(at: datetime) -> datetime:
    """Return the instant at which New York's day of this instant began, in UTC."""
    return _utc(new_york_day(at), time())


def session_on(day: date) -> Session | None:
    """Return that New York date's session, None when the exchange is closed; CalendarRangeError before the table begins."""
    if isinstance(day, datetime):
        raise TypeError("session_on takes a date; use session_at for an instant")
    return _session(day)


@cache
def _session(day: date) -> Session | None:
    if day < nyse.FIRST_DAY:
        raise CalendarRangeError(day)
    if day > nyse.LAST_DAY and day.weekday() < 5:
        return Session(day, _utc(day, OPEN_TIME), _utc(day, CLOSE_TIME), is_half_day=False, is_presumed=True)
    if day.weekday() > 4 or day in nyse.CLOSED:
        return None
    is_half_day = day in nyse.EARLY_CLOSE
    close_time = EARLY_CLOSE_TIME if is_half_day else CLOSE_TIME
    return Session(day, _utc(day, OPEN_TIME), _utc(day, close_time), is_half_day)


def _utc(day: date, wall_time: time) -> datetime:
    return datetime.combine(day, wall_time, NEW_YORK).astimezone(UTC)


def session_at(at: datetime) -> Session | None:
    """Return the session in progress at this instant, None when the market is closed."""
    session = session_on(new_york_day(at))
    return session if session is not None and at in session else None


def is_open(at: datetime) -> bool:
    """Tell whether regular trading is in progress; the instant of the close counts as closed."""
    return session_at(at) is not None


def minute_of_session(at: datetime) -> int | None:
    """Return whole minutes since the open (09:30:00 to 09:30:59 is 0), None when the market is closed."""
    session = session_at(at)
    return None if session is None else (at - session.open) // _ONE_MINUTE


def session_minutes(day: date) -> int:
    """Return how many minutes the market is open on that date: 390, 210, or 0."""
    session = session_on(day)
    return 0 if session is None else session.minutes


def next_open(at: datetime) -> datetime:
    """Return the first open strictly after this instant."""
    today = session_on(new_york_day(at))
    if today is not None and at < today.open:
        return today.open
    return next_session(new_york_day(at)).open


def next_session(day: date) -> Session:
    """Return the first session after that date."""
    return next(_walk(day, _ONE_DAY))


def previous_session(day: date) -> Session:
    """Return the last session before that date."""
    return nth_session_before(day, 1)


@lru_cache(maxsize=256)
def nth_session_before(day: date, n: int) -> Session:
    """Return the session `n` sessions before that date (1: the previous one); ValueError unless n ≥ 1."""
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    earlier = _walk(day, -_ONE_DAY)
    for _ in range(n - 1):
        next(earlier)
    return next(earlier)


def sessions_between(first: date, last: date) -> list[Session]:
    """Return the sessions from `first` to `last`, both included, in order."""
    days = (first + n * _ONE_DAY for n in range((last - first).days + 1))
    return [session for day in days if (session := session_on(day)) is not None]


def _walk(day: date, step: timedelta) -> Iterator[Session]:
    # The table's edge ends the walk: session_on raises there.
    while True:
        day += step
        session = session_on(day)
        if session is not None:
            yield session
