"""Cash, positions, profit, margin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.types import Right, Side
from bot.sim.exchange.account import Account
from bot.sim.exchange.commissions import fill_commission, order_commission
from bot.sim.exchange.events import Commissioned
from bot.sim.exchange.margin import requirement
from bot.sim.exchange.orders import Execution
from tests.sim.pit import CALL_ID, CONTRACTS, NOON, PUT_ID, STOCK_ID, Pit

CALL, STOCK = CONTRACTS[CALL_ID], CONTRACTS[STOCK_ID]


def test_a_purchase_moves_cash_into_the_position() -> None:
    pit = Pit()
    pit.hold(2)
    figures = pit.account.figures(pit.now)

    assert figures.cash == Decimal("99578.61")
    assert figures.option_value == Decimal("410.00")
    assert figures.unrealized == Decimal("-11.39")
    assert figures.equity_with_loan == figures.cash
    assert pit.account.positions()[0].avg_cost == Decimal("210.695")


def test_a_sale_realises_the_profit_after_both_commissions() -> None:
    pit = Pit()
    pit.hold(2)
    pit.quote(CALL_ID, "2.50", "2.60")
    pit.sell(1, 2, "2.50")
    reports = [event.report for event in pit.log if isinstance(event, Commissioned)]

    assert [report.realized_pnl for report in reports] == [None, Decimal("77.21")]
    assert pit.account.figures(pit.now).realized == Decimal("77.21")
    assert pit.account.positions() == []


def test_marks_follow_the_middle_of_the_book_and_stay_when_nobody_quotes() -> None:
    pit = Pit()
    pit.hold(1)
    pit.quote(CALL_ID, "3.00", "3.10")
    assert pit.account.figures(pit.now).option_value == Decimal("305.00")
    pit.quote(CALL_ID, None, None)

    assert pit.account.figures(pit.now).option_value == Decimal("305.00")


def test_a_new_day_starts_from_what_the_account_is_worth() -> None:
    pit = Pit()
    pit.hold(1)
    pit.account.figures(pit.now)
    pit.account.roll_to(NOON + timedelta(days=1))
    pit.quote(CALL_ID, "2.20", "2.30")
    figures = pit.account.figures(NOON + timedelta(days=1))

    assert (figures.realized, figures.daily) == (Decimal(0), Decimal("20.00"))
    assert pit.account.portfolio()[0].daily == Decimal("20.00")


def test_the_portfolio_shows_what_was_closed_today() -> None:
    pit = Pit()
    pit.hold(1)
    pit.sell(1, 1, "2.00")
    line = pit.account.portfolio()[0]

    assert (line.quantity, line.realized, line.daily) == (0, Decimal("-12.10"), Decimal("-12.10"))


def test_a_position_may_turn_from_long_to_short() -> None:
    pit = Pit(short_options_allowed=True)
    pit.hold(1)
    pit.sell(1, 3, "2.00")
    position = pit.account.positions()[0]

    assert (position.quantity, position.avg_cost) == (-2, Decimal(200))


@pytest.mark.parametrize(
    ("quantity", "premium", "commission"),
    [(1, "2.00", "1.00"), (2, "5.00", "1.30"), (3, "0.075", "1.50"), (5, "0.03", "1.25")],
)
def test_an_options_commission_is_ibs_example_and_what_is_passed_on(
    quantity: int, premium: str, commission: str
) -> None:
    value = Decimal(premium) * quantity * 100
    passed_on = (Decimal("0.04685") * quantity).quantize(Decimal("0.01"))

    assert order_commission(CALL, quantity, value) == Decimal(commission) + passed_on


@pytest.mark.parametrize(("quantity", "cost"), [(1000, "700.44"), (3000, "2096.32")])
def test_a_sale_pays_the_activity_fee_and_the_secs_and_clearing_has_a_cap(quantity: int, cost: str) -> None:
    # 1,000 at 1.00: 650 + 26.85 + 20 + 2.79, of 100,000 USD 0.80; 3,000: 1,950 + 80.55 + 55 + 8.37 + 2.40.
    assert order_commission(CALL, quantity, Decimal(quantity * 100), Side.SELL) == Decimal(cost)


def test_stock_commissions_have_a_floor_and_a_ceiling() -> None:
    assert order_commission(STOCK, 100, Decimal(5000)) == Decimal("1.00")
    assert order_commission(STOCK, 1000, Decimal(50_000)) == Decimal("5.000")
    assert order_commission(STOCK, 1, Decimal(20)) == Decimal("0.20")


def test_the_parts_of_an_order_cost_what_the_whole_costs() -> None:
    parts = [fill_commission(CALL, (n, Decimal(40 * n)), 1, Decimal(40)) for n in range(7)]

    assert sum(parts) == order_commission(CALL, 7, Decimal(280))


def test_long_options_tie_up_nothing_and_naked_ones_a_fifth_of_the_underlying() -> None:
    mark, spot = Decimal(2), Decimal(45)

    assert requirement(CALL, 3, mark, spot).initial == 0
    # 45 × 20 % = 9 less 5 out of the money leaves 4, under the floor of 10 % of 45.
    assert requirement(CALL, -1, mark, spot).initial == Decimal(650)
    put = replace(CONTRACTS[PUT_ID], right=Right.PUT)
    assert requirement(put, -1, mark, spot).initial == Decimal(1100)


def test_short_stock_ties_up_its_proceeds_and_half_as_much_again() -> None:
    pit = Pit(equity=10_000)
    pit.send(1, Side.SELL, 100, "49.99", 1, con_id=STOCK_ID)
    figures = pit.account.figures(pit.now)

    assert figures.stock_value == Decimal("-4999.500")
    assert figures.initial_margin == Decimal("7499.25000")
    assert figures.available_funds < figures.equity_with_loan


def test_the_tags_are_ibs() -> None:
    tags = Pit().account.figures(NOON).tags()

    assert tags["NetLiquidation"] == "100000.00"
    assert tags["AvailableFunds"] == "100000.00"
    assert tags["BuyingPower"] == "400000.00"
    assert tags["AccountType"] == "INDIVIDUAL"


def test_what_a_sale_brings_is_settled_on_the_next_trading_day() -> None:
    pit = Pit()
    pit.hold(2)
    before = pit.account.figures(pit.now)
    pit.quote(CALL_ID, "2.50", "2.60")
    pit.sell(1, 2, "2.50")
    after = pit.account.figures(pit.now)

    assert before.settled_cash == before.cash
    assert after.cash - after.settled_cash == Decimal("500.00")
    pit.account.roll_to(NOON + timedelta(days=1))
    assert pit.account.settled_cash == pit.account.cash


def execution(number: int, side: Side, price: str) -> Execution:
    return Execution(
        exec_id=f"e{number}.01",
        client_id=1,
        order_id=number,
        perm_id=number,
        contract=CALL,
        side=side,
        quantity=1,
        price=Decimal(price),
        cum_quantity=1,
        avg_price=Decimal(price),
        at=NOON,
        account="DU1",
    )


def test_selling_on_the_day_what_unsettled_money_bought_is_a_good_faith_violation() -> None:
    account = Account("DU1", Decimal(500), lambda _: None, lambda _: None, NOON.date())
    trades = [(Side.BUY, "4.00"), (Side.SELL, "4.50"), (Side.BUY, "4.40"), (Side.SELL, "4.60")]

    counted = []
    for n, (side, price) in enumerate(trades):
        account.book_fill(execution(n, side, price))
        counted.append(account.good_faith_violations)

    assert counted == [0, 0, 0, 1]
    account.roll_to(NOON + timedelta(days=1))
    account.book_fill(execution(4, Side.BUY, "4.00"))
    account.book_fill(execution(5, Side.SELL, "4.00"))
    assert account.good_faith_violations == 1
