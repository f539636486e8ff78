"""The exchange halts trading: nothing is bought into it, exits wait, and a person is told."""

from __future__ import annotations

import pytest

from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BULL

pytestmark = [pytest.mark.line]


@pytest.mark.gauntlet("G54")
def test_a_trading_halt_denies_entries_and_makes_exits_wait(stage: Stage) -> None:
    rig = stage({"10:07": BULL, "10:10": BULL})
    rig.limit_s = 0.0
    rig.opened()
    rig.faults.halt_trading("SPY")
    rig.until("10:11", 15)
    assert [x.code for x in rig.all(m.EntryDenied)] == ["TRADING_HALTED"]
    assert "Trading in SPY is halted by the exchange" in [x.title for x in rig.told]
    rig.life.say(m.FlattenAll(rig.now, "test", "me"))
    rig.step(75, 15)
    assert not rig.all(m.ExitPosition)
    (alarm,) = (x for x in rig.alarms if x.startswith("Cannot close"))
    assert "halted trading" in alarm
    rig.faults.resume_trading("SPY")
    rig.wait_for(lambda: not rig.position, 90, 5)
    rig.step(5)
    assert not rig.orders()
