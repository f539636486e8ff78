from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.market import Bar, BarSize
from bot.market_data.bars import BarFeed

OPEN = datetime(2011, 1, 5, 14, 30, tzinfo=UTC)


def bar(minute: int) -> Bar:
    return Bar("SPY", BarSize.M1, OPEN + timedelta(minutes=minute), 1.0, 1.0, 1.0, 1.0, 1.0)


def minutes(bars: list[Bar]) -> list[int]:
    return [(one.start - OPEN) // timedelta(minutes=1) for one in bars]


def fed(*seen: int) -> BarFeed:
    feed = BarFeed()
    feed.backfill(bar(minute) for minute in seen)
    return feed


def test_the_next_bar_is_passed_on_and_an_old_one_is_not() -> None:
    feed = fed(0, 1)

    assert minutes(feed.receive(bar(2), OPEN)[0]) == [2]
    assert feed.receive(bar(2), OPEN) == ([], False)
    assert feed.receive(bar(1), OPEN) == ([], False)


def test_a_gap_holds_back_what_follows_until_it_is_filled_in_order() -> None:
    feed = fed(0)

    assert feed.receive(bar(3), OPEN) == ([], True)
    assert feed.receive(bar(4), OPEN) == ([], False)

    assert minutes(feed.backfill([bar(1), bar(2), bar(3)])) == [1, 2, 3, 4]


def test_a_gap_that_cannot_be_filled_is_passed_over() -> None:
    feed = fed(0)
    feed.receive(bar(3), OPEN)

    assert minutes(feed.give_up_on_gap()) == [3]
    assert minutes(feed.receive(bar(4), OPEN)[0]) == [4]


def test_the_night_is_no_gap() -> None:
    feed = fed(389)
    next_morning = Bar("SPY", BarSize.M1, OPEN + timedelta(days=1), 1.0, 1.0, 1.0, 1.0, 1.0)

    assert feed.receive(next_morning, OPEN) == ([next_morning], False)


def test_a_missing_first_minute_of_a_new_day_is_a_gap() -> None:
    feed = fed(389)
    late = Bar("SPY", BarSize.M1, OPEN + timedelta(days=1, minutes=2), 1.0, 1.0, 1.0, 1.0, 1.0)

    assert feed.receive(late, OPEN) == ([], True)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_whatever_comes_each_bar_leaves_once_and_in_order(events: list[tuple[bool, int]]) -> None:
    feed, left = BarFeed(), []
    for is_backfill, minute in events:
        if is_backfill:
            left += feed.backfill([bar(one) for one in range(minute, minute + 3)])
        else:
            left += feed.receive(bar(minute), OPEN)[0]
    left += feed.give_up_on_gap()

    assert minutes(left) == sorted(set(minutes(left)))
