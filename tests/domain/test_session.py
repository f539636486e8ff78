"""The calendar against an independent one, day by day, and the cases that have cost people money."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar import nyse
from bot.domain.session import (
    NEW_YORK,
    CalendarRangeError,
    Session,
    days_left,
    is_open,
    minute_of_session,
    new_york_day,
    next_open,
    next_session,
    nth_session_before,
    previous_session,
    session_at,
    session_minutes,
    session_on,
    sessions_between,
)


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[misc,arg-type]  # the fields of a date, spelled as ints


@pytest.fixture(scope="module")
def xnys() -> dict[date, tuple[datetime, datetime]]:
    schedule = exchange_calendars.get_calendar("XNYS", start=nyse.FIRST_DAY, end=nyse.LAST_DAY).schedule
    return {
        day.date(): (opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    }


def test_every_day_of_the_table_equals_the_independent_calendar(
    xnys: dict[date, tuple[datetime, datetime]],
) -> None:
    assert {s.day: (s.open, s.close) for s in sessions_between(nyse.FIRST_DAY, nyse.LAST_DAY)} == xnys
    assert (min(xnys).year, max(xnys).year) == (2004, 2030)


def test_half_days_are_those_that_the_independent_calendar_closes_early(
    xnys: dict[date, tuple[datetime, datetime]],
) -> None:
    early = {day for day, (opens, closes) in xnys.items() if closes - opens < timedelta(hours=6)}
    assert {s.day for s in sessions_between(nyse.FIRST_DAY, nyse.LAST_DAY) if s.is_half_day} == early


def test_the_table_holds_only_weekdays_and_no_day_twice() -> None:
    assert all(day.weekday() < 5 for day in nyse.CLOSED | nyse.EARLY_CLOSE)
    assert not nyse.CLOSED & nyse.EARLY_CLOSE


@pytest.mark.parametrize(
    ("day", "minutes"),
    [
        (date(2015, 12, 24), 210),
        (date(2026, 11, 27), 210),  # the Friday after Thanksgiving
        (date(2024, 7, 3), 210),
        (date(2020, 7, 3), 0),  # Independence Day observed
        (date(2012, 10, 29), 0),  # Sandy
        (date(2012, 10, 30), 0),
        (date(2018, 12, 5), 0),
        (date(2025, 1, 9), 0),
        (date(2021, 12, 31), 390),  # a New Year on a Saturday is not observed on the Friday
        (date(2022, 6, 20), 0),  # the first Juneteenth that the exchange kept
        (date(2021, 6, 18), 390),
        (date(2011, 1, 15), 0),  # a Saturday
        (date(2011, 1, 17), 0),
        (date(2011, 1, 18), 390),
    ],
)
def test_named_days(day: date, minutes: int) -> None:
    assert session_minutes(day) == minutes


def test_a_half_day_closes_at_one_in_new_york() -> None:
    session = session_on(date(2015, 12, 24))
    assert session == Session(
        date(2015, 12, 24), utc(2015, 12, 24, 14, 30), utc(2015, 12, 24, 18), is_half_day=True
    )


def test_the_open_moves_by_an_hour_in_utc_when_the_clocks_change() -> None:
    friday, monday = session_on(date(2011, 3, 11)), session_on(date(2011, 3, 14))
    assert friday is not None
    assert monday is not None
    assert (friday.open.hour, monday.open.hour) == (14, 13)
    assert friday.minutes == monday.minutes == 390


def test_the_open_belongs_to_the_session_and_the_close_does_not() -> None:
    assert not is_open(utc(2011, 1, 3, 14, 29, 59))
    assert is_open(utc(2011, 1, 3, 14, 30))
    assert is_open(utc(2011, 1, 3, 20, 59, 59))
    assert not is_open(utc(2011, 1, 3, 21))
    assert not is_open(utc(2015, 12, 24, 18))


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    tokyo = utc(2011, 1, 3, 20, 59).astimezone(ZoneInfo("Asia/Tokyo"))
    assert tokyo.date() == date(2011, 1, 4)
    session = session_at(tokyo)
    assert session is not None
    assert session.day == date(2011, 1, 3)


def test_minutes_are_counted_from_the_open() -> None:
    assert minute_of_session(utc(2011, 1, 3, 14, 30, 59)) == 0
    assert minute_of_session(utc(2011, 1, 3, 20, 59)) == 389
    assert minute_of_session(utc(2011, 1, 3, 21)) is None
    assert minute_of_session(utc(2011, 1, 2, 15)) is None


def test_the_next_open_is_strictly_later() -> None:
    assert next_open(utc(2011, 1, 3, 14, 29)) == utc(2011, 1, 3, 14, 30)
    assert next_open(utc(2011, 1, 3, 14, 30)) == utc(2011, 1, 4, 14, 30)
    assert next_open(utc(2011, 1, 14, 22)) == utc(2011, 1, 18, 14, 30)
    # 02:00 UTC on Saturday is still Friday evening in New York.
    assert next_open(utc(2011, 1, 15, 2)) == utc(2011, 1, 18, 14, 30)


def test_sessions_are_walked_over_weekends_and_holidays() -> None:
    assert previous_session(date(2011, 1, 18)).day == date(2011, 1, 14)
    assert next_session(date(2011, 1, 14)).day == date(2011, 1, 18)
    assert nth_session_before(date(2011, 1, 31), 19).day == date(2011, 1, 3)
    january = sessions_between(date(2011, 1, 1), date(2011, 1, 31))
    assert len(january) == 20
    assert sessions_between(date(2011, 1, 15), date(2011, 1, 17)) == []
    assert sessions_between(date(2011, 1, 4), date(2011, 1, 3)) == []


def test_a_day_before_the_table_is_an_error_that_says_so() -> None:
    day = date(2003, 12, 31)
    with pytest.raises(CalendarRangeError, match=rf"covers 2004-01-01 to 2030-12-31, not {day}"):
        session_on(day)
    with pytest.raises(CalendarRangeError):
        previous_session(date(2004, 1, 2))


def test_behind_the_tables_end_weekdays_are_presumed_sessions_and_say_so() -> None:
    last, first = session_on(date(2030, 12, 31)), session_on(date(2031, 1, 1))
    assert last is not None
    assert first is not None
    assert (last.is_presumed, first.is_presumed) == (False, True)
    assert session_on(date(2031, 1, 4)) is None, "a Saturday"
    assert next_open(utc(2030, 12, 31, 22)) == first.open
    assert is_open(utc(2031, 1, 2, 15))
    assert days_left(date(2030, 12, 31)) == 0
    assert days_left(date(2031, 1, 1)) < 0


def test_what_is_not_an_aware_instant_or_a_plain_date_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        is_open(datetime(2011, 1, 3, 15))  # noqa: DTZ001  # the naive time is the point
    with pytest.raises(TypeError, match="session_at"):
        session_on(utc(2011, 1, 3, 15))
    with pytest.raises(ValueError, match="at least 1"):
        nth_session_before(date(2011, 1, 3), 0)


@given(st.integers(0, 4_000_000_000).map(lambda at_s: datetime.fromtimestamp(at_s, UTC)))
def test_the_day_is_that_of_new_york_s_own_clock(at: datetime) -> None:
    assert new_york_day(at) == at.astimezone(NEW_YORK).date()
