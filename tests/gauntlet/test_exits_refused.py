"""Exits that are refused, that nobody buys, or whose stop another hand has moved: the stop stands, and a person is told."""

from __future__ import annotations

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Tif
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL, Rig

pytestmark = [pytest.mark.line]


def tried_closings(rig: Rig) -> int:
    """Closing orders that were sent: a 202 reaches the bot as news of a cancel, not as a rejection."""
    return sum("/flatten" in order.ref for x in rig.all(b.SendOrders) for order in x.orders)


@pytest.mark.gauntlet("G39")
@pytest.mark.parametrize(
    ("code", "text"),
    [
        (201, "Order rejected - reason:Market order is not allowed now"),
        (202, "Order Canceled - reason:price cap"),
        (200, "No security definition has been found for the request"),
        (10318, "This order doesn't support fractional quantity trading"),
        (10289, "You must enter a valid price"),
    ],
    ids=["201", "202", "200", "10318", "10289"],
)
def test_closing_orders_are_refused_for_minutes_and_the_stop_stands_all_the_while(
    stage: Stage, code: int, text: str
) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 0.0
    con_id = rig.opened()
    rig.faults.hide_quotes(scope="OPT")
    for order_type in ("MKT", "LMT"):
        rig.faults.reject(code, text, count=9999, order_type=order_type)
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.step(150, 5)
    assert tried_closings(rig) >= 4
    assert rig.stopped == rig.position == {con_id: 10}
    (alarm,) = (x for x in rig.alarms if x.startswith("Cannot close"))
    # A 202 is news of a cancel: that the order never worked shows in the broker's books alone.
    assert (f"refused: {code}: {text}" if code != 202 else "closing orders are refused") in alarm
    assert "its stop stands at the broker" in alarm
    rig.faults.clear()
    rig.wait_for(lambda: not rig.position, 120, 5)
    rig.step(10, 5)
    assert not rig.orders()


@pytest.mark.gauntlet("G40")
def test_nobody_bids_at_the_sessions_end_so_a_limit_of_one_tick_stays_and_the_owner_is_told(
    stage: Stage,
) -> None:
    rig = stage({"15:02": BULL}, start="15:00")
    con_id = rig.opened()
    rig.faults.pin_quote(con_id, bid=None, ask=0.01, size=100)
    rig.until("15:49", 60)
    rig.until("15:53", 5)
    (alarm,) = (x for x in rig.alarms if x.startswith("Cannot close"))
    assert "nobody bids" in alarm
    assert rig.stopped == rig.position == {con_id: 10}
    resting = rig.leg("flatten").order
    assert (resting.tif, float(resting.limit_price or 0)) == (Tif.GTC, 0.01)
    (held,) = rig.life.board.status.open_brackets
    assert held.overdue_why == "nobody bids"
    rig.pin(con_id, 0.05, 0.07)
    rig.wait_for(lambda: not rig.position, 60, 5)
    rig.step(10, 5)
    assert not rig.orders()


@pytest.mark.gauntlet("G41")
def test_a_stop_that_another_hand_moved_away_is_put_back_where_it_was_set(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    stop = rig.leg("stop")
    meant = stop.order.aux_price
    rig.faults.move_stop(stop.order_id, 0.01)
    rig.step(15)
    assert rig.leg("stop").order.aux_price == meant
    repaired = [x for x in rig.told if "repaired" in x.title]
    assert "its trigger 0.01 is below" in repaired[0].body
    assert len(rig.all(m.PlaceProtection)) == 1
