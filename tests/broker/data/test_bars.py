"""Which bars are closed, and each only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.data.bars import BarStream, bar_time, to_bar
from bot.domain.market import Bar, BarSize

OPEN = datetime(2011, 1, 7, 14, 30, tzinfo=UTC)
LATE, SOON = timedelta(seconds=10), timedelta(seconds=0.2)


def minute(n: int, close: float = 1.0) -> Bar:
    return Bar("SPY", BarSize.M1, OPEN + timedelta(minutes=n), 1.0, 2.0, 0.5, close, 10.0)


def raw(**changes: Any) -> Any:
    values = {"date": "1294410600", "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 9.0}
    return SimpleNamespace(**values | changes)


def backfill(stream: BarStream, bars: list[Bar], at: datetime, late: timedelta = SOON) -> tuple[Bar, ...]:
    """Asked for at ``at``, answered ``late``."""
    return stream.backfill(bars, at, at + late)


@pytest.mark.parametrize("text", ["1294410600", "20110107 14:30:00 UTC", "20110107 09:30:00 US/Eastern"])
def test_a_bars_time_is_read_in_its_own_zone(text: str) -> None:
    assert bar_time(text) == OPEN


@pytest.mark.parametrize("text", ["20110107  09:30:00", "20110107", "20110107 09:30:00 Atlantis/Capital", ""])
def test_a_time_without_a_zone_is_never_guessed(text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        bar_time(text)


def test_a_bar_that_lacks_a_price_is_no_bar() -> None:
    assert to_bar("SPY", BarSize.M1, raw(low=0.0)) is None
    assert to_bar("SPY", BarSize.M1, raw(close=float("nan"))) is None
    whole = to_bar("SPY", BarSize.M1, raw(volume=-1))
    assert whole is not None
    assert whole.volume == 0.0


def test_the_forming_bar_of_a_backfill_is_kept_back() -> None:
    stream = BarStream()
    closed = backfill(stream, [minute(0), minute(1)], OPEN + timedelta(seconds=90))
    assert closed == (minute(0),)
    assert stream.update(minute(1, 1.7)) is None
    assert stream.update(minute(2)) == minute(1, 1.7)


def test_after_the_close_a_backfill_holds_only_closed_bars() -> None:
    stream = BarStream()
    assert len(backfill(stream, [minute(0), minute(1)], OPEN + timedelta(hours=9))) == 2
    assert stream.forming is None


def test_a_bar_told_once_is_never_told_again() -> None:
    stream = BarStream()
    backfill(stream, [minute(0)], OPEN + timedelta(hours=1))
    assert stream.update(minute(0, 3.0)) is None
    assert stream.update(minute(1)) is None
    assert stream.close_by_clock(minute(1).end + LATE, LATE) == minute(1)
    assert stream.update(minute(1, 5.0)) is None
    assert stream.update(minute(2)) is None


def test_the_last_bar_of_a_session_is_closed_by_the_clock() -> None:
    stream = BarStream()
    stream.update(minute(389))
    end = minute(389).end
    assert stream.close_by_clock(end + timedelta(seconds=9), LATE) is None
    assert stream.close_by_clock(end + LATE, LATE) == minute(389)


def test_a_bar_whose_updates_ended_in_its_middle_is_asked_for_again_and_not_closed_by_the_clock() -> None:
    stream = BarStream()
    stream.update(minute(1))
    stream.heard_at = minute(1).start + timedelta(seconds=8)  # then the gateway was cut off from IB

    assert stream.close_by_clock(minute(1).end + LATE, LATE) is None
    assert stream.is_doubtful
    assert backfill(stream, [minute(1, 1.9)], minute(2).end) == (minute(1, 1.9),)


def test_the_first_word_about_the_next_bar_closes_none_whose_own_words_ended_in_its_middle() -> None:
    """Seed 33101420: the last known was ten seconds of it, and a quarter of its volume."""
    stream = BarStream()
    backfill(stream, [minute(0), minute(1)], minute(1).start + timedelta(seconds=10))

    assert stream.update(minute(2), minute(2).start) is None
    assert stream.is_doubtful
    assert backfill(stream, [minute(1, 1.9), minute(2)], minute(2).start + LATE) == (minute(1, 1.9),)
    assert stream.update(minute(2, 1.4), minute(2).end - LATE) is None
    assert stream.update(minute(3), minute(3).start) == minute(2, 1.4)


def test_a_bar_that_is_asked_for_already_is_not_asked_for_once_more() -> None:
    stream = BarStream()
    stream.update(minute(1))
    stream.heard_at, stream.is_asked = minute(1).start + timedelta(seconds=8), True

    assert stream.close_by_clock(minute(1).end + LATE, LATE) is None
    assert not stream.is_doubtful
    assert backfill(stream, [minute(1, 1.9)], minute(2).end) == (minute(1, 1.9),)
    assert not stream.is_asked


def test_a_bar_that_was_told_until_near_its_end_is_closed_by_the_clock() -> None:
    stream = BarStream()
    stream.update(minute(1))
    stream.heard_at = minute(1).end - timedelta(seconds=15)

    assert stream.close_by_clock(minute(1).end + LATE, LATE) == minute(1)


def test_a_second_backfill_repeats_and_the_stream_goes_on_once() -> None:
    stream = BarStream()
    stream.update(minute(0))
    assert stream.update(minute(1)) == minute(0)
    closed = backfill(stream, [minute(n) for n in range(4)], OPEN + timedelta(minutes=3, seconds=30))
    assert closed == (minute(0), minute(1), minute(2))
    assert stream.update(minute(4)) == minute(3)


def test_a_bar_that_formed_when_it_was_asked_for_is_not_closed_by_a_late_answer() -> None:
    stream = BarStream()
    closed = backfill(stream, [minute(0), minute(1)], OPEN + timedelta(seconds=80), timedelta(seconds=46))
    assert closed == (minute(0),)
    assert stream.update(minute(1, 1.9)) is None
    assert stream.update(minute(2)) == minute(1, 1.9)
    assert not stream.is_doubtful


def test_a_bar_that_ended_while_its_answer_was_on_its_way_is_asked_for_again_unless_an_update_shows_it() -> (
    None
):
    stream = BarStream()
    backfill(stream, [minute(0), minute(1)], OPEN + timedelta(seconds=80), timedelta(seconds=46))

    assert stream.update(minute(2)) is None
    assert stream.is_doubtful
    assert stream.update(minute(3)) is None

    asked_again = OPEN + timedelta(minutes=3, seconds=30)
    bars = [minute(0), minute(1, 1.9), minute(2), minute(3)]
    assert backfill(stream, bars, asked_again) == (minute(0), minute(1, 1.9), minute(2))
    assert stream.update(minute(4)) == minute(3)


def test_a_sessions_last_bar_that_may_be_a_part_is_asked_for_again_and_not_closed_by_the_clock() -> None:
    stream = BarStream()
    backfill(stream, [minute(389)], minute(389).end - timedelta(seconds=2), timedelta(seconds=5))

    assert stream.close_by_clock(minute(389).end + LATE, LATE) is None
    assert stream.is_doubtful
    assert backfill(stream, [minute(389, 1.9)], minute(389).end + LATE) == (minute(389, 1.9),)


@given(st.integers(0, 600), st.floats(0, 200), st.integers(0, 200))
def test_whatever_is_told_as_closed_had_ended_when_it_was_asked_for_or_was_shown_whole(
    asked_s: int, answer_s: float, known_s: int
) -> None:
    """The gateway answers with what it knew ``known_s`` after the question, at most when it answers; updates follow."""
    asked, known_at = OPEN + timedelta(seconds=asked_s), asked_s + min(float(known_s), answer_s)
    stream = BarStream()
    known = [minute(n, min(1.0, (known_at - 60 * n) / 60)) for n in range(int(known_at // 60) + 1)]

    closed = list(stream.backfill(known, asked, asked + timedelta(seconds=answer_s)))
    first = int((asked_s + answer_s) // 60)
    closed += [bar for n in range(first, first + 3) if (bar := stream.update(minute(n))) is not None]

    assert all(bar.close == 1.0 for bar in closed)


@given(st.lists(st.integers(0, 30), max_size=80))
def test_whatever_order_updates_come_in_bars_leave_ascending_and_once(order: list[int]) -> None:
    stream = BarStream()
    told = [bar.start for n in order if (bar := stream.update(minute(n))) is not None]
    assert told == sorted(set(told))
