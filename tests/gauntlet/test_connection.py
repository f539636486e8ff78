"""The line breaks, to the gateway or behind it; nothing is lost, nothing is doubled, and all of it comes back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.sim.faults.outages import drop_socket
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BEAR, BULL, Rig, clock
from tests.gauntlet.test_orders import buys, reasons, sells, to_stop, to_target

pytestmark = [pytest.mark.line, pytest.mark.slow]
THURSDAY = date(2011, 1, 27)


@pytest.mark.gauntlet("G25", "F1")
@pytest.mark.parametrize("code", [1101, 1102])
def test_a_fill_during_a_server_reset_is_booked_after_it(stage: Stage, code: int) -> None:
    rig = stage({"10:07": BULL, "10:20": BULL})
    con_id = rig.opened()
    rig.faults.outage(seconds=60, then=code)
    rig.step(2)
    to_target(rig, con_id)
    rig.step(58, 5)
    rig.step(8)
    assert reasons(rig) == ["target"]
    assert sells(rig) == buys(rig) == 10
    rig.faults.unpin_quote(con_id)
    rig.until("10:21")
    assert len(rig.all(m.TradeIdea)) == 2, "bars and quotes did not come back"


@pytest.mark.gauntlet("G25", "C9")
def test_a_server_reset_with_a_position_is_waited_out_with_its_stop_in_place(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    sent = len(rig.sent)
    rig.faults.outage(seconds=300, then=1102)
    rig.step(310, 15)
    assert len(rig.sent) == sent
    to_stop(rig, con_id)
    rig.step(30, 2)
    assert reasons(rig) == ["stop"]


@pytest.mark.gauntlet("C3", "C5", "G24")
def test_a_socket_that_breaks_while_a_stop_fills_is_made_good(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    con_id = rig.opened()
    rig.faults.refuse(seconds=90)
    to_stop(rig, con_id)
    rig.step(90, 15)
    assert not rig.position
    rig.step(20, 2)
    assert reasons(rig) == ["stop"]
    assert sells(rig) == buys(rig)


@pytest.mark.gauntlet("C7")
def test_a_signal_while_the_line_is_down_is_never_sent_later(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    rig.faults.outage(seconds=240, then=1102)
    rig.until("10:14")
    assert not rig.sent
    assert not rig.position


@pytest.mark.gauntlet("G24", "O1")
def test_the_socket_breaks_between_the_order_and_its_answer(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.until("10:06")
    rig.ask(lambda core: core.faults.on("openOrder", 2, lambda: drop_socket(core)))
    rig.until("10:08", 5)
    rig.step(60, 5)
    assert rig.position == rig.stopped
    assert sum(rig.position.values()) in (0, 10)


def is_reconciled(rig: Rig) -> bool:
    return rig.life.board.status.is_reconciled


def overnight(stage: Stage) -> tuple[Rig, int]:
    """A whale's position, held from Wednesday afternoon on."""
    rig = stage({"15:20": BULL}, start="15:18", whale=True)
    con_id = rig.opened()
    paid = rig.price_paid()
    rig.pin(con_id, round(paid - 0.01, 2), round(paid + 0.01, 2))  # a quiet night
    rig.until("15:59", 300)
    rig.step(301, 301)
    assert rig.position == rig.stopped
    return rig, con_id


def next_morning(rig: Rig, text: str = "09:25") -> None:
    rig.step((clock(THURSDAY, text) - rig.now).total_seconds(), 3600)


@pytest.mark.gauntlet("G24", "O1", "O4", "C11")
def test_a_nightly_restart_that_rolls_ids_back_leaves_the_bracket_ours(stage: Stage) -> None:
    rig, con_id = overnight(stage)
    rig.until("23:45", 1800)
    rig.faults.restart(seconds=180, roll_back_ids=True)
    rig.step(180, 60)
    rig.step(30, 5)
    next_morning(rig)
    rig.step(600, 30)
    assert rig.stopped == rig.position == {con_id: rig.position[con_id]}
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert sells(rig) == buys(rig)
    assert not rig.orders()
    ids = [one.order_id for one in rig.gateway.books().received]
    assert ids == sorted(ids), "an order id was used below an earlier one"


@pytest.mark.gauntlet("G24", "G36", "B7")
def test_the_bot_restarts_in_the_night_and_knows_its_bracket_again(stage: Stage) -> None:
    rig, con_id = overnight(stage)
    rig.until("23:45", 1800)
    rig.kill()
    rig.faults.restart(seconds=60, roll_back_ids=True)
    rig.step(60, 60)
    rig.start()
    rig.step(10)
    next_morning(rig)
    rig.step(600, 30)
    paid = rig.price_paid()
    rig.pin(con_id, round(paid * 1.5, 2), round(paid * 1.5 + 0.02, 2))
    rig.wait_for(lambda: not rig.position, 60)
    rig.step(10)
    assert reasons(rig) == ["target"]
    assert not rig.orders()


