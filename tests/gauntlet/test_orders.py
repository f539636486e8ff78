"""Entries, exits and their fills: what goes wrong between the first order and the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import ConId, Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.exchange.orders import OrderView, SimOrder
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BEAR, BULL, Rig

pytestmark = [pytest.mark.line]


def to_target(rig: Rig, con_id: ConId) -> None:
    paid = rig.price_paid()
    rig.pin(con_id, round(paid * 1.5, 2), round(paid * 1.5 + 0.02, 2))


def to_stop(rig: Rig, con_id: ConId, part: float = 0.75) -> None:
    paid = rig.price_paid()
    rig.pin(con_id, round(paid * part, 2), round(paid * part + 0.02, 2))


def reasons(rig: Rig) -> list[str]:
    return [closed.exit_reason for closed in rig.all(m.BracketClosed)]


def sells(rig: Rig) -> int:
    """Contracts sold at the gateway."""
    return sum(
        whole_units(x.execution.quantity)
        for x in rig.judge.executed.values()
        if x.execution.side is Side.SELL
    )


def buys(rig: Rig) -> int:
    return sum(
        whole_units(x.execution.quantity) for x in rig.judge.executed.values() if x.execution.side is Side.BUY
    )


@pytest.mark.gauntlet("G28")
def test_a_plain_trade_is_protected_from_its_first_fill_to_its_target(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    to_target(rig, rig.opened())
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(5)
    assert reasons(rig) == ["target"]
    assert not rig.orders()


@pytest.mark.gauntlet("G28", "P2", "P5")
def test_an_entry_filled_in_part_is_stopped_out_for_that_part_alone(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, exchange_settings=ExchangeSettings(displayed_size=2))
    rig.wait_for(lambda: 0 < sum(rig.position.values()) < 10, 120)
    assert rig.stopped == rig.position
    (con_id,) = rig.position
    to_stop(rig, con_id)
    rig.faults.exchange(displayed_size=None)
    rig.wait_for(lambda: not rig.position, 120)
    rig.step(15)
    assert sells(rig) == buys(rig)
    assert reasons(rig) == ["stop"]
    assert not rig.orders()


@pytest.mark.gauntlet("G28", "P2")
def test_every_leg_fills_two_contracts_at_a_time(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, exchange_settings=ExchangeSettings(displayed_size=4))
    rig.wait_for(lambda: buys(rig) > 4 and not any("/entry" in v.order.order_ref for v in rig.orders()), 240)
    rig.step(1)
    (con_id,) = rig.position
    bid = round(rig.price_paid() * 1.5, 2)
    rig.faults.pin_quote(con_id, bid=bid, ask=bid + 0.02, size=3)
    rig.wait_for(lambda: not rig.position, 180)
    rig.step(5)
    assert sells(rig) == buys(rig)
    assert not rig.orders()


@pytest.mark.gauntlet("G28")
def test_the_stops_cancel_is_heard_seconds_before_its_targets_fill(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    sent = len(rig.sent)
    rig.faults.message("execDetails", "delay", seconds=3, count=None)
    rig.faults.message("openOrder", "drop", count=1)
    rig.faults.message("orderStatus", "drop", count=1)
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert len(rig.sent) == sent, "something was sent on the strength of one message"
    assert reasons(rig) == ["target"]


@pytest.mark.gauntlet("G28", "K2", "N32")
def test_the_target_fills_in_the_moment_of_flattening(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, exchange_settings=ExchangeSettings(cancel_latency=timedelta(seconds=3)))
    con_id = rig.opened()
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    to_target(rig, con_id)
    rig.wait_for(lambda: not rig.position, 120)
    rig.step(20)
    assert sells(rig) == buys(rig)
    assert not rig.orders()


@pytest.mark.gauntlet("P4", "G12")
def test_a_position_closed_at_the_market_keeps_its_stop_until_it_is_gone(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 0.0
    rig.opened()
    rig.faults.hide_quotes(scope="OPT")
    rig.step(60, 15)
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.position, 120)
    rig.step(10)
    assert [x for x in rig.sent if "flatten" in x], "it was not closed at the market"
    assert sells(rig) == buys(rig)
    assert not rig.orders()


@pytest.mark.gauntlet("G13", "P6")
def test_flattening_a_partial_fill_calls_the_entry_back_before_it_sells(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, exchange_settings=ExchangeSettings(displayed_size=2))
    rig.wait_for(lambda: 0 < sum(rig.position.values()) < 10, 120)
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.position, 240)
    rig.step(10)
    assert sells(rig) == buys(rig)
    assert not rig.orders()
    assert not any("201" in text for text in rejected(rig))


def rejected(rig: Rig) -> list[str]:
    return [f"{x.code} {x.text}" for x in rig.all(b.OrderRefused)]


@pytest.mark.gauntlet("G13", "B3", "S3")
@pytest.mark.parametrize(
    "text",
    [
        "Order rejected - reason:We are unable to accept your order. Your Available Funds are insufficient.",
        "Order rejected - reason:Cannot have open orders on both sides of the same US Option contract.",
    ],
    ids=["funds", "both_sides"],
)
def test_a_refused_entry_is_given_up_once_and_not_stormed(stage: Stage, text: str) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.reject(201, text, action="BUY", count=5)
    rig.until("10:10")
    assert len(rig.all(b.SendOrders)) == 1
    assert len(rig.all(m.EntryAbandoned)) == 1
    assert not rig.position
    assert not rig.orders()


@pytest.mark.gauntlet("G12", "P1", "B2")
def test_a_refused_stop_is_replaced_or_the_position_closed(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.reject(110, "The price does not conform to the minimum price variation.", order_type="STP")
    rig.until("10:06", 15)
    rig.until("10:10", 1)
    if rig.position:
        assert rig.stopped == rig.position
    assert len(rejected(rig)) >= 1


@pytest.mark.gauntlet("G12", "P4")
def test_a_stop_that_somebody_cancels_is_placed_anew(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    stop = rig.leg("stop")
    rig.ask(lambda core: core.apply(core.world.cancel(stop.client_id, stop.order_id)))
    rig.step(10)
    assert rig.stopped == rig.position
    assert rig.position


@pytest.mark.gauntlet("G11", "B1")
def test_a_vanished_quote_and_a_last_price_of_zero_sell_nothing(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.faults.pin_quote(con_id, bid=None, ask=None, last=0.0)
    rig.step(120, 5)
    assert sells(rig) == 0
    assert rig.stopped == rig.position


@pytest.mark.gauntlet("G11")
def test_the_stop_works_at_the_broker_while_the_bot_is_dead(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.kill()
    to_stop(rig, con_id)
    rig.step(60, 15)
    assert not rig.position, "the broker did not judge the stop"
    rig.start()
    rig.step(12)
    assert reasons(rig) == ["stop"]


@pytest.mark.gauntlet("G11")
def test_a_dry_run_sends_no_order_even_across_a_kill(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:12": BULL}, DRY_RUN="true")
    rig.until("10:09")
    assert rig.all(m.FillBooked)
    rig.restart()
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.until("10:14")
    books = rig.gateway.books()
    assert (books.order_messages, books.what_ifs) == (0, 0)
    rig.judge.executed.clear()


@pytest.mark.gauntlet("G11", "G23")
def test_a_dry_run_holds_after_a_kill_what_it_held_before(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, DRY_RUN="true")
    rig.until("10:09")
    rig.restart()
    rig.step(10)
    assert not rig.halts
    (bracket,) = rig.life.board.status.open_brackets
    assert (bracket.quantity, bracket.is_proved) == (10, True)
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: bool(rig.all(m.BracketClosed)), 60)
    assert rig.halts == {"operator"}
    books = rig.gateway.books()
    assert (books.order_messages, books.what_ifs) == (0, 0)


@pytest.mark.gauntlet("G9")
def test_a_bearish_signal_buys_a_put_and_sells_nothing_that_is_not_held(stage: Stage) -> None:
    rig = stage({"10:07": BEAR})
    con_id = rig.opened()
    contract = rig.ask(lambda core: core.world.contract(con_id))
    assert contract is not None
    assert contract.right == "P"
    assert rig.position[con_id] > 0


@pytest.mark.gauntlet("G14", "S1", "S2", "S4")
def test_codes_that_call_a_live_order_dead_move_nothing(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    before = {view.order.order_ref: view.order for view in rig.orders()}
    for leg in ("stop", "target"):
        order_id = rig.leg(leg).order_id
        for code in (10349, 10148, 10147, 321, 329, 105, 104, 161, 399, 2109, 2161, 202, 201, 110, 200, 460):
            rig.faults.say(code, f"a text that goes with {code}", req_id=order_id)
            rig.step(4)
            assert {v.order.order_ref: v.order for v in rig.orders()} == before, f"{code} moved something"
    assert rig.stopped == rig.position


@pytest.mark.gauntlet("G27", "O3")
def test_a_second_live_order_under_one_ref_is_called_back_and_halts(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    stop = rig.leg("stop")
    rig.judge.forged.add(9001)
    rig.ask(lambda core: core.apply(core.world.place(1, 9001, twin_of(stop))))
    rig.step(5)
    rig.wait_for(lambda: len([v for v in rig.orders() if v.order.type == "STP"]) == 1, 30)
    assert rig.stopped == rig.position
    assert "reconciliation_mismatch" in rig.halts
    assert [x.perm_id for x in rig.all(b.SendCancel)] != [None]


def twin_of(view: OrderView) -> SimOrder:
    return replace(view.order, parent_id=0)
