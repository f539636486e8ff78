"""A leap leaves the market as if every point of it had happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.market import Bar, BarSize
from bot.domain.session import NEW_YORK
from bot.sim.market.events import BarFormed
from bot.sim.market.recorded.library import Bundle
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World

DAY = date(2011, 1, 26)
MINUTE = timedelta(minutes=1)


def world(minutes: int) -> World:
    made = recorded_world(["SPY"], DAY)
    made.advance_to(made.now + 5 * MINUTE + minutes * MINUTE - timedelta(seconds=15))
    return made


def told(events: Sequence[object]) -> list[object]:
    return [x for x in events if isinstance(x, BarFormed) and x.is_closed]


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 100), st.integers(2, 90))
def test_a_leap_ends_where_steps_do(start: int, length: int) -> None:
    leapt, stepped = world(start), world(start)
    to = leapt.now + timedelta(seconds=15) + length * MINUTE

    bars = told([*leapt.leap_to(to - timedelta(seconds=15)), *leapt.advance_to(to)])
    one_by_one = told(stepped.advance_to(to))

    assert bars == one_by_one
    mine, theirs = leapt.market.stocks["SPY"], stepped.market.stocks["SPY"]
    assert (mine.book, mine.day(), mine.last_cents) == (theirs.book, theirs.day(), theirs.last_cents)
    assert [mine.forming(size) for size in BarSize] == [theirs.forming(size) for size in BarSize]
    assert mine.closed == theirs.closed
    assert leapt.account_figures() == stepped.account_figures()
    assert leapt.next_figures == stepped.next_figures
    assert leapt.next_point() == stepped.next_point()
    later = to + 7 * MINUTE
    assert leapt.advance_to(later) == stepped.advance_to(later)


class Hole(Bundle):
    """A recording that lacks a minute."""

    def minutes(self, symbol: str, day: date) -> tuple[Bar, ...]:
        bars = super().minutes(symbol, day)
        return (*bars[:50], *bars[51:])


def test_a_leap_over_a_minute_without_a_bar_ends_where_steps_do() -> None:
    leapt, stepped = (recorded_world(["SPY"], DAY, library=Hole()) for _ in range(2))
    to = leapt.now + 110 * MINUTE
    for made in (leapt, stepped):
        made.advance_to(made.now + 15 * MINUTE)

    assert told(leapt.leap_to(to)) == told(stepped.advance_to(to))
    assert leapt.market.stocks["SPY"].closed == stepped.market.stocks["SPY"].closed
    later = to + 7 * MINUTE
    assert leapt.advance_to(later) == stepped.advance_to(later)


@pytest.mark.parametrize("start", [(9, 30, 0), (9, 31, 0), (11, 7, 20), (15, 59, 45), (16, 0, 0), (18, 0, 0)])
def test_a_world_that_begins_within_a_session_has_lived_through_its_part(
    start: tuple[int, int, int],
) -> None:
    at = datetime(2011, 1, 26, *start, tzinfo=NEW_YORK)
    begun, lived = recorded_world(["SPY"], DAY, start=at), recorded_world(["SPY"], DAY)
    lived.advance_to(at - timedelta(microseconds=1))

    mine, theirs = begun.market.stocks["SPY"], lived.market.stocks["SPY"]
    assert (mine.book, mine.day(), mine.last_cents) == (theirs.book, theirs.day(), theirs.last_cents)
    assert (mine.closed, mine.prints) == (theirs.closed, theirs.prints)
    assert [mine.forming(size) for size in BarSize] == [theirs.forming(size) for size in BarSize]
    later = at + 7 * MINUTE
    assert told(begun.advance_to(later)) == told(lived.advance_to(later))
