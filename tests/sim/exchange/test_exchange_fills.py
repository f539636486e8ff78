"""At what price, for how much and when an order trades."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.types import Side
from bot.sim.exchange.events import Commissioned, Executed, OrderOpened, StatusChanged
from bot.sim.exchange.orders import ExecutionFilter
from tests.sim.pit import CALL_ID, NOON, STOCK_ID, Pit, codes, statuses


def test_a_marketable_limit_takes_the_offer_not_its_limit() -> None:
    pit = Pit()
    pit.buy(1, 2, "2.15")

    assert [(f.quantity, f.price) for f in pit.fills()] == [(2, Decimal("2.10"))]
    assert pit.status(1) == "Filled"


def test_a_resting_limit_is_filled_at_its_own_price_when_the_other_side_reaches_it() -> None:
    pit = Pit()
    pit.buy(1, 2, "2.00")
    assert pit.status(1) == "Submitted"

    pit.tick(CALL_ID, "1.85", "1.95")

    assert [(f.quantity, f.price, f.adds_liquidity) for f in pit.fills()] == [(2, Decimal("2.00"), True)]


def test_a_resting_limit_waits_while_the_other_side_stays_away() -> None:
    pit = Pit()
    pit.buy(1, 2, "2.00")
    pit.tick(CALL_ID, "2.00", "2.05")

    assert pit.fills() == []


def test_a_market_order_sells_at_the_bid() -> None:
    pit = Pit()
    pit.hold(1)
    pit.sell(1, 1, None)

    assert pit.fills()[-1].price == Decimal("2.00")


def test_a_market_order_without_a_bid_waits_for_one() -> None:
    pit = Pit()
    pit.hold(1)
    pit.quote(CALL_ID, None, "0.05")
    pit.sell(1, 1, None)
    assert pit.status(1) == "Submitted"

    pit.tick(CALL_ID, "0.05", "0.10")

    assert pit.status(1) == "Filled"


def test_an_order_fills_no_more_than_is_displayed_and_goes_on_with_the_next_quote() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    pit.buy(1, 8, "2.10")
    pit.tick(CALL_ID, "2.00", "2.10", size=3)
    pit.tick(CALL_ID, "2.00", "2.10", size=3)

    assert [(f.quantity, f.cum_quantity) for f in pit.fills()] == [(3, 3), (3, 6), (2, 8)]


def test_two_orders_share_what_one_book_displays() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=5)
    pit.buy(1, 4, "2.10")
    pit.buy(2, 4, "2.10")

    assert [f.quantity for f in pit.fills()] == [4, 1]


def test_without_partial_fills_the_displayed_size_is_no_limit() -> None:
    pit = Pit(partial_fills=False)
    pit.quote(CALL_ID, "2.00", "2.10", size=1)
    pit.buy(1, 8, "2.10")

    assert [f.quantity for f in pit.fills()] == [8]


def test_the_displayed_size_can_be_set_for_every_book() -> None:
    pit = Pit(displayed_size=2)
    pit.buy(1, 8, "2.10")

    assert [f.quantity for f in pit.fills()] == [2]


def test_events_come_in_the_order_of_the_real_gateway() -> None:
    pit = Pit()
    kinds = [type(event) for event in pit.buy(1, 1, "2.10")]

    assert kinds[:6] == [OrderOpened, StatusChanged, OrderOpened, Executed, StatusChanged, Commissioned]


def test_a_sell_stop_is_held_until_two_asks_in_a_row_are_at_or_below_it() -> None:
    pit = Pit()
    pit.hold(2)
    pit.stop(1, 2, "1.80")
    assert (pit.status(1), pit.view(1).why_held) == ("PreSubmitted", "trigger")

    pit.tick(CALL_ID, "1.60", "1.80")
    pit.tick(CALL_ID, "1.70", "1.90")
    pit.tick(CALL_ID, "1.60", "1.80")
    assert pit.status(1) == "PreSubmitted"
    pit.tick(CALL_ID, "1.55", "1.75")

    assert pit.status(1) == "Filled"
    assert pit.fills()[-1].price == Decimal("1.55")


def test_a_bid_below_the_stop_alone_does_not_trigger_it() -> None:
    pit = Pit()
    pit.hold(2)
    pit.stop(1, 2, "1.80")
    pit.tick(CALL_ID, "0.10", "4.00")
    pit.tick(CALL_ID, "0.10", "4.00")

    assert pit.status(1) == "PreSubmitted"


@pytest.mark.parametrize(
    ("method", "book"),
    [
        (4, {"bid": "1.60", "ask": "1.80"}),
        (2, {"bid": "1.90", "ask": "2.00", "last": "1.80"}),
        (7, {"bid": "1.90", "ask": "2.00", "last": "1.80"}),
        (7, {"bid": "1.60", "ask": "1.80"}),
        (8, {"bid": "1.70", "ask": "1.90"}),
    ],
)
def test_the_single_trigger_methods_need_one_price(method: int, book: dict[str, str]) -> None:
    pit = Pit()
    pit.hold(2)
    pit.stop(1, 2, "1.80", trigger_method=method)
    pit.tick(CALL_ID, book["bid"], book["ask"], last=book.get("last"))

    assert pit.status(1) == "Filled"


def test_a_stock_stop_is_triggered_by_the_last_price() -> None:
    pit = Pit()
    pit.send(1, Side.BUY, 10, "50.00", con_id=STOCK_ID)
    pit.stop(2, 10, "49.50", con_id=STOCK_ID)
    pit.tick(STOCK_ID, "49.40", "49.45", last="49.60")
    assert pit.status(2) == "PreSubmitted"
    pit.tick(STOCK_ID, "49.40", "49.45", last="49.45")

    assert pit.status(2) == "Filled"


def test_a_stop_limit_rests_at_its_limit_once_triggered() -> None:
    pit = Pit()
    pit.hold(1)
    pit.send(1, Side.SELL, 1, "1.75", type="STP LMT", aux_price=Decimal("1.80"), trigger_method=4)
    pit.tick(CALL_ID, "1.50", "1.60")
    assert (pit.status(1), len(pit.fills())) == ("Submitted", 1)
    pit.tick(CALL_ID, "1.75", "1.85")

    assert pit.fills()[-1].price == Decimal("1.75")


def test_a_trailing_stop_follows_the_bid_up_and_never_down() -> None:
    pit = Pit()
    pit.hold(1)
    pit.send(1, Side.SELL, 1, None, type="TRAIL", aux_price=Decimal("0.30"), trigger_method=4)
    pit.tick(CALL_ID, "2.60", "2.70")
    pit.tick(CALL_ID, "2.40", "2.50")
    assert pit.view(1).stop_price == Decimal("2.30")
    pit.tick(CALL_ID, "2.15", "2.30")

    assert pit.status(1) == "Filled"


def test_a_market_if_touched_sells_once_the_bid_gets_there() -> None:
    pit = Pit()
    pit.hold(1)
    pit.send(1, Side.SELL, 1, None, type="MIT", aux_price=Decimal("2.50"))
    pit.tick(CALL_ID, "2.45", "2.55")
    assert pit.status(1) == "PreSubmitted"
    pit.tick(CALL_ID, "2.55", "2.65")

    assert pit.fills()[-1].price == Decimal("2.55")


def test_what_an_immediate_order_cannot_fill_at_once_is_cancelled() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=3)
    events = pit.buy(1, 8, "2.10", tif="IOC")

    assert [f.quantity for f in pit.fills()] == [3]
    assert (pit.status(1), codes(events)) == ("Cancelled", [202])


def test_a_good_till_date_order_ends_at_its_time() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90", tif="GTD", good_till=NOON + timedelta(seconds=30))
    pit.tick(CALL_ID, "2.00", "2.10")
    assert pit.status(1) == "Submitted"
    pit.tick(CALL_ID, "2.00", "2.10")

    assert pit.status(1) == "Cancelled"


def test_a_modified_limit_trades_at_the_book_if_it_has_become_marketable() -> None:
    pit = Pit()
    pit.buy(1, 1, "1.90")
    events = pit.buy(1, 1, "2.15")

    assert pit.fills()[-1].price == Decimal("2.10")
    assert statuses(events)[0] == (1, "Submitted")


def test_commissions_are_65_cents_a_contract_a_dollar_at_least_and_what_is_passed_on() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=1)
    pit.buy(1, 3, "2.10")
    pit.tick(CALL_ID, "2.00", "2.10", size=1)
    pit.tick(CALL_ID, "2.00", "2.10", size=1)
    paid = [event.report.commission for event in pit.log if isinstance(event, Commissioned)]

    assert paid == [Decimal("1.05"), Decimal("0.34"), Decimal("0.70")]


def test_a_late_commission_report_comes_after_the_fill() -> None:
    pit = Pit(commission_delay=timedelta(seconds=40))
    events = pit.buy(1, 1, "2.10")
    assert not any(isinstance(event, Commissioned) for event in events)

    later = pit.life.run_due(NOON + timedelta(seconds=40))

    assert [type(event) for event in later] == [Commissioned]


def test_execution_and_perm_ids_are_unique_and_look_like_ibs() -> None:
    pit = Pit()
    pit.quote(CALL_ID, "2.00", "2.10", size=1)
    pit.buy(1, 2, "2.10")
    pit.tick(CALL_ID, "2.00", "2.10", size=1)
    pit.buy(2, 1, "1.50")
    first, second = (f.exec_id for f in pit.fills())

    assert first != second
    assert [len(part) for part in first.split(".")] == [8, 8, 2, 2]
    assert first.endswith(".01.01")
    assert 0 < pit.view(1).perm_id != pit.view(2).perm_id


def test_a_correction_repeats_the_execution_with_a_higher_last_part() -> None:
    pit = Pit()
    pit.hold(3)
    exec_id = pit.fills()[0].exec_id
    events = pit.life.correct(exec_id, 2, Decimal("2.05"), pit.now)
    executed = next(event for event in events if isinstance(event, Executed))

    assert executed.execution.exec_id == exec_id[:-2] + "02"
    assert executed.corrects == exec_id
    assert pit.account.held(CALL_ID) == 2
    assert pit.account.cash == 100_000 - 2 * Decimal(205) - Decimal("2.09")


def test_a_late_report_follows_a_corrected_execution_under_its_new_id() -> None:
    pit = Pit(commission_delay=timedelta(seconds=40))
    pit.hold(3)
    exec_id = pit.fills()[0].exec_id
    pit.life.correct(exec_id, 3, Decimal("2.05"), pit.now)
    (late,) = pit.life.run_due(NOON + timedelta(seconds=40))
    assert isinstance(late, Commissioned)
    ((execution, report),) = pit.life.executions(ExecutionFilter(), pit.now)

    assert late.report.exec_id == execution.exec_id == exec_id[:-2] + "02"
    assert report == late.report
