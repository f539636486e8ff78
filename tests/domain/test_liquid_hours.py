"""IB's text of a contract's hours, read and written."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calendar.liquid_hours import days_in_disagreement, format_liquid_hours, parse_liquid_hours
from bot.domain.session import session_on

THANKSGIVING_WEEK = [date(2026, 11, 25) + timedelta(days=n) for n in range(4)]
IB_TEXT = "20261125:0930-20261125:1600;20261126:CLOSED;20261127:0930-20261127:1300;20261128:CLOSED"


def test_our_hours_are_written_as_ib_writes_them() -> None:
    assert format_liquid_hours(THANKSGIVING_WEEK) == IB_TEXT


def test_ibs_text_is_read_into_utc() -> None:
    hours = parse_liquid_hours(IB_TEXT)
    assert hours[date(2026, 11, 26)] == ()
    assert hours[date(2026, 11, 27)] == (
        (datetime(2026, 11, 27, 14, 30, tzinfo=UTC), datetime(2026, 11, 27, 18, tzinfo=UTC)),
    )


@given(st.dates(date(2004, 1, 1), date(2030, 11, 30)), st.integers(1, 30))
def test_what_we_write_we_read_back_and_agree_with(first: date, count: int) -> None:
    days = [first + timedelta(days=n) for n in range(count)]
    hours = parse_liquid_hours(format_liquid_hours(days))
    assert list(hours) == days
    assert days_in_disagreement(hours) == []
    assert all(bool(hours[day]) == (session_on(day) is not None) for day in days)


def test_the_older_form_and_several_spans_are_read() -> None:
    hours = parse_liquid_hours("20180323:0930-1200,1300-1600;20180324:CLOSED;")
    first, second = hours[date(2018, 3, 23)]
    assert (first[0].hour, first[1].hour, second[0].hour, second[1].hour) == (13, 16, 17, 20)


def test_a_span_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    hours = parse_liquid_hours("20261122:1800-20261123:1700;20261123:2000-0350", ZoneInfo("America/Chicago"))
    assert list(hours) == [date(2026, 11, 22), date(2026, 11, 23)]
    assert hours[date(2026, 11, 22)][0][0] == datetime(2026, 11, 23, tzinfo=UTC)
    assert hours[date(2026, 11, 23)][0][1] == datetime(2026, 11, 24, 9, 50, tzinfo=UTC)


def test_days_on_which_ib_and_our_calendar_differ_are_named() -> None:
    hours = parse_liquid_hours("20261124:0930-20261124:1600;20261125:CLOSED;20261127:0930-20261127:1600")
    assert days_in_disagreement(hours) == [date(2026, 11, 25), date(2026, 11, 27)]


def test_no_text_means_that_nothing_is_known() -> None:
    assert parse_liquid_hours("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "CLOSED",
        "20261127",
        "20261127:0930",
        "20261127:0930-1300-1600",
        "2026112:0930-1300",
        "20261127:0930-20261126:1300",
    ],
)
def test_a_text_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_liquid_hours(text)


def test_a_date_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_liquid_hours("20261327:CLOSED")
