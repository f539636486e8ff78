"""A leap leaves the market as if every point of it had happened."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.market import BarSize
from bot.sim.market.events import BarFormed
from bot.sim.market.recorded.library import BUNDLE
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World

DAY = date(2011, 1, 26)
MINUTE = timedelta(minutes=1)


def world(minutes: int) -> World:
    made = recorded_world(["SPY"], DAY)
    made.advance_to(made.now + 5 * MINUTE + minutes * MINUTE - timedelta(seconds=15))
    return made


def told(events: list[object]) -> list[object]:
    return [x for x in events if isinstance(x, BarFormed) and x.is_closed]


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 100), st.integers(2, 90))
def test_a_leap_ends_where_steps_do(start: int, length: int) -> None:
    leapt, stepped = world(start), world(start)
    to = leapt.now + timedelta(seconds=15) + length * MINUTE

    bars = told([*leapt.leap_to(to), *leapt.advance_to(to)])
    one_by_one = told(list(stepped.advance_to(to)))

    assert bars == one_by_one
    mine, theirs = leapt.market.stocks["SPY"], stepped.market.stocks["SPY"]
    assert (mine.book, mine.day(), mine.last_cents) == (theirs.book, theirs.day(), theirs.last_cents)
    assert [mine.forming(size) for size in BarSize] == [theirs.forming(size) for size in BarSize]
    assert mine.closed == theirs.closed
    assert leapt.next_point() == stepped.next_point()
    later = to + 7 * MINUTE
    assert leapt.advance_to(later) == stepped.advance_to(later)


def test_no_leap_over_a_minute_without_a_bar() -> None:
    class Hole(type(BUNDLE)):  # type: ignore[misc]
        def minutes(self, symbol: str, day: date) -> object:
            bars = BUNDLE.minutes(symbol, day)
            return (*bars[:50], *bars[51:])

    made = recorded_world(["SPY"], DAY, library=Hole())
    made.advance_to(made.now + 15 * MINUTE - timedelta(seconds=15))

    with pytest.raises(LookupError, match="no bar of SPY"):
        made.leap_to(made.now + timedelta(seconds=15) + 60 * MINUTE)
