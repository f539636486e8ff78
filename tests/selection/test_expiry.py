"""Expiries as they were really listed, holidays included."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.selection.expiry import ExpiryRule, ends_its_week, parse_expiry

DAYS = st.dates(date(2005, 1, 1), date(2030, 6, 1))


@pytest.mark.parametrize(
    ("expiry", "is_weekly"),
    [
        (date(2011, 1, 7), True),
        (date(2011, 1, 22), True),  # the Saturday after the third Friday, as expiries were until 2015
        (date(2015, 12, 24), True),  # a Thursday: Christmas is the Friday
        (date(2015, 12, 31), True),
        (date(2025, 5, 14), False),  # SPY's Wednesday
        (date(2025, 4, 17), True),  # Good Friday follows
        (date(2025, 4, 16), False),
    ],
)
def test_a_weekly_ends_its_week(expiry: date, is_weekly: bool) -> None:
    assert ends_its_week(expiry) is is_weekly


def test_daily_expiries_are_passed_over_for_the_weekly_one() -> None:
    daily = [date(2025, 5, 12) + timedelta(days=n) for n in range(12) if n % 7 < 5]
    assert ExpiryRule().pick(daily, date(2025, 5, 13)) == date(2025, 5, 16)
    # On the expiry's own day the next one is taken: a position would have to be closed within hours.
    assert ExpiryRule().pick(daily, date(2025, 5, 16)) == date(2025, 5, 23)
    assert ExpiryRule(0).pick(daily, date(2025, 5, 16)) == date(2025, 5, 16)


def test_a_range_of_days_takes_the_nearest_within_it() -> None:
    expiries = [date(2025, 5, 16), date(2025, 6, 20), date(2025, 6, 6)]
    assert parse_expiry("14-45").pick(expiries, date(2025, 5, 12)) == date(2025, 6, 6)
    assert parse_expiry("4").pick(expiries, date(2025, 5, 12)) == date(2025, 5, 16)
    assert parse_expiry("50-60").pick(expiries, date(2025, 5, 12)) is None
    assert ExpiryRule().pick([], date(2025, 5, 12)) is None


def test_expiries_beyond_the_calendar_do_no_harm() -> None:
    assert ExpiryRule().pick([date(2033, 1, 21), date(2030, 6, 7)], date(2030, 6, 3)) == date(2030, 6, 7)
    assert ExpiryRule().pick([date(2033, 1, 21)], date(2030, 6, 3)) is None


@given(st.lists(DAYS, max_size=20), DAYS, st.integers(0, 60), st.integers(0, 60))
def test_the_pick_is_the_nearest_that_fits(expiries: list[date], today: date, low: int, width: int) -> None:
    picked = ExpiryRule(low, low + width, weekly_only=False).pick(expiries, today)
    fitting = [expiry for expiry in expiries if low <= (expiry - today).days <= low + width]
    assert picked == min(fitting, default=None)


@pytest.mark.parametrize("text", ["", "fortnightly", "7-", "-7", "1-2-3", "7 - 14", "0.5"])
def test_a_setting_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither 'weekly' nor a range of days"):
        parse_expiry(text)


def test_a_range_that_falls_is_refused() -> None:
    assert parse_expiry(" Weekly ") == ExpiryRule()
    with pytest.raises(ValueError, match="rise from 0: 14-7"):
        parse_expiry("14-7")
