"""What was sent in the very second of the gateway's own restart is lost: it is asked about, and sent again by evidence."""

from __future__ import annotations

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL, Rig

pytestmark = [pytest.mark.line]


def restart_swallowing(rig: Rig, kind: str, order: m.Message) -> None:
    """The gateway takes the bytes of this kind and ends before it has read them; then it comes back."""
    rig.faults.message(kind, "drop", count=None)
    before = rig.gateway.books().order_messages
    rig.say(order)
    rig.step(1)
    assert rig.gateway.books().order_messages == before, "it was swallowed"
    rig.faults.restart(seconds=30)
    rig.faults.clear()
    rig.step(35, 5)
    rig.pause_until(lambda: len(rig.all(b.BrokerConnected)) >= 2)


@pytest.mark.gauntlet("G72", "C11")
def test_an_exit_that_the_restart_swallowed_is_sent_again_and_its_stop_stands_all_the_while(
    stage: Stage,
) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 0.0
    rig.opened()
    restart_swallowing(rig, "placeOrder", m.FlattenAll(rig.now, "test", "me"))
    assert rig.all(b.SendRevision)[0].at < rig.all(b.BrokerConnected)[-1].at, "an exit was on its way"
    rig.wait_for(lambda: not rig.position, 120, 5)
    rig.step(10, 5)
    assert not rig.orders()
    assert len(rig.all(m.BracketClosed)) == 1
    assert rig.all(b.SendRevision)[-1].at >= rig.all(b.BrokerConnected)[-1].at, "and was sent again"


@pytest.mark.gauntlet("G72", "C11", "S5")
def test_a_cancel_that_the_restart_swallowed_is_sent_again_and_nothing_fills_meanwhile(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.faults.exchange(displayed_size=0)
    rig.wait_for(lambda: bool(rig.sent), 180, 5)
    restart_swallowing(rig, "cancelOrder", m.HaltTrading(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.orders(), 180, 5)
    assert not rig.position
    assert rig.halts == {"operator"}
