"""While a contract is halted nothing trades in it and no stop triggers; its price bands bring a pause about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import FixTheConfiguration
from bot.sim.faults.handle import bind
from bot.sim.world.trading_halts import LIMIT_STATE, PriceBands
from tests.sim.pit import CALL_ID, PUT_ID, Pit

NOON = datetime(2011, 1, 20, 17, 0, tzinfo=UTC)
CLOSE = NOON + timedelta(hours=4)
STEP = timedelta(seconds=5)


def test_an_order_that_is_marketable_waits_for_the_end_of_the_halt() -> None:
    pit = Pit()
    pit.halted.add(CALL_ID)
    pit.buy(1, 2, "2.10")
    pit.tick(CALL_ID, "2.00", "2.05")
    assert pit.account.held(CALL_ID) == 0
    pit.halted.clear()
    pit.tick(CALL_ID, "2.00", "2.05")
    assert pit.account.held(CALL_ID) == 2


def test_a_stop_is_not_triggered_by_quotes_of_a_halt() -> None:
    pit = Pit()
    pit.buy(1, 1)
    pit.stop(2, 1, "1.80")
    pit.halted.add(CALL_ID)
    pit.tick(CALL_ID, "1.00", "1.10")
    assert pit.account.held(CALL_ID) == 1
    pit.halted.clear()
    pit.tick(CALL_ID, "1.90", "2.00")
    assert pit.account.held(CALL_ID) == 1, "what was quoted in the halt never counts"


def test_another_contract_trades_on() -> None:
    pit = Pit()
    pit.halted.add(PUT_ID)
    pit.buy(1, 1)
    assert pit.account.held(CALL_ID) == 1


def after(bands: PriceBands, prices: list[float], start: datetime = NOON) -> list[datetime]:
    """The instants at which these prices, five seconds apart, pause trading."""
    return [
        start + n * STEP for n, price in enumerate(prices) if bands.breaks(price, start + n * STEP, CLOSE)
    ]


@given(st.lists(st.floats(95.5, 104.4), min_size=1, max_size=100))
def test_no_price_within_the_bands_ever_pauses_trading(prices: list[float]) -> None:
    bands = PriceBands(percent=10.0)
    assert after(bands, [100.0, *prices]) == []


@given(st.integers(1, 60), st.sampled_from([-1, 1]))
def test_a_price_beyond_a_band_pauses_when_it_has_stayed_for_the_limit_state(calm: int, side: int) -> None:
    beyond = 100.0 * (1 + side * 0.06)
    paused = after(PriceBands(), [100.0] * calm + [beyond] * 10)
    assert paused[0] == NOON + calm * STEP + LIMIT_STATE


def test_a_price_that_comes_back_within_the_limit_state_pauses_nothing() -> None:
    assert after(PriceBands(), [100.0, 94.0, 94.0, 100.0, 94.0, 94.0, 100.0]) == []


@pytest.mark.parametrize(("before_close", "span"), [(timedelta(hours=1), 5.0), (timedelta(minutes=20), 10.0)])
def test_bands_are_twice_as_wide_near_the_close(before_close: timedelta, span: float) -> None:
    bands = PriceBands()
    now = CLOSE - before_close
    bands.breaks(100.0, now, CLOSE)
    assert bands.around(now, CLOSE) == pytest.approx((100 - span, 100 + span))


@pytest.mark.parametrize("percent", [-5.0, 0.0, 99.0, float("nan")])
def test_bands_of_no_width_are_named(percent: float) -> None:
    with pytest.raises(FixTheConfiguration, match="luld_bands: percent"):
        bind("luld_bands", {"symbol": "SPY", "percent": percent})
