"""Contract details, option parameters, symbol search and market rules, as client libraries see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.calendar.liquid_hours import days_in_disagreement, parse_liquid_hours
from tests.sim.desk import Desk

pytestmark = pytest.mark.line


def details(desk: Desk, contract: Any) -> list[Any]:
    found: list[Any] = desk.do(desk.ib.reqContractDetailsAsync(contract))
    return found


def test_a_stock_has_its_real_id_hours_and_market_rules(desk: Desk) -> None:
    (found,) = details(desk, desk.lib.Stock("SPY", "SMART", "USD"))
    assert found.contract.conId == 756733
    assert found.contract.primaryExchange == "ARCA"
    assert len(found.marketRuleIds.split(",")) == len(found.validExchanges.split(","))
    assert not days_in_disagreement(parse_liquid_hours(found.liquidHours))


def test_an_option_has_its_terms_underlying_and_last_trading_time(desk: Desk) -> None:
    (found,) = details(desk, desk.lib.Option("SPY", "20110121", 127, "C", "SMART"))
    contract = found.contract
    assert (contract.multiplier, contract.currency) == ("100", "USD")
    assert contract.localSymbol == "SPY   110121C00127000"
    assert contract.lastTradeDateOrContractMonth == "20110121"
    assert found.lastTradeTime == "16:00:00"
    assert (found.underConId, found.underSymbol, found.underSecType) == (756733, "SPY", "STK")


def test_a_contract_is_found_by_its_id_alone(desk: Desk) -> None:
    option = desk.option()
    (found,) = details(desk, desk.lib.Contract(conId=option.conId))
    assert found.contract.localSymbol == option.localSymbol


@pytest.mark.parametrize(
    ("kind", "arguments", "con_id"),
    [
        ("Forex", ("EURUSD",), 12087792),
        ("Index", ("SPX", "CBOE"), 416904),
        ("Index", ("VIX", "CBOE"), 13455763),
    ],
)
def test_a_currency_pair_and_indices_can_be_looked_up(
    desk: Desk, kind: str, arguments: tuple[str, ...], con_id: int
) -> None:
    (found,) = details(desk, getattr(desk.lib, kind)(*arguments))
    assert found.contract.conId == con_id


def test_what_does_not_exist_is_error_200(desk: Desk) -> None:
    assert details(desk, desk.lib.Option("SPY", "20110121", 127.37, "C", "SMART")) == []
    assert desk.codes() == [200]


def test_an_ambiguous_contract_has_no_data(desk: Desk) -> None:
    vague = desk.lib.Option("SPY", "20110121", exchange="SMART")
    desk.do(desk.ib.reqHeadTimeStampAsync(vague, "TRADES", True, 1))
    assert desk.codes() == [200]
    assert "ambiguous" in desk.errors[-1][2]


def test_the_option_parameters_are_a_superset_of_what_exists(desk: Desk) -> None:
    chains = desk.do(desk.ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733))
    smart = next(chain for chain in chains if chain.exchange == "SMART")
    expiry = smart.expirations[0]
    real = {d.contract.strike for d in details(desk, desk.lib.Option("SPY", expiry, exchange="SMART"))}
    assert real < set(smart.strikes)
    assert int(smart.underlyingConId) == 756733


def test_a_full_chain_comes_at_a_bounded_rate(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(details_at_once=50, details_per_second=40)
    task = desk.start(
        desk.ib.reqContractDetailsAsync(desk.lib.Option("SPY", exchange="SMART", currency="USD"))
    )
    assert not task.done()
    seconds = 0
    while not task.done():
        assert seconds < 600, "the chain never ends"
        desk.advance(seconds=1)
        seconds += 1
    assert len(task.result()) > 40 * (seconds - 1)


def test_market_rules_give_the_grid_by_price(desk: Desk) -> None:
    increments = desk.do(desk.ib.reqMarketRuleAsync(110))
    assert [(step.lowEdge, step.increment) for step in increments] == [(0.0, 0.01), (3.0, 0.05)]


def test_symbols_are_found_by_their_beginning(desk: Desk) -> None:
    found = desk.do(desk.ib.reqMatchingSymbolsAsync("SP"))
    spy = next(description for description in found if description.contract.conId == 756733)
    assert spy.derivativeSecTypes == ["OPT"]


def test_the_code_of_the_quoting_exchanges_can_be_read(desk: Desk) -> None:
    ticker = desk.quote(desk.spy())
    components = desk.do(desk.ib.reqSmartComponentsAsync(ticker.bboExchange))
    assert "ARCA" in {component.exchange for component in components}


def test_there_is_no_depth_of_market(desk: Desk) -> None:
    assert desk.do(desk.ib.reqMktDepthExchangesAsync()) == []
    desk.ib.reqMktDepth(desk.spy())
    desk.settle()
    assert desk.codes() == [10092]
