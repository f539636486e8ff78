"""Each indicator against its plain, slow definition."""

import math
from datetime import date
from itertools import accumulate, pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.session import Session, sessions_between
from bot.strategies.indicators import (
    Ema,
    RelativeVolume,
    RollingMax,
    RollingMean,
    RollingMin,
    SessionVwap,
    WilderRsi,
)

prices = st.floats(0.01, 5_000, allow_nan=False).map(lambda x: round(x, 2))
volumes = st.integers(0, 50_000_000).map(float)
WEEK = sessions_between(date(2015, 12, 21), date(2015, 12, 31))
HALF_DAY = next(session for session in WEEK if session.is_half_day)


@given(st.lists(prices, min_size=1, max_size=60), st.integers(1, 30))
def test_the_ema_is_the_weighted_sum_of_all_prices(values: list[float], length: int) -> None:
    alpha = 2 / (length + 1)
    ema = Ema(length)
    for price in values:
        ema.add(price)
    weights = [(1 - alpha) ** (len(values) - 1)]
    weights += [alpha * (1 - alpha) ** (len(values) - 1 - i) for i in range(1, len(values))]
    assert ema.value == pytest.approx(sum(w * x for w, x in zip(weights, values, strict=True)))


@given(st.lists(prices, min_size=16, max_size=80))
def test_the_rsi_stays_in_its_range_and_mirrors_when_prices_do(values: list[float]) -> None:
    up, down = WilderRsi(14), WilderRsi(14)
    for price in values:
        up.add(price)
        down.add(-price)
    assert up.value is not None
    assert down.value is not None
    assert 0 <= up.value <= 100
    assert up.value + down.value == pytest.approx(100)


def test_the_rsi_begins_with_the_plain_means_of_its_first_changes() -> None:
    closes = [
        44.34,
        44.09,
        44.15,
        43.61,
        44.33,
        44.83,
        45.10,
        45.42,
        45.84,
        46.08,
        45.89,
        46.03,
        45.61,
        46.28,
        46.28,
    ]
    rsi = WilderRsi(14)
    known = [rsi.add(close) for close in closes]
    assert known[:14] == [None] * 14
    gains = sum(max(b - a, 0) for a, b in pairwise(closes))
    losses = sum(max(a - b, 0) for a, b in pairwise(closes))
    assert known[14] == pytest.approx(100 * gains / (gains + losses))
    # Wilder's smoothing from then on: a fall of 0.28 adds a fourteenth of itself to the mean loss.
    assert rsi.add(46.00) == pytest.approx(
        100 * (gains / 14 * 13 / 14) / (gains / 14 * 13 / 14 + (losses / 14 * 13 + 0.28) / 14)
    )


@pytest.mark.parametrize(("step", "expected"), [(1.0, 100.0), (-1.0, 0.0), (0.0, 50.0)])
def test_the_rsi_of_a_straight_line(step: float, expected: float) -> None:
    rsi = WilderRsi(14)
    for n in range(40):
        rsi.add(100 + n * step)
    assert rsi.value == expected


@given(st.lists(st.tuples(prices, volumes), min_size=1, max_size=40))
def test_the_vwap_lies_between_the_lowest_and_the_highest_typical_price(
    bars: list[tuple[float, float]],
) -> None:
    vwap = SessionVwap()
    for price, volume in bars:
        vwap.add(price + 0.5, price - 0.5, price, volume)
    traded = [price for price, volume in bars if volume > 0]
    if not traded:
        assert vwap.value is None
    else:
        assert vwap.value is not None
        assert min(traded) - 1e-6 <= vwap.value <= max(traded) + 1e-6


def test_the_vwap_begins_anew_when_it_is_reset() -> None:
    vwap = SessionVwap()
    vwap.add(11, 9, 10, 1_000)
    vwap.reset()
    assert vwap.value is None
    assert vwap.add(22, 18, 20, 5) == 20


@given(st.lists(prices | st.sampled_from([1.0, 2.0, 3.0]), max_size=120), st.integers(1, 20))
def test_rolling_figures_equal_those_of_the_plain_window(values: list[float], length: int) -> None:
    high, low, mean = RollingMax(length), RollingMin(length), RollingMean(length)
    for n, value in enumerate(values, start=1):
        for indicator in (high, low, mean):
            indicator.add(value)
        if n < length:
            assert high.value is low.value is mean.value is None
        else:
            window = values[n - length : n]
            assert (high.value, low.value) == (max(window), min(window))
            assert mean.value == pytest.approx(fmean(window))


@given(st.lists(st.lists(volumes, min_size=12, max_size=12), min_size=2, max_size=4), st.integers(1, 3))
@settings(max_examples=50)
def test_relative_volume_equals_its_definition(days: list[list[float]], sessions: int) -> None:
    full = [session for session in WEEK if not session.is_half_day]
    relative = RelativeVolume(sessions)
    sums = [list(accumulate(day)) for day in days]
    for n, (session, day) in enumerate(zip(full, days, strict=False)):
        for minute, volume in enumerate(day):
            known = relative.add(session, minute, volume)
            earlier = [total[minute] for total in sums[max(0, n - sessions) : n]]
            if not earlier or fmean(earlier) == 0:
                assert known is None
            else:
                assert known == pytest.approx(sums[n][minute] / fmean(earlier))


def feed(relative: RelativeVolume, session: Session, minutes: range, volume: float) -> list[float | None]:
    return [relative.add(session, minute, volume) for minute in minutes]


def test_relative_volume_is_unknown_on_the_first_day() -> None:
    assert set(feed(RelativeVolume(20), WEEK[0], range(390), 100.0)) == {None}


def test_minutes_without_trade_count_as_quiet_and_not_as_missing() -> None:
    relative = RelativeVolume(20)
    feed(relative, WEEK[0], range(390), 100.0)
    ratios = feed(relative, WEEK[1], range(1, 390, 2), 100.0)
    assert ratios[-1] == pytest.approx(195 / 390)
    # A last trade at 15:40 still makes a whole session.
    feed(relative, WEEK[2], range(370), 100.0)
    assert feed(relative, WEEK[4], range(390), 100.0)[-1] == pytest.approx(390 / fmean([390, 195, 370]))


def test_a_half_day_says_nothing_about_later_afternoons() -> None:
    relative = RelativeVolume(20)
    feed(relative, HALF_DAY, range(210), 100.0)
    after = WEEK[WEEK.index(HALF_DAY) + 1]
    ratios = feed(relative, after, range(390), 50.0)
    assert ratios[209] == pytest.approx(0.5)
    assert ratios[210] is None


def test_a_session_that_was_not_followed_from_its_open_is_neither_judged_nor_remembered() -> None:
    relative = RelativeVolume(20)
    feed(relative, WEEK[0], range(390), 100.0)
    assert set(feed(relative, WEEK[1], range(60, 390), 100.0)) == {None}
    assert feed(relative, WEEK[2], range(390), 100.0)[-1] == pytest.approx(1)


def test_no_indicator_invents_a_figure() -> None:
    fresh = (
        Ema(8),
        WilderRsi(14),
        SessionVwap(),
        RollingMax(3),
        RollingMin(3),
        RollingMean(3),
        RelativeVolume(20),
    )
    assert all(indicator.value is None for indicator in fresh)
    assert not math.isnan(WilderRsi(14).add(5.0) or 0.0)
