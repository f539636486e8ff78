"""The bundled recordings are what their notice says, and nothing in them looks into the future."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest

from bot.domain.market import BarSize
from bot.domain.session import new_york_day, session_on, sessions_between
from bot.sim.market.recorded.bars import (
    NotRecordedError,
    bars_1m,
    bars_60m,
    recorded_hours,
    recorded_sessions,
    stock_quotes,
    to_hours,
)

ALL_SESSIONS = recorded_sessions()


def test_the_bundled_sessions_are_those_of_the_notice() -> None:
    january = [s.day for s in sessions_between(date(2011, 1, 1), date(2011, 1, 31))]
    assert [day for symbol, day in ALL_SESSIONS if symbol == "SPY"] == january
    assert [day for symbol, day in ALL_SESSIONS if symbol == "AAPL"] == [date(2014, 6, 5), date(2014, 6, 6)]
    assert [day for symbol, day in ALL_SESSIONS if symbol == "GOOG"] == [
        date(2015, 12, 23),
        date(2015, 12, 24),
    ]


@pytest.mark.parametrize(("symbol", "day"), ALL_SESSIONS)
def test_every_session_has_a_bar_for_each_minute_of_regular_hours(symbol: str, day: date) -> None:
    session = session_on(day)
    assert session is not None
    bars = bars_1m(symbol, day)
    assert [bar.start for bar in bars] == [
        session.open + timedelta(minutes=m) for m in range(session.minutes)
    ]
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(bar.volume > 0 and bar.size is BarSize.M1 and bar.symbol == symbol for bar in bars)


@pytest.mark.parametrize("symbol", ["SPY", "AAPL"])
def test_hours_summed_from_minutes_agree_with_the_independently_recorded_hours(symbol: str) -> None:
    recorded = {bar.start: bar for bar in recorded_hours(symbol)}
    days = [day for name, day in ALL_SESSIONS if name == symbol]
    summed = [hour for day in days for hour in to_hours(bars_1m(symbol, day))]
    assert len(summed) == 7 * len(days)
    assert median(abs(hour.close - recorded[hour.start].close) for hour in summed) == 0
    assert max(abs(hour.close / recorded[hour.start].close - 1) for hour in summed) < 0.002
    assert 0.9 < median(hour.volume / recorded[hour.start].volume for hour in summed) < 1.1


@pytest.mark.parametrize("symbol", ["SPY", "AAPL"])
def test_hour_history_has_every_session_whole_and_in_order(symbol: str) -> None:
    hours = bars_60m(symbol, datetime(2030, 1, 1, tzinfo=UTC))
    sessions = sessions_between(new_york_day(hours[0].start), new_york_day(hours[-1].start))
    expected = [(s.open, 4 if s.is_half_day else 7) for s in sessions]
    counted = [(s.open, sum(s.open <= bar.start < s.close for bar in hours)) for s in sessions]
    assert counted == expected
    assert all(earlier.end <= later.start for earlier, later in pairwise(hours))


def test_history_ends_where_it_is_told_to() -> None:
    half_past_eleven = datetime(2011, 1, 10, 16, 30, tzinfo=UTC)
    hours = bars_60m("SPY", half_past_eleven)
    assert hours[-1].end == datetime(2011, 1, 10, 16, tzinfo=UTC)
    assert hours[-1] == to_hours(bars_1m("SPY", date(2011, 1, 10)))[1]
    assert len(hours) > 140


def test_the_first_hour_of_a_day_is_half_an_hour() -> None:
    first, second, *_, last = to_hours(bars_1m("GOOG", date(2015, 12, 24)))
    assert first.end - first.start == timedelta(minutes=30)
    assert second.end - second.start == timedelta(hours=1)
    assert last.end == datetime(2015, 12, 24, 18, tzinfo=UTC)
    assert first.volume == sum(bar.volume for bar in bars_1m("GOOG", date(2015, 12, 24))[:30])


def test_stock_quotes_are_uncrossed_and_stamped_at_minute_ends() -> None:
    for symbol, day in [("AAPL", date(2014, 6, 5)), ("AAPL", date(2014, 6, 6)), ("GOOG", date(2015, 12, 24))]:
        session = session_on(day)
        assert session is not None
        quotes = stock_quotes(symbol, day)
        assert len(quotes) >= session.minutes - 1
        assert all(quote.bid < quote.ask and session.open < quote.at <= session.close for quote in quotes)
        closes = {bar.end: bar.close for bar in bars_1m(symbol, day)}
        assert median(abs(float(quote.bid) / closes[quote.at] - 1) for quote in quotes) < 0.001
    assert stock_quotes("SPY", date(2011, 1, 3)) == ()


def test_a_recording_that_does_not_exist_is_named_with_what_there_is() -> None:
    with pytest.raises(
        NotRecordedError, match="no recording of SPY on 2011-01-01; there is: 2011-01-03 to 2011-01-31, 20"
    ):
        bars_1m("SPY", date(2011, 1, 1))
    with pytest.raises(NotRecordedError, match="no recording of TSLA; there is: only SPY, AAPL, GOOG"):
        bars_60m("TSLA", datetime(2011, 1, 1, tzinfo=UTC))
