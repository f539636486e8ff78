"""Combinations as unmodified clients order them: verticals, covered calls, rolls, what-ifs, and what IB refuses."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bot.sim.exchange.combos import COMBO_ID
from tests.sim.desk import LIBRARIES, Desk, fair_world


@pytest.fixture(params=LIBRARIES)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(request.param, fair_world(partial_fills=False))
    desk.open_market()
    yield desk
    desk.close()


def combo(desk: Desk, *legs: tuple[Any, str] | tuple[Any, str, int]) -> Any:
    made = [
        desk.lib.ComboLeg(conId=leg[0].conId, ratio=leg[2] if len(leg) == 3 else 1, action=leg[1], exchange="SMART")
        for leg in legs
    ]  # fmt: skip
    return desk.lib.Contract(secType="BAG", symbol="SPY", exchange="SMART", currency="USD", comboLegs=made)


def vertical(desk: Desk) -> Any:
    """A bull call spread."""
    return combo(desk, (desk.option(strike=127), "BUY"), (desk.option(strike=129), "SELL"))


def place(desk: Desk, contract: Any, action: str, quantity: int, limit: float | None = None) -> Any:
    order = (
        desk.lib.MarketOrder(action, quantity)
        if limit is None
        else desk.lib.LimitOrder(action, quantity, limit)
    )
    trade = desk.ib.placeOrder(contract, order)
    desk.settle()
    return trade


def held(desk: Desk) -> dict[tuple[str, float, str], float]:
    desk.settle()
    return {(p.contract.secType, p.contract.strike, p.contract.right): p.position for p in desk.ib.positions()}  # fmt: skip


def test_a_combination_is_quoted_by_its_legs(desk: Desk) -> None:
    low, high = desk.quote(desk.option(strike=127)), desk.quote(desk.option(strike=129))

    spread = desk.quote(vertical(desk))

    assert spread.bid == pytest.approx(low.bid - high.ask)
    assert spread.ask == pytest.approx(low.ask - high.bid)
    before = spread.bid
    desk.advance(minutes=3)
    assert spread.bid == pytest.approx(low.bid - high.ask)
    assert spread.bid != before


def test_a_vertical_fills_leg_by_leg_at_its_price(desk: Desk) -> None:
    trade = place(desk, vertical(desk), "BUY", 3)

    assert (trade.orderStatus.status, trade.orderStatus.filled) == ("Filled", 3)
    whole, *legs = [fill.execution for fill in trade.fills]
    contracts = [fill.contract for fill in trade.fills]
    assert [c.secType for c in contracts] == ["BAG", "OPT", "OPT"]
    assert contracts[0].conId == COMBO_ID
    assert sorted((x.side, x.shares) for x in legs) == [("BOT", 3), ("SLD", 3)]
    net = sum(x.price if x.side == "BOT" else -x.price for x in legs)
    assert whole.price == pytest.approx(net) == pytest.approx(trade.orderStatus.avgFillPrice)
    assert len({x.execId for x in (whole, *legs)}) == 3
    assert [fill.commissionReport.commission > 0 for fill in trade.fills] == [False, True, True]
    assert held(desk) == {("OPT", 127, "C"): 3, ("OPT", 129, "C"): -3}


def test_executions_are_told_again_with_the_combinations_own(desk: Desk) -> None:
    place(desk, vertical(desk), "BUY", 1)

    again = desk.do(desk.ib.reqExecutionsAsync())

    assert [fill.contract.secType for fill in again] == ["BAG", "OPT", "OPT"]
    only_options = desk.do(desk.ib.reqExecutionsAsync(desk.lib.ExecutionFilter(secType="OPT")))
    assert len(only_options) == 2


def test_a_limit_waits_for_its_price_and_may_be_moved(desk: Desk) -> None:
    spread = vertical(desk)
    quote = desk.quote(spread)
    far = round(quote.bid - 0.20, 2)
    trade = place(desk, spread, "BUY", 1, far)
    assert trade.orderStatus.status == "Submitted"

    trade.order.lmtPrice = round(quote.ask, 2)
    desk.ib.placeOrder(spread, trade.order)
    desk.settle()

    assert trade.orderStatus.status == "Filled"
    assert trade.orderStatus.avgFillPrice <= quote.ask + 0.005


def test_an_open_combination_is_told_with_its_legs(desk: Desk) -> None:
    spread = vertical(desk)
    place(desk, spread, "BUY", 1, 0.01)

    stranger = desk.connect(2)  # a client takes its own orders' contracts as it sent them
    (shown,) = desk.do(stranger.reqAllOpenOrdersAsync())

    assert (shown.contract.secType, shown.contract.conId, shown.contract.tradingClass) == (
        "BAG",
        COMBO_ID,
        "COMB",
    )
    assert [(leg.conId, leg.action) for leg in shown.contract.comboLegs] == [
        (leg.conId, leg.action) for leg in spread.comboLegs
    ]
    assert sorted(shown.contract.comboLegsDescrip.split(",")) == sorted(
        f"{leg.conId}|{1 if leg.action == 'BUY' else -1}" for leg in spread.comboLegs
    )


def test_a_credit_is_a_negative_price(desk: Desk) -> None:
    put_spread = combo(
        desk, (desk.option(right="P", strike=127), "SELL"), (desk.option(right="P", strike=125), "BUY")
    )
    quote = desk.quote(put_spread)
    assert quote.ask < 0

    trade = place(desk, put_spread, "BUY", 2, round(quote.ask, 2))

    assert trade.orderStatus.status == "Filled"
    assert trade.orderStatus.avgFillPrice == pytest.approx(quote.ask)
    assert held(desk) == {("OPT", 127, "P"): -2, ("OPT", 125, "P"): 2}


def test_what_a_short_vertical_ties_up_is_its_width(desk: Desk) -> None:
    spread = vertical(desk)
    answer = desk.do(desk.ib.whatIfOrderAsync(spread, desk.lib.MarketOrder("SELL", 2)))
    long = desk.do(desk.ib.whatIfOrderAsync(spread, desk.lib.MarketOrder("BUY", 2)))

    assert float(answer.initMarginChange) == pytest.approx(2 * 200)
    assert float(answer.equityWithLoanChange) > 0
    assert float(long.initMarginChange) == 0
    assert float(long.equityWithLoanChange) < 0


def test_a_covered_call_is_bought_as_one_and_needs_the_shares_margin(desk: Desk) -> None:
    stock, call = desk.spy(), desk.option(strike=129)
    covered = combo(desk, (stock, "BUY", 100), (call, "SELL"))
    share, option = desk.quote(stock), desk.quote(call)
    quote = desk.quote(covered)
    assert quote.ask == pytest.approx(share.ask - option.bid)

    trade = place(desk, covered, "BUY", 1)

    assert trade.orderStatus.status == "Filled"
    assert held(desk) == {("STK", 0, ""): 100, ("OPT", 129, "C"): -1}
    assert 201 not in desk.codes()


def test_a_short_put_is_rolled_in_one_order(desk: Desk) -> None:
    near, far = desk.option(right="P", strike=126), desk.option(right="P", strike=125)
    place(desk, near, "SELL", 1)

    trade = place(desk, combo(desk, (near, "BUY"), (far, "SELL")), "BUY", 1)

    assert trade.orderStatus.status == "Filled"
    assert held(desk) == {("OPT", 125, "P"): -1}


def test_a_combination_that_leaves_a_call_uncovered_is_refused(desk: Desk) -> None:
    call, put = desk.option(strike=127), desk.option(right="P", strike=127)
    place(desk, combo(desk, (call, "SELL"), (put, "SELL")), "BUY", 1)

    assert desk.codes() == [201]
    assert held(desk) == {}


def test_combinations_that_make_no_sense_have_ibs_codes(desk: Desk) -> None:
    call = desk.option()
    for legs in (
        (),
        ((call, "BUY"),),
        ((call, "BUY"), (call, "SELL")),
        ((call, "BUY"), (desk.spy(), "HOLD", 100)),
    ):
        place(desk, combo(desk, *legs), "BUY", 1)
    desk.ib.placeOrder(vertical(desk), desk.lib.StopOrder("BUY", 1, 2.0))
    desk.settle()

    assert desk.codes() == [314, 312, 312, 313, 387]


def test_contract_details_know_no_combinations(desk: Desk) -> None:
    # ib_async takes 321 for a warning and waits on, as it does at IB.
    desk.start(desk.ib.reqContractDetailsAsync(vertical(desk)))

    assert desk.codes() == [321]


def test_a_combination_ends_when_a_leg_expires(desk: Desk) -> None:
    near = desk.lib.Option("SPY", "20110107", 127, "C", "SMART", "100", "USD")
    desk.do(desk.ib.qualifyContractsAsync(near))
    calendar = combo(desk, (near, "SELL"), (desk.option(strike=127), "BUY"))
    trade = desk.ib.placeOrder(calendar, desk.lib.LimitOrder("BUY", 1, 0.01, tif="GTC"))
    desk.settle()
    assert trade.orderStatus.status == "Submitted"

    desk.advance(days=4)

    assert trade.orderStatus.status == "Cancelled", trade.log


def test_the_account_balances_after_combinations(desk: Desk) -> None:
    before = desk.gateway.ask(lambda core: core.world.account_figures().cash)
    trade = place(desk, vertical(desk), "BUY", 2)
    after = desk.gateway.ask(lambda core: core.world.account_figures().cash)

    paid = sum(
        (Decimal(str(x.price)) * int(x.shares) * 100 * (1 if x.side == "BOT" else -1))
        + Decimal(str(fill.commissionReport.commission))
        for fill in trade.fills[1:]
        for x in (fill.execution,)
    )
    assert before - after == paid


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_second_permission_level_buys_spreads_and_sells_none(library: str) -> None:
    desk = Desk(library, fair_world(partial_fills=False, option_level=2))
    desk.open_market()

    sold, bought = place(desk, vertical(desk), "SELL", 1, 0.05), place(desk, vertical(desk), "BUY", 1, 1.90)

    assert [code for code in desk.codes() if code != 399] == [201]
    assert not sold.fills
    assert bought.orderStatus.status == "Filled"
    desk.close()
