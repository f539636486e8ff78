"""Options on indices as unmodified clients find, quote and hold them: SPX and SPXW apart, XSP, cash at the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.session import next_session, session_on
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.market.listed_options import monthly_expiry
from bot.sim.world.build import synthetic_world
from tests.sim.desk import LIBRARIES, Desk

_DAY = date(2026, 1, 14)
_THURSDAY, _FRIDAY = "20260115", "20260116"


@pytest.fixture(params=LIBRARIES)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(request.param, synthetic_world(["SPX"], _DAY, seed=5, equity=Decimal(500_000)))
    desk.open_market()
    yield desk
    desk.close()


def index(desk: Desk, symbol: str = "SPX") -> Any:
    contract = desk.lib.Index(symbol, "CBOE", "USD")
    desk.do(desk.ib.qualifyContractsAsync(contract))
    return contract


def chains(desk: Desk, symbol: str) -> dict[tuple[str, str], Any]:
    level = index(desk, symbol)
    found = desk.do(desk.ib.reqSecDefOptParamsAsync(symbol, "", "IND", level.conId))
    return {(chain.exchange, chain.tradingClass): chain for chain in found}


def option(
    desk: Desk, expiry: str, strike: float, right: str, trading_class: str, symbol: str = "SPX"
) -> Any:
    contract = desk.lib.Option(
        symbol, expiry, strike, right, "SMART", "100", "USD", tradingClass=trading_class
    )
    (details,) = desk.do(desk.ib.reqContractDetailsAsync(contract))
    return details


def level(desk: Desk) -> float:
    return (desk.gateway.ask(lambda core: core.world.market.underlying_cents("SPX")) or 0) / 100


def at_the_money(desk: Desk) -> float:
    return round(level(desk) / 25) * 25.0


def buy(desk: Desk, contract: Any, action: str = "BUY") -> Any:
    trade = desk.ib.placeOrder(contract, desk.lib.MarketOrder(action, 1))
    desk.settle()
    return trade


def test_monthlies_and_weeklies_are_classes_of_their_own(desk: Desk) -> None:
    found = chains(desk, "SPX")

    assert set(found) == {(exchange, name) for exchange in ("SMART", "CBOE") for name in ("SPX", "SPXW")}
    monthly, weekly = found["SMART", "SPX"], found["SMART", "SPXW"]
    assert _THURSDAY in monthly.expirations  # the session before the third Friday, on whose open it settles
    assert {_THURSDAY, _FRIDAY} <= set(weekly.expirations)
    for expiry in monthly.expirations:
        last = datetime.strptime(expiry, "%Y%m%d").replace(tzinfo=UTC).date()
        settled = next_session(last).day
        assert settled == monthly_expiry(settled.year, settled.month)
    assert all(strike % 5 == 0 for strike in weekly.strikes)


def test_the_mini_has_one_class(desk: Desk) -> None:
    assert {name for _, name in chains(desk, "XSP")} == {"XSP"}


def test_an_index_without_options_is_an_error_and_no_endless_wait(desk: Desk) -> None:
    vix = index(desk, "VIX")

    assert not desk.do(desk.ib.reqSecDefOptParamsAsync("VIX", "", "IND", vix.conId))
    assert desk.codes() == [200]


def test_the_same_strike_and_day_is_told_apart_by_its_class(desk: Desk) -> None:
    strike = at_the_money(desk)
    monthly = option(desk, _THURSDAY, strike, "C", "SPX")
    weekly = option(desk, _THURSDAY, strike, "C", "SPXW")

    assert monthly.contract.conId != weekly.contract.conId
    assert (monthly.realExpirationDate, weekly.realExpirationDate) == (_FRIDAY, _THURSDAY)
    assert (monthly.underSecType, monthly.underConId) == ("IND", 416904)
    assert weekly.contract.localSymbol.startswith("SPXW  260115C0")
    both = desk.do(
        desk.ib.reqContractDetailsAsync(desk.lib.Option("SPX", _THURSDAY, strike, "C", "SMART", "100", "USD"))
    )
    assert {details.contract.tradingClass for details in both} == {"SPX", "SPXW"}


def test_an_index_option_is_quoted_and_bought(desk: Desk) -> None:
    call = option(desk, _FRIDAY, at_the_money(desk), "C", "SPXW").contract

    quote = desk.quote(call)
    trade = buy(desk, call)

    assert 0 < quote.bid < quote.ask
    assert trade.orderStatus.status == "Filled"
    assert trade.orderStatus.avgFillPrice <= quote.ask


def test_bars_of_an_index_and_its_options_follow_the_fund(desk: Desk) -> None:
    desk.advance(minutes=30)
    call = option(desk, _FRIDAY, at_the_money(desk), "C", "SPXW").contract
    bars = desk.do(desk.ib.reqHistoricalDataAsync(index(desk), "", "1 D", "5 mins", "TRADES", useRTH=True))
    options = desk.do(desk.ib.reqHistoricalDataAsync(call, "", "1 D", "5 mins", "MIDPOINT", useRTH=True))

    assert bars[-1].close == pytest.approx(level(desk), rel=0.001)
    assert len(options) == len(bars)


def held(desk: Desk) -> list[tuple[str, str, int]]:
    positions = desk.gateway.ask(lambda core: core.world.positions())
    return [(p.contract.symbol, p.contract.trading_class, whole_units(p.quantity)) for p in positions]


def test_a_weekly_is_settled_in_cash_after_the_close(desk: Desk) -> None:
    strike = at_the_money(desk) - 100
    buy(desk, option(desk, _THURSDAY, strike, "C", "SPXW").contract)
    cash = desk.gateway.ask(lambda core: core.world.account_figures().cash)

    desk.advance(days=1, hours=9)

    assert held(desk) == []
    brought = desk.gateway.ask(lambda core: core.world.account_figures().cash) - cash
    assert float(brought) == pytest.approx(max(0.0, level(desk) - strike) * 100, abs=1)


def test_a_monthly_is_settled_at_the_open_that_follows(desk: Desk) -> None:
    strike = at_the_money(desk) - 100
    buy(desk, option(desk, _THURSDAY, strike, "C", "SPX").contract)
    cash = desk.gateway.ask(lambda core: core.world.account_figures().cash)
    opening = session_on(date(2026, 1, 16))
    assert opening is not None

    desk.advance(seconds=(opening.open - desk.gateway.now).total_seconds() - 60)
    assert held(desk) == [("SPX", "SPX", 1)]
    desk.advance(seconds=62)

    assert held(desk) == []
    brought = desk.gateway.ask(lambda core: core.world.account_figures().cash) - cash
    assert float(brought) == pytest.approx(max(0.0, level(desk) - strike) * 100, rel=0.02)


def test_it_cannot_be_exercised_before(desk: Desk) -> None:
    call = option(desk, _FRIDAY, at_the_money(desk), "C", "SPXW").contract
    buy(desk, call)
    desk.ib.exerciseOptions(call, 1, 1, "DU1234567", 0)
    desk.settle()

    assert desk.codes() == [321]
    assert held(desk) == [("SPX", "SPXW", 1)]


def test_a_world_with_the_fund_has_the_index() -> None:
    world = synthetic_world(["SPY"], _DAY, seed=5)
    world.advance_to(world.now + timedelta(minutes=10))

    assert [answer.trading_class for answer in world.option_parameters(416904)] == [
        "SPX",
        "SPX",
        "SPXW",
        "SPXW",
    ]
