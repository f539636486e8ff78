"""Messages that are lost, doubled, late, out of order or corrected: booked once, protected throughout."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL
from tests.gauntlet.test_orders import buys, reasons, sells, to_stop, to_target

pytestmark = [pytest.mark.line, pytest.mark.slow]
ABOUT_ORDERS = ("openOrder", "orderStatus", "execDetails", "commissionReport")


@pytest.mark.gauntlet("G29", "O6")
def test_every_message_about_orders_comes_twice(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    for kind in ABOUT_ORDERS:
        rig.faults.message(kind, "duplicate", count=None)
    to_target(rig, rig.opened())
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(5)
    assert sells(rig) == buys(rig) == 10
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G29", "O7")
def test_no_status_and_no_open_order_ever_comes_unasked(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    rig.faults.message("orderStatus", "drop", count=None)
    to_target(rig, rig.opened())
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(15)
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G29")
def test_half_of_all_order_messages_are_lost(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    for kind in ABOUT_ORDERS[1:]:  # the answer to the margin question is an openOrder too
        rig.faults.message(kind, "drop", count=None, chance=0.5)
    rig.wait_for(lambda: bool(rig.position), 180)
    rig.faults.message("openOrder", "drop", count=None, chance=0.5)
    (con_id,) = rig.position
    to_stop(rig, con_id)
    rig.step(60, 5)
    rig.faults.clear()
    rig.step(330, 15)
    assert not rig.position
    assert sells(rig) == buys(rig)


@pytest.mark.gauntlet("G29")
def test_executions_come_before_the_orders_they_are_of(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    # The first openOrder answers the question of margin, whose time_scale is the wall's.
    rig.faults.message("openOrder", "delay", seconds=2, count=None, skip=1)
    rig.faults.message("orderStatus", "delay", seconds=4, count=None)
    to_target(rig, rig.opened_late())
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(12)
    assert sells(rig) == buys(rig) == 10
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G29")
def test_a_corrected_execution_replaces_the_first(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    price = round(rig.price_paid() - 0.1, 2)
    rig.faults.correct_execution(price=price)
    rig.step(5)
    assert rig.stopped == rig.position
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(5)
    assert rig.all(m.BracketClosed)[-1].entry_price == Decimal(str(price))


@pytest.mark.gauntlet("G29")
def test_a_correction_after_the_end_opens_the_trade_again_and_it_is_counted_once(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    paid = rig.price_paid()
    rig.pin(con_id, round(paid - 0.01, 2), round(paid + 0.01, 2))
    rig.faults.correct_execution(price=2.0, shares=9)
    rig.step(10)
    assert rig.position == rig.stopped == {con_id: 1}
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert sells(rig) == buys(rig) == 10
    assert not rig.orders()
    (trade,) = rig.life.board.status.closed_trades
    assert (trade.idea_id, trade.quantity) == (rig.all(m.BracketClosed)[0].idea_id, 10)


@pytest.mark.gauntlet("G29")
def test_a_price_corrected_after_the_end_changes_the_days_result_and_nothing_else(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    (before,) = rig.life.board.status.closed_trades
    sent = len(rig.sent)
    rig.faults.correct_execution(price=float(before.exit_price) - 0.1)
    rig.step(15)
    (after,) = rig.life.board.status.closed_trades
    assert before.pnl - after.pnl == Decimal("0.1") * 100 * before.quantity
    assert len(rig.sent) == sent


@pytest.mark.gauntlet("G29")
def test_a_commission_report_that_never_comes_is_not_made_up(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.message("commissionReport", "drop", count=None)
    to_target(rig, rig.opened())
    rig.step(45, 5)
    (closed,) = rig.all(m.BracketClosed)
    assert not closed.commissions_complete


@pytest.mark.gauntlet("S6", "C7", "N31")
def test_an_entry_that_was_swallowed_is_asked_about_and_never_sent_again(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.message("placeOrder", "drop", count=None, skip=1)
    rig.until("10:09", 5)
    rig.faults.clear()
    rig.until("10:11", 5)
    assert not rig.position
    assert len(rig.all(m.EntryAbandoned)) == 1
    assert not rig.sent


@pytest.mark.gauntlet("S6", "N33")
def test_a_stop_that_alone_was_swallowed_never_leaves_the_entry_naked(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.message("placeOrder", "drop", count=1, skip=3)
    rig.until("10:07", 15)
    rig.until("10:09", 1)
    assert rig.stopped == rig.position
