"""The names that travel in IB's orderRef and come back."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.idea import Idea, read_idea

MINUTES = st.integers(0, 50_000_000).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SYMBOLS = st.from_regex(r"[A-Z][A-Z0-9. -]{0,8}", fullmatch=True)


@given(SYMBOLS, MINUTES, st.sampled_from(["scalp", "whale"]))
def test_what_a_name_was_made_of_is_read_from_it(symbol: str, bar_end: datetime, strategy: str) -> None:
    idea = Idea(symbol, bar_end, strategy)
    assert read_idea(idea.idea_id) == idea


@pytest.mark.parametrize(
    ("name", "bar_end"),
    [
        ("SPY-20110126T1100EST-whale", datetime(2011, 1, 26, 16, 0, tzinfo=UTC)),
        ("SPY-20110726T1100EDT-whale", datetime(2011, 7, 26, 15, 0, tzinfo=UTC)),
        ("SPY-20110126T1600-whale", datetime(2011, 1, 26, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_name_says_new_york_s_clock_and_one_from_before_utc(name: str, bar_end: datetime) -> None:
    idea = read_idea(name)
    assert idea is not None
    assert idea.bar_end == bar_end
    assert idea.idea_id == name


@pytest.mark.parametrize("name", ["", "SPY", "SPY-1", "SPY-20111305T1531-scalp", "SPY-20110105T1531-", "a/b"])
def test_a_name_that_nobody_here_gave_says_nothing(name: str) -> None:
    assert read_idea(name) is None


@given(
    st.from_regex(r"[0-9]{4}[01][0-9][0-3][0-9]T[0-2][0-9][0-6][0-9]", fullmatch=True),
    st.sampled_from(["", "EST", "EDT"]),
)
def test_a_name_s_time_is_what_strptime_takes_it_for(stamp: str, zone: str) -> None:
    hours = {"": 0, "EST": 5, "EDT": 4}[zone]
    expected = None
    with suppress(ValueError, OverflowError):
        expected = datetime.strptime(stamp, "%Y%m%dT%H%M").replace(tzinfo=UTC) + timedelta(hours=hours)

    idea = read_idea(f"SPY-{stamp}{zone}-scalp")
    assert (None if idea is None else idea.bar_end) == expected


@given(st.text())
def test_any_text_is_read_or_says_nothing(name: str) -> None:
    idea = read_idea(name)
    assert idea is None or idea.idea_id == name
