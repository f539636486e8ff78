"""Paths inside a minute, synthetic markets, tapes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.market import Bar, BarSize
from bot.domain.session import session_on
from bot.sim.market.catalog import underlying
from bot.sim.market.paths import minute_points, shares
from bot.sim.market.price_source import RecordedTape
from bot.sim.market.recorded.bars import bars_1m, bars_60m
from bot.sim.market.synthetic import SyntheticTape, continue_after

MINUTE = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
ANCHOR = date(2026, 1, 5)


def bar(open_: float, high: float, low: float, close: float) -> Bar:
    return Bar("XYZ", BarSize.M1, MINUTE, open_, high, low, close, 1000.0)


@given(st.lists(st.integers(100, 100_000), min_size=4, max_size=4), st.sampled_from([4, 8, 12, 60]))
def test_the_points_of_a_minute_have_its_open_high_low_and_close(cents: list[int], count: int) -> None:
    low, *middle, high = sorted(cents)
    points = minute_points(bar(middle[0] / 100, high / 100, low / 100, middle[1] / 100), count)

    assert len(points) == count
    assert (points[0], max(points), min(points), points[-1]) == (middle[0], high, low, middle[1])


def test_a_rising_minute_goes_down_first_and_a_falling_one_up() -> None:
    assert minute_points(bar(10.0, 12.0, 9.0, 11.0), 4) == (1000, 900, 1200, 1100)
    assert minute_points(bar(11.0, 12.0, 9.0, 10.0), 4) == (1100, 1200, 900, 1000)


def test_a_minute_has_four_points_or_a_multiple() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        minute_points(bar(1, 1, 1, 1), 6)


@given(st.integers(0, 10**7), st.sampled_from([4, 12, 60]))
def test_the_parts_of_a_minutes_volume_add_up(volume: int, count: int) -> None:
    assert sum(shares(float(volume), count, step) for step in range(count)) == volume


def tape(seed: int = 1) -> SyntheticTape:
    return SyntheticTape(underlying("SPY"), anchor=ANCHOR, seed=seed)


def test_a_synthetic_market_is_the_same_for_a_seed_and_another_for_another() -> None:
    assert tape().minutes(ANCHOR) == tape().minutes(ANCHOR)
    assert tape(1).minutes(ANCHOR) != tape(2).minutes(ANCHOR)


def test_a_synthetic_day_does_not_depend_on_which_day_was_asked_first() -> None:
    forward, backward = tape(), tape()
    day, later = date(2025, 12, 22), date(2026, 1, 9)
    first = (forward.minutes(day), forward.minutes(later))
    second = (backward.minutes(later), backward.minutes(day))

    assert first == (second[1], second[0])


def test_a_synthetic_market_has_every_minute_of_the_session_and_thirty_days_of_hours() -> None:
    session = session_on(ANCHOR)
    assert session is not None
    minutes = tape().minutes(ANCHOR)
    hours = tape().hours(session.open)

    assert [m.start for m in minutes] == [session.open + timedelta(minutes=n) for n in range(390)]
    assert len({hour.start.date() for hour in hours}) >= 30
    assert all(m.low <= min(m.open, m.close) <= max(m.open, m.close) <= m.high for m in minutes)
    assert all(m.volume > 0 for m in minutes)
    assert tape().minutes(date(2026, 1, 4)) == ()


def test_a_half_day_has_210_synthetic_minutes() -> None:
    assert (
        len(SyntheticTape(underlying("SPY"), anchor=date(2026, 11, 27), seed=1).minutes(date(2026, 11, 27)))
        == 210
    )


def test_synthetic_prices_connect_from_day_to_day() -> None:
    made = tape()
    closes = [made.minutes(day)[-1].close for day in (date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7))]
    opens = [made.minutes(day)[0].open for day in (date(2026, 1, 6), date(2026, 1, 7), date(2026, 1, 8))]

    assert all(abs(o / c - 1) < 0.03 for o, c in zip(opens, closes, strict=True))


def test_a_synthetic_market_is_about_as_wild_as_it_should_be() -> None:
    made = SyntheticTape(underlying("SPY"), anchor=ANCHOR, seed=3, history=60)
    closes = [b.close for b in made.hours(datetime(2026, 1, 5, 14, 0, tzinfo=UTC))][6::7]
    vol = float(np.std(np.diff(np.log(closes))) * np.sqrt(252))

    assert 0.5 * 0.17 < vol < 2.2 * 0.17


def test_volume_is_highest_at_open_and_close() -> None:
    volumes = [m.volume for m in tape().minutes(ANCHOR)]

    assert sum(volumes[:30]) > 1.5 * sum(volumes[180:210]) < sum(volumes[-30:]) * 1.5


def test_a_recorded_tape_tells_the_recording_and_goes_on_after_it() -> None:
    last = session_on(date(2011, 1, 31))
    assert last is not None
    stock = underlying("SPY")
    close = bars_1m("SPY", last.day)[-1].close
    made = RecordedTape("SPY", continue_after(stock, last, close, seed=1))

    assert made.minutes(date(2011, 1, 20)) == bars_1m("SPY", date(2011, 1, 20))
    assert made.minutes(date(2010, 12, 31)) == ()
    assert abs(made.minutes(date(2011, 2, 1))[0].open - close) < 1
    assert made.hours(last.open) == bars_60m("SPY", last.open)
    assert made.hours(datetime(2011, 2, 2, tzinfo=UTC))[-1].start.date() == date(2011, 2, 1)
    assert made.first_day() == date(2011, 1, 3)


def test_a_synthetic_stock_remembers_twenty_years_that_could_have_been() -> None:
    made = tape()
    days = list(made.days(date(1990, 1, 1), datetime(2026, 1, 5, 14, 0, tzinfo=UTC)))

    assert len(days) > 4_500
    closes = np.array([bar.close for bar in days])
    assert closes.min() > 600 / 20
    assert closes.max() < 600 * 3
    assert np.abs(np.diff(np.log(closes))).max() < 0.12


def test_days_minutes_and_hours_tell_the_same_story() -> None:
    made = tape()
    day = date(2024, 6, 3)
    (daily,) = made.days(day, datetime(2024, 6, 3, 21, 0, tzinfo=UTC))
    minutes = made.minutes(day)
    hours = made.hours(datetime(2024, 6, 3, 21, 0, tzinfo=UTC), day)

    assert (daily.open, daily.close) == (minutes[0].open, minutes[-1].close)
    assert (daily.high, daily.low) == (max(m.high for m in minutes), min(m.low for m in minutes))
    assert daily.close == hours[-1].close
    assert daily.volume == sum(m.volume for m in minutes)


def test_an_old_days_close_leads_to_the_next_days_open() -> None:
    days = list(tape().days(date(2025, 6, 1), datetime(2026, 1, 5, 14, 0, tzinfo=UTC)))
    assert max(abs(b.open / a.close - 1) for a, b in pairwise(days)) < 0.04
