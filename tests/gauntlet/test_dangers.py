"""What is unprotected, cannot be closed, stuck, or out of the bot's sight is said by the bot alone, and by Prometheus alone.

Every scenario of the gauntlet is held to it (``dangers``); here is one for each way into a danger, and the proof that
silence is noticed. No rows of the scorecard: in most of them nothing could protect or close the position.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from shutil import which

import pytest

from bot.domain import messages as m
from bot.sim.exchange.exchange_settings import ExchangeSettings
from tests.gauntlet.conftest import Stage
from tests.gauntlet.dangers import DEAD, OUT_OF_REACH, STUCK, UNFILLABLE, UNPROTECTED, Dangers
from tests.gauntlet.rig import BULL, Rig

pytestmark = [pytest.mark.line, pytest.mark.slow]


def refuse(rig: Rig, *order_types: str) -> None:
    for order_type in order_types:
        rig.faults.reject(201, "Order rejected - reason:not allowed now", count=9999, order_type=order_type)


def flatten(rig: Rig) -> None:
    rig.say(m.FlattenAll(rig.now, "test", "me"))


def every_order_is_refused(rig: Rig) -> None:
    refuse(rig, "STP", "LMT", "MKT")
    rig.faults.cancel_by_hand(rig.leg("stop").order_id)
    rig.step(15, 5)
    flatten(rig)
    rig.step(90, 5)


def closing_orders_are_refused(rig: Rig) -> None:
    rig.faults.hide_quotes(scope="OPT")
    refuse(rig, "LMT", "MKT")
    flatten(rig)
    rig.step(90, 5)


def nobody_bids(rig: Rig) -> None:
    (con_id,) = rig.position
    rig.faults.pin_quote(con_id, bid=None, ask=0.01, size=100)
    flatten(rig)
    rig.step(120, 5)


def the_exchange_halts_trading_over_an_exit(rig: Rig) -> None:
    rig.faults.halt_trading("SPY")
    rig.step(15, 5)
    flatten(rig)
    rig.step(75, 5)


def the_gateway_goes(rig: Rig) -> None:
    rig.faults.restart(seconds=120)
    rig.step(110, 5)


def the_gateway_loses_ib(rig: Rig) -> None:
    rig.faults.outage(seconds=120, then=1102)
    rig.step(110, 5)


def an_exit_is_due_and_the_gateway_goes(rig: Rig) -> None:
    rig.faults.restart(seconds=120)
    rig.step(5)
    flatten(rig)
    rig.step(105, 5)


def the_bot_dies(rig: Rig) -> None:
    rig.kill()
    rig.step(150, 5)
    rig.start()


@pytest.mark.parametrize(
    ("happens", "dangers"),
    [
        (every_order_is_refused, {UNPROTECTED, UNFILLABLE}),
        (closing_orders_are_refused, {UNFILLABLE}),
        (nobody_bids, {UNFILLABLE}),
        (the_exchange_halts_trading_over_an_exit, {UNFILLABLE}),
        (the_gateway_goes, {OUT_OF_REACH}),
        (the_gateway_loses_ib, {OUT_OF_REACH}),
        (an_exit_is_due_and_the_gateway_goes, {OUT_OF_REACH, UNFILLABLE}),
        (the_bot_dies, {DEAD}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_danger_to_a_position_is_told_by_the_bot_alone_and_by_prometheus_alone(
    stage: Stage, happens: Callable[[Rig], None], dangers: set[str]
) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 1e9
    rig.opened()
    happens(rig)

    assert set(rig.dangers.found) == dangers
    assert rig.dangers.unsaid(rig.told, rig.now, rig.directory) == []
    silent = rig.dangers.unsaid([], rig.now, rig.directory)
    assert len(silent) == len(dangers - {DEAD}), "what nobody was told is noticed"

    rig.faults.clear()
    rig.faults.resume_trading("SPY")
    rig.step(60, 15)  # the judge asks for protected or flat at the end


def test_a_stop_moved_to_where_it_protects_nothing_is_unprotected_while_no_other_is_taken(
    stage: Stage,
) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 1e9
    rig.opened()
    refuse(rig, "STP", "LMT", "MKT")
    rig.faults.move_stop(rig.leg("stop").order_id, 0.01)
    rig.faults.message("placeOrder", "drop", count=None)  # nor can it be moved back
    rig.step(75, 5)

    (alarm,) = (x for x in rig.alarms if x.startswith("UNPROTECTED"))
    assert "its trigger 0.01 is below" in alarm
    assert rig.life.board.status.open_brackets[0].unprotected_since is not None
    rig.dangers.found.setdefault(UNPROTECTED, rig.now)  # the gateway's books may call it a stop
    assert rig.dangers.unsaid(rig.told, rig.now, rig.directory) == []
    rig.faults.clear()
    rig.wait_for(lambda: not rig.position, 240, 5)


def test_a_cancel_that_is_never_confirmed_is_told_by_both(stage: Stage) -> None:
    rig = stage({"10:07": BULL}, exchange_settings=ExchangeSettings(cancel_latency=timedelta(minutes=3)))
    rig.faults.exchange(displayed_size=0)
    rig.wait_for(lambda: bool(rig.sent), 180, 5)
    rig.say(m.HaltTrading(rig.now, "test", "me"))
    rig.step(75, 5)

    assert set(rig.dangers.found) == {STUCK}
    assert rig.dangers.unsaid(rig.told, rig.now, rig.directory) == []
    assert len(rig.dangers.unsaid([], rig.now, rig.directory)) == 1
    rig.wait_for(lambda: not rig.orders(), 180, 15)
    rig.step(5)
    assert not rig.life.board.status.unanswered, "the answer is seen, too"


def test_a_gateway_that_is_back_within_a_minute_and_one_that_goes_when_nothing_is_held_wake_nobody(
    stage: Stage,
) -> None:
    rig = stage({"10:10": BULL})
    rig.faults.restart(seconds=90)
    rig.until("10:07", 5)
    rig.opened()
    rig.faults.restart(seconds=30)
    rig.step(90, 5)

    assert not [x for x in rig.told if "REACH" in x.title.upper()]
    assert rig.dangers.found == {}


def test_what_is_out_of_reach_is_in_reach_again(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.opened()
    the_gateway_goes(rig)
    rig.step(60, 5)

    said = [x.title.partition(":")[0] for x in rig.told if "reach" in x.title.lower()]
    assert said == ["OUT OF REACH", "In reach again"]


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed: apt install prometheus")
def test_a_metric_that_shows_nothing_is_noticed(stage: Stage) -> None:
    rig = stage({})
    rig.step(60, 5)
    dangers = Dangers(found={UNPROTECTED: rig.now})
    dangers.sample(rig.life.board.status, rig.now)
    said = dangers.unsaid([], rig.now, rig.directory)
    assert len(said) == 2
    assert said[1].startswith("Prometheus: ")
