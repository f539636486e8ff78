"""Option prices, books and chains."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest
import QuantLib as ql  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.contract import CENTS, NICKELS, TickGrid
from bot.domain.session import session_on
from bot.domain.types import Right
from bot.sim.market.calibration.surface import INDEX, STOCK, Surface, SurfaceShape, calmness, clock_factor
from bot.sim.market.catalog import NICKELS_AND_DIMES, underlying
from bot.sim.market.listed_options import Chain, monthly_expiry
from bot.sim.market.option_books import LIQUID, ORDINARY, cent_grid, open_interest, top_of_book, width_factor
from bot.sim.market.option_pricing import Carry, implied_vol, intrinsic, model, price_and_delta

FREE = Carry()
_SPOT = 100.0
_STRIKES = st.floats(60, 160)
_YEARS = st.floats(1 / 365, 1.0)
_VOLS = st.floats(0.08, 0.9)


@given(_STRIKES, _YEARS, _VOLS)
def test_put_and_call_are_in_parity(strike: float, years: float, vol: float) -> None:
    call = price_and_delta(Right.CALL, strike, _SPOT, years, vol, FREE)
    put = price_and_delta(Right.PUT, strike, _SPOT, years, vol, FREE)

    assert call[0] - put[0] == pytest.approx(_SPOT - strike, abs=1e-6)
    assert call[1] - put[1] == pytest.approx(1.0, abs=1e-9)


@given(_STRIKES, _YEARS, _VOLS, st.sampled_from(Right))
def test_the_quick_price_agrees_with_the_whole_model(
    strike: float, years: float, vol: float, right: Right
) -> None:
    whole = model(right, strike, _SPOT, years, vol, Carry(0.01))
    price, delta = price_and_delta(right, strike, _SPOT, years, vol, Carry(0.01))

    assert price == pytest.approx(whole.price, abs=1e-9)
    assert delta == pytest.approx(whole.delta, abs=1e-9)
    assert price >= intrinsic(right, strike, _SPOT)
    assert whole.gamma >= 0 <= whole.vega


@given(st.floats(85, 118), st.floats(0.05, 1.0), st.floats(0.15, 0.8))
def test_implied_volatility_is_the_inverse_of_the_price(strike: float, years: float, vol: float) -> None:
    right = Right.CALL if strike > _SPOT else Right.PUT
    price, _ = price_and_delta(right, strike, _SPOT, years, vol, FREE)
    found = implied_vol(right, strike, _SPOT, years, price, FREE)

    assert found == pytest.approx(vol, rel=1e-3)


def test_a_price_below_intrinsic_value_has_no_volatility() -> None:
    assert implied_vol(Right.CALL, 80.0, _SPOT, 0.1, 15.0, FREE) is None


def test_greeks_are_in_the_units_that_ib_shows() -> None:
    m = model(Right.CALL, 100.0, 100.0, 30 / 365, 0.20, FREE)

    assert m.price == pytest.approx(2.287, abs=0.01)
    assert m.delta == pytest.approx(0.511, abs=0.005)
    assert m.vega == pytest.approx(0.114, abs=0.002)
    assert m.theta == pytest.approx(-0.038, abs=0.002)


@pytest.mark.parametrize(
    ("right", "strike", "days", "vol", "carry"),
    [
        (right, strike, days, vol, Carry(rate, dividends))
        for right in Right
        for strike in (85.0, 97.0, 103.0, 115.0)
        for days, vol in ((5, 0.15), (91, 0.35))
        for rate, dividends in ((0.01, 0.02), (0.05, 0.0))
    ],
)
def test_american_exercise_errs_by_cents_from_a_binomial_tree(
    right: Right, strike: float, days: int, vol: float, carry: Carry
) -> None:
    price, _ = price_and_delta(right, strike, _SPOT, days / 365, vol, carry)

    assert price == pytest.approx(_by_tree(right, strike, days, vol, carry), abs=0.07)


def _by_tree(right: Right, strike: float, days: int, vol: float, carry: Carry) -> float:
    today, count = ql.Settings.instance().evaluationDate, ql.Actual365Fixed()

    def curve(rate: float) -> ql.YieldTermStructureHandle:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count))

    flat = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, count))
    spot = ql.QuoteHandle(ql.SimpleQuote(_SPOT))
    process = ql.BlackScholesMertonProcess(spot, curve(carry.dividends), curve(carry.rate), flat)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right is Right.CALL else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + days))
    option.setPricingEngine(ql.BinomialVanillaEngine(process, "crr", 801))
    return float(option.NPV())


@pytest.mark.parametrize("shape", [INDEX, STOCK])
@given(years=st.floats(1e-5, 3.0), calm=st.floats(-0.6, 1.0))
def test_downside_strikes_have_the_higher_volatility(shape: SurfaceShape, years: float, calm: float) -> None:
    surface = Surface(0.17, shape, calm)
    deviation = surface.at_money(years) * math.sqrt(years)
    vols = [surface.vol(100 * math.exp(x * deviation), 100, years) for x in (-2, -1, 0, 1)]

    assert vols == sorted(vols, reverse=True)
    assert all(0.4 * surface.at_money(years) <= vol < 3 * surface.at_money(years) for vol in vols)


def test_the_back_lies_above_the_front_when_the_market_is_calm_and_below_it_in_a_storm() -> None:
    calm, storm = (Surface(0.15, INDEX, calmness(realized, 0.15)) for realized in (0.09, 0.30))

    assert calm.at_money(4 / 365) < calm.at_money(30 / 365) < calm.at_money(1.0)
    assert storm.at_money(4 / 365) > storm.at_money(30 / 365) > storm.at_money(1.0)
    assert calmness(0.18, 0.15) == pytest.approx(0.0)


def test_on_the_last_day_volatility_by_the_calendar_doubles_and_days_before_hardly_move_it() -> None:
    session = session_on(date(2021, 1, 4))
    assert session is not None
    noon = session.open + (session.close - session.open) / 2

    assert clock_factor(noon, session, session.close) == pytest.approx(2.13, abs=0.02)
    # SPX 2021-01-04 by the calendar's clock: 0.33 to 0.36 through the day, 0.53 a quarter of an hour before the close.
    last = clock_factor(session.close - timedelta(minutes=15), session, session.close)
    first = clock_factor(session.open + timedelta(minutes=5), session, session.close)
    assert last / first == pytest.approx(0.53 / 0.34, abs=0.05)
    assert 1.0 <= clock_factor(noon, session, session.close + timedelta(days=4)) < 1.15
    assert clock_factor(noon, None, session.close) == 1.0


def test_books_are_wider_at_both_ends_of_a_session() -> None:
    assert [width_factor(minute, 390) for minute in (0, 10, 200, 386)] == [1.4, 1.2, 1.0, 1.95]
    assert width_factor(207, 210) == 1.95


@pytest.mark.parametrize("grid", [CENTS, NICKELS, NICKELS_AND_DIMES])
@given(price=st.floats(0.0, 90.0), minute=st.integers(0, 389), years=_YEARS)
def test_books_lie_on_the_grid_and_are_never_crossed(
    grid: TickGrid, price: float, minute: int, years: float
) -> None:
    book = top_of_book(12345, price, years, cent_grid(grid), ORDINARY, minute)

    assert all(grid.is_on_grid(side) for side in (book.bid, book.ask) if side is not None)
    assert book.bid is None or (book.ask is not None and Decimal(0) < book.bid < book.ask)
    assert book.bid_size >= 0 <= book.ask_size


def test_worthless_options_have_no_bid_and_hopeless_ones_no_quote() -> None:
    grid = cent_grid(CENTS)
    worthless = top_of_book(1, 0.003, 0.01, grid, LIQUID, 5)
    hopeless = top_of_book(1, 0.0001, 0.01, grid, LIQUID, 5)

    assert (worthless.bid, worthless.ask) == (None, Decimal("0.01"))
    assert (hopeless.bid, hopeless.ask) == (None, None)


def test_a_liquid_option_is_quoted_a_few_cents_wide() -> None:
    book = top_of_book(1, 1.50, 5 / 365, cent_grid(CENTS), LIQUID, 5)

    assert book.bid is not None
    assert book.ask is not None
    assert Decimal("0.01") <= book.ask - book.bid <= Decimal("0.05")


def test_open_interest_sits_around_the_money() -> None:
    near, far = (open_interest(7, Decimal(strike), 100.0, LIQUID) for strike in (101, 131))

    assert near > far >= 0


def chain(symbol: str, price: float) -> Chain:
    return Chain(underlying(symbol), lambda _: price)


def test_third_fridays_are_the_monthlies_or_the_day_before_a_holiday() -> None:
    assert monthly_expiry(2011, 1) == date(2011, 1, 21)
    assert monthly_expiry(2014, 4) == date(2014, 4, 17)


def test_in_2011_there_are_the_nearest_fridays_and_the_monthlies() -> None:
    found = chain("SPY", 128.0).expiries(date(2011, 1, 5))

    assert found[:4] == (date(2011, 1, 7), date(2011, 1, 14), date(2011, 1, 21), date(2011, 2, 18))


def test_today_spy_expires_every_session_and_a_stock_every_friday() -> None:
    spy = chain("SPY", 600.0).expiries(date(2026, 1, 5))
    stock = chain("MSFT", 430.0).expiries(date(2026, 1, 5))

    assert spy[:3] == (date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7))
    assert stock[:3] == (date(2026, 1, 9), date(2026, 1, 16), date(2026, 1, 23))


def test_weeklies_are_narrow_and_monthlies_wide() -> None:
    listing = chain("SPY", 128.0)
    day = date(2011, 1, 10)
    weekly, monthly = (listing.strikes(expiry, day) for expiry in (date(2011, 1, 14), date(2011, 1, 21)))

    assert monthly[0] < weekly[0] < Decimal(128) < weekly[-1] < monthly[-1]
    assert Decimal(128) in weekly
    assert not set(monthly) <= set(weekly)


def test_a_date_that_is_no_expiry_lists_nothing() -> None:
    assert chain("SPY", 128.0).strikes(date(2011, 1, 12), date(2011, 1, 10)) == ()


def test_strikes_once_listed_stay_when_the_price_runs_away() -> None:
    prices = {date(2026, 1, 5): 100.0, date(2026, 1, 7): 120.0}
    listing = Chain(underlying("XYZ"), lambda day: prices.get(day, 100.0))
    first = listing.strikes(date(2026, 1, 9), date(2026, 1, 5))
    later = listing.strikes(date(2026, 1, 9), date(2026, 1, 7))

    assert set(first) < set(later)
    assert math.isclose(float(later[-1]), 129, abs_tol=2)
