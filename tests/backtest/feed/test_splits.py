"""A split within the days is said, and is no volatility."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.backtest.feed.library import StoreLibrary
from bot.backtest.feed.splits import splits_within
from bot.backtest.store.kinds import Kind
from bot.backtest.store.splits import split_in_words
from bot.backtest.store.store import Store
from bot.domain.market import Bar, BarSize
from bot.domain.session import Session, new_york_day, sessions_between
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan
from tests.backtest.feed.test_library import Nothing, put

SPLIT_ON = date(2011, 1, 18)
ALL_DAYS = plan("SPY", date(2011, 1, 3), date(2011, 1, 31))


class FourForOne(type(BUNDLE)):  # type: ignore[misc]  # the package's own days
    """SPY as if it had split four for one."""

    def __init__(self) -> None:
        """Over the package's days."""

    def hours(self, symbol: str, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(map(_split, BUNDLE.hours(symbol, before, since)))


def _split(bar: Bar) -> Bar:
    if new_york_day(bar.start) < SPLIT_ON:
        return bar
    return replace(bar, **{x: getattr(bar, x) / 4 for x in ("open", "high", "low", "close")})


def _bar(session: Session, price: float) -> Bar:
    """The last hour of a day, at one price."""
    return Bar("XYZ", BarSize.M60, session.open + timedelta(hours=6), price, price, price, price, 10.0)


@pytest.mark.parametrize(
    ("close", "opens", "words"),
    [
        (400.0, 101.0, "4:1"),
        (10.0, 98.0, "1:10"),
        (150.0, 100.5, "1.5:1"),
        (100.0, 91.0, None),
        (100.0, 40.0, None),
    ],
)
def test_a_leap_near_a_whole_part_is_a_split(close: float, opens: float, words: str | None) -> None:
    assert split_in_words(close, opens) == words


def test_a_split_within_the_days_is_said_with_the_days_on_both_sides() -> None:
    [told] = splits_within(ALL_DAYS, FourForOne())

    assert "SPY looks like a 4:1 split on 2011-01-18" in told
    assert "to 2011-01-14 or from 2011-01-18" in told
    assert list(splits_within(replace(ALL_DAYS, first=SPLIT_ON), FourForOne())) == []
    assert list(splits_within(ALL_DAYS, BUNDLE)) == []


def test_a_split_among_the_last_closes_is_no_volatility(tmp_path: Path) -> None:
    sessions = sessions_between(date(2024, 5, 1), date(2024, 6, 12))
    split = len(sessions) // 2
    hours = tuple(
        _bar(x, (400.0 if n < split else 100.0) * (1 + n % 2 / 100)) for n, x in enumerate(sessions)
    )
    store = Store(tmp_path)
    put(store, Kind.BARS_60M, "XYZ", hours)
    put(store, Kind.BARS_1M, "XYZ", (replace(hours[-1], size=BarSize.M1),))

    volatility = StoreLibrary(store, Nothing()).volatility("XYZ", sessions[-1].day)

    assert volatility is not None
    assert 0.1 < volatility < 0.2
