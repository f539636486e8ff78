"""Whatever clock a file was written by, the one that is named for it comes to the very instants, in every season."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.store.intake.clocks import clock_named
from bot.backtest.store.intake.evidence import CANDIDATES, CLEARLY, weigh
from bot.backtest.store.kinds import MINUTE_US, Int64s
from bot.domain.errors import FixTheCommand
from bot.domain.session import sessions_between

METATRADER = "America/New_York+7h"
SPANS = (
    (date(2024, 1, 2), date(2024, 12, 31)),
    (date(2024, 3, 4), date(2024, 3, 22)),  # New York has changed, Europe has not
    (date(2024, 10, 21), date(2024, 11, 8)),  # the other way
    (date(2024, 7, 1), date(2024, 7, 3)),
)


@cache
def sessions(first: date, last: date) -> Int64s:
    """Every half hour of regular hours, as instants."""
    days = [
        round(x.open.timestamp()) * 1_000_000 + np.arange(0, x.minutes, 30) * MINUTE_US
        for x in sessions_between(first, last)
    ]
    return np.concatenate(days)


def readings(utc: Int64s, name: str) -> Int64s:
    clock, wall = clock_named(name), utc
    for _ in range(3):  # an offset depends on the reading itself
        wall = utc + (wall - clock.to_utc(wall))
    assert (clock.to_utc(wall) == utc).all()
    return wall


@given(st.sampled_from(CANDIDATES), st.sampled_from(SPANS))
def test_the_clock_that_is_named_comes_to_the_true_instants(true: str, span: tuple[date, date]) -> None:
    utc = sessions(*span)
    wall = readings(utc, true)

    best = weigh(wall, np.ones(len(wall)), clock_named("UTC")).best

    assert (best.clock.to_utc(wall) == utc).all()


@given(st.sampled_from(CANDIDATES), st.sampled_from(CANDIDATES), st.sampled_from(SPANS))
def test_a_told_clock_that_is_wrong_in_any_season_is_found_out(
    true: str, told: str, span: tuple[date, date]
) -> None:
    utc = sessions(*span)
    wall = readings(utc, true)
    clock = clock_named(told)

    seen = weigh(wall, np.ones(len(wall)), clock)

    is_right = (clock.to_utc(wall) == utc).all()
    assert (seen.lag(seen.told).max() <= CLEARLY) == is_right or seen.told.whole == 0


def test_no_zone_of_a_city_is_named_for_a_year_of_metatraders_clock() -> None:
    wall = readings(sessions(*SPANS[0]), METATRADER)

    seen = weigh(wall, np.ones(len(wall)), clock_named("Europe/Athens"))

    assert seen.best.clock.name == METATRADER
    assert not seen.others()


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("UTC-5h", "Etc/GMT+5"),
        ("UTC+5:30", "Asia/Kolkata"),
        ("America/New_York-1", "America/Chicago"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_hours_ahead_of_a_zone_are_a_clock_too(name: str, same: str) -> None:
    wall = sessions(*SPANS[0])

    assert (clock_named(name).to_utc(wall) == clock_named(same).to_utc(wall)).all()


@pytest.mark.parametrize(
    "name", ["", "+7h", "Mars/Base", "Mars/Base+7h", "UTC+25h", "UTC+7:99", "UTC+7h7", "/etc/passwd"]
)
def test_any_other_name_is_refused_with_how_to_write_one(name: str) -> None:
    with pytest.raises(FixTheCommand, match=r"is no time zone; write it as in America/New_York, UTC"):
        clock_named(name)