@pytest.mark.gauntlet("G35", "C2", "C3")
def test_a_weekend_without_a_log_in_is_waited_out_and_protection_stays(stage: Stage) -> None:
    rig, con_id = overnight(stage)
    rig.faults.log_out()
    rig.step(timedelta(hours=13).total_seconds(), 3600)
    assert rig.stopped == rig.position
    down = rig.all(b.BrokerDisconnected)
    assert down
    rig.faults.log_in()
    rig.step(20, 5)
    assert rig.life.board.status.is_reconciled
    next_morning(rig, "09:40")
    assert rig.position[con_id] == rig.stopped[con_id]


@pytest.mark.gauntlet("C6", "C8")
def test_a_gateway_that_accepts_and_never_answers_is_not_taken_for_a_live_one(stage: Stage) -> None:
    rig = stage(
        {"10:07": BULL},
        time_scale={"heartbeat_s": 1.0, "heartbeat_timeout_s": 1.0, "connect_timeout_wall_s": 1.0},
    )
    rig.opened()
    rig.faults.half_open(seconds=120)
    rig.pause_until(lambda: bool(rig.all(b.BrokerDisconnected)))
    rig.step(120, 30)
    rig.step(10)
    assert rig.life.board.status.is_reconciled
    assert rig.stopped == rig.position


@pytest.mark.gauntlet("G16", "B7")
def test_a_client_id_in_use_is_waited_for_with_the_same_id(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, run=False)
    other = rig.second_bot()
    rig.start_unconnected()
    rig.pause_until(lambda: any("in use" in x.reason for x in rig.all(b.BrokerDisconnected)))
    other()
    rig.pause_until(lambda: bool(rig.all(b.BrokerConnected)))
    rig.rest()
    rig.opened()
    assert {one.client_id for one in rig.gateway.books().received} == {1}


@pytest.mark.gauntlet("G30", "F2", "F3")
@pytest.mark.parametrize("end", ["positionEnd", "completedOrdersEnd", "execDetailsEnd", "accountDownloadEnd"])
def test_an_answer_without_its_end_is_not_flat(stage: Stage, end: str) -> None:
    rig = stage({"10:07": BULL, "10:12": BULL}, time_scale={"request_timeout_s": 1.0})
    con_id = rig.opened()
    sent = len(rig.sent)
    rig.faults.message(end, "drop", count=None)
    if end == "positionEnd":
        rig.faults.message("position", "drop", count=None)
    rig.faults.drop_socket()
    rig.step(45, 15)
    assert not is_reconciled(rig)
    assert len(rig.sent) == sent
    rig.faults.clear()
    rig.step(90, 10)
    assert is_reconciled(rig)
    assert rig.stopped == rig.position == {con_id: 10}
    assert not rig.halts


@pytest.mark.gauntlet("G24", "O4")
def test_ten_positions_and_twenty_orders_are_reconciled_within_ten_seconds(stage: Stage) -> None:
    names = ("SPY", "AAPL", "GOOG", "MSFT", "QQQ")
    rig = stage(
        {"10:07": BULL, "10:09": BEAR},
        symbols=names,
        equity=2_000_000,
        SYMBOLS=",".join(names),
        SCHEDULE__MAX_CONCURRENT_SYMBOLS="5",
        STRATEGIES__WHALE__OPTIONS__EXPIRY="weekly",  # five symbols share 90 lines: one expiry each
        RISK__MAX_OPEN_POSITIONS="10",
        RISK__MAX_ORDERS_PER_MINUTE="10",
        RISK__MAX_CONTRACTS_PER_DAY="100",
        RISK__MAX_NOTIONAL_PER_DAY_USD="1000000",
        RISK__MAX_NOTIONAL_PER_ORDER_USD="100000",
        RISK__STOP_LOSS_PCT="0.6",
        RISK__TAKE_PROFIT_PCT="3",
        OPTIONS__MAX_SPREAD_USD="2",
        OPTIONS__MIN_OPEN_INTEREST="0",
    )
    rig.until("10:11")
    assert not rig.all(m.EntryDenied), rig.all(m.EntryDenied)
    assert not rig.all(m.IdeaDropped), rig.all(m.IdeaDropped)
    assert (len(rig.position), len(rig.orders())) == (10, 20)
    rig.restart()
    rig.step(2)
    assert rig.stopped == rig.position
    reconcile_s = rig.heard.reconcile_s()
    assert reconcile_s is not None
    assert reconcile_s < 10
